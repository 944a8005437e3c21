"""Voltage clamps: cells whose potential is held at a command."""
