"""Conversion of artificial networks to spiking networks."""
