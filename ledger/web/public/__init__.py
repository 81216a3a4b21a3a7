"""What anyone may see without signing in, and the door itself."""
