"""Names the first thing of a rule in a run that is not a finite number, with the synapse and the time."""

import numpy as np

from brainsim.engine.loop.faults import FaultNumber, Watch, noted
from brainsim.engine.synapses.kinds.kind import RANGE
from brainsim.engine.synapses.segments import split_piece, tag_of
from brainsim.jit.records import array_of, by_address, call, record_at

TRACES = {"after": ("source", "on_pre"), "before": ("source", "on_pre"), "target": ("target", "on_post")}


def take_fault(part):
    """Return the Fault that a PlasticPart has noted, None if it has not; and forget it."""
    rule = part.context
    if rule["fault"] < 0:
        return None
    call(find_ends.address(rule.kind), rule.address)
    fault = noted(watched(part))
    rule["fault"] = -1
    return fault


def watched(part):
    """Return how Python and a page notice what is not finite.

    Traces come first, since others follow from them; then variables of the synapse, and at last what it has sent.
    """
    kind, traces, synapses = part.kind, [], []
    names = {*kind.equations.pre_traces, *kind.equations.post_traces}
    for k, (side, name) in enumerate(kind.code.seen):
        value = FaultNumber("fault_values", element=k)
        if name in names:
            end, text = TRACES[side]
            traces.append((f"made {name} of the {end} of ", (" ", value), f"equations and {text}", value))
        elif side == "synapse":
            synapses.append((f"made {name} of ", (" ", value), "equations, on_pre and on_post", value))
    amount = FaultNumber("fault_amount")
    sent = [(("sent ", amount, " along "), (), "amplitude", amount)]
    sent.append(("sent an amount that is not finite along ", (), "amplitude", None))
    return [_watch(part, *each) for each in (*traces, *synapses, *sent)]


def _watch(part, before, behind, texts, wrong):
    """Return a Watch whose message has the synapse between two pieces, and the texts of the rule that may be the reason."""
    kind = part.kind
    text = (
        f"{kind.projection.name}: {type(kind.projection.plasticity).__name__} ",
        *((before,) if isinstance(before, str) else before),
        *("the synapse ", FaultNumber("fault_pre"), " -> ", _index("fault_target", kind.targets)),
        *behind,
        *(" at t = ", FaultNumber("fault_time", kind.clock.unit)),
        f" ms; check its {texts} for a division by 0, a logarithm or a power",
    )
    # rows of the store are sorted by source, delay and target; times are exact in the middle of a step
    when = FaultNumber("fault_step", 2, -int(kind.clock.exact))
    factors = {"fault_time": 1, "fault_source": 1, "fault_sent": -1, "fault_target": 1}
    where = tuple(FaultNumber(field, factor) for field, factor in factors.items())
    return Watch(part.context, "fault", text, when, where, wrong=wrong, first=find_ends)


def _index(field, cells):
    """Return the FaultNumber of the index of a cell among others."""
    if np.array_equal(cells, cells[:1] + np.arange(cells.size)):
        return FaultNumber(field, summand=-int(cells[0]) if cells.size else 0)
    table = np.full(int(cells.max()) + 1, -1)
    table[cells] = np.arange(cells.size)
    return FaultNumber(field, table=table)


@by_address
def find_ends(rule_):
    """Note the ends of the synapse of a fault: the index of the source, and both cells."""
    rule = record_at(rule_)
    sources, first, pieces = array_of(rule.sources), array_of(rule.first), array_of(rule.piece)
    targets, index_of = array_of(rule.targets), array_of(rule.index_of)
    # `fault` counts within the block, which begins at `start` in the store: the segment with this place has the source
    for s in range(sources.size):
        row = np.int64(sources[s]) * rule.partitions + rule.partition
        for k in range(first[row], first[row + 1]):
            start, length = split_piece(pieces[k])
            place = rule.fault + rule.start
            if rule.start <= start < rule.stop and tag_of(pieces[k]) != RANGE and start <= place < start + length:
                rule.fault_pre, rule.fault_source = s, sources[s]
    # a target counts from the base of its partition, and `index_of` from the first place of the projection's targets
    target = np.int64(targets[np.uint64(rule.fault)]) + rule.shift
    for cell in range(index_of.size):
        if index_of[cell] == target:
            rule.fault_target = cell
    return 0
