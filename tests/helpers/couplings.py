"""Cells for couplings: leaky ones and linear rates, of which all is known; and networks of all kinds of couplings."""

import numpy as np

import brainsim as bs

OF_TWO = bs.Uniform(-75.0, -50.0)


def leaky(n, name="cells", **given):
    """Return leaky cells of 10 nS and 200 pF."""
    return bs.Population(n, bs.LI(tau_m=20.0, c_m=200.0, v_rest=-65.0), name=name, **given)


class Linear(bs.Neuron):
    """A rate that follows its input."""

    equations = "dr/dt = (slope*(I + drive) - r)/tau"
    slope: float = bs.parameter(0.1, "Hz/pA", "slope of the gain")
    drive: float = bs.parameter(0.0, "pA", "constant input")
    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    r: float = bs.initial(0.0, "Hz", "rate")


def _rates_of_wang_buzsaki(v):
    alpha_h, beta_h = 0.07 * np.exp(-(v + 58) / 20), 1 / (1 + np.exp(-(v + 28) / 10))
    alpha_n, beta_n = 0.01 * (v + 34) / (1 - np.exp(-(v + 34) / 10)), 0.125 * np.exp(-(v + 44) / 80)
    return alpha_h, beta_h, alpha_n, beta_n


def gates_at_rest(v):
    """Return h and n of `WangBuzsaki` cells that are held at v."""
    alpha_h, beta_h, alpha_n, beta_n = _rates_of_wang_buzsaki(v)
    return alpha_h / (alpha_h + beta_h), alpha_n / (alpha_n + beta_n)


def slopes_of_wang_buzsaki(v, h, n, current):
    """Return the derivatives of v, h and n of `WangBuzsaki` cells with a current into them, written down again."""
    alpha_h, beta_h, alpha_n, beta_n = _rates_of_wang_buzsaki(v)
    alpha_m, beta_m = 0.1 * (v + 35) / (1 - np.exp(-(v + 35) / 10)), 4 * np.exp(-(v + 60) / 18)
    m = alpha_m / (alpha_m + beta_m)
    into = 3500 * m**3 * h * (55 - v) + 900 * n**4 * (-90 - v) + 10 * (-65 - v) + current
    return into / 100, 5 * (alpha_h * (1 - h) - beta_h * h), 5 * (alpha_n * (1 - n) - beta_n * n)


def spiking(n=60):
    return bs.Population(n, bs.LIF(), name="cells", initial={"v": OF_TWO})


def driven(net, cells):
    net.stimulate(cells, bs.CurrentInput(np.linspace(150.0, 400.0, cells.n)))
    return net


def junctions(order=2):
    """Gap junctions of three kinds onto cells that fire, next to synapses."""
    cells, others = spiking(), leaky(30, "others", initial={"v": OF_TWO})
    net = bs.Network(seed=1)
    gap = bs.GapJunction(order=order)
    net.connect(cells, cells, bs.FixedProbability(0.2), weight=bs.Uniform(0.1, 0.9), synapse=gap)
    net.connect(cells[::3], others, bs.AllToAll(), weight=0.05, synapse=gap)
    net.connect(others, others, bs.FixedTotal(50), weight=0.5, synapse=bs.GapJunction(rectifying=True, order=order))
    net.connect(cells, cells, bs.FixedIndegree(5), weight=20.0, delay=1.5, synapse=bs.Exponential())
    return driven(net, cells)


def delayed():
    """Delays of one and of many steps; graded synapses with kinetics; gates of cells that fire."""
    cells, others = spiking(), leaky(30, "others", initial={"v": OF_TWO})
    net = bs.Network(seed=1)
    net.connect(cells, others, bs.FixedIndegree(6), weight=0.4, delay=bs.Uniform(0.3, 4.0), synapse=bs.GatedNMDA())
    net.connect(cells, cells, bs.AllToAll(autapses=False), weight=0.01, delay=0.5, synapse=bs.GatedNMDA())
    graded = bs.GradedSynapse(tau=3.0)
    net.connect(others, cells, bs.FixedProbability(0.3), weight=bs.Uniform(0.1, 0.5), delay=0.7, synapse=graded)
    return driven(net, cells)


def learning():
    """Rates whose weights learn, at once and later, by rules without and with a variable of the targets."""
    units = bs.Population(40, bs.RateUnit(), name="units", initial={"r": bs.Uniform(0.0, 50.0)})
    outputs = bs.Population(50, bs.RateUnit(), name="outputs", initial={"r": bs.Uniform(0.0, 50.0)})
    net, weight = bs.Network(seed=1), bs.Uniform(0.0, 1.0)
    given = {"synapse": bs.RateConnection(), "plasticity": bs.Oja(eta=1e-5)}
    net.connect(units, units, bs.FixedIndegree(7), weight=weight, **given)
    given = {"synapse": bs.RateConnection(order=1), "plasticity": bs.BCM(eta=1e-8)}
    net.connect(units, outputs[7:], bs.FixedProbability(0.3), weight=weight, delay=bs.Uniform(0.3, 2.0), **given)
    net.stimulate(units, bs.CurrentInput(np.linspace(50.0, 400.0, 40)))
    return net


def rates():
    units = bs.Population(40, bs.RateUnit(), name="units", initial={"r": bs.Uniform(0.0, 50.0)})
    net = bs.Network(seed=1)
    net.connect(units, units, bs.FixedIndegree(7), weight=bs.Normal(0.0, 2.0), synapse=bs.RateConnection(gain="sigmoid"))
    net.connect(units, units, bs.FixedIndegree(3), weight=1.0, delay=2.0, synapse=bs.RateConnection(order=1))
    net.stimulate(units, bs.NoiseInput(50.0, tau=5.0))
    return net
