"""Cells that detect spikes which arrive together, as no rate unit can (Rossant 2011).

LIF cells, held below threshold by noise, receive 200 inputs that all fire at 10 Hz: independently, or up to 50 of them
together in volleys that are sharp or spread by 2 or 5 ms. In addition, 300 coincidence cells get spikes on random manifolds,
one from each input, whose class lies in the times alone: each cell takes six inputs with random delays, and three spikes
that arrive together make it fire; there is a copy of these cells for each sample. Rossant et al. (2011),
doi:10.3389/fnins.2011.00009; manifolds: Zenke and Vogels (2021), doi:10.1162/neco_a_01367.
"""

import numpy as np

import brainsim as bs

DURATION = 300.0  # ms
SMALL = {"samples": 60, "detectors": 10}

LIF = bs.LIF(tau_m=10.0, c_m=100.0, v_rest=0.0, v_th=15.0, v_reset=0.0, t_ref=2.0)  # ms, pF, mV
DELTA = bs.Delta()
INPUTS, SPIKES, VOLLEYS = 200, 3, 6  # inputs, spikes of each, volleys in 300 ms
KINDS = [(jitter, size) for jitter in (0.0, 2.0, 5.0) for size in (0, 10, 20, 30, 40, 50)]  # ms; inputs in a volley
WEIGHT, NOISE, BACKGROUND = 0.4, 2.5, 1000.0  # mV; mV, deviation of v by the background; Hz, of excitation and of inhibition
CELLS, TAKEN, MEETING, LONGEST = 300, 6, 6.0, 50.0  # coincidence cells, inputs of each; mV; ms, of samples and delays
TEST, SEED = 1 / 3, 1  # share of the samples that are test data; of the manifolds


def build(samples=1500, detectors=100, seed=1):
    """Return the network, with `samples` on manifolds and `detectors` for each kind of volley, and the traces to record."""
    inputs = bs.Population(INPUTS * len(KINDS), bs.SpikeTrains(*all_volleys(seed)), name="inputs")
    cells = bs.Population(detectors * len(KINDS), LIF, name="detectors", initial={"v": bs.Normal(8.0, NOISE)})

    net = bs.Network(seed=seed)
    for kind in range(len(KINDS)):
        sent, received = (view[kind * n : (kind + 1) * n] for view, n in ((inputs, INPUTS), (cells, detectors)))
        net.connect(sent, received, bs.AllToAll(), weight=WEIGHT, delay=1.0, synapse=DELTA)
    jump = NOISE / np.sqrt(LIF.tau_m * BACKGROUND / 1000.0)  # mV
    net.stimulate(cells, bs.PoissonInput(rate=BACKGROUND, weight=jump, synapse=DELTA), name="excitation")
    net.stimulate(cells, bs.PoissonInput(rate=BACKGROUND, weight=-jump, synapse=DELTA), name="inhibition")
    add_coincidence_cells(net, manifolds(samples), np.random.default_rng(seed))
    return net, []


def volleys(n, spikes, size, count, duration, jitter=0.0, seed=0):
    """Return (times, ids) of `n` inputs with `spikes` spikes each, of which some belong to `count` volleys of `size` inputs.

    Volleys are at random times, at least half of the mean interval apart, with a standard deviation of `jitter`; each has
    other random inputs. All other spikes are at independent random times.
    """
    if size > n or 2 * size * count > n * spikes:
        raise ValueError(
            f"volleys.size: {count} volleys of {size} take more than half of {n} x {spikes} spikes, or more than {n} inputs"
        )
    rng, free = np.random.default_rng(seed), np.full(n, spikes)
    margin = min(3.0 * jitter, 0.25 * duration)
    room = 0.5 * np.sort(rng.random(count)) + 0.5 * (np.arange(count) + 0.5) / max(count, 1)
    times, ids = [], []
    for moment in margin + room * (duration - 2.0 * margin):
        chosen = rng.permutation(np.flatnonzero(free))[:size]
        free[chosen] -= 1
        times.append(np.clip(moment + jitter * rng.standard_normal(chosen.size), 0.0, duration))
        ids.append(chosen)
    alone = np.repeat(np.arange(n), free)
    return in_order(np.concatenate([*times, duration * rng.random(alone.size)]), np.concatenate([*ids, alone]))


def all_volleys(seed):
    """Return (times, ids) of the inputs of all kinds of volley; input i of the k-th kind is ``INPUTS*k + i``."""
    of_kind = [volleys(INPUTS, SPIKES, size, VOLLEYS, DURATION, jitter, seed) for jitter, size in KINDS]
    times = np.concatenate([times for times, _ in of_kind]).round(1)
    return in_order(times, np.concatenate([ids + INPUTS * k for k, (_, ids) in enumerate(of_kind)]))


def in_order(times, ids):
    """Return times and ids sorted by time."""
    order = np.argsort(times, kind="stable")
    return times[order], ids[order]


def manifolds(samples):
    """Return the data set of spike times, from 0 to 1."""
    return bs.ann.datasets.randman(train=samples - round(TEST * samples), test=round(TEST * samples), seed=SEED)


def add_coincidence_cells(net, data, rng):
    """Add inputs that send the samples of a data set, and coincidence cells for each sample."""
    X = np.concatenate([data.X_train, data.X_test])
    samples, units = X.shape
    times, sample = (LONGEST * X).ravel().round(1), np.arange(samples)[:, None]
    sent = bs.Population(times.size, bs.SpikeTrains(*in_order(times, np.arange(times.size))), name="sent")
    cells = bs.Population(samples * CELLS, LIF, name="coincidence cells")
    pre = rng.random((CELLS, units)).argsort(axis=1)[:, :TAKEN].ravel()
    post, delay = np.repeat(np.arange(CELLS), TAKEN), rng.uniform(1.0, LONGEST, pre.size).round(1)
    pairs = bs.FromArrays((sample * units + pre).ravel(), (sample * CELLS + post).ravel())
    net.connect(sent, cells, pairs, weight=MEETING, delay=np.tile(delay, samples), synapse=DELTA)


def draw(result, window):
    """Return the figure of both sides, from the whole run."""
    from brainsim.examples._figures.coincidence import RateUnit, by_kind, coincidence_figure

    inputs, fired = (by_kind(result.spikes[name], KINDS) for name in ("inputs", "detectors"))
    sent, hidden = result.spikes["sent"], result.spikes["coincidence cells"]
    data = manifolds(hidden.n // CELLS)
    return coincidence_figure(inputs, fired, RateUnit(WEIGHT, NOISE, LIF), data, sent, hidden, LONGEST)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("coincidence.png")
