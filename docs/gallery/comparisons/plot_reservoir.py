"""
Words in a liquid of spikes
===========================

A random network of spiking cells keeps the last sounds of a word; a linear readout tells which word it was.
"""

import brainsim as bs
from brainsim.examples import reservoir

net, traces = reservoir.build(words=160, copies=2)
result = bs.simulate(net, reservoir.DURATION, seed=2, record=traces)
reservoir.draw(result, (0.0, reservoir.DURATION))
