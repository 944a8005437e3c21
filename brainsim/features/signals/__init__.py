"""Signals in one line: texts of the time."""
