"""Results and states as a description, which is JSON, and arrays by the name of their member: what files of them hold."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import numpy as np

from brainsim.core.checks import number
from brainsim.results import archive
from brainsim.results.result import Result, State
from brainsim.results.spikes import Spikes
from brainsim.results.traces import Traces
from brainsim.results.weights import KINDS, Weights

if TYPE_CHECKING:
    from brainsim.results.blocks import Recording

FORMAT = 1
PLAIN = ("duration", "start", "dt", "seed", "populations", "stats", "views", "thresholds", "resets")


class OfState(TypedDict):
    """Of a `State`: names of its arrays by kind, and the sizes of those that do not follow from the cells."""

    step: int
    dt: float
    seed: int
    refractory: list[str]
    variables: dict[str, list[str]]
    arriving: dict[str, list[str]]
    pending: list[str]
    network: NotRequired[dict[str, str]]
    extra: NotRequired[dict[str, int]]


class OfResult(TypedDict):
    """Of a `Result`: its plain fields, and what its arrays are."""

    duration: float
    start: float
    dt: float
    seed: int
    populations: dict[str, int]
    stats: dict[str, Any]
    views: dict[str, list[tuple[str, int, int]]]
    thresholds: dict[str, float | None]
    resets: NotRequired[dict[str, list[str]]]  # older files lack it
    spikes: list[tuple[str, str, int, float, float]]  # key, name, cells, duration, start
    traces: list[tuple[str, str, str, str, str]]  # key, variable, and name, variable and unit of the Traces
    names: NotRequired[list[tuple[str, int]]]  # of a population whose cells have names, and the bytes of these
    weights: NotRequired[list[tuple[str, str, str, str, str, int, int]]]  # the same, numbers of synapses and of edges
    state: OfState | None


def pack(result):
    """Split a result into a description for JSON and arrays by the name of their member."""
    arrays = {}
    for name, spikes in result.spikes.items():
        arrays |= {archive.member("spikes", name, part): getattr(spikes, part) for part in ("times", "ids")}
    for key, traces in result.traces.items():
        arrays |= {archive.member("traces", *key, part): getattr(traces, part) for part in ("times", "ids", "values")}
    for key, weights in result.weights.items():
        arrays |= {archive.member("weights", *key, part): getattr(weights, part) for part in KINDS}
    description = {key: getattr(result, key) for key in PLAIN}
    description["spikes"] = [[key, s.name, s.n, s.duration, s.start] for key, s in result.spikes.items()]
    description["traces"] = [[*key, t.name, t.variable, t.unit] for key, t in result.traces.items()]
    description["weights"] = [
        [*key, w.name, w.variable, w.unit, w.synapses.size, w.edges.size] for key, w in result.weights.items()
    ]
    texts = {name: np.frombuffer(json.dumps(cells.tolist()).encode(), np.uint8) for name, cells in result.names.items()}
    arrays |= {archive.member("names", name): text for name, text in texts.items()}
    if texts:
        description["names"] = [[name, text.size] for name, text in texts.items()]
    description["state"] = None if result.state is None else pack_state(result.state, arrays)
    return description, arrays


def pack_recording(recording: Recording) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what `pack` returns of a Recording, without the arrays that come in blocks: spikes and values of traces."""
    description, arrays = pack(recording.rest)
    description["spikes"] = [[s.label, s.name, s.n, s.duration, s.start] for s in recording.spikes]
    description["traces"] = [[*t.key, t.traces.name, t.traces.variable, t.traces.unit] for t in recording.traces]
    for trace in recording.traces:
        arrays |= {archive.member("traces", *trace.key, part): getattr(trace.traces, part) for part in ("times", "ids")}
    return description, arrays


