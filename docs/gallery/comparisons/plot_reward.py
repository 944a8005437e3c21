"""
Reward that comes seconds later
===============================

Dopamine reinforces the one synapse that earned it. In these ten minutes it has begun to grow, but is not yet stronger than
most others; that takes up to an hour.
"""

import brainsim as bs
from brainsim.examples import reward

net, traces = reward.build(watched=30)
sim = bs.Simulation(net, dt=reward.DT, seed=2, record=traces)
reward.steer(sim, 600_000.0)
result = sim.result()
reward.draw(result, (0.0, 600_000.0))
