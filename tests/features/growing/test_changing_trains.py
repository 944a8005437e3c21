"""Gamma trains and trains with a dead time whose rates change: counts and correlations in time against exact theory.

Both are chains with few states, so the probability of a spike at each step, and at each later step given a spike, follows
from the rates by going through the steps once. The mean and the variance of counts, and with them the Fano factor, are sums
of these probabilities.
"""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.statistics import within

DT, STEPS, N = 0.5, 400, 3000
RATE = "45 + 35*sin(2*pi*t/80)"
ORDER, DEAD = 4, 6.0  # stages, ms


def rates():
    """Return the rate in each step, in spikes a ms: that at its middle."""
    return 1e-3 * (45.0 + 35.0 * np.sin(2 * np.pi * (np.arange(STEPS) + 0.5) * DT / 80.0))


def of_gamma():
    """Return the probability of a spike in each step, and in each later step (column) given a spike in one (row)."""
    advance = ORDER * rates() * DT
    phases = np.full((STEPS + 1, ORDER), 1.0 / ORDER)  # completed stages; the last row is that of the process itself
    given = np.zeros((STEPS + 1, STEPS))
    for t in range(STEPS):
        given[:, t] = phases[:, -1] * advance[t]
        phases = (1.0 - advance[t]) * phases + advance[t] * np.roll(phases, 1, axis=1)
        phases[t] = np.eye(ORDER)[0]  # one that fires now
    # the threshold sees the last stage one step after it is completed
    later = np.zeros_like(given)
    later[:, 1:] = given[:, :-1]
    later[1:-1] = later[:-2].copy()
    return later[-1], np.triu(later[:-1], 1)


def of_dead_time():
    """Return the same for a process with a dead time."""
    hazard, dead = DT / (1.0 / rates() - DEAD), round(DEAD / DT)
    given = np.zeros((STEPS + 1, STEPS))
    for t in range(STEPS):
        given[:, t] = hazard[t] * (1.0 - given[:, max(t - dead, 0) : t].sum(axis=1))
        given[t, : t + 1] = 0.0
        given[t, t] = 1.0  # one that fires now
    return given[-1], np.triu(given[:-1], 1)


MODELS = {
    "gamma": (lambda: bs.GammaRenewal(rate=RATE, order=ORDER), of_gamma),
    "dead time": (lambda: bs.PoissonWithDeadTime(rate=RATE, t_dead=DEAD), of_dead_time),
}


@pytest.fixture(scope="module", params=MODELS)
def process(request):
    """Return spikes as 0 or 1 for each step and cell, and the probabilities of the theory."""
    model, theory = MODELS[request.param]
    net = bs.Network(seed=1)
    net.add(bs.Population(N, model(), name="cells"))
    spikes = bs.simulate(net, STEPS * DT, dt=DT, seed=3).spikes["cells"]
    found = np.zeros((STEPS, N))
    np.add.at(found, (np.rint(spikes.times / DT).astype(int) - 1, spikes.ids), 1)
    return found, *theory()


def test_the_probability_of_a_spike_in_each_step(process):
    found, p, _ = process
    p, found = p[1:], found[1:]  # a gamma process sends none in the first step
    z = (found.sum(axis=1) - N * p) / np.sqrt(N * p * (1.0 - p))
    assert np.abs(z).max() < 4.5  # of 399 numbers
    assert within(z.mean(), 0.0, 1.0 / z.size)


@pytest.mark.parametrize("start", [0, 80, 120, 200])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_mean_and_fano_factor_of_counts(process, start, width):
    found, p, given = process
    here = slice(start, start + width)
    counts, mean = found[here].sum(axis=0), p[here].sum()
    variance = mean + 2.0 * (p[here, None] * given[here, here]).sum() - mean**2
    assert within(counts.mean(), mean, variance / N)
    fourth = ((counts - mean) ** 4).mean()
    assert within(((counts - mean) ** 2).mean() / mean, variance / mean, (fourth - variance**2) / N / mean**2)
    assert variance / mean < 0.95  # more regular than Poisson: a Poisson process with these rates has 1


def test_the_autocorrelation(process):
    """Pairs of spikes of a cell so far apart, added up over the times of the first."""
    found, p, given = process
    joint = p[:, None] * given
    for lag in (1, 4, 11, 12, 13, 16, 24, 40, 60, 100, 160):
        pairs = (found[lag:] * found[:-lag]).sum(axis=0)
        expected = np.trace(joint, offset=lag)
        assert within(pairs.mean(), expected, max(pairs.var(), expected) / N + 1e-30), lag * DT
