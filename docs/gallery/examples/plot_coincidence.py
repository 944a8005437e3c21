"""
Coincidence detectors
=====================

Spikes that arrive together say what no rate can.
"""

import brainsim as bs
from brainsim.examples import coincidence

net, traces = coincidence.build(samples=500, detectors=40)
result = bs.simulate(net, coincidence.DURATION, seed=2, record=traces)
coincidence.draw(result, (0.0, coincidence.DURATION))
