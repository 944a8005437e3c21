"""
Cells with noise
================

A hundred cells with the same mean current and noise of their own: they fire although the mean is below the threshold.
"""

import brainsim as bs

cell = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=2.0)  # ms, pF, mV
cells = bs.Population(100, cell, name="cells", initial={"v": -55.0})
noise = bs.NoiseInput(60.0, mean=130.0, tau=5.0)  # pA, pA, ms
net = bs.Network(seed=1)
net.stimulate(cells, noise)

bs.page(
    net,
    "noise.html",
    [
        bs.Control(noise, "mean", 0.0, 300.0, steps=31, label="mean current"),
        bs.Control(noise, "sigma", 0.0, 120.0, steps=25, label="noise, standard deviation"),
        bs.Control(cells, "tau_m", 5.0, 40.0, steps=8, label="membrane time constant (and resistance)"),
    ],
    title="Cells with noise",
    text="With a mean of 150 pA or more the cells fire without noise. Below it, only noise makes them fire.",
    seed=1,
)
