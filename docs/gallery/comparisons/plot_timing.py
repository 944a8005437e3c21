"""
Yin-Yang: what spike times can say
==================================

Cells that fire at most once learn to divide a plane by the exact gradient of their spike times.
"""

import brainsim as bs
from brainsim.examples import timing

net, traces = timing.build()
result = bs.simulate(net, timing.DURATION, dt=timing.DT, seed=2, record=traces, precise=True)
timing.draw(result, timing.WINDOW)
