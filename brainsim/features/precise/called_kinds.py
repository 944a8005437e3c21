"""Synapses whose functions are called, at exact times: in the middle of the step of a cell, when an event has reached it.

What a synapse sends depends on the spikes of its target until then, and the target may have fired within this step. So the
kernel of the cells calls `arrive` when a cell has got to such an event, and `fire` when a cell has fired.
"""

import numpy as np

from brainsim.engine.synapses.delivery import call_kind
from brainsim.engine.synapses.segments import START_BITS
from brainsim.jit.intrinsics import call_address
from brainsim.jit.records import Context, address_of, array_of, by_address, record_at, record_or_none

TOLD = np.dtype([("address", "i8"), ("context", "i8")])  # what is called when a cell has fired, with which record


def plastic_fields(partition, arrivals):
    """Return the record through which kernels call kinds of synapses, as a field; nothing if there are none."""
    segment = arrivals.segment
    if segment is None:
        return {}
    told = [(kind.fired, kind.context(partition)) for kind in arrivals.kinds if kind.fired]
    fields = {
        "segment": segment,
        "kinds": arrivals.calendar["kinds"],
        "told": np.array([(f.address(c.kind, segment.kind), c.address) for f, c in told], TOLD),
        "step": 0,
        "lag": 0.0,
        "cell": 0,  # which has fired
        "synapse": 0,  # which an event has reached, and what its kind has noted of the spike
        "entry": 0,
        "amount": 0.0,  # that it sends
        "arrive": 0,
        "fire": 0,
    }
    plastic = Context(**fields)
    plastic["arrive"], plastic["fire"] = arrive.address(plastic.kind), fire.address(plastic.kind)
    return {"plastic": plastic}


@by_address
def arrive(plastic_):
    """Let a spike arrive at a synapse; leave what the synapse sends in ``amount``."""
    plastic = record_at(plastic_)
    segment = record_or_none(plastic, "segment")
    segment.step, segment.lag = plastic.step, plastic.lag
    # a segment of one synapse; its kind is in `entry`, so it needs no tag
    call_kind(np.int64(plastic.synapse) << START_BITS | 1, plastic.entry, segment, array_of(plastic.kinds))
    # what is not finite ends the run after this chunk, by an error that names the synapse; until then cells stay finite, as
    # no part of a step would be short enough for them
    plastic.amount = segment.weight if segment.weight - segment.weight == 0.0 else 0.0
    return 0


@by_address
def fire(plastic_):
    """Tell the kinds of synapses that a cell has fired."""
    plastic, told = record_at(plastic_), array_of(record_at(plastic_).told)
    segment = record_or_none(plastic, "segment")
    segment.source, segment.step, segment.lag = plastic.cell, plastic.step, plastic.lag
    for k in range(told.size):
        call_address(told[k].address, (told[k].context, address_of(segment)))
    return 0
