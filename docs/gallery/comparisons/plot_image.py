"""
Digits by the gradient of spike times
=====================================

A digit as the times of 128 spikes, what the cells make of it, and the potentials of the ten readouts.
"""

import brainsim as bs
from brainsim.examples import image

image.EPOCHS["digits"] = 10  # of 30, which take a minute
net, traces = image.build()
result = bs.simulate(net, image.DURATION, dt=image.DT, seed=2, record=traces, precise=True)
image.draw(result, image.WINDOW)
