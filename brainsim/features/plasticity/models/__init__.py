"""The built-in rules of plasticity."""
