"""
Balanced network with synaptic currents
=======================================

The network of Vogels and Abbott (2005) continues to fire on its own, irregularly, after a start from random potentials.
"""

import brainsim as bs
from brainsim.examples import cuba

net, traces = cuba.build()
result = bs.simulate(net, cuba.DURATION, seed=2, record=traces)
bs.plot.overview(result, window=(0.0, cuba.DURATION))
