"""
Two groups that compete
=======================

Each group excites itself and, through interneurons, inhibits the other: one of them wins, until you push the other.
"""

import brainsim as bs

cell = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-60.0, t_ref=2.0)  # ms, pF, mV
interneuron = bs.LIF(tau_m=10.0, c_m=100.0, v_rest=-65.0, v_th=-50.0, v_reset=-60.0, t_ref=1.0)
slow, fast = bs.Exponential(tau=100.0, name="nmda"), bs.Exponential(tau=5.0)
gaba = bs.Exponential(tau=10.0, name="gaba")
start = {"v": bs.Uniform(-65.0, -50.0)}
groups = {name: bs.Population(100, cell, name=name, initial=start) for name in "AB"}
inhibitory = bs.Population(40, interneuron, name="interneurons", initial=start)

net, inputs = bs.Network(seed=1), {}
for name, group in groups.items():
    net.connect(group, group, bs.AllToAll(), weight=0.43, delay=1.0, synapse=slow)  # pA, ms
    inputs[name] = bs.PoissonInput(rate=600.0, weight=60.0, synapse=fast)  # Hz, pA
    net.stimulate(group, inputs[name])
for group in groups.values():
    net.connect(group, inhibitory, bs.AllToAll(), weight=3.75, delay=1.0, synapse=fast)
    net.connect(inhibitory, group, bs.AllToAll(), weight=-10.0, delay=1.0, synapse=gaba)
net.connect(inhibitory, inhibitory, bs.AllToAll(), weight=-2.5, delay=1.0, synapse=gaba)
net.stimulate(inhibitory, bs.PoissonInput(rate=300.0, weight=60.0, synapse=fast))

bs.page(
    net,
    "groups.html",
    [bs.Control(inputs[name], "rate", 400.0, 800.0, label=f"input to {name}") for name in "AB"],
    [bs.Button(f"push {name}", groups[name], "nmda.i", add=400.0) for name in "AB"],
    title="Two groups that compete",
    text="Push the group that is silent, or give it more input, until it wins.",
    pace=0.5,
    seed=2,
)
