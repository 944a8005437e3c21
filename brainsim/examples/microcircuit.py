"""Cortical microcircuit of 77,169 cells with 299 million synapses, four layers (Potjans and Diesmann 2014).

The circuit under 1 mm² of sensory cortex: excitatory (E) and inhibitory (I) LIF cells of layers 2/3, 4, 5 and 6, all with
the same parameters and driven at 8 Hz per external synapse; only the wiring makes their rates as different as they are in
the animal. Potjans and Diesmann (2014), doi:10.1093/cercor/bhs358. It needs 2.1 GB, with scale=0.1, k_scale=0.1 a hundredth.
"""

import math
import numbers

import numpy as np

import brainsim as bs

DURATION, WINDOW = 2000.0, (600.0, 1000.0)  # ms: of the run, and the part of it that is drawn as a raster
OPTIONS = {
    "scale": 1.0,
    "k_scale": 1.0,
    "background": ("poisson", "dc"),
    "thalamus": False,
    "storage": ("stored", "procedural"),
}
SMALL = {"scale": 0.01, "k_scale": 0.01}

# Tables 4 and 5 of the paper; inhibitory delays (0.8 +- 0.4 ms in the paper), initial voltages and mean rates are those of
# pynest/examples/Potjans_2014 in NEST 3, network_params.py
POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
CELLS = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
PROBABILITY = np.array(
    [  # that a pair has at least one synapse: row = target, column = source
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000],
        [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
    ]
)
BACKGROUND, K_BACKGROUND = 8.0, np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])  # Hz, external inputs of a cell
TAU_M, C_M, V_REST, V_TH, T_REF, TAU_SYN = 10.0, 250.0, -65.0, -50.0, 2.0, 0.5  # ms, pF, mV, mV, ms, ms
V_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)  # mV, at the start
V_SD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)  # mV
PSP, G, SPREAD = 0.15, -4.0, 0.1  # mV: of an excitatory input; relative weight of inhibition; sd of weights over their mean
DELAYS, SHORTEST = (bs.Normal(1.5, 0.75), bs.Normal(0.75, 0.375)), 0.1  # ms: of E and of I; shorter ones are resampled
THALAMUS, THALAMUS_RATE, PULSE, ECHO = 902, 120.0, (700.0, 710.0), 50.0  # cells, Hz, ms, ms until activity is normal again
THALAMUS_PROBABILITY = np.array([0.0, 0.0, 0.0983, 0.0619, 0.0, 0.0, 0.0512, 0.0196])
RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])  # Hz, of the full network with NEST
# Romaro et al. (2021), doi:10.1162/neco_a_01400, table A.3: 60 s of the full network with Poisson background. Their
# synchrony, table A.5, is not compared: it is of "approximately 1000" cells, and depends on their number and choice
CVS = np.array([0.938, 0.916, 0.891, 0.873, 0.847, 0.809, 0.924, 0.819])
TRANSIENT = 500.0  # ms at the start that statistics leave out
COLOURS, RELAY = ("#1a5ca6", "#d3594c") * 4, "#24837c"  # E and I; thalamus


def build(scale=1.0, k_scale=1.0, background="poisson", thalamus=False, storage="stored", seed=1, dt=0.1):
    """Return the network and the traces to record.

    Parameters
    ----------
    scale : float
        Numbers of cells relative to the full network. The number of inputs per cell does not change, but cells share more of
        their inputs, become more correlated, and fire at other rates: L23E at 0.93 Hz in full, at 1.1 Hz with 0.3 and at 1.4
        to 2.0 Hz, by the seed, with 0.1.
    k_scale : float
        Inputs of a cell, recurrent and external, relative to the full network. Weights are divided by sqrt(k_scale), which
        preserves the variance of the input, and a current makes up for the lost mean at the rates of the full network
        (van Albada et al. 2015, doi:10.1371/journal.pcbi.1004490). There are scale*k_scale times 299 million synapses.
        Fewer and larger inputs are less Gaussian, so rates fall: at 0.1 by a tenth in L4E and L5I, by half in L23E. NEST
        gives the same rates with the same sizes, weights and currents. The rates of Romaro et al. (2021) at a tenth are for
        another reduction and higher except in L5E: 0.75 3.28 4.76 6.20 6.55 8.97 1.10 8.06 Hz, from L23E to L6I.
    background : {"poisson", "dc"}
        External spikes at random times, or a current equal to their mean. With the current and k_scale=0.1 the network falls
        silent: the current that replaces the lost inhibition leaves the sum of all currents below threshold.
    thalamus : bool
        Whether 902 thalamic cells fire at 120 Hz from 700 to 710 ms. Their number and their spikes do not depend on the
        scale, but their synapses scale like all others.
    storage : {"stored", "procedural"}
        Procedural synapses are not stored but regenerated at each spike, which takes about four times as long.
    seed : int
        Of the wiring and of the thalamic spikes.
    dt : float
        Time step of the run [ms]; no delay is shorter.

    Raises
    ------
    ValueError
        If an option has another value.
    """
    _check(background, scale=scale, k_scale=k_scale, dt=dt)
    model = bs.LIF(tau_m=TAU_M, c_m=C_M, v_rest=V_REST, v_th=V_TH, v_reset=V_REST, t_ref=T_REF)
    cells = [
        bs.Population(max(round(scale * n), 1), model, name=name, initial={"v": bs.Normal(mean, sd)})
        for name, n, mean, sd in zip(POPULATIONS, CELLS, V_MEAN, V_SD, strict=True)
    ]
    synapse, unit = bs.Exponential(tau=TAU_SYN), psc() / math.sqrt(k_scale)
    counts = scale * k_scale * synapses(PROBABILITY, CELLS)
    strengths, currents = weights() / math.sqrt(k_scale), compensation(k_scale, background)
    delays = [bs.Clipped(delay, low=max(SHORTEST, dt)) for delay in DELAYS]

    net = bs.Network(seed=seed)
    for population in cells:
        net.add(population)
    for target, post in enumerate(cells):
        for source, pre in enumerate(cells):
            if PROBABILITY[target, source]:
                net.connect(
                    pre,
                    post,
                    bs.FixedTotal(round(counts[target, source])),
                    synapse=synapse,
                    weight=_spread(strengths[target, source]),
                    delay=delays[source % 2],
                    storage=storage,
                )
        if background == "poisson":
            rate = BACKGROUND * k_scale * K_BACKGROUND[target]
            net.stimulate(post, bs.PoissonInput(rate=rate, weight=unit, synapse=synapse))
        if currents[target]:
            net.stimulate(post, bs.CurrentInput(currents[target]))
    if thalamus:
        wires = {"weight": _spread(unit), "delay": delays[0], "synapse": synapse}
        _add_thalamus(net, cells, scale * k_scale, wires, seed, dt)
    return net, []


