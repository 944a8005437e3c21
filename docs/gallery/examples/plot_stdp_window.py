"""
Windows of all rules
====================

What each rule of plasticity makes of a pair of spikes, and of 60 pairs at several rates, compared with experiments.
"""

import brainsim as bs
from brainsim.examples import stdp_window

net, traces = stdp_window.build()
result = bs.simulate(net, stdp_window.DURATION, dt=stdp_window.DT, seed=2, record=traces)
stdp_window.draw(result, stdp_window.WINDOW)
