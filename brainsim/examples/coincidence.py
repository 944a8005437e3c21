"""Cells that detect spikes which come together, as no rate unit can (Rossant 2011).

LIF cells, held below threshold by noise, receive 200 inputs that all fire at 10 Hz: each alone, or up to 50 of them at a
time, in volleys that are sharp, 2 or 5 ms wide. Beside them, 300 coincidence cells hear spikes of random manifolds, one of
each input, where the class lies in the times alone: a cell takes six inputs after delays of its own, and three spikes that
meet make it fire; as many copies as there are samples lie side by side. Rossant et al. (2011),
doi:10.3389/fnins.2011.00009; manifolds: Zenke and Vogels (2021), doi:10.1162/neco_a_01367.
"""

import numpy as np

import brainsim as bs
from brainsim.examples._pairs import coincidence as pair

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
    """Return the network, with so many samples of manifolds and detectors for each kind of volley, and what to record."""
    trains = bs.SpikeTrains(*pair.side_by_side_volleys(KINDS, INPUTS, SPIKES, VOLLEYS, DURATION, seed))
    inputs = bs.Population(INPUTS * len(KINDS), trains, name="inputs")
    cells = bs.Population(detectors * len(KINDS), LIF, name="detectors", initial={"v": bs.Normal(8.0, NOISE)})

    net = bs.Network(seed=seed)
    for kind in range(len(KINDS)):
        sent, received = (view[kind * n : (kind + 1) * n] for view, n in ((inputs, INPUTS), (cells, detectors)))
        net.connect(sent, received, bs.AllToAll(), weight=WEIGHT, delay=1.0, synapse=DELTA)
    jump = NOISE / np.sqrt(LIF.tau_m * BACKGROUND / 1000.0)  # mV
    net.stimulate(cells, bs.PoissonInput(rate=BACKGROUND, weight=jump, synapse=DELTA), name="excitation")
    net.stimulate(cells, bs.PoissonInput(rate=BACKGROUND, weight=-jump, synapse=DELTA), name="inhibition")
    _add_coincidence_cells(net, _data(samples), np.random.default_rng(seed))
    return net, []


def _data(samples):
    return bs.ann.datasets.randman(train=samples - round(TEST * samples), test=round(TEST * samples), seed=SEED)


def _add_coincidence_cells(net, data, rng):
    X = np.concatenate([data.X_train, data.X_test])
    samples, units = X.shape
    times, sample = (LONGEST * X).ravel().round(1), np.arange(samples)[:, None]
    order = np.argsort(times, kind="stable")
    heard = bs.Population(times.size, bs.SpikeTrains(times[order], order), name="heard")
    cells = bs.Population(samples * CELLS, LIF, name="coincidence cells")
    pre = rng.random((CELLS, units)).argsort(axis=1)[:, :TAKEN].ravel()
    post, delay = np.repeat(np.arange(CELLS), TAKEN), rng.uniform(1.0, LONGEST, pre.size).round(1)
    pairs = bs.FromArrays((sample * units + pre).ravel(), (sample * CELLS + post).ravel())
    net.connect(heard, cells, pairs, weight=MEETING, delay=np.tile(delay, samples), synapse=DELTA)


def draw(result, window):
    """Return the figure of both sides, by the whole run."""
    inputs, fired = (pair.by_kind(result.spikes[name], KINDS) for name in ("inputs", "detectors"))
    heard, hidden = result.spikes["heard"], result.spikes["coincidence cells"]
    unit = pair.RateUnit(WEIGHT, NOISE, LIF)
    return pair.coincidence_figure(inputs, fired, unit, _data(hidden.n // CELLS), heard, hidden, LONGEST)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("coincidence.png")
