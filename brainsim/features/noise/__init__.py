"""Noise currents."""
