"""The built-in couplings: how cells act on each other without spikes."""
