"""Spikes at their exact times."""
