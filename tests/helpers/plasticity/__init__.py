"""Slow twins of synapses that learn, and the rules and networks that they are compared on."""
