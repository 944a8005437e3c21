"""How the partitions of a run learn of each other's spikes."""
