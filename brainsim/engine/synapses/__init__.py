"""Synapses: sampled, sorted, stored, filed under the step at which their events are due, and delivered."""
