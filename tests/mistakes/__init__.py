"""Error messages."""
