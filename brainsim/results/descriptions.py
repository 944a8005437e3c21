"""What the descriptions of results and states in files hold, as JSON; see `core.structure`."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


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
    weights: NotRequired[list[tuple[str, str, str, str, str, int, int]]]  # the same, numbers of synapses and of edges
    state: OfState | None
