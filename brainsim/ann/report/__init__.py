"""Comparisons of artificial and spiking networks: numbers, texts and pictures."""
