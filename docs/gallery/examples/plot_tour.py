"""
The tour
========

Eleven pictures from a single neuron to networks that learn; spiking is blue and artificial red.
"""

from brainsim.examples import tour

for title, _, caption in tour.pictures():
    print(f"{title}\n    {caption}")
