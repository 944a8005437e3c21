"""How code is compiled: decorators over Numba, a cache on disk, functions with the same bits on every processor."""
