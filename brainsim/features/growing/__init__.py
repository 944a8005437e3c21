"""Simulations that change between two pieces of a run: other values, other synapses, and networks that have grown."""
