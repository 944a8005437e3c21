"""What is written to a file: a Result whose spikes and samples come in blocks, so that they need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
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
    """Samples that are to be written: their key, what they are, and a function that reads some of them.

    Their values need not fit into memory: of `traces`, use everything else.
    """

    key: tuple[str, str]
    traces: Traces
    samples: Callable[[int, int], np.ndarray]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of samples, and of cells."""
        return self.traces.times.size, self.traces.ids.size

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the values, some rows at once."""
        n, cells = self.shape
        rows = max(1, BLOCK // max(1, cells))
        for begin in range(0, n, rows):
            yield self.samples(begin, min(begin + rows, n))


@dataclass
class Recording:
    """A Result that is to be written; `rest` is everything but spikes and traces.

    ``blocks()`` returns an iterator over (index in `spikes`, times, ids), population by population, each in the order of
    time; ``result()`` returns the whole Result.
    """

    spikes: list[SpikeColumns]
    traces: list[TraceColumns]
    rest: Result
    blocks: Callable[[], Iterator[tuple[int, np.ndarray, np.ndarray]]]
    result: Callable[[], Result]


def recording_of(result: Result) -> Recording:
    """Return a Result as a Recording."""
    of = list(result.spikes.items())
    spikes = [SpikeColumns(label, s.name, s.n, s.duration, s.start, len(s)) for label, s in of]
    traces = [TraceColumns(key, some, partial(_rows, some.values)) for key, some in result.traces.items()]
    rest = replace_fields(result, spikes={}, traces={})

    def blocks():
        for k, (_, some) in enumerate(of):
            for begin in range(0, len(some), BLOCK):
                yield k, some.times[begin : begin + BLOCK], some.ids[begin : begin + BLOCK]

    return Recording(spikes, traces, rest, blocks, lambda: result)


def _rows(values, begin, end):
    return values[begin:end]


def replace_fields(result: Result, **fields: Any) -> Result:
    """Return a Result with other values of some fields; what is only made when it is looked at is not made."""
    return Result(**{name: getattr(result, name) for name in Result.__dataclass_fields__} | fields)
