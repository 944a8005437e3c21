"""
Balanced network with ion channels
==================================

Each cell has the channels of Traub and Miles; below are the gate of potassium and the inhibition of one cell.
"""

import brainsim as bs
from brainsim.examples import cobahh

net, traces = cobahh.build(n=1000)
result = bs.simulate(net, 300.0, seed=2, record=traces)
bs.plot.overview(result, window=(0.0, 300.0))
