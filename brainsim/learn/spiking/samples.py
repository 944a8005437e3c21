"""Samples as the kernels take them: from arrays of spike times or currents, lists of Spikes, and labels or wanted traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.core.checks import MAX_INDEX, plain, reject_masked, warn_user
from brainsim.learn.checked_samples import labels_of_steps
from brainsim.results.spikes import Spikes

SHAPES = (
    "an array (samples, inputs) with the time of a spike of each input [ms], an array (samples, steps, inputs) with "
    "currents, or a list with Spikes, or a pair (times, ids), for each sample"
)
MOST_STEPS = 10_000_000  # of a sample
LARGEST = 1 << 30  # weights and delays: 8 GB, and training takes several times as much
RENUMBER = "number the inputs from 0 without gaps: np.unique(ids, return_inverse=True)[1] does it for all ids together"


@dataclass(frozen=True, eq=False)
class Inputs:
    """Input spikes or currents of samples."""

    times: np.ndarray
    units: np.ndarray
    offsets: np.ndarray
    currents: np.ndarray  # (samples, steps or 0, inputs)
    n_in: int

    def __len__(self) -> int:
        return self.offsets.size - 1

    @property
    def latest(self) -> float:
        """Time of the last spike [ms]."""
        return float(self.times.max(initial=0.0))

    @property
    def longest(self) -> int:
        """Largest number of spikes in a sample."""
        return int(np.diff(self.offsets).max(initial=0))


def inputs_of(X: Any, label: str, n_in: int | None = None, each: str = "inputs, as in training") -> Inputs:
    """Return samples as `Inputs`, or raise TypeError or ValueError with `label` in the message.

    `X` is as `SHAPES` says; NaN and infinity in an array of times mean no spike. `n_in` is how many inputs a network has,
    and `each` what messages call them.

    Examples
    --------
    >>> inputs_of(np.array([[3.0, np.inf], [2.0, 1.0]]), "fit.X").times.tolist()
    [3.0, 1.0, 2.0]
    """
    if isinstance(X, Spikes):
        raise TypeError(f"{label}: must be a list with Spikes for each sample; a single sample is [spikes]")
    if _is_one(X):
        raise TypeError(f"{label}: must be a list with a pair (times, ids) for each sample; a single one is [(times, ids)]")
    if isinstance(X, list | tuple) and X and (isinstance(X[0], Spikes) or _is_pair(X[0])):
        inputs = _of_list(X, label, n_in)
    elif isinstance(X, list | tuple) and not X:
        raise ValueError(f"{label}: must have at least one sample (got none)")
    else:
        inputs = _of_array(X, label)
    if not len(inputs):
        raise ValueError(f"{label}: must have at least one sample (got none)")
    if not inputs.n_in:
        raise ValueError(f"{label}: must have at least one input (got none)")
    if n_in is not None and inputs.n_in != n_in:
        raise ValueError(f"{label}: must have {n_in} {each} (got {inputs.n_in})")
    if inputs.times.size and inputs.times.min() < 0.0:
        bad = int(np.argmin(inputs.times))
        sample = int(np.searchsorted(inputs.offsets, bad, side="right")) - 1
        raise ValueError(f"{label}: spikes must not come before 0 ms (got {inputs.times[bad]:g} in sample {sample})")
    return inputs


def check_kind(X: Any, kind: str | None, steps: int, n_in: int, label: str) -> None:
    """Raise ValueError if samples are times of spikes where a network learned from currents, or the other way round.

    `kind` is "spikes" or "currents", None of a network of which it is not known.
    """
    shape = _shape(X)
    given = {2: "spikes", 3: "currents"}.get(len(shape)) if shape is not None else "spikes"
    if None in (kind, given) or given == kind:
        return
    got = "a list with spikes" if shape is None else f"shape {shape}"
    if kind == "currents":
        hint = "a single sample is X[None]" if shape == (steps, n_in) else "to learn from spikes, fit another network"
        text = f"currents, as in training, an array (samples, {steps}, {n_in}) (got {got}, which means times of spikes)"
    else:
        hint = "to learn from currents, fit another network"
        text = (
            f"times of spikes, as in training: an array (samples, {n_in}), or a list with Spikes, or a pair (times, ids), "
            f"for each sample (got {got}, which means currents)"
        )
    raise ValueError(f"{label}: must be {text}; {hint}")


def _shape(X):
    """Return the shape of an array of samples, None for a list with spikes of each; () if it is neither."""
    if isinstance(X, list | tuple) and X and (isinstance(X[0], Spikes) or _is_pair(X[0])):
        return None
    try:
        return np.shape(X)
    except ValueError:  # rows of different lengths
        return ()


def check_given(inputs: Inputs, label: str) -> None:
    """Raise ValueError if nothing enters the network: there is nothing to learn from."""
    if not inputs.times.size and not inputs.currents.any():
        what = "a current that is not 0" if inputs.currents.shape[1] else "a spike"
        raise ValueError(f"{label}: must have {what} in at least one sample (got none in {len(inputs)} samples)")


def warn_of_values(inputs: Inputs, dt: float, label: str) -> None:
    """Warn if the times of spikes are so close that they are probably values, such as those of pixels."""
    if inputs.times.size > 1 and inputs.latest <= dt and inputs.times.min() < inputs.latest:
        warn_user(
            f"{label}: the values are times of spikes in ms, but all lie within one time step of {dt:g} ms "
            f"({inputs.times.min():g} to {inputs.latest:g}); to let large values of 0 to 1 spike early, give "
            "np.where(X > 0, 20.0*(1.0 - X), np.inf)"
        )


def check_size(layout: Any, label: str) -> None:
    """Raise ValueError if the number of inputs, which follows from the largest id, makes a network that no memory holds."""
    if layout.size > LARGEST:
        message = f"{layout.n_in:,} inputs make a network of {layout.size:,} weights, at most {LARGEST:,} are allowed"
        raise ValueError(f"{label}: {message}; {RENUMBER}")


def steps_of(duration: float, dt: float, label: str) -> int:
    """Return the length of a sample in steps; raise ValueError if it is not a multiple of dt, or too long for any memory."""
    if duration > MOST_STEPS * dt:
        raise ValueError(f"{label}: must be at most {MOST_STEPS * dt:g} ms, {MOST_STEPS:,} steps (got {duration:g} ms)")
    steps = round(duration / dt)
    if steps < 1 or abs(steps * dt - duration) > 1e-6 * dt:
        raise ValueError(f"{label}: must be a multiple of dt = {dt:g} ms (got {duration:g})")
    return steps


def check_end(inputs: Inputs, duration: float, label: str) -> None:
    """Raise ValueError if a spike comes after the end of a sample, or there are currents of another number of steps."""
    if inputs.latest > duration:
        bad = int(np.argmax(inputs.times))
        sample = int(np.searchsorted(inputs.offsets, bad, side="right")) - 1
        message = (
            f"spikes must not come after the end of a sample, {duration:g} ms (got {inputs.latest:g} in sample {sample}); "
            "give a longer duration"
        )
        raise ValueError(f"{label}: {message}")


def _is_one(value):
    """Return whether a value is times and ids, rather than samples."""
    if not _is_pair(value) or not all(isinstance(part, list | np.ndarray) for part in value):
        return False
    times, ids = map(np.shape, value)
    return len(times) == 1 and times == ids and [np.asarray(part).dtype.kind for part in value] in (["f", "i"], ["f", "u"])


def _is_pair(value):
    return isinstance(value, tuple) and len(value) == 2


def _of_array(X, label):
    reject_masked(X, label, "for no spike write X.filled(np.inf), and for no current X.filled(0.0)")
    try:
        X = np.asarray(X)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{label}: must be {SHAPES} (got rows of different lengths); for no spike write inf") from None
    if X.dtype.kind not in "fiub":
        raise TypeError(f"{label}: must be {SHAPES} (got an array of {X.dtype})")
    if X.ndim == 3:
        if not X.shape[1]:
            raise ValueError(f"{label}: must have at least one step (got shape {X.shape})")
        currents = np.ascontiguousarray(plain(X, "", label))
        return Inputs(np.zeros(0), np.zeros(0, np.int32), np.zeros(len(X) + 1, np.int64), currents, X.shape[2])
    if X.ndim != 2 or not X.shape[1]:
        hint = "; a single sample is X[None]" if X.ndim == 1 and X.size else ""
        raise ValueError(f"{label}: must be {SHAPES} (got shape {X.shape}){hint}")
    X = X.astype(np.float64)
    order = np.argsort(X, axis=1, kind="stable")
    times = np.take_along_axis(X, order, axis=1)
    finite = np.isfinite(times)
    if np.any(np.isneginf(times)):
        raise ValueError(f"{label}: spikes must not come before 0 ms (got -inf); write inf for no spike")
    offsets = np.concatenate([[0], np.cumsum(finite.sum(axis=1))]).astype(np.int64)
    return Inputs(times[finite], order[finite].astype(np.int32), offsets, np.zeros((len(X), 0, X.shape[1])), X.shape[1])


def _of_list(X, label, n_in):
    times, units, sizes, width = [], [], [], 0
    for k, sample in enumerate(X):
        if isinstance(sample, Spikes):
            t, u, width = sample.times - sample.start, sample.ids, max(width, sample.n)
        elif _is_pair(sample):
            for part in sample:
                reject_masked(part, f"{label}[{k}]", "leave these spikes out of times and ids")
            t, u = (np.asarray(part) for part in sample)
            t = np.atleast_1d(plain(t if t.size else np.zeros(0), "ms", f"{label}[{k}]"))
            if t.ndim != 1 or t.shape != np.shape(u):
                raise ValueError(f"{label}[{k}]: must be times and ids of the same length (got {t.shape} and {np.shape(u)})")
            if u.size and (u.dtype.kind not in "iu" or u.min() < 0):
                bad = u[u < 0][0] if u.dtype.kind == "i" else u[0]
                raise ValueError(f"{label}[{k}]: ids must be whole numbers >= 0 (got {bad} of {u.dtype})")
            if u.max(initial=0) > MAX_INDEX:
                raise ValueError(f"{label}[{k}]: ids must be below 2**31 (got {u.max()}); {RENUMBER}")
            width = max(width, n_in or 0, int(u.max(initial=-1)) + 1)
        else:
            raise TypeError(f"{label}[{k}]: must be Spikes, or a pair (times, ids) (got {type(sample).__name__})")
        order = np.argsort(t, kind="stable")
        times.append(t[order])
        units.append(np.asarray(u, np.int32)[order])
        sizes.append(t.size)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Inputs(np.concatenate(times), np.concatenate(units), offsets, np.zeros((len(X), 0, width)), width)


@dataclass(frozen=True, eq=False)
class Targets:
    """What is wanted of samples; one of the four has a length."""

    label: np.ndarray  # (samples,), -1 for none
    labels: np.ndarray  # (samples, steps or 0)
    values: np.ndarray  # (samples, steps or 0, outputs)
    times: np.ndarray  # of wanted spikes of all samples [ms]
    cells: np.ndarray  # int32
    offsets: np.ndarray  # (samples + 1,)

    def from_silence(self, tau: float) -> float:
        """Return the distance of the wanted spikes of all samples from silence, as the loss "spikes" has it.

        It is half the sum of ``exp(-|t - u|/tau)`` over pairs of spikes of a cell. In the order of time, what the earlier
        spikes of the cell add is ``before = (before + 1)*exp(-gap/tau)``.

        Examples
        --------
        >>> from dataclasses import replace
        >>> spikes = {"times": np.array([3.0, 1.0, 5.0]), "cells": np.zeros(3), "offsets": np.array([0, 2, 3])}
        >>> wanted = replace(no_targets(2, 0), **spikes)
        >>> round(float(wanted.from_silence(2.0) - np.exp(-1.0)), 12)
        1.5
        """
        sample = np.repeat(np.arange(self.offsets.size - 1), np.diff(self.offsets))
        order = np.lexsort((self.times, self.cells, sample))
        other = np.diff(sample[order], prepend=-1).astype(bool) | np.diff(self.cells[order], prepend=-1).astype(bool)
        left = np.exp(-np.diff(self.times[order], prepend=0.0) / tau)
        left[other] = 0.0  # a cell begins with its first spike in each sample
        total, before = 0.5 * order.size, 0.0
        for part in left.tolist():
            before = (before + 1.0) * part
            total += before
        return total


def no_targets(samples: int, outputs: int) -> Targets:
    """Return empty targets for samples."""
    labels, values = np.zeros((samples, 0), np.int64), np.zeros((samples, 0, outputs))
    nothing = np.zeros(0), np.zeros(0, np.int32), np.zeros(samples + 1, np.int64)
    return Targets(np.full(samples, -1, np.int64), labels, values, *nothing)


def sequences_of(y: Any, samples: int, steps: int, label: str, outputs: int | None = None) -> np.ndarray:
    """Return targets of sequences: whole numbers (samples, steps), -1 for none, or traces (samples, steps, outputs).

    In traces, NaN stands for none.
    """
    y = np.asarray(y)
    if y.ndim not in (2, 3) or y.shape[:2] != (samples, steps):
        wanted = f"({samples}, {steps}) with a label for each step, or ({samples}, {steps}, outputs) with values"
        raise ValueError(f"{label}: must have the shape {wanted} (got {y.shape})")
    if y.ndim == 3:
        none = np.isnan(y) if y.dtype.kind == "f" else np.zeros(y.shape, bool)
        if none.all():
            raise ValueError(f"{label}: must have a value in at least one step (got only NaN, for none)")
        return np.where(none, np.nan, plain(np.where(none, 0.0, y), "", label))
    return labels_of_steps(y, label, outputs)
