"""
Balanced random network
=======================

The state of Brunel (2000) that is called asynchronous irregular. In 4,000 cells with 1,250 inputs
each, it is neither fully: the rates oscillate, and in a longer run the intervals have a CV of 0.5.
"""

import brainsim as bs
from brainsim.examples import balanced

net, traces = balanced.build(n=4000)
result = bs.simulate(net, 400.0, seed=2, record=traces)
balanced.draw(result, (200.0, 400.0))
