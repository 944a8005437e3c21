"""
The network in twenty lines
===========================

The network of the README: inhibition answers excitation, and the drive keeps the cells at 62 Hz, with intervals that are
more regular (CV 0.35) than those of a Poisson process.
"""

import brainsim as bs

lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)  # ms, pF, mV
cells = bs.Population(2_500, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
exc, inh = cells[:2_000].named("excitatory"), cells[2_000:].named("inhibitory")

net = bs.Network(seed=1)
net.connect(exc, cells, bs.FixedIndegree(200), weight=0.2, delay=1.5, synapse=bs.Delta())  # mV, ms
net.connect(inh, cells, bs.FixedIndegree(50), weight=-1.0, delay=1.5, synapse=bs.Delta())
net.stimulate(cells, bs.PoissonInput(rate=10_000.0, weight=0.2, synapse=bs.Delta()))  # Hz, mV

result = bs.simulate(net, 500.0, seed=2, record=[bs.Trace(exc[:3], "v")])
bs.plot.overview(result, window=(300.0, 500.0))
