"""
Inhibition that learns
======================

Inhibition that learns brings excitatory cells from 40 to 3 Hz.
"""

import brainsim as bs
from brainsim.examples import inhibitory_balance

net, traces = inhibitory_balance.build(n=1000)
result = bs.simulate(net, inhibitory_balance.DURATION, seed=2, record=traces)
inhibitory_balance.draw(result, inhibitory_balance.WINDOW)
