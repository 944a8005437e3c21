"""What a network will need before it is built: memory, and time."""
