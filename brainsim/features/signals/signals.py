"""Signals in one line: `sine`, `ramp`, `chirp`, `pulses` and `steps` return expressions of the time ``t``.

Such an expression is taken wherever an input may change in time, and can be joined with others: ``sine(...) + " + " +
ramp(...)``. Quantities of other libraries become numbers in ms, Hz, pA or mV; which of these an expression is in, it does
not say.

>>> import brainsim as bs
>>> bs.signals.sine(20.0, 15.0, frequency=8.0)
'20.0 + 15.0*sin(2*pi*(8.0*t/1000))'
>>> theta = bs.Poisson(rate=bs.signals.sine(20.0, 15.0, frequency=8.0))
"""

import typing

import numpy as np

from brainsim.core.checks import in_one_unit, in_range, integer, number, plain, unit_of
from brainsim.core.hints import answers_calls

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["chirp", "pulses", "ramp", "sine", "steps"]

MAX_STEPS = 80  # in an expression of at most 4,000 characters


@answers_calls
def sine(mean: float, amplitude: float, frequency: float, *, phase: float = 0.0) -> str:
    """Return a sine wave: ``mean + amplitude*sin(2*pi*frequency*t + phase)``.

    Parameters
    ----------
    mean, amplitude : float
        In the unit of the input (Hz, pA or mV).
    frequency : float
        Frequency [Hz], >= 0.
    phase : float
        Phase at t = 0, in radians.

    Raises
    ------
    TypeError, ValueError
        If a value is not a finite number, or the frequency is negative.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.CurrentInput(bs.signals.sine(0.0, 150.0, frequency=40.0))
    CurrentInput(amplitude='0.0 + 150.0*sin(2*pi*(40.0*t/1000))')
    """
    values = _numbers("sine", mean=mean, amplitude=amplitude)
    shift = number(phase, "sine.phase")
    f = number(frequency, "sine.frequency", "Hz", at_least=0.0)
    added = f" + {shift!r}" if shift else ""
    return f"{values['mean']!r} + {values['amplitude']!r}*sin(2*pi*({f!r}*t/1000){added})"


@answers_calls
def ramp(first: float, last: float, *, start: float = 0.0, stop: float) -> str:
    """Return a ramp: `first` until `start`, then linear, and `last` from `stop` on.

    Parameters
    ----------
    first, last : float
        In the unit of the input.
    start, stop : float
        When it begins and ends [ms], start < stop.

    Raises
    ------
    TypeError, ValueError
        If a value is not a finite number, or stop is not above start.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.signals.ramp(0.0, 300.0, start=100.0, stop=600.0)
    '0.0 + 300.0*clip((t - 100.0)/500.0, 0, 1)'
    """
    values = _numbers("ramp", first=first, last=last)
    begin, length = _span("ramp", start, stop)
    return f"{values['first']!r} + {values['last'] - values['first']!r}*clip((t - {begin!r})/{length!r}, 0, 1)"


@answers_calls
def chirp(mean: float, amplitude: float, first: float, last: float, *, start: float = 0.0, stop: float) -> str:
    """Return a sine wave whose frequency goes linearly from `first` to `last`: a ZAP current, for impedances.

    Before `start` and from `stop` on it is the mean.

    Parameters
    ----------
    mean, amplitude : float
        In the unit of the input.
    first, last : float
        Frequencies at the start and at the end [Hz], >= 0.
    start, stop : float
        When it begins and ends [ms], start < stop.

    Raises
    ------
    TypeError, ValueError
        If a value is not a finite number, a frequency is negative, or stop is not above start.

    Examples
    --------
    >>> import brainsim as bs
    >>> zap = bs.CurrentInput(bs.signals.chirp(0.0, 50.0, 1.0, 20.0, stop=10_000.0))

    References
    ----------
    Puil, Gimbarzevsky & Miura (1986), doi:10.1152/jn.1986.55.5.995.
    """
    values = _numbers("chirp", mean=mean, amplitude=amplitude)
    f0, f1 = (number(f, f"chirp.{name}", "Hz", at_least=0.0) for name, f in (("first", first), ("last", last)))
    begin, length = _span("chirp", start, stop)
    x = f"(t - {begin!r})"
    wave = f"sin(2*pi*({f0!r} + {0.5 * (f1 - f0)!r}*{x}/{length!r})*{x}/1000)"
    inside = f"t > {begin!r} and t < {begin + length!r}"
    return f"{values['mean']!r} + {values['amplitude']!r}*where({inside}, {wave}, 0)"


