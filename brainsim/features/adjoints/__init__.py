"""Adjoints, which are derived from equations: of a system between spikes, and of a step."""
