"""What all codes share: arrays as frames of values from 0 to 1, and values back from them."""

import math

import numpy as np

from brainsim.core.checks import number, plain
from brainsim.results.spikes import OF_A_CODE, Spikes

ROUNDING = 1e-9  # relative: far above the rounding error of a time


def check_range(code):
    """Raise ValueError unless the field `low` of a code is below its field `high`."""
    name = type(code).__name__
    low, high = number(code.low, f"{name}.low"), number(code.high, f"{name}.high")
    if not low < high:
        raise ValueError(f"{name}.high: must be > low = {low:g} (got {high:g})")


def frames_of(code, values, duration, interval):
    """Return values as (frames, cells), scaled to 0 .. 1, and the length of a frame [ms]."""
    name = type(code).__name__
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
            raise ValueError(f"{name}.encode.values: must have an axis of time, since interval= is given (got one number)")
        array, length = array.reshape(len(array), -1), number(interval, f"{name}.encode.interval", "ms", above=0.0)
    outside = array[(array < code.low) | (array > code.high)]
    if outside.size:
        raise ValueError(
            f"{name}.encode.values: must be {code.low:g} to {code.high:g} (got {outside[0]:g}); scale them, or choose "
            f"{name}(low={array.min():g}, high={array.max():g})"
        )
    return (array - code.low) / (code.high - code.low), length


def values_of(code, shares, shape, interval):
    """Return decoded shares (frames, cells) in the range of a code: without the axis of time if no interval was given."""
    values = code.low + shares * (code.high - code.low)
    if interval is None:
        values = values[0]
    if shape is None:
        return values
    try:
        return values.reshape((*values.shape[:-1], *np.atleast_1d(shape)))
    except ValueError:
        text = f"{type(code).__name__}.decode.shape: must have {values.shape[-1]} values (got {shape})"
        raise ValueError(text) from None


def encoded(times, ids, n, duration):
    """Return the spikes of a code, which a network rounds to its grid without a warning: no grid was meant."""
    spikes = Spikes(times, ids, n, duration)
    vars(spikes)[OF_A_CODE] = True
    return spikes


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


def frame_count(code, spikes, interval):
    """Return the number and the length [ms] of the frames of recorded spikes."""
    name = type(code).__name__
    if interval is None:
        return 1, spikes.duration
    length = number(interval, f"{name}.decode.interval", "ms", above=0.0)
    frames = math.floor(spikes.duration / length * (1 + ROUNDING))
    if frames < 1:
        raise ValueError(f"{name}.decode.interval: must fit into the {spikes.duration:g} ms of the spikes (got {length:g})")
    return frames, length


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
