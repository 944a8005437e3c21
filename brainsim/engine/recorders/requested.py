"""The recorders of what is requested besides spikes; loaded by simulations that record something else."""

from brainsim.engine.recorders.conditions import EventRecorder
from brainsim.engine.recorders.recorder import check_recorder
from brainsim.engine.recorders.traces import TraceRecorder
from brainsim.engine.recorders.weights import WeightRecorder
from brainsim.network.probes import check_traces

RECORDERS = TraceRecorder, WeightRecorder, EventRecorder  # in the order in which checkpoints have them


def recorders_of(record, layout):
    """Return the checked requests, and their recorders."""
    requests = check_traces(record, layout.network.projections)
    found = []
    for kind in RECORDERS:
        mine = [request for request in requests if isinstance(request, kind.request)]
        found += [kind.of(mine, layout)] if mine else []
    found += [check_recorder(request.recorder(layout)) for request in requests if hasattr(request, "recorder")]
    return requests, found
