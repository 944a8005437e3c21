"""The built-in neurons."""
