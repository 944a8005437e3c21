"""From a description to what is run: memory."""
