"""Couplings whose weights learn by rates."""
