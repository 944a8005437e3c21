"""Estimates of memory and seconds, and refusal of what does not fit."""
