"""Floor 2: the vocabulary. Neurons, synapses, inputs, distributions and connection rules: frozen values, nothing runs."""
