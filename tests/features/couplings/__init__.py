"""Couplings: cells that act on each other without spikes."""
