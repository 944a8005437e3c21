"""The vocabulary of a network: neurons, synapses, inputs, distributions and connection rules, all frozen values."""
