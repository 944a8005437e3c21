"""
Decision: a race of two pools
=============================

Drift-diffusion and two pools of spiking cells that compete: choices and times are alike.
"""

import brainsim as bs
from brainsim.examples import decision

net, traces = decision.build(trials=60)
result = bs.simulate(net, decision.DURATION, seed=2, record=traces)
decision.draw(result, (0.0, decision.DURATION))
