"""Cells at rest cost nothing, and quiet ones little: only cells that something reaches are advanced step by step."""
