"""Synapses that change: the code of a rule, and what a partition keeps of its spikes."""
