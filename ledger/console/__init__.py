"""Command groups behind cli.py, and the processes it starts. Options common to all commands are read in `session`."""
