"""
Memory: completing a pattern
============================

A Hopfield network and spiking cells with the same weights complete a picture, one half of which is missing.
"""

import brainsim as bs
from brainsim.examples import memory

net, traces = memory.build(trials=3)
result = bs.simulate(net, memory.DURATION, seed=2, record=traces)
memory.draw(result, (0.0, memory.DURATION))
