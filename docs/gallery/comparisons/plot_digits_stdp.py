"""
Digits learned without labels
=============================

Cells that compete by spikes learn the shapes of digits without labels; k-means with as many centres tells more digits apart.
"""

import brainsim as bs
from brainsim.examples import digits_stdp

net, traces = digits_stdp.build(sizes=(10, 20))
cells = [net.populations[name] for name in ("10 cells", "20 cells")]
sim = bs.Simulation(net, dt=digits_stdp.DT, seed=2, record=traces, spikes=cells)
digits_stdp.steer(sim, digits_stdp.DURATION)
result = sim.result()
digits_stdp.draw(result, digits_stdp.WINDOW)
