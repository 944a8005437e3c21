"""Texts of the time."""
