"""What is true: points, lots, quarters and refusals. Standard library only, no clock, no I/O."""
