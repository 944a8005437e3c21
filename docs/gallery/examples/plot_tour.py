"""
The tour
========

Ten pictures from a single neuron to a digit classified by spikes; spiking is blue and artificial red.
"""

from brainsim.examples import tour

for title, _, caption in tour.pictures():
    print(f"{title}\n    {caption}")
