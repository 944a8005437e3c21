"""Recording of events other than spikes: when a condition on the variables of a cell becomes true."""

import numpy as np

from brainsim.core.structure import check_array
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.requests import Recorded
from brainsim.engine.recorders.trace_sources import condition_line
from brainsim.engine.recorders.traces import TraceRecorder
from brainsim.results.streams.columns import column, columns_of


class EventRecorder(Recorder):
    """Notes the step at which a condition becomes true for a cell that was false one step before.

    It samples the variables of the condition at each step and computes the condition once for a chunk. `traces` are the
    conditions, as lines.
    """

    adds = "spikes"

    @classmethod
    def of(cls, requests, layout):
        """Return the recorder of some requests."""
        labels, traces = [], []
        for request in requests:
            (population, ids), *_ = request.cells.parts
            layout.check_population(population, f"{request!r}")
            if request.label in labels or request.label in layout.members:
                raise ValueError(
                    f"{request!r}: other spikes or events already have this name; choose another one with name="
                )
            line = condition_line(layout, population.name, request.condition)
            labels.append(request.label)
            traces.append(Recorded(request.label, request.condition, population.name, "", ids, 1, line))
        return cls(labels, traces)

    def __init__(self, labels, traces):
        self._labels, self._traces, self._sampler = labels, traces, TraceRecorder(traces)
        self._before = None  # for each condition, where it was true at the last step

    def columns(self):
        """Return the step and the cell of each event."""
        rows = []
        for k, (label, trace) in enumerate(zip(self._labels, self._traces, strict=True)):
            row = {"label": label, "population": trace.population, "first": 0, "n": int(trace.ids.size), "ids": None}
            rows.append(row | {"alone": True, "start": None, "stop": None, "of": f"events.{k}"})
        return {"columns": [column(name, "<u4") for row in rows for name in columns_of(row)[:2]], "spikes": rows}

    def calls(self, partition):
        """Return the calls that sample."""
        return self._sampler.calls(partition)

    def max_steps(self):
        """Return how many steps may run before the room for samples is full."""
        return self._sampler.max_steps()

    def begin(self, completed):
        """Let the next samples go to the beginning of their room."""
        self._sampler.begin(completed)

    def clear(self, packed):
        """Forget everything: what is true at the first sample is not an event."""
        self._before = None

    def rows(self, chunk):
        """Return the events of a chunk, and note where the conditions are true at its end."""
        found, last = {}, []
        for k, (steps, values) in enumerate(self._sampler.samples(chunk)):
            true = values != 0.0
            first = true[0] if self._before is None else self._before[k]
            at, cells = np.nonzero(true & ~np.concatenate([first[None], true[:-1]]))
            found |= {f"events.{k}.step.u4": steps[at], f"events.{k}.cell.u4": self._sampler.mine(k)[cells]}
            last.append(true[-1].copy())
        self._before = last
        return found

    def saved(self):
        """Return where the conditions were true at the last step."""
        return {} if self._before is None else {str(k): self._sampler.of_all(k, true) for k, true in enumerate(self._before)}

    def load(self, saved):
        """Take over what `saved` returned."""
        for k, trace in enumerate(self._traces if saved else ()):
            check_array(saved.get(str(k)), np.bool_, trace.ids.shape, f"where {trace.variable!r} was true")
        self._before = [saved[str(k)][self._sampler.mine(k)] for k in range(len(self._traces))] if saved else None
