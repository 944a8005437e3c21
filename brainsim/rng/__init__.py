"""Random numbers as functions of a seed, a name and an index: they do not depend on the order of sampling."""
