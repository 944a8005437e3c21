"""Partitions that learn of each other's spikes: threads, ranks, and other means."""
