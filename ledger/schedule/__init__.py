"""What the calendar does by itself: one process that wakes up, looks what is due, and does it under a lease."""
