"""How code is compiled: the cache, checks of indices, functions for kernels."""
