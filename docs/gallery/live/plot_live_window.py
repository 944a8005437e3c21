"""
Learning by spike timing
========================

Each synapse sees its spikes with another lag: those whose source fires first grow, the others shrink, before your eyes.
"""

import numpy as np

import brainsim as bs

lags = np.arange(-60.0, 61.0, 2.0)  # ms, one for each of 61 cells
times = np.arange(200.0, 60_000.0, 200.0)
trains = bs.Population(2, bs.SpikeTrains([times, times - 100.0]), name="trains")
source, teacher = trains[:1].named("source"), trains[1:].named("teacher")
cells = bs.Population(lags.size, bs.LIF(), name="cells")

net = bs.Network(seed=1)
rule = bs.STDP(a_plus=0.01, a_minus=0.0105, w_max=1.0)
# the whole delay is in the dendrite: spikes of the source count when they are sent
learning = {"dendritic_delay": "all", "synapse": bs.Delta(), "plasticity": rule}
net.connect(source, cells, bs.AllToAll(), weight=0.5, delay=1.0, name="weights", **learning)
net.connect(teacher, cells, bs.AllToAll(), weight=100.0, delay=[100.0 + lags], synapse=bs.Delta())  # mV
noise = bs.PoissonInput(rate=0.1, weight=100.0, synapse=bs.Delta())
net.stimulate(cells, noise)

bs.page(
    net,
    "window.html",
    [bs.Control(noise, "rate", 0.1, 20.1, label="spikes of the cells at random")],
    [bs.Button("let all cells fire now", cells, add=100.0)],
    title="Learning by spike timing",
    text="The first cell fires 60 ms before the source, the last one 60 ms after it. Other spikes wipe out what is learned.",
    pace=1.0,
    dt=0.5,
    seed=2,
)
