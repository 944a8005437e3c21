"""How cells act on each other without spikes: the pairs by target, what sources give, and the sums."""
