"""Kernels for cells that are models of the language, derived from their equations."""
