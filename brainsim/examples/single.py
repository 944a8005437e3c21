"""One LIF cell under steps of current: below threshold it charges like a capacitor, above, it fires.

Three steps of 200 ms, of 140, 160 and 300 pA. The rheobase is ``c_m*(v_th - v_rest)/tau_m`` = 150 pA; above it the rate is
``1/(t_ref + tau_m*log(RI/(RI - (v_th - v_rest))))`` with ``RI = I*tau_m/c_m`` and the reset at rest: 17.4 and 63.0 Hz.
"""

import numpy as np

import brainsim as bs

DURATION = 800.0  # ms
STEPS = {50.0: 140.0, 250.0: 0.0, 300.0: 160.0, 500.0: 0.0, 550.0: 300.0, 750.0: 0.0}  # from [ms]: current [pA]


def build(seed=1):
    """Return the network and the traces to record."""
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=2.0)
    cell = bs.Population(1, lif, name="cell")
    net = bs.Network(seed=seed)
    net.stimulate(cell, bs.CurrentInput(list(STEPS.values()), times=list(STEPS)))
    return net, [bs.Trace(cell, "v")]


def draw(result, window):
    """Return the figure: the current above the membrane potential."""
    import matplotlib.pyplot as plt

    edges, levels = np.array([0.0, *STEPS, max(DURATION, result.stop)]), np.array([0.0, *STEPS.values()])
    with bs.plot.style():
        figure, (above, below) = plt.subplots(
            2, sharex=True, figsize=(9.0, 4.4), height_ratios=(1.0, 2.2), layout="constrained"
        )
        above.stairs(levels, edges, baseline=None, color="#444444")
        for start, stop, level in zip(edges, edges[1:], levels, strict=False):
            if level and window[0] <= start < window[1]:
                above.annotate(f"{level:g} pA", (0.5 * (start + stop), level + 18.0), ha="center")
        above.set(ylim=(-20.0, 1.3 * levels.max()), ylabel="current [pA]")
        bs.plot.trace(result, ("cell", "v"), ax=below, window=window)
        below.set_xlim(window)
        figure.align_ylabels()
    return figure


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("single.png")
