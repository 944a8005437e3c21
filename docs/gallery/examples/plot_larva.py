"""
Brain of a larva
================

A synthetic brain of the size of that of a fly's larva. That of the animal is read from files on your disk.
"""

import brainsim as bs
from brainsim.examples import larva

net, traces = larva.build()
result = bs.simulate(net, larva.DURATION, seed=2, record=traces)
larva.draw(result, (0.0, larva.DURATION))
