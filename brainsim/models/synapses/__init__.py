"""The built-in synapses."""
