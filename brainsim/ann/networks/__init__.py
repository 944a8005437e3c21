"""Artificial networks: our own, and readers for those of others."""
