"""From an artificial network to the same network in spikes."""
