"""
The network in twenty lines
===========================

The network of the start in ten minutes: excitation and inhibition nearly cancel, and the cells fire at 12 Hz, nearly as
irregularly (CV 0.88) as Poisson processes.
"""

import brainsim as bs

lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)  # ms, pF, mV
cells = bs.Population(2_500, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
exc, inh = cells[:2_000].named("excitatory"), cells[2_000:].named("inhibitory")

net = bs.Network(seed=1)
net.connect(exc, cells, bs.FixedIndegree(200), weight=0.4, delay=1.5, synapse=bs.Delta())  # mV, ms
net.connect(inh, cells, bs.FixedIndegree(50), weight=-2.4, delay=1.5, synapse=bs.Delta())
net.stimulate(cells, bs.PoissonInput(rate=2_700.0, weight=0.4, synapse=bs.Delta()))  # Hz, mV

result = bs.simulate(net, 500.0, seed=2, record=[bs.Trace(exc[:3], "v")])
bs.plot.overview(result, window=(300.0, 500.0))
