"""The proxy of the local field potential."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.analysis import lfp_proxy


def currents(values, times=None, name="cells"):
    values = np.atleast_2d(np.asarray(values, float).T).T
    times = np.arange(len(values)) * 0.5 if times is None else times
    return bs.Traces(name, "ampa.current", "pA", times, np.arange(values.shape[1]), values)


def test_it_is_the_weighted_sum_with_the_excitatory_currents_later():
    rng = np.random.default_rng(1)
    exc, inh = rng.normal(size=(200, 3)), -rng.random((200, 2))
    times, lfp = lfp_proxy(currents(exc), currents(inh), delay=2.5, ratio=1.5)
    expected = exc[:-5].sum(axis=1) - 1.5 * inh[5:].sum(axis=1)
    np.testing.assert_allclose(lfp, (expected - expected.mean()) / expected.std(), rtol=1e-12, atol=1e-12)
    assert (times[0], times[-1], times.size) == (2.5, 99.5, 195)


def test_published_delay_and_ratio():
    impulse = np.zeros(100)
    impulse[20] = 1.0
    _, of_exc = lfp_proxy(currents(impulse), currents(np.zeros(100)))
    _, of_inh = lfp_proxy(currents(np.zeros(100)), currents(-impulse))
    assert np.argmax(of_exc) == 20  # at 16 ms, 6 ms after the current
    assert np.argmax(of_inh) == 8
    times, both = lfp_proxy(currents(impulse), currents(-impulse))
    assert times[20] == 16.0
    assert (both[8] - both[0]) / (both[20] - both[0]) == pytest.approx(1.65)


def test_constant_currents_have_no_field():
    assert not lfp_proxy(currents(np.ones(50)), currents(np.ones(50)))[1].any()


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_rounding_is_no_field(size):
    nearly = size * np.where(np.arange(50) % 2, 0.3, 0.1 + 0.2)
    assert np.ptp(nearly) > 0.0
    assert not lfp_proxy(currents(nearly), currents(np.zeros(50)))[1].any()
    field = size * np.where(np.arange(50) % 2, 0.3, 0.31)
    assert np.ptp(lfp_proxy(currents(field), currents(np.zeros(50)))[1]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ([np.ones(5), currents(np.ones(5))], {}, TypeError, "lfp_proxy.excitatory: must be Traces, such as result.traces"),
        ([currents(np.ones(50)), currents(np.ones(40))], {}, ValueError, "inhibitory: must be recorded at the times of exc"),
        ([currents([1.0, np.nan]), currents([1.0, 1.0])], {}, ValueError, "lfp_proxy.excitatory: must be finite"),
        ([currents([1.0, 2.0])] * 2, {}, ValueError, r"delay: must be shorter than the recording \(got 6 ms\)"),
        ([currents([1.0, 2.0])] * 2, {"delay": -1.0}, ValueError, "lfp_proxy.delay: must be >= 0 ms"),
        ([currents([1.0, 2.0, 3.0], [0.0, 1.0, 5.0])] * 2, {}, ValueError, "at least two times at regular intervals"),
    ],
)
def test_mistakes(arguments, options, error, message):
    with pytest.raises(error, match=message):
        lfp_proxy(*arguments, **options)
