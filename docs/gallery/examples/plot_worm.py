"""
Touch of a worm
===============

Cells without spikes, coupled by graded synapses and gap junctions, in a synthetic brain of the size of the worm's.
With the package cect it is that of C. elegans.
"""

import brainsim as bs
from brainsim.examples import worm

net, traces = worm.build()
result = bs.simulate(net, worm.DURATION, seed=2, record=traces)
worm.draw(result, worm.WINDOW)
