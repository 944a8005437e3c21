"""How code is compiled: decorators over Numba, the cache on disk, functions with the same bits on every processor."""
