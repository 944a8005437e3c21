"""Exact spike times."""
