"""From a description to what the engine runs: the layout of the state, the constants of kernels, the memory they need."""
