"""Floor 0: numbers. Checks, random streams, vector functions and the results of a run; knows nothing of neurons."""
