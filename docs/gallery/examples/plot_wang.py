"""
Decision: the network of Wang (2002)
====================================

Two pools ramp up slowly until one of them wins and keeps firing. The times to a choice shrink as the evidence grows.
"""

import brainsim as bs
from brainsim.examples import wang

net, traces = wang.build(trials=3)
sim = bs.Simulation(net, seed=2, record=traces)
wang.steer(sim, wang.lasts(trials=3))
wang.draw(sim.result(), (0.0, sim.time))
