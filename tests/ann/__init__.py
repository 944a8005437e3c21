"""Artificial networks, their conversion and the report."""
