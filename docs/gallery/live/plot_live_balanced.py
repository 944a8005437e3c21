"""
Excitation and inhibition
=========================

Excitation against inhibition, running in your browser: more inhibition makes the cells fire at random.
"""

import brainsim as bs

lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)  # ms, pF, mV
cells = bs.Population(2_500, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
exc, inh = cells[:2_000].named("excitatory"), cells[2_000:].named("inhibitory")

net = bs.Network(seed=1)
net.connect(exc, cells, bs.FixedIndegree(200), weight=0.2, delay=1.5, synapse=bs.Delta())  # mV, ms
inhibition = net.connect(inh, cells, bs.FixedIndegree(50), weight=-1.0, delay=1.5, synapse=bs.Delta())
drive = bs.PoissonInput(rate=10_000.0, weight=0.2, synapse=bs.Delta())  # Hz, mV
net.stimulate(cells, drive)

bs.page(
    net,
    "balanced.html",
    [
        bs.Control(inhibition, "weight", -2.0, 0.0, label="weight of inhibition"),
        bs.Control(drive, "rate", 5_000.0, 15_000.0, label="rate of the input"),
        bs.Control(cells, "tau_m", 5.0, 40.0, label="membrane time constant"),
    ],
    [bs.Button("silence the inhibitory cells for a moment", inh, to=-100.0)],
    title="Excitation and inhibition",
    text="Weaken the inhibition: the cells fire together. Strengthen it: they fire one by one, and rarely.",
    seed=2,
)
