"""Learning: the spikes of the targets of plastic synapses are remembered, and all synapses catch up from time to time."""

from brainsim.engine.program import CONTINUE, LISTS_FULL, MAX_SLICE, Operator, Phase
from brainsim.engine.synapses.kinds.kind import PLASTIC
from brainsim.jit.records import by_address, record_at


class Learning(Operator):
    """What a partition does for its plastic projections besides delivery.

    Parameters
    ----------
    parts : list of Part
    capacity : int
        Largest number of spikes in a slice.
    """

    def __init__(self, parts, capacity):
        self._parts, self._capacity = parts, capacity

    @classmethod
    def build(cls, partition):
        """Return the operator, None if no synapse of the network changes."""
        parts = [kind.part(partition) for kind in partition.synapses.kinds if kind.tag == PLASTIC]
        return cls(parts, int(partition.progress["capacity"])) if parts else None

    @classmethod
    def max_slice(cls, layout):
        """Return the shortest time, in steps, after which a modulating cell acts."""
        modulated = [p for p in layout.network.projections if p.plasticity is not None and p.modulator is not None]
        return min([MAX_SLICE, *(max(1, round(p.modulator_delay / layout.dt)) for p in modulated)])

    def calls(self):
        """Return the calls: room for the spikes of a slice, what is remembered of a step, and the sweeps."""
        calls = []
        for part in self._parts:
            module, code = part.kind.module, part.kind.code
            if code.post or code.posts:
                calls.append((Phase.EMITTED, 0, module.remember, part.context))
            if code.posts:
                calls.append((Phase.BEGIN_SLICE, 0, has_room, part.context))
            if part.kind.equations.of_target:
                calls.append((Phase.FILE, 0, module.begin, part.context))
            if part.kind.equations.modulator:
                calls.append((Phase.FILE, 0, module.modulate, part.context))
            if part.kind.sweeps:
                calls.append((Phase.AFTER_UPDATE, 0, module.sweep_in_time, part.context))
        return calls

    def reset(self, step):
        """Forget all spikes."""
        for part in self._parts:
            part.clear(step)

    def make_room(self, status):
        """Make room in the lists of spikes."""
        if status == LISTS_FULL:
            for part in self._parts:
                if part.kind.code.posts:
                    part.make_room_for_posts(self._capacity + part.context["room"])
        return status == LISTS_FULL


@by_address
def has_room(rule_, progress_):
    """Return LISTS_FULL unless there is room for the largest possible number of events of a slice."""
    rule, progress = record_at(rule_), record_at(progress_)
    return CONTINUE if rule.post_time.size - rule.post_number >= progress.capacity + rule.room else LISTS_FULL
