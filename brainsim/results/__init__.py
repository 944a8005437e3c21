"""What a run returns: spikes, traces and the state, and how they are saved to a file."""
