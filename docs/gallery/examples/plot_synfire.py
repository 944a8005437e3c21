"""
Synfire chain
=============

A volley of 90 spikes runs through ten groups of cells; one of 45 spikes, equally sharp, dies out.
"""

import brainsim as bs
from brainsim.examples import synfire

net, traces = synfire.build()
result = bs.simulate(net, synfire.DURATION, seed=2, record=traces)
bs.plot.overview(result, window=(0.0, synfire.DURATION))
