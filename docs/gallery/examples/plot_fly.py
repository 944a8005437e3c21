"""
Brain of a fly
==============

Taste cells are activated in a synthetic brain with the distributions of the fly's, at a seventh of its size, three times:
which cells fire, who drives whom, and the way to the motor cells. The real one is read from files on your disk.
"""

import brainsim as bs
from brainsim.examples import fly

net, traces = fly.build(cells=20_000, trials=3)
result = bs.simulate(net, fly.lasts(trials=3), seed=2, record=traces)
fly.draw(result, (0.0, fly.TRIAL))
