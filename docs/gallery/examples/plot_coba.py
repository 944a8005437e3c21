"""
Balanced network with conductances
==================================

Some cells are driven for the first 50 ms; what they started continues without them.
"""

import brainsim as bs
from brainsim.examples import coba

net, traces = coba.build()
result = bs.simulate(net, coba.DURATION, seed=2, record=traces)
bs.plot.overview(result, window=(0.0, coba.DURATION))
