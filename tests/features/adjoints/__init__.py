"""Derivatives of steps: against differences and closed forms."""
