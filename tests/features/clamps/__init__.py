"""Voltage clamps."""
