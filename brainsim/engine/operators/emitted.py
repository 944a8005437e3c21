"""The record of all spikes of a partition, the source for recorders and for what is still under way."""

import numpy as np

from brainsim.engine.loop.program import CONTINUE, SPIKES_FULL, Operator, Phase
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, array_of, array_or_none, by_address, record_at

NONE = np.empty(0, np.int64)
SPIKE_ROOM = 1 << 20  # spikes of all partitions that are recorded before Python collects them


class Emitted(Operator):
    """The spikes of a partition, each ``step << 32 | cell``, and how early within its step if it has such a time.

    `taken` and `taken_lags` are what was taken out of the record when it was full.
    """

    def __init__(self, context, with_lags):
        self.context, self._with_lags = context, with_lags
        self.taken, self.taken_lags = [], []

    @classmethod
    def build(cls, partition):
        """Return the operator: every partition has one."""
        layout, capacity = partition.layout, partition.progress["capacity"]
        # twice what a slice may have, or a large network would return to Python after each; unused memory costs nothing
        room = max(SPIKE_ROOM // len(layout.own), 2 * int(capacity))
        fields = {"spikes": np.zeros(room, np.int64), "size": 0}
        if layout.within_steps:
            fields |= {"lags": np.zeros(room)}
        return cls(Context(**fields), layout.within_steps)

    def calls(self):
        """Return the calls that check for room before a slice, and that record the spikes of a step."""
        return [(Phase.BEGIN_SLICE, 0, has_room, self.context), (Phase.EMITTED, 0, record_spikes, self.context)]

    def reset(self, step):
        """Forget all spikes."""
        self.context["size"] = 0
        self.taken, self.taken_lags = [], []

    def continuing(self):
        """Return the list."""
        return [(self.context, self.context.kind.names)]

    def make_room(self, status):
        """Take the spikes out of a record that is full."""
        if status == SPIKES_FULL:
            self._take()
        return status == SPIKES_FULL

    def number(self):
        """Return how many spikes are recorded that were not taken."""
        return int(self.context["size"]) + sum(taken.size for taken in self.taken)

    def take(self):
        """Return the recorded spikes and their lags [ms], None without lags, and forget them."""
        self._take()
        spikes, lags = self.taken, self.taken_lags
        self.taken, self.taken_lags = [], []
        if len(spikes) != 1:
            spikes, lags = [np.concatenate([NONE, *spikes])], [np.concatenate([np.empty(0), *lags])]
        return spikes[0], lags[0] if self._with_lags else None

    def _take(self):
        size = int(self.context["size"])
        if size:
            self.taken.append(self.context["spikes"][:size].copy())
            if self._with_lags:
                self.taken_lags.append(self.context["lags"][:size].copy())
        self.context["size"] = 0


def take_all(records):
    """Return the spikes that some partitions have recorded, sorted, and their lags, empty without; forget them."""
    packed, lags = zip(*(record.take() for record in records), strict=True)
    packed = packed[0] if len(packed) == 1 else np.concatenate(packed)
    if lags[0] is None:
        packed.sort()
        return packed, NONE
    order = np.argsort(packed, kind="stable")
    return packed[order], np.concatenate(lags)[order]


@by_address
def has_room(record_, progress_):
    """Return SPIKES_FULL unless there is room for the largest possible number of spikes of a slice."""
    record, p = record_at(record_), record_at(progress_)
    return CONTINUE if record.spikes.size - record.size >= p.capacity else SPIKES_FULL


@by_address
def record_spikes(record_, progress_):
    """Record the spikes of a step, and how long before the end of the step each of them was, if times are exact."""
    record, p = record_at(record_), record_at(progress_)
    recorded, spikes, size = array_of(record.spikes), array_of(p.spikes), record.size
    lags, written = array_or_none(record, "lags"), array_or_none(p, "lags")
    empty = p.parity * p.capacity
    for k in range(empty + p.emitted, empty + p.total):
        recorded[size] = ((p.step + 1) << 32) | np.int64(spikes[k])
        _take_lag(k, size, lags, written)
        size += 1
    record.size = size
    return 0


@helper
def _take_lag(k, at, lags, written):
    if written is not None:
        lags[at] = written[k]
