"""
Cortical microcircuit
=====================

The layers of a cubic millimetre of cortex (Potjans and Diesmann 2014), at a twentieth of its cells
and inputs. So few inputs distort the rates, and a second is too short for the CV of slow cells: the full scale is published.
"""

import brainsim as bs
from brainsim.examples import microcircuit

net, traces = microcircuit.build(scale=0.05, k_scale=0.05)
result = bs.simulate(net, microcircuit.DURATION, seed=2, record=traces)
microcircuit.draw(result, microcircuit.WINDOW)
