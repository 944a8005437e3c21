"""
A film of a raster
==================

A line moves through the raster, next to the rates at that time, in which the past fades.
"""

import brainsim as bs
from brainsim.examples import synfire

net, _ = synfire.build()
result = bs.simulate(net, 120.0, seed=2)
bs.plot.animate(result, "chain.gif", window=(40.0, 120.0), step=1.6)
