"""Running: threads, storage of synapses, states, changes between runs."""
