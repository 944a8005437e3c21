"""
Synapses that compete
=====================

Two hundred inputs to one cell: those that come together now and then grow by STDP, the others shrink, before your eyes.
"""

import numpy as np

import brainsim as bs

events = np.random.default_rng(3).random(12_000) < 0.1  # one stretch of 10 ms in ten, for two minutes
together = bs.Population(100, bs.Poisson(rate=bs.TimedArray(np.where(events, 60.0, 10.0), dt=10.0)), name="together")  # Hz
single = bs.Population(100, bs.Poisson(rate=15.0), name="single")
cell = bs.Population(1, bs.LIF(tau_m=20.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0), name="cell")  # ms, mV

net = bs.Network(seed=1)
rule = bs.STDP(w_max=0.3, a_plus=0.010, a_minus=0.0115)
for inputs in (together, single):
    name = f"synapses of {inputs.name}"
    net.connect(inputs, cell, bs.AllToAll(), weight=0.15, delay=1.0, synapse=bs.Delta(), plasticity=rule, name=name)

bs.page(
    net,
    "compete.html",
    [bs.Control(single, "rate", 0.0, 45.0, steps=16, label="rate of those that come singly")],
    title="Synapses that compete",
    text="The first hundred inputs come together now and then, the others at times of their own. Give these a higher rate.",
    pace=4.0,
    dt=0.5,
    seed=2,
)
