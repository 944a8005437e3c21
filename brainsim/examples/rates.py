"""One network three ways: rate units, spiking cells, and the recurrent layer of an artificial network.

60 units prefer 60 orientations. They excite those that prefer similar ones and inhibit the others. An input that depends
only weakly on the orientation makes a bump of activity, whose width the connections determine; when the orientation
changes, the bump moves. All three have the same weights. The rate units, ``tau*dr/dt = -r + slope*max(I - i_min, 0)``, act
on each other by `RateConnection`. Each of them stands for a pool of 50 leaky integrate-and-fire cells with noise: the slope
and `i_min` are those of a straight line through the measured rate of a cell against its current, and the time constant is
that of the synapses. The artificial layer is what the rate units are in steps of 2 ms,
``h = (1 - a)*h + a*relu(W h + x)``. Ben-Yishai, Bar-Or and Sompolinsky (1995), doi:10.1073/pnas.92.9.3844; Wilson and Cowan
(1972), doi:10.1016/S0006-3495(72)86068-5.
"""

import functools

import numpy as np

import brainsim as bs

DURATION = 1000.0  # ms
SMALL = {"cells": 5}

UNITS = 60
ANGLES = 180.0 * np.arange(UNITS) / UNITS - 90.0  # degrees: preferred orientations
MEAN, TUNED = -3.0, 2.6  # of the recurrent weights times the slope: the mean, and the part that depends on the orientation
DRIVE, TUNING = 200.0, 0.1  # pA: input of the unit that likes it best, beyond i_min; how much the input is tuned
SHOWN = {100.0: -40.0, 550.0: 20.0}  # ms: from when on; degrees: which orientation
TAU, DELAY, STEP = 20.0, 1.0, 2.0  # ms: time constant, delay of connections, step of the artificial network
MEMBRANE = {"tau_m": 20.0, "t_ref": 2.0, "v_th": -50.0, "v_reset": -60.0}  # ms, ms, mV, mV
REST, CAPACITY, NOISE = -65.0, 200.0, 5.0  # mV, pF, mV
FITTED = (5.0, 60.0)  # Hz: between which rates the straight line is fitted


class Cell(bs.Neuron):
    """A leaky integrate-and-fire cell with noise."""

    equations = "dv/dt = (v_rest - v)/tau_m + noise*xi/sqrt(tau_m) + I/c_m"
    threshold = "v >= v_th"
    reset = "v = v_reset"
    tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(CAPACITY, "pF", "membrane capacitance", above=0.0)
    noise: float = bs.parameter(NOISE, "mV", "strength of the noise: sqrt(2) times the standard deviation of v")
    v_rest: float = bs.parameter(REST, "mV", "resting potential")
    v_th: float = bs.parameter(-50.0, "mV", "threshold")
    v_reset: float = bs.parameter(-60.0, "mV", "reset potential")
    t_ref: float = bs.parameter(2.0, "ms", "refractory time", at_least=0.0)
    v: float = bs.initial(REST, "mV", "membrane potential")


class Unit(bs.Neuron):
    """A unit whose rate follows its current, if this is above a threshold."""

    equations = "dr/dt = (slope*max(I - i_min, 0) - r)/tau"
    slope: float = bs.parameter(0.1, "Hz/pA", "slope of the rate against the current")
    i_min: float = bs.parameter(100.0, "pA", "current above which there is a rate")
    tau: float = bs.parameter(TAU, "ms", "time constant", above=0.0)
    r: float = bs.initial(0.0, "Hz", "rate")


@functools.cache
def measure():
    """Return currents [pA] and the rates of single cells at them [Hz], the mean of fifty each."""
    curve = bs.explore.fi_curve(Cell(**MEMBRANE), np.linspace(0.0, 450.0, 31), duration=700.0, trials=50)
    return curve.currents, curve.rates


def line():
    """Return slope [Hz/pA] and foot [pA] of the straight line through the rate of a cell against its current."""
    current, rate = measure()
    fitted = (rate >= FITTED[0]) & (rate <= FITTED[1])
    slope, offset = np.polyfit(current[fitted], rate[fitted], 1)
    return slope, -offset / slope


def weights():
    """Return the weights times the slope, shape (targets, sources): what all three networks share."""
    between = np.deg2rad(ANGLES[:, None] - ANGLES)
    return (MEAN + TUNED * np.cos(2.0 * between)) / UNITS


def inputs(i_min):
    """Return when the input changes [ms], and the current into each unit from then on [pA], shape (times, units)."""
    shown = [np.cos(2.0 * np.deg2rad(ANGLES - angle)) for angle in SHOWN.values()]
    tuned = i_min + DRIVE * (1.0 - TUNING + TUNING * np.array(shown))
    return np.array([0.0, *SHOWN]), np.vstack([np.zeros(UNITS), tuned])


def build(cells=50, seed=1):
    """Return the network, with rate units and pools of `cells` cells each, and the rates to record."""
    slope, i_min = line()
    between, (times, current) = weights().T / slope, inputs(i_min)  # pA/Hz, shape (sources, targets)
    net = bs.Network(seed=seed)
    units = bs.Population(UNITS, Unit(slope=slope, i_min=i_min), name="rate units")
    net.connect(units, units, bs.AllToAll(), weight=between, delay=DELAY, synapse=bs.RateConnection())
    net.stimulate(units, bs.CurrentInput(current, times=times))
    pools = bs.Population(UNITS * cells, Cell(**MEMBRANE), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    of_synapse = 1000.0 * between / (cells * TAU)  # pA: so that the mean current is the same
    each = np.repeat(np.repeat(of_synapse, cells, axis=0), cells, axis=1)
    net.connect(pools, pools, bs.AllToAll(), weight=each, delay=DELAY, synapse=bs.Exponential(tau=TAU))
    net.stimulate(pools, bs.CurrentInput(np.repeat(current, cells, axis=1), times=times))
    return net, [bs.Trace(units, "r", every=STEP)]


def artificial(duration):
    """Return the activity of the recurrent layer after each step, shape (steps, units)."""
    (slope, i_min), W, a = line(), weights(), STEP / TAU
    (times, current), h, found = inputs(i_min), np.zeros(UNITS), []
    for step in range(round(duration / STEP)):
        x = slope * (current[np.searchsorted(times, step * STEP, side="right") - 1] - i_min)
        h = (1.0 - a) * h + a * np.maximum(W @ h + x, 0.0)
        found.append(h)
    return np.array(found).reshape(-1, UNITS)


def draw(result, window):
    """Return the figure: all three over time, their bumps, and a unit of each."""
    from brainsim.examples._figures.rates import rates_figure

    return rates_figure(result)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("rates.png")
