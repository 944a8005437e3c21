"""Floor 3: the description of a network. Populations, projections, what is recorded; nothing runs, nothing changes."""
