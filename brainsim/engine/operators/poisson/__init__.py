"""Poisson inputs: one rate for all cells, a rate for each, and rates that change in time."""
