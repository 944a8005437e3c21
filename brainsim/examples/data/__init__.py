"""Data that examples learn from; ``bs.ann.datasets`` shows them all."""
