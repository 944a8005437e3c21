"""The built-in neurons, synapses, rules and values."""