def pack_state(state, arrays):
    """Put the arrays of a State into `arrays` by the name of their member, and return the rest for JSON."""
    for name, variables in state.variables.items():
        arrays |= {archive.member("state", name, variable): np.asarray(values) for variable, values in variables.items()}
    for name, receptors in state.arriving.items():
        arrays |= {archive.member("arriving", name, receptor): np.asarray(values) for receptor, values in receptors.items()}
    arrays |= {archive.member("refractory", name, "steps"): np.asarray(values) for name, values in state.refractory.items()}
    arrays |= {archive.member("extra", name): np.asarray(values) for name, values in state.extra.items()}
    for name, (steps, ids) in state.pending.items():
        arrays |= {
            archive.member("pending", name, "steps"): np.asarray(steps),
            archive.member("pending", name, "ids"): np.asarray(ids),
        }
    return {
        "step": int(state.step),
        "dt": float(state.dt),
        "seed": int(state.seed),
        "refractory": list(state.refractory),
        "variables": {name: list(variables) for name, variables in state.variables.items()},
        "arriving": {name: list(receptors) for name, receptors in state.arriving.items()},
        "pending": list(state.pending),
        "network": state.network,
        "extra": {name: values.size for name, values in state.extra.items()},
    }


def unpack(description, arrays):
    """Undo `pack`; no array is read that is larger than the description allows."""
    number(description["dt"], "its dt", "ms", above=0.0)
    spikes, traces, cells = {}, {}, description["populations"]
    steps = description["duration"] / description["dt"] + 1  # a cell has at most one spike and one sample per step
    for key, name, n, duration, start in description["spikes"]:
        max_size = n * (duration / description["dt"] + 1)
        times, ids = (arrays.take(archive.member("spikes", key, part), max_size) for part in ("times", "ids"))
        spikes[key] = Spikes(times, ids, n, duration, start, name)
    for key, name, *of in description["traces"]:
        times = arrays.take(archive.member("traces", key, name, "times"), steps)
        ids = arrays.take(archive.member("traces", key, name, "ids"), cells.get(key, math.inf))
        traces[key, name] = Traces(
            *of, times, ids, arrays.take(archive.member("traces", key, name, "values"), times.size * ids.size)
        )
    weights = dict(_unpack_weights(description, arrays, steps))
    state = description["state"] and unpack_state(description["state"], arrays, cells)
    rest = {key: description[key] for key in PLAIN if key in description or key != "resets"}  # older files lack it
    texts = ((name, arrays.take(archive.member("names", name), size)) for name, size in description.get("names", []))
    rest["names"] = {name: json.loads(text.tobytes()) for name, text in texts}
    return Result(spikes=spikes, traces=traces, weights=weights, state=state, **rest)


def _unpack_weights(description, arrays, steps):
    """Yield ((projection, variable), Weights); older files have none."""
    for key, variable, *of, n, edges in description.get("weights", []):
        sizes = {"times": steps, "synapses": n, "pre": n, "post": n, "values": steps * n}
        sizes |= {"edges": edges, "counts": steps * edges}
        parts = {part: arrays.take(archive.member("weights", key, variable, part), size) for part, size in sizes.items()}
        yield (key, variable), Weights(*of, **parts)


def unpack_state(description, arrays, cells):
    """Undo `pack_state`; `cells` are the numbers of cells by population, above which no array is read."""

    def get(kind, name, part, steps=1):
        return arrays.take(archive.member(kind, name, part), steps * cells.get(name, math.inf))

    variables = {
        name: {variable: get("state", name, variable) for variable in variables}
        for name, variables in description["variables"].items()
    }
    arriving = {
        name: {receptor: get("arriving", name, receptor) for receptor in receptors}
        for name, receptors in description["arriving"].items()
    }
    refractory = {name: get("refractory", name, "steps") for name in description["refractory"]}
    pending = {
        name: tuple(get("pending", name, part, description["step"] + 1) for part in ("steps", "ids"))
        for name in description["pending"]
    }
    return State(
        description["step"],
        description["dt"],
        description["seed"],
        variables,
        refractory,
        pending,
        arriving,
        dict(description.get("network", {})),
        {name: arrays.take(archive.member("extra", name), size) for name, size in description.get("extra", {}).items()},
    )
