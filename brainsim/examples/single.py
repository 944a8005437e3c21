"""One LIF cell under steps of current: below threshold it charges like a capacitor, above it fires regularly.

The rheobase is ``c_m*(v_th - v_rest)/tau_m`` = 150 pA; above it the rate follows
``1/(t_ref + tau_m*log(RI/(RI - (v_th - v_rest))))`` with ``RI = I*tau_m/c_m`` and the reset at rest.
"""

import brainsim as bs

DURATION = 600.0  # ms


def build(seed=1):
    """Return the network and what to record of it."""
    cell = bs.Population(1, bs.LIF(), name="cell")
    net = bs.Network(seed=seed)
    steps = bs.CurrentInput([140.0, 0.0, 160.0, 0.0, 300.0, 0.0], times=[50.0, 150.0, 200.0, 350.0, 400.0, 550.0])
    net.stimulate(cell, steps)
    return net, [bs.Trace(cell, "v")]


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    bs.plot.overview(result).savefig("single.png")
