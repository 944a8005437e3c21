"""Kinds of synapses: what is kept of a synapse, and what an event does. One kind a file."""
