"""
Rates, spikes and a recurrent layer
===================================

One ring of 60 units, as rate units, as pools of spiking cells and as an artificial layer: the same bump, which moves in the
same way.
"""

import brainsim as bs
from brainsim.examples import rates

net, traces = rates.build()
result = bs.simulate(net, rates.DURATION, seed=2, record=traces)
rates.draw(result, (0.0, rates.DURATION))
