"""What a run returns: spikes, traces, the state, and the file that holds them."""
