"""Runs on ranks, runs that are killed, streamed or continued, and sweeps."""
