"""What all codes share: arrays as frames of values from 0 to 1, values back from them, and what is said of both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.checks import number, plain
from brainsim.core.docstrings import explain_by
from brainsim.results.spikes import OF_A_CODE, Spikes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ROUNDING = 1e-9  # relative: far above the rounding error of a time
SHARED = {
    "values": "values : array\n    A stimulus of any shape, or with `interval` values over time, shape (times, ...).",
    "duration": "duration : float\n    How long the stimulus lasts [ms].",
    "interval": "interval : float\n    How long each value lasts [ms].",
    "seed": "seed : int, optional\n    Of the random numbers; by default a new one.",
}
RETURNS = "Returns\n-------\nSpikes\n    Of ``values.size`` cells, or with `interval` of one frame's size."
RAISES = """Raises
------
TypeError, ValueError
    If a value is not from `low` to `high`, or not exactly one of `duration` and `interval` is given."""
explained = explain_by(SHARED, RETURNS, RAISES)  # methods `encode` of codes


class Code:
    """A code of values from `low` to `high`, which are scaled to shares from 0 to 1.

    A subclass is a dataclass with the fields `low` and `high`, and says what the times of spikes are (`_times`) and which
    shares they represent (`_shares`).
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        name = type(self).__name__
        low, high = number(self.low, f"{name}.low"), number(self.high, f"{name}.high")
        if not low < high:
            raise ValueError(f"{name}.high: must be > low = {low:g} (got {high:g})")
        self._check()

    def _check(self):
        """Raise an error if another field is out of its range."""

    def _times(self, shares, length, label, **options):
        """Return times [ms] and cells of spikes for shares (frames, cells) of `length` ms, and the number of cells."""
        raise NotImplementedError

    def _shares(self, spikes, frames, length, label):
        """Return the shares (frames, cells) of recorded spikes."""
        raise NotImplementedError

    @explained
    def encode(self, values: ArrayLike, duration: float | None = None, *, interval: float | None = None) -> Spikes:
        """Return the spikes of values; nothing is random."""
        return self._encode(values, duration, interval)

    def _encode(self, values, duration, interval, **options):
        shares, length = self._frames_of(values, duration, interval)
        label = f"{type(self).__name__}.encode.{'duration' if interval is None else 'interval'}"
        times, ids, n = self._times(shares, length, label, **options)
        return make_spikes(times, ids, n, len(shares) * length)

    def decode(
        self,
        spikes: Spikes,
        duration: float | None = None,
        *,
        interval: float | None = None,
        shape: int | tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """Return the values that spikes represent, as the class explains.

        Parameters
        ----------
        spikes : Spikes
        duration : float, optional
            How long the stimulus lasted [ms], from the start of the recording; later spikes are not read. By default the
            whole recording: give it if the run was longer than what was encoded.
        interval : float, optional
            As given to `encode`: the first axis of the result is time.
        shape : tuple of int, optional
            The shape of one stimulus; by default one axis.

        Returns
        -------
        array of float

        Raises
        ------
        TypeError, ValueError
            If `spikes` is not a Spikes or does not fit `shape`.
        """
        spikes = spikes_of(self, spikes, duration)
        label = f"{type(self).__name__}.decode.{'duration' if interval is None else 'interval'}"
        frames, length = self._frame_count(spikes, interval)
        return self._values_of(self._shares(spikes, frames, length, label), shape, interval)

    def _frames_of(self, values, duration, interval):
        """Return values as (frames, cells), scaled to 0 .. 1, and the length of a frame [ms]."""
        name = type(self).__name__
        if (duration is None) == (interval is None):
            raise TypeError(
                f"{name}.encode: give duration= for one stimulus such as an image, or interval= for values over time, "
                "whose first axis is time"
            )
        array = np.asarray(plain(values, "", f"{name}.encode.values"))
        if interval is None:
            array, length = array.reshape(1, -1), number(duration, f"{name}.encode.duration", "ms", above=0.0)
        else:
            if array.ndim == 0:
                raise ValueError(f"{name}.encode.values: must have an axis of time if interval= is given (got one number)")
            array, length = array.reshape(len(array), -1), number(interval, f"{name}.encode.interval", "ms", above=0.0)
        outside = array[(array < self.low) | (array > self.high)]
        if outside.size:
            raise ValueError(
                f"{name}.encode.values: must be {self.low:g} to {self.high:g} (got {outside[0]:g}); scale them, or choose "
                f"{name}(low={array.min():g}, high={array.max():g})"
            )
        return (array - self.low) / (self.high - self.low), length

    def _frame_count(self, spikes, interval):
        """Return the number and the length [ms] of the frames of recorded spikes."""
        name = type(self).__name__
        if interval is None:
            return 1, spikes.duration
        length = number(interval, f"{name}.decode.interval", "ms", above=0.0)
        frames = math.floor(spikes.duration / length * (1 + ROUNDING))
        if frames < 1:
            raise ValueError(
                f"{name}.decode.interval: must fit into the {spikes.duration:g} ms of the spikes (got {length:g})"
            )
        return frames, length

    def _values_of(self, shares, shape, interval):
        """Return shares (frames, cells) in the range of the code, without an axis of time if there is no interval."""
        values = self.low + shares * (self.high - self.low)
        if interval is None:
            values = values[0]
        if shape is None:
            return values
        try:
            return values.reshape((*values.shape[:-1], *np.atleast_1d(shape)))
        except ValueError:
            text = f"{type(self).__name__}.decode.shape: must have {values.shape[-1]} values (got {shape})"
            raise ValueError(text) from None


def spikes_of(code, spikes, duration):
    """Return those of recorded spikes that a code has to read: of the first `duration` ms, by default all."""
    name = type(code).__name__
    if not isinstance(spikes, Spikes):
        raise TypeError(f"{name}.decode: must be Spikes (got a {type(spikes).__name__})")
    if duration is None:
        return spikes
    length = number(duration, f"{name}.decode.duration", "ms", above=0.0)
    if length > spikes.duration * (1 + ROUNDING):
        raise ValueError(
            f"{name}.decode.duration: must be at most the {spikes.duration:g} ms of the spikes (got {length:g})"
        )
    return spikes.between(None, spikes.start + length)


def make_spikes(times, ids, n, duration):
    """Return the spikes of a code, which a network rounds to its grid without a warning: no grid was meant."""
    spikes = Spikes(times, ids, n, duration)
    vars(spikes)[OF_A_CODE] = True
    return spikes


def whole_steps(length, dt, label):
    """Return a length in steps of dt, which must divide it."""
    dt = number(dt, label, "ms", above=0.0)
    steps = round(length / dt)
    if steps < 1 or abs(steps * dt - length) > 1e-6 * length:
        raise ValueError(f"{label}: must divide the length of a frame, {length:g} ms (got {dt:g})")
    return steps, dt


def first_in_frames(spikes, frames, length):
    """Return the time of the first spike of each cell in each frame, relative to its start [ms]; infinite without one.

    Frames are closed on the left here: the first spike of the largest value comes at the very start.
    """
    after = spikes.times - spikes.start
    frame = np.floor(after / length * (1 + ROUNDING) + ROUNDING).astype(np.int64)
    inside = frame < frames
    first = np.full((frames, spikes.n), np.inf)
    np.minimum.at(first, (frame[inside], spikes.ids[inside]), after[inside] - frame[inside] * length)
    return np.maximum(first, 0.0)


def random_steps(shares, steps, key):
    """Return spikes (steps, cells), bool: in each step with the probability ``shares`` (cells,), independently.

    The random numbers are those with the indices 0, 1, 2, ... of the stream `key`.

    Examples
    --------
    >>> from brainsim.rng.streams import stream_key
    >>> random_steps(np.array([0.0, 0.5, 1.0]), 1000, stream_key(1, "x")).sum(axis=0)
    array([   0,  502, 1000])
    """
    return uniforms((steps, shares.size), key) < shares


def latency_steps(shares, steps):
    """Return the step of the only spike of each share: ``steps - round(steps*share)``; `steps` means none.

    Examples
    --------
    >>> latency_steps(np.array([0.0, 0.5, 1.0]), 4)
    array([4, 2, 0])
    """
    return steps - np.rint(steps * shares).astype(np.int64)


def uniforms(shape, key):
    """Return random numbers in [0, 1), those with the indices 0, 1, 2, ... of a stream."""
    return _fill(shape, key, 1.0, 0.0, 1.0)


def exponentials(shape, key):
    """Return exponential random numbers of mean 1, those with the indices 0, 1, 2, ... of a stream."""
    return _fill(shape, key, 4.0, 1.0, 0.0)


def _fill(shape, key, kind, a, b):
    from brainsim.rng.variates import fill

    values = np.empty(shape)
    fill(values.ravel(), np.array([kind, a, b, -np.inf, np.inf]), key)
    return values
