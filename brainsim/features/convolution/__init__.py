"""Connections of networks that see."""
