"""The texts that `bs.signals` writes have the values that they say."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions.language import evaluate
from brainsim.equations.over_time import check_signal, parse_signal
from tests.helpers.mistakes import mistakes

T = np.arange(0.05, 300.0, 0.1)


def values(text, at=T):
    check_signal(text, "test", "pA", {}, {})
    return np.broadcast_to(evaluate(parse_signal(text, "test"), {"t": at, "pi": np.pi}), at.shape)


def test_sine():
    assert np.allclose(values(bs.signals.sine(20.0, -15.0, 8.0)), 20 - 15 * np.sin(2 * np.pi * 8 * T / 1000))
    assert np.allclose(values(bs.signals.sine(0.0, 1.0, 8.0, phase=1.5)), np.sin(2 * np.pi * 8 * T / 1000 + 1.5))


def test_ramp():
    assert np.allclose(values(bs.signals.ramp(-10.0, 30.0, start=50.0, stop=150.0)), np.interp(T, [50, 150], [-10, 30]))


def test_chirp():
    found = values(bs.signals.chirp(5.0, 2.0, 10.0, 90.0, start=50.0, stop=250.0))
    assert np.all(found[(T < 50) | (T > 250)] == 5.0)
    inside = (T > 50) & (T < 250)
    x = T[inside] - 50.0
    assert np.allclose(found[inside], 5 + 2 * np.sin(2 * np.pi * (10 * x + 0.5 * 80 * x**2 / 200) / 1000))


def test_pulses():
    one = values(bs.signals.pulses(400.0, 5.0, start=100.0, base=-3.0))
    assert np.array_equal(one, np.where((T > 100) & (T < 105), 400.0, -3.0))
    many = values(bs.signals.pulses(400.0, 5.0, period=50.0, start=20.0))
    assert np.array_equal(many, np.where((T > 20) & ((T - 20) % 50 < 5), 400.0, 0.0))
    three = values(bs.signals.pulses(400.0, 5.0, period=50.0, start=20.0, count=3))
    assert np.array_equal(three, np.where((T > 20) & (T < 170) & ((T - 20) % 50 < 5), 400.0, 0.0))


def test_borders():
    """What begins at a time has its value there, and what ends at it no longer has: steps may begin at any time."""
    at = np.arange(0.0, 40.0)
    once = (at >= 10) & (at < 15)
    assert np.array_equal(values(bs.signals.pulses(4.0, 5.0, start=10.0), at), 4.0 * once)
    again = (at >= 10) & ((at - 10) % 8 < 5)
    assert np.array_equal(values(bs.signals.pulses(4.0, 5.0, period=8.0, start=10.0), at), 4.0 * again)
    assert np.array_equal(
        values(bs.signals.pulses(4.0, 5.0, period=8.0, start=10.0, count=2), at), 4.0 * (again & (at < 26))
    )
    assert np.array_equal(values(bs.signals.pulses(4.0, 8.0, start=10.0), at), 4.0 * ((at >= 10) & (at < 18)))
    assert np.array_equal(values(bs.signals.steps([10.0, 20.0], [1.0, 2.0]), at), 1.0 * (at >= 10) + 1.0 * (at >= 20))
    assert values(bs.signals.ramp(1.0, 3.0, start=10.0, stop=20.0), at)[[10, 15, 20]].tolist() == [1.0, 2.0, 3.0]
    assert values(bs.signals.chirp(5.0, 1.0, 90.0, 130.0, start=10.0, stop=20.0), at)[[10, 20]].tolist() == [5.0, 5.0]


@pytest.mark.parametrize("n", [1, 2, 7, 80])
def test_steps(n):
    times, levels = 3.0 * np.arange(1, n + 1), np.arange(n) * 7.0 % 5 - 2
    expected = np.concatenate([[9.0], levels])[np.searchsorted(times, T)]
    assert np.array_equal(values(bs.signals.steps(times, levels, before=9.0)), expected)


def test_signals_can_be_added():
    both = bs.signals.ramp(0.0, 10.0, stop=100.0) + " + " + bs.signals.sine(1.0, 2.0, 5.0)
    assert np.allclose(values(both), np.minimum(T / 10, 10) + 1 + 2 * np.sin(2 * np.pi * 5 * T / 1000))


test_mistakes = mistakes(
    (lambda: bs.signals.sine(0.0, 1.0, -8.0), ValueError, "sine.frequency: must be >= 0 Hz (got -8.0)"),
    (lambda: bs.signals.sine("a", 1.0, 8.0), TypeError, "sine.mean: must be a number (got 'a')"),
    (lambda: bs.signals.ramp(0.0, 1.0, start=5.0, stop=5.0), ValueError, "ramp.stop: must be > 5 ms (got 5.0)"),
    (lambda: bs.signals.chirp(0.0, 1.0, 5.0, np.nan, stop=1.0), ValueError, "chirp.last: must be finite (got nan)"),
    (lambda: bs.signals.pulses(1.0, 5.0, period=4.0), ValueError, "pulses.period: must be > 5 ms (got 4.0)"),
    (lambda: bs.signals.pulses(1.0, 5.0, period=9.0, count=0), ValueError, "pulses.count: must be >= 1 (got 0)"),
    (lambda: bs.signals.steps([1.0, 1.0], [1.0, 2.0]), ValueError, "steps.times: must increase (got 1 ms after an equal"),
    (lambda: bs.signals.steps(np.arange(81), np.arange(81)), ValueError, "must be 1 to 80 times", "TimedArray"),
    (lambda: bs.signals.steps([1.0], [1.0, 2.0]), ValueError, "steps.values: must have one value for each time, 1 (got"),
)
