"""What changes between two runs: parameters, weights, synapses, and networks that grow."""
