"""The networks are run, and the bits of their results compared with those that are pinned."""

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.testing.golden.pinned import NETWORKS

PINNED = Path(__file__).parents[1] / "data" / "golden.json"
SEED = 5


def ran(name, threads=1, pieces=1, **given):
    """Return the Result of a golden network, run in a number of pieces."""
    build, duration, options = NETWORKS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of coarse single precision
        sim = bs.Simulation(build(), seed=SEED, threads=threads, **options, **given)
        steps = round(duration / options["dt"])
        cuts = [steps * k // pieces for k in range(pieces + 1)]
        for start, stop in zip(cuts, cuts[1:], strict=False):
            sim.run((stop - start) * options["dt"], progress=False)
        return sim.result()


def hashes(result):
    """Return the SHA-256 of the spikes and of the final state of a result, of their little-endian bytes by name."""
    spikes, state = hashlib.sha256(), hashlib.sha256()
    for name in sorted(result.spikes):
        _take(spikes, name, result.spikes[name].times, "<f8")
        _take(spikes, name, result.spikes[name].ids, "<i8")
    for name, variables in sorted(result.state.variables.items()):
        for variable, values in sorted(variables.items()):
            _take(state, f"{name}.{variable}", values, f"<f{values.itemsize}")
        for label, values in sorted(result.state.arriving[name].items()):
            _take(state, f"{name}, arriving at {label}", values, f"<f{values.itemsize}")
        _take(state, f"{name}, refractory", result.state.refractory[name], "<i8")
    for name, values in sorted(result.state.extra.items()):
        _take(state, name, values, values.dtype.newbyteorder("<").str)
    count = sum(len(trains) for trains in result.spikes.values())
    return {"count": count, "spikes": spikes.hexdigest(), "state": state.hexdigest()}


def _take(digest, name, values, kind):
    values = np.ascontiguousarray(values, kind)
    digest.update(f"{name} {values.size} {kind} ".encode() + values.tobytes())


def differences(found, pinned, looked_at=None):
    """Return a line for each network, or each of those looked at, whose numbers are not those that are pinned."""
    lines = [f"{name}: is pinned but no longer among the networks" for name in looked_at or pinned if name not in found]
    for name, numbers in found.items():
        old = pinned.get(name)
        if old is None:
            lines.append(f"{name}: is not pinned yet")
        elif changed := [what for what in ("spikes", "state") if numbers[what] != old[what]]:
            count = f"{numbers['count']} spikes, {old['count']} before" if "spikes" in changed else "the same spikes"
            verb = "differs" if changed == ["state"] else "differ"
            lines.append(f"{name}: {' and '.join(changed)} {verb} ({count})")
    return lines


def pinned():
    return json.loads(PINNED.read_text())
