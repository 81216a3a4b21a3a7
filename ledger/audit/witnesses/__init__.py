"""Witnesses of an audit: each sees the acts go by and compares one part of the tables with them."""
