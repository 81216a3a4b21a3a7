"""Numbered steps, one set for both engines, each runnable on a copy of real data."""
