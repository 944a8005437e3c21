"""What was recorded, checked: currents with spikes or potentials, and the windows that are fitted and scored."""

from dataclasses import dataclass

import numpy as np

import brainsim as bs
from brainsim.core.checks import number, plain, unit_of

USUAL_RANGE = 2.0  # mV: potentials of a cell that move less than this and lie between -2 and 2 are most likely in V


@dataclass(frozen=True, eq=False)
class Recording:
    """A current, and what a cell did: `spikes`, a train for each repeat, or `v`, or both.

    Attributes
    ----------
    current : array, shape (samples,)
        The current from each time on [pA].
    dt : float
        Interval of the samples [ms].
    trains : list of arrays, optional
        Sorted times of the spikes of each repeat [ms].
    v : array, shape (samples,), optional
        The potential as it was recorded [mV].
    """

    current: np.ndarray
    dt: float
    trains: list | None = None
    v: np.ndarray | None = None

    @property
    def duration(self):
        """How long it is [ms]."""
        return self.current.size * self.dt

    def spikes(self):
        """Return the spikes as `Spikes`, a cell for each repeat."""
        ids = np.repeat(np.arange(len(self.trains)), [train.size for train in self.trains])
        return bs.Spikes(np.concatenate(self.trains), ids, n=len(self.trains), duration=self.duration)


def recordings_of(current, spikes, v, dt, label):
    """Return the Recordings that the arguments of `fit` describe, after checks.

    A list of arrays is several recordings; so is an array of two dimensions, whose columns they are.
    """
    dt = number(dt, f"{label}.dt", "ms", above=0.0)
    if spikes is None and v is None:
        raise ValueError(f"{label}: give what was recorded, spikes= (times in ms) or v= (potentials in mV)")
    several = isinstance(current, list | tuple) and len(current) > 0 and np.ndim(current[0]) == 1
    currents = list(current) if several else _columns(current, "pA", f"{label}.current")
    several |= len(currents) > 1
    names = [f"{label}.current[{k}]" if several else f"{label}.current" for k in range(len(currents))]
    currents = [_row(one, "pA", name) for one, name in zip(currents, names, strict=True)]
    found = {"trains": [None] * len(currents), "v": [None] * len(currents)}
    if spikes is not None:
        found["trains"] = _all_trains(spikes, currents, several, dt, label)
    if v is not None:
        found["v"] = _all_potentials(v, currents, several, label)
    return [
        Recording(one, dt, trains, potential)
        for one, trains, potential in zip(currents, found["trains"], found["v"], strict=True)
    ]


def _columns(values, unit, name):
    """Return the columns of an array of two dimensions, or the one row that there is."""
    values = np.asarray(plain(values, unit, name))
    return list(values.T) if values.ndim == 2 else [values]


def _row(values, unit, name):
    values = np.asarray(plain(values, unit, name), float)
    if values.ndim != 1 or values.size < 2:
        raise ValueError(f"{name}: must be an array with a value for each sample (got the shape {values.shape})")
    return values


def _all_potentials(v, currents, several, label):
    given = list(v) if isinstance(v, list | tuple) and len(v) and np.ndim(v[0]) == 1 else _columns(v, "mV", f"{label}.v")
    if len(given) != len(currents):
        raise ValueError(f"{label}.v: must have a recording for each of the {len(currents)} currents (got {len(given)})")
    for k, one in enumerate(given):
        name = f"{label}.v[{k}]" if several else f"{label}.v"
        given[k] = one = _row(one, "mV", name)
        if one.size == currents[k].size + 1:  # a trace of brainsim also has the end of the run
            given[k] = one = one[:-1]
        if one.size != currents[k].size:
            raise ValueError(
                f"{name}: must have as many samples as its current, {currents[k].size:,} (got {one.size:,}); "
                "cut the longer one, or give both at the same interval dt"
            )
        if np.abs(one).max() < USUAL_RANGE and unit_of(one, name) is None:
            raise ValueError(
                f"{name}: must be in mV (got values from {one.min():g} to {one.max():g}, which look like volts); "
                "write 1000*v"
            )
    return given


def _all_trains(spikes, currents, several, dt, label):
    if not several:
        return [_trains(spikes, currents[0].size * dt, f"{label}.spikes")]
    if isinstance(spikes, bs.Spikes) or len(spikes) != len(currents):
        n = 1 if isinstance(spikes, bs.Spikes) else len(spikes)
        raise ValueError(f"{label}.spikes: must have an entry for each of the {len(currents)} currents (got {n})")
    lengths = [one.size * dt for one in currents]
    return [
        _trains(one, length, f"{label}.spikes[{k}]") for k, (one, length) in enumerate(zip(spikes, lengths, strict=True))
    ]


def _trains(spikes, duration, name):
    """Return the sorted times of each repeat: of Spikes, of an array of times, or of a list of them."""
    if isinstance(spikes, bs.Spikes):
        trains = [spikes.times[spikes.ids == k] for k in range(spikes.n)]
    elif isinstance(spikes, list | tuple) and len(spikes) and np.ndim(spikes[0]) == 1:
        trains = [np.asarray(plain(train, "ms", name), float) for train in spikes]
    else:
        trains = [np.atleast_1d(np.asarray(plain(spikes, "ms", name), float))]
    times = np.concatenate(trains)
    if not times.size:
        raise ValueError(f"{name}: there is no spike to fit; leave the recording out, or fit its potential with v=")
    if times.min() < 0.0 or times.max() > duration * (1 + 1e-9):
        raise ValueError(
            f"{name}: times must be in ms, from 0 to the end of the current at {duration:g} ms "
            f"(got {times.min():g} to {times.max():g})"
        )
    if 1000.0 * times.max() <= duration and duration >= 100.0 and times.size > 1:
        raise ValueError(
            f"{name}: must be in ms (the last of {times.size} spikes is at {times.max():g}, the current ends at "
            f"{duration:g} ms, so they look like seconds); write 1000*times"
        )
    return [np.sort(train) for train in trains]


def parts_of(recordings, skip, hold_out, label):
    """Return the windows (start, stop) of each recording that are fitted, and those that are scored afterwards [ms]."""
    skip, hold_out = number(skip, f"{label}.skip", "ms", at_least=0.0), number(hold_out, f"{label}.hold_out", at_least=0.0)
    if hold_out >= 1.0:
        raise ValueError(f"{label}.hold_out: must be a fraction below 1 of each recording (got {hold_out:g})")
    fitted, scored = [], []
    for k, one in enumerate(recordings):
        end = one.dt * round((1.0 - hold_out) * one.current.size)
        if skip >= end:
            raise ValueError(
                f"{label}.skip: must be below {end:g} ms, where the fitted part of recording {k} ends (got {skip:g} ms)"
            )
        if one.trains is not None and not any(((train > skip) & (train <= end)).any() for train in one.trains):
            raise ValueError(
                f"{label}.spikes: recording {k} has no spike between {skip:g} and {end:g} ms, which is fitted; "
                "change skip= or hold_out="
            )
        fitted.append((skip, end))
        scored.append((end, one.duration) if hold_out else (skip, end))
    return fitted, scored
