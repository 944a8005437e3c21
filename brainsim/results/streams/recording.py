"""What is written to a file: a Result whose spikes and samples come in blocks, so that they need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.results.result import Result
from brainsim.results.streams.columns import BLOCK
from brainsim.results.traces import Traces


@dataclass
class SpikeColumns:
    """The spikes of a population that are to be written: what `Spikes` has, and their number."""

    label: str
    name: str
    n: int
    duration: float
    start: float
    size: int


@dataclass
class TraceColumns:
    """Samples that are to be written: their key, what they are, and an array that may be mapped from a file."""

    key: tuple[str, str]
    traces: Traces

    @classmethod
    def of(cls, key: tuple[str, str], traces: Traces) -> TraceColumns:
        """Return the samples of a Traces."""
        return cls(key, traces)

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the values, some rows at once."""
        values = self.traces.values
        rows = max(1, BLOCK // max(1, values.shape[1]))
        for begin in range(0, len(values), rows):
            yield values[begin : begin + rows]


@dataclass
class Recording:
    """A Result that is to be written.

    Attributes
    ----------
    spikes : list of SpikeColumns
    traces : list of TraceColumns
    rest : Result
        Everything else, without spikes and traces.
    blocks : callable
        Returns an iterator over (index in `spikes`, times, ids), population by population, each in the order of time.
    dt : float
        Time step [ms].
    """

    spikes: list[SpikeColumns]
    traces: list[TraceColumns]
    rest: Result
    blocks: Callable[[], Iterator[tuple[int, np.ndarray, np.ndarray]]]
    dt: float


def recording_of(result: Result) -> Recording:
    """Return a Result as a Recording."""
    of = list(result.spikes.items())
    spikes = [SpikeColumns(label, s.name, s.n, s.duration, s.start, len(s)) for label, s in of]
    traces = [TraceColumns(key, traces) for key, traces in result.traces.items()]
    rest = replaced(result, spikes={}, traces={})

    def blocks():
        for k, (_, some) in enumerate(of):
            for begin in range(0, len(some), BLOCK):
                yield k, some.times[begin : begin + BLOCK], some.ids[begin : begin + BLOCK]

    return Recording(spikes, traces, rest, blocks, result.dt)


def replaced(result: Result, **fields: Any) -> Result:
    """Return a Result with other values of some fields; what is only made when it is looked at is not made."""
    return Result(**{name: getattr(result, name) for name in Result.__dataclass_fields__} | fields)
