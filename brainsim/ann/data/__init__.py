"""Data sets for training and tests."""
