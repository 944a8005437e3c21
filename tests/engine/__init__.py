"""The engine, in rooms like its own."""
