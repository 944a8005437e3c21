"""Features: a folder for each, which is deleted with it."""
