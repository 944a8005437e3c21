"""Pictures, and the exploration of single cells."""
