"""
A single cell
=============

Steps of 140, 160 and 300 pA: below the threshold current, just above, and far above.
"""

import brainsim as bs
from brainsim.examples import single

net, traces = single.build()
result = bs.simulate(net, single.DURATION, seed=2, record=traces)
single.draw(result, (0.0, single.DURATION))
