"""
Synfire chain
=============

A volley of 50 sharp spikes runs through ten groups of cells; one of 30 broad spikes dies out.
"""

import brainsim as bs
from brainsim.examples import synfire

net, traces = synfire.build()
result = bs.simulate(net, synfire.DURATION, seed=2, record=traces)
bs.plot.overview(result, window=(0.0, synfire.DURATION))
