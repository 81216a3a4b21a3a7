"""Measurements against a reference in the same run on the same machine: ratios, never wall-clock goals. `cli.py bench NAME`."""
