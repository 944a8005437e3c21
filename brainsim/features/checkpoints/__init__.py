"""Checkpoints: a simulation in a file, from which another process continues with the same bits."""
