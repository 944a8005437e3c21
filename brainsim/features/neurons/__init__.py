"""Neurons beyond the integrate-and-fire cells of the core."""
