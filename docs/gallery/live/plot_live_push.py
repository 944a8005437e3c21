"""
A push, and what becomes of it
==============================

Two copies of a network, equal to the last bit. A small push of the second one is forgotten,
a larger one is not.
"""

import numpy as np

import brainsim as bs

random = np.random.default_rng(1)
lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)  # ms, pF, mV
cells = bs.Population(800, lif, name="cells", initial={"v": np.tile(random.uniform(0.0, 20.0, 400), 2)})
first, second = cells[:400].named("first copy"), cells[400:].named("second copy")
teller = bs.LIF(tau_m=1.0, c_m=200.0, v_rest=0.0, v_th=0.5, v_reset=0.0, t_ref=0.1)
only = bs.Population(400, teller, name="only in the first")  # spikes of the first copy that the second one does not have

net = bs.Network(seed=1)
projections = {}
for name, among, each, weight in (("excitation", range(320), 40, 0.9), ("inhibition", range(320, 400), 10, -4.5)):  # mV
    pre = np.concatenate([random.choice(among, each, replace=False) for _ in range(400)])
    wiring = bs.FromArrays(np.r_[pre, pre + 400], np.repeat(np.arange(800), each))  # the same in both copies
    projections[name] = net.connect(cells, cells, wiring, weight=weight, delay=1.5, synapse=bs.Delta(), name=name)
for copy, weight in ((first, 1.0), (second, -1.0)):
    net.stimulate(copy, bs.CurrentInput(250.0))  # pA
    net.connect(copy, only, bs.OneToOne(), weight=weight, delay=0.1, synapse=bs.Delta())

sizes = {"10⁻⁶ mV": 1e-6, "10⁻⁴ mV": 1e-4, "0.01 mV": 0.01, "1 mV": 1.0}
bs.page(
    net,
    "push.html",
    [bs.Control(projections["inhibition"], "weight", -6.3, -2.7, steps=41, label="weight of inhibition")],
    [
        *(bs.Button(f"push the second copy by {name}", second, "v", add=size) for name, size in sizes.items()),
        bs.Button("one spike more in the second copy", second[:1], "v", to=25.0),
    ],
    title="A push, and what becomes of it",
    text="Both copies are equal, so the lowest band is empty. Push the second copy, from the smallest push on.",
    pace=0.1,
    seed=2,
)
