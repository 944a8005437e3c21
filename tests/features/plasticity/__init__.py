"""Synapses that learn: rules, their bits, and twins of them."""
