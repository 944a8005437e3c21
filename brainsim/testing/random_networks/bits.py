"""Results as bytes, and what differs between two of them: -0.0 is not 0.0 here, and NaN is NaN."""

import numpy as np


def of_spikes(result):
    """Return name -> (times, ids) as arrays."""
    return {
        ("spikes", name, part): getattr(spikes, part) for name, spikes in result.spikes.items() for part in ("times", "ids")
    }


def of_traces(result):
    """Return (population, variable, part) -> array."""
    return {
        ("trace", *key, part): getattr(trace, part)
        for key, trace in result.traces.items()
        for part in ("times", "ids", "values")
    }


def of_weights(result):
    """Return (projection, variable, part) -> array of recorded weights."""
    parts = ("times", "synapses", "pre", "post", "values", "counts")
    return {("weights", *key, part): getattr(weights, part) for key, weights in result.weights.items() for part in parts}


def of_state(state):
    """Return all arrays of a state under the names of what they are."""
    found = {("state", "step"): np.array(state.step)}
    found |= {("extra", name): np.asarray(values) for name, values in state.extra.items()}
    for name, variables in state.variables.items():
        found |= {("state", name, variable): values for variable, values in variables.items()}
        found |= {("arriving", name, label): values for label, values in state.arriving[name].items()}
        found["refractory", name] = state.refractory[name]
        for part, values in zip(("steps", "cells"), state.pending[name], strict=True):
            found["pending", name, part] = values
    return found


def of_result(result):
    """Return everything that a result holds, but for what it cost."""
    return of_spikes(result) | of_traces(result) | of_state(result.state)


def after(result, first):
    """Return `of_result` without what happened at or before the time `first` [ms], which is a multiple of dt."""
    edge = first + 1e-6 * result.dt  # spike times may lie anywhere within a step
    found = of_state(result.state)
    for name, spikes in result.spikes.items():
        later = spikes.times > edge
        found |= {("spikes", name, "times"): spikes.times[later], ("spikes", name, "ids"): spikes.ids[later]}
    for key, trace in result.traces.items():
        later = trace.times > edge
        found |= {
            ("trace", *key, "times"): trace.times[later],
            ("trace", *key, "values"): trace.values[later],
            ("trace", *key, "ids"): trace.ids,
        }
    return found


def differences(found, expected):
    """Return a line for each array that is not the same to the last bit."""
    lines = [f"{name}: is only in one of both" for name in found.keys() ^ expected.keys()]
    for name in found.keys() & expected.keys():
        if not same(found[name], expected[name]):
            lines.append(f"{' '.join(map(str, name))}: {_how(found[name], expected[name])}")
    return sorted(map(str, lines))


def same(a, b):
    """Return whether two arrays have the same type, shape and bytes."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _how(a, b):
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype}{list(a.shape)}, not {b.dtype}{list(b.shape)}"
    rows = [np.frombuffer(x.tobytes(), np.uint8).reshape(x.size, x.itemsize) for x in (a, b)]
    where = np.flatnonzero((rows[0] != rows[1]).any(axis=1))
    first = where[0]
    return f"{where.size} of {a.size} differ, the first at {first}: {a.ravel()[first]!r}, not {b.ravel()[first]!r}"
