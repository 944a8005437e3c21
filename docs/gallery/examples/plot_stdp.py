"""
Synapses compete for a cell
===========================

Synapses compete for the times at which the cell fires: the faster the inputs, the fewer of them stay strong.
"""

import brainsim as bs
from brainsim.examples import stdp

net, traces = stdp.build()
result = bs.simulate(net, 150_000.0, dt=stdp.DT, seed=2, record=traces)
stdp.draw(result, (0.0, 150_000.0))
