"""
Balanced random network
=======================

The asynchronous irregular state of Brunel (2000), in a network of 4,000 cells.
"""

import brainsim as bs
from brainsim.examples import balanced

net, traces = balanced.build(n=4000)
result = bs.simulate(net, 400.0, seed=2, record=traces)
balanced.draw(result, (200.0, 400.0))
