"""
Inhibition that finds the balance
=================================

Inhibitory synapses grow wherever a cell fires more than its target rate: an explosion becomes a quiet network.
"""

import brainsim as bs
from brainsim.examples import inhibitory_balance

net, traces = inhibitory_balance.build(n=1000)
result = bs.simulate(net, inhibitory_balance.DURATION, seed=2, record=traces)
inhibitory_balance.draw(result, inhibitory_balance.WINDOW)
