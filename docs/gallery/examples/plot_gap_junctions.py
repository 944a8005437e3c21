"""
Gap junctions
=============

Inhibitory cells that gap junctions synchronise: the lag of two cells shrinks as the conductance grows.
"""

import brainsim as bs
from brainsim.examples import gap_junctions

net, traces = gap_junctions.build()
result = bs.simulate(net, gap_junctions.DURATION, seed=2, record=traces)
gap_junctions.draw(result, gap_junctions.WINDOW)
