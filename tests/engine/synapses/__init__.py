"""Synapses: how they are sampled, stored, read back and changed."""