@answers_calls
def pulses(
    height: float,
    width: float,
    *,
    period: float | None = None,
    start: float = 0.0,
    count: int | None = None,
    base: float = 0.0,
) -> str:
    """Return rectangular pulses: `height` for `width` ms at `start`, and again after each `period`.

    Parameters
    ----------
    height, base : float
        Values during and between the pulses, in the unit of the input.
    width : float
        Length of a pulse [ms], > 0.
    period : float, optional
        From the start of one pulse to that of the next [ms], > width; by default there is one pulse.
    start : float
        When the first begins [ms].
    count : int, optional
        How many pulses there are; by default they never end.

    Raises
    ------
    TypeError, ValueError
        If a value is not a finite number or out of range.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.signals.pulses(400.0, 5.0, start=100.0)
    '0.0 + 400.0*where(t >= 100.0 and t < 105.0, 1, 0)'
    >>> train = bs.CurrentInput(bs.signals.pulses(400.0, 5.0, period=50.0, start=100.0, count=10))
    """
    values = _numbers("pulses", height=height, base=base)
    length = number(width, "pulses.width", "ms", above=0.0)
    begin = number(start, "pulses.start", "ms", at_least=0.0)
    scale = f"{values['base']!r} + {values['height'] - values['base']!r}"
    if period is None:
        return f"{scale}*where(t >= {begin!r} and t < {begin + length!r}, 1, 0)"
    every = number(period, "pulses.period", "ms", above=length)
    within = f"t >= {begin!r} and t - {begin!r} - {every!r}*floor((t - {begin!r})/{every!r}) < {length!r}"
    if count is not None:
        within += f" and t < {begin + integer(count, 'pulses.count', at_least=1) * every!r}"
    return f"{scale}*where({within}, 1, 0)"


@answers_calls
def steps(times: "ArrayLike", values: "ArrayLike", *, before: float = 0.0) -> str:
    """Return a staircase: values[m] from times[m] until times[m + 1], the last one from then on.

    Parameters
    ----------
    times : array of shape (m,)
        When the value changes [ms], increasing; at most 80. For more take a `TimedArray`, or ``CurrentInput(times=)``.
    values : array of shape (m,)
        In the unit of the input.
    before : float
        Value before the first time.

    Raises
    ------
    TypeError, ValueError
        If there are too many times, they do not increase, or there are not as many values.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.signals.steps([100.0, 200.0], [30.0, 5.0])
    'where(t < 200.0, where(t < 100.0, 0.0, 30.0), 5.0)'
    """
    unit = unit_of(values, "steps.values")
    at, levels = (
        np.atleast_1d(plain(v, u, f"steps.{n}")) for v, u, n in ((times, "ms", "times"), (values, unit or "", "values"))
    )
    if at.ndim != 1 or not 1 <= at.size <= MAX_STEPS:
        raise ValueError(f"steps.times: must be 1 to {MAX_STEPS} times (got shape {at.shape}); take a TimedArray for more")
    if levels.shape != at.shape:
        raise ValueError(f"steps.values: must have one value for each time, {at.size} (got shape {levels.shape})")
    if np.any(np.diff(at) <= 0):
        raise ValueError(f"steps.times: must increase (got {at[1:][np.diff(at) <= 0][0]:g} ms after an equal or later time)")
    return _tree(at.tolist(), [0.0 if _is_zero(before) else number(before, "steps.before", unit or ""), *levels.tolist()])


def _tree(times, values):
    """Return the text that chooses the value, by halves, so that brackets are not nested deeply."""
    if not times:
        return repr(values[0])
    middle = len(times) // 2
    return (
        f"where(t < {times[middle]!r}, {_tree(times[:middle], values[: middle + 1])}, "
        f"{_tree(times[middle + 1 :], values[middle + 1 :])})"
    )


def _numbers(name, **values):
    """Return values as floats; quantities must be in one unit, in which a plain 0 is 0 too."""
    given = {key: value for key, value in values.items() if not _is_zero(value)}
    return dict.fromkeys(values, 0.0) | in_one_unit(given, name)[0]


def _is_zero(value):
    return type(value) in (int, float) and value == 0


def _span(name, start, stop):
    begin = number(start, f"{name}.start", "ms")
    end = number(stop, f"{name}.stop", "ms")
    in_range(end, f"{name}.stop", "ms", above=begin)
    return begin, end - begin
