"""Some synapses of a plastic projection, read as of now without touching the others, and without changing a bit."""

import numpy as np

from brainsim.engine.plasticity.traces_now import names_of_traces, trace_now
from brainsim.engine.synapses.readback import found_in_rows
from brainsim.engine.synapses.segments import LENGTH_BITS, START_BITS


class Chosen:
    """Some synapses of a plastic projection.

    Parameters
    ----------
    kind : Plastic
    ids : ndarray of int64
        Their indices in the SynapseTable.

    Attributes
    ----------
    pre, post : ndarray of int64
        Their cells, as in the SynapseTable.
    """

    def __init__(self, kind, ids):
        self._kind = kind
        self.pre, self.post, self._places, segments, rows = found_in_rows(kind, ids)
        sources, part_of = np.divmod(rows, len(kind.block.layout.own))
        pieces = (kind.block.start + self._places) << START_BITS | kind.tag << int(LENGTH_BITS) | 1
        self._delay = kind.store.delay[segments].astype(np.int64) - kind.extra_step
        self._of_part = []
        for number in np.unique(part_of):
            mine = np.flatnonzero(part_of == number)
            # each synapse is a segment, with a source of its own
            fields = {"sources": np.arange(mine.size), "first": np.arange(mine.size + 1)}
            fields |= {"piece": pieces[mine], "delay": kind.store.delay[segments[mine]]}
            self._of_part.append((int(number), sources[mine], fields | {"partitions": 1, "partition": 0}))

    def read(self, name):
        """Return the weights, ``"w"``, or a variable or a trace of the rule, as float64."""
        if name in names_of_traces(self._kind.equations):
            return trace_now(self._kind, name, self.pre, self.post, self._delay)
        columns = self._kind.columns()
        if self._kind.shared and name == "w":
            return np.full(self._places.size, self._kind.weights(columns)[0])
        if not self._kind.sweeps:
            return columns[name][self._places].astype(np.float64)
        before = {key: values[self._places] for key, values in columns.items()}
        try:
            for number, sources, fields in self._of_part:
                part = self._kind.parts[number]
                part.sweep(columns, newest=part.context["newest"][sources], **fields)
            return columns[name][self._places].astype(np.float64)
        finally:
            for key, values in before.items():
                columns[key][self._places] = values
