"""The examples and what they show."""