def psc():
    """Return the current [pA] of an input whose potential has the peak PSP."""
    slope = TAU_M * TAU_SYN / (TAU_M - TAU_SYN)
    peak = slope * math.log(TAU_M / TAU_SYN)  # ms after the arrival
    return PSP * C_M / (slope * (math.exp(-peak / TAU_M) - math.exp(-peak / TAU_SYN)))


def weights():
    """Return the mean weights of the full network [pA], shape (targets, sources)."""
    mean = np.where(np.arange(8) % 2 == 0, psc(), G * psc()) * np.ones((8, 1))
    mean[0, 2] *= 2.0  # from L4E to L23E
    return mean


def synapses(probability, sources):
    """Return how many synapses, sampled from all pairs with repetition, connect each pair with this probability."""
    return np.log1p(-probability) / np.log1p(-1.0 / (CELLS[:, None] * sources))


def compensation(k_scale, background):
    """Return the current [pA] into the cells of each population that restores the mean of their input."""
    charge, lost = TAU_SYN * 1e-3, 1.0 - math.sqrt(k_scale)  # pA per (pA Hz)
    recurrent = (weights() * synapses(PROBABILITY, CELLS) / CELLS[:, None]) @ RATES
    external = BACKGROUND * K_BACKGROUND * psc()
    return charge * (lost * recurrent + (lost if background == "poisson" else 1.0) * external)


def draw(result, window):
    """Return a figure: the raster of `window`, rates and CV of intervals next to published ones, and synchrony.

    Thalamic cells and their pulse are in the raster only, since the published numbers are without them.
    """
    from brainsim.examples._figures.structured_networks import draw_beside

    published = {"rate": RATES, "CV": CVS}
    relay = ("thalamus", PULSE, RELAY) if "thalamus" in result.populations else None
    return draw_beside(result, POPULATIONS, published, undisturbed(result), window, COLOURS, relay)


def undisturbed(result):
    """Return start and stop [ms] of the part that is compared: after the transient, before or after the thalamic pulse."""
    start, stop = max(result.start, TRANSIENT) if result.stop > TRANSIENT else result.start, result.stop
    parts = [(start, stop)]
    if "thalamus" in result.populations:
        parts = [(start, min(stop, PULSE[0])), (max(start, PULSE[1] + ECHO), stop)]
    longest = max(parts, key=lambda part: part[1] - part[0])
    return longest if longest[0] < longest[1] else (start, stop)


def _add_thalamus(net, cells, scale, wires, seed, dt):
    """Connect cells that send Poisson spikes during the pulse, with `scale` times the synapses of the full network."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(THALAMUS * THALAMUS_RATE * (PULSE[1] - PULSE[0]) / 1000.0)
    times, ids = np.rint(np.sort(rng.uniform(*PULSE, count)) / dt) * dt, rng.integers(THALAMUS, size=count)
    relay = bs.Population(THALAMUS, bs.SpikeTrains(times, ids), name="thalamus")
    counts = scale * synapses(THALAMUS_PROBABILITY[:, None], np.array([THALAMUS]))[:, 0]
    for post, count in zip(cells, counts, strict=True):
        if count:
            net.connect(relay, post, bs.FixedTotal(round(count)), **wires)


def _spread(mean):
    """Return the distribution of weights around `mean`, cut at 0 to keep their sign."""
    limit = {"low": 0.0} if mean > 0.0 else {"high": 0.0}
    return bs.Clipped(bs.Normal(mean, SPREAD * abs(mean)), **limit)


def _check(background, **positive):
    for name, value in positive.items():
        if not isinstance(value, numbers.Real) or not 0.0 < value < math.inf:
            raise ValueError(f"microcircuit.{name}: must be > 0 and finite (got {value!r})")
    if background not in OPTIONS["background"]:
        raise ValueError(f"microcircuit.background: must be 'poisson' or 'dc' (got {background!r})")


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("microcircuit.png")
