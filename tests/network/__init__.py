"""Populations, views and networks."""
