"""The state of a run: how it is read and written, gathered from ranks, and matched with its network."""
