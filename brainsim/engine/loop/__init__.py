"""The loop over steps: a table of calls, and what goes through it."""
