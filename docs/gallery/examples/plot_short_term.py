"""
Short-term plasticity
=====================

Depressing and facilitating synapses (Tsodyks et al. 1998): dots are simulated, lines the law.
"""

import brainsim as bs
from brainsim.examples import short_term

net, traces = short_term.build()
result = bs.simulate(net, short_term.DURATION, seed=2, record=traces)
short_term.draw(result, short_term.WINDOW)
