"""Random numbers as functions of a seed, a name and an index: nothing is ever drawn in an order."""
