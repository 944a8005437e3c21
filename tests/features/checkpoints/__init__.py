"""Checkpoints: files of a simulation, and runs that save themselves."""
