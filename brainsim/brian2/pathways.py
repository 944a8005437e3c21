"""The synapses of a pathway in the order in which spikes reach them, and what is under way when a run begins and ends.

A *segment* is all synapses of a source that have one delay. A spike puts its segments into the slot of the step at which
they are due, which is that of the spike itself for a delay of 0.
"""

import numpy as np


class Calendar:
    """Segments and slots of a pathway; `source` is the group whose spikes reach it, `low` and `high` the part of it."""

    def __init__(self, pathway, dt):
        self.pathway = pathway
        sources = np.asarray(pathway.synapse_sources.get_value(), dtype=np.int64)
        self.low, self.high = int(pathway.source.start), int(pathway.source.stop)
        delays = np.floor(np.asarray(pathway.variables["delay"].get_value()) / dt + 0.5).astype(np.int64)
        delays = np.broadcast_to(delays, sources.shape) if delays.size <= 1 else delays
        order = np.lexsort((delays, sources))
        new = np.ones(order.size, bool)
        new[1:] = (np.diff(sources[order]) != 0) | (np.diff(delays[order]) != 0)
        starts = np.flatnonzero(new)
        self.order, self.begins = order.astype(np.int64), np.append(starts, order.size).astype(np.int64)
        self.sources, self.delays = sources[order][starts], np.ascontiguousarray(delays[order][starts])
        self.first_of = np.searchsorted(self.sources, np.arange(self.low, self.high + 1)).astype(np.int64)
        self.slots, self.room = int(self.delays.max(initial=0)) + 1, max(len(starts), 1)
        self.counts, self.items = np.zeros(self.slots, np.int64), np.zeros(self.slots * self.room, np.int64)

    def take(self):
        """Take over what is under way in the queue of Brian2, which holds synapses by the step at which they are due."""
        segment = np.empty(self.order.size, np.int64)
        segment[self.order] = np.repeat(np.arange(len(self.delays)), np.diff(self.begins))
        for slot in range(self.slots):
            due = np.array(self.pathway.queue.peek(), dtype=np.int64)
            self.pathway.queue.advance()
            found = segment[due]
            found = found[np.sort(np.unique(found, return_index=True)[1])]
            self.counts[slot] = found.size
            self.items[slot * self.room : slot * self.room + found.size] = found

    def give_back(self, steps):
        """Put what is still under way after so many steps into the queue of Brian2."""
        spikes = set()  # (steps since the spike, source)
        for ahead in range(self.slots):
            slot = (steps + ahead) % self.slots
            for s in self.items[slot * self.room : slot * self.room + self.counts[slot]]:
                spikes.add((int(self.delays[s]) - ahead, int(self.sources[s])))
        kind = np.int32
        for age in range(self.slots - 1, 0, -1):
            sources = sorted(source for a, source in spikes if a == age)
            if sources:
                self.pathway.queue.push(np.array(sources, dtype=kind))
            self.pathway.queue.advance()

    def fields(self):
        """Return what the record of the operator holds of it."""
        names = ("first_of", "delays", "begins", "order", "counts", "items", "slots", "room", "low", "high")
        return {name: getattr(self, name) for name in names}
