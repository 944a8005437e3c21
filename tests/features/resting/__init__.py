"""Cells at rest: bit-identical results with and without them."""
