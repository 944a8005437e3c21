"""
The shortest way to food
========================

An actor and a critic in spikes learn the way through a grid by dopamine, as tables do by arithmetic.
"""

import brainsim as bs
from brainsim.examples import grid

net, traces = grid.build()
sim = bs.Simulation(net, dt=grid.DT, seed=2, record=traces)
grid.steer(sim, grid.DURATION)
result = sim.result()
grid.draw(result)
