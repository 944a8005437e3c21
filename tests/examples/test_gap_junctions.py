"""Gap junctions: two cells lock from a critical conductance on, and strong junctions synchronise a network."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import gap_junctions as example


@pytest.fixture(scope="module")
def result():
    network, traces = example.build(n=20)
    return bs.simulate(network, example.DURATION, seed=2, record=traces, threads=1)


def test_a_pair_locks_from_a_critical_conductance_on(result):
    lags = example.lags(result)
    locked = np.isfinite(lags)
    first = int(np.argmax(locked))
    assert 0.2 <= example.CONDUCTANCES[first] <= 0.5
    assert locked[first:].all()
    assert 0.15 < lags[first] < 0.25
    assert lags[-1] < 0.06
    # about as the inverse of the conductance
    assert np.ptp(lags[first:] * example.CONDUCTANCES[first:]) < 0.05
    assert (np.diff(lags[first:]) < 0.006).all()


def test_a_pair_without_a_junction_has_two_rates(result):
    fast, slow = (np.diff(result.spikes["pairs"].of([cell]).times).mean() for cell in (0, 1))
    assert 1.001 < slow / fast < 1.02


def test_strong_junctions_synchronise(result):
    found = {name: example.synchrony(result, name) for name in example.NETWORKS}
    assert found["none"] < 0.35
    assert found["strong"] > 0.6
