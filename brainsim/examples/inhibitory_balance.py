"""Inhibitory synapses learn to balance excitation: every cell comes to fire at a target (Vogels 2011).

A network of 4,000 LIF cells with conductances, driven by a current, in which inhibition of the excitatory cells is missing
at first: all fire together and often. A spike of an inhibitory cell changes its synapses onto excitatory cells by
``eta*(y - 2*rho_0*tau)``, one of the target by ``eta*x``, with traces x and y of the spikes of both, tau = 20 ms. If the
target fires faster than rho_0 = 3 Hz, inhibition grows, otherwise it shrinks. So the rates approach rho_0, and spikes are
irregular, since only fluctuations are left of the currents. With few and strong inhibitory synapses, the rates stay above
rho_0 (3.7 Hz with 40 on each cell instead of 160), since an inhibitory spike makes one of the target less likely just after
it. Vogels, Sprekeler, Zenke, Clopath and Gerstner (2011), doi:10.1126/science.1211095; here in a smaller, denser network
that learns faster.
"""

import numpy as np

import brainsim as bs

DURATION = 10_000.0  # ms
WINDOW = (0.0, DURATION)
SMALL = {"n": 400}

TARGET, ETA = 3.0, 0.05  # Hz, nS
W_EXC, W_INH = 0.21, 2.1  # nS, the second of inhibitory cells onto each other
AMPA = bs.ExponentialConductance(tau=5.0, e_rev=0.0, name="ampa")  # ms, mV
GABA = bs.ExponentialConductance(tau=10.0, e_rev=-80.0, name="gaba")
CURRENT = 200.0  # pA
EDGES = np.linspace(0.0, 4.0, 81)  # nS, bins of weights


def build(n=4000, seed=1):
    """Return the network of `n` cells, a fifth of them inhibitory, and what to record."""
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-60.0, v_th=-50.0, v_reset=-60.0, t_ref=5.0)
    cells = bs.Population(n, lif, name="cells", initial={"v": bs.Uniform(-60.0, -50.0)})
    exc, inh = cells[: 4 * n // 5].named("excitatory"), cells[4 * n // 5 :].named("inhibitory")

    net = bs.Network(seed=seed)
    wiring = bs.FixedProbability(min(800.0 / n, 0.5))
    net.connect(exc, cells, wiring, weight=W_EXC, delay=0.5, synapse=AMPA)
    net.connect(inh, inh, wiring, weight=W_INH, delay=0.5, synapse=GABA)
    rule = bs.VogelsSTDP(rho_0=TARGET, eta=ETA)
    learning = net.connect(inh, exc, wiring, weight=0.0, delay=0.5, synapse=GABA, plasticity=rule, name="learning")
    net.stimulate(cells, bs.CurrentInput(CURRENT))
    of_one_cell = [bs.Trace(exc[:1], variable, every=0.5) for variable in ("v", "ampa.g", "gaba.g")]
    return net, [*of_one_cell, bs.WeightTrace(learning, synapses=50, every=100.0, bins=EDGES)]


def currents(result):
    """Return the times and the currents of excitation, with the constant one, and of inhibition of the first cell [pA]."""
    v, ampa, gaba = (result.traces["cells", name].values[:, 0] for name in ("v", "ampa.g", "gaba.g"))
    return result.traces["cells", "v"].times, ampa * (AMPA.e_rev - v) + CURRENT, gaba * (GABA.e_rev - v)


def draw(result, window):
    """Return the figure: spikes and currents before and after learning, rates and weights."""
    from brainsim.examples._figures.inhibitory_balance import balance_figure

    return balance_figure(result, currents(result), TARGET)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("inhibitory_balance.png")
