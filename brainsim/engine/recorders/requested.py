"""The recorders of what is requested besides spikes; loaded by simulations that record something else."""

from brainsim.core.checks import option
from brainsim.core.doors import through
from brainsim.engine.recorders.conditions import EventRecorder
from brainsim.engine.recorders.recorder import check_recorder
from brainsim.engine.recorders.traces import TraceRecorder
from brainsim.network.probes import EventRecord, Trace, WeightTrace, check_traces

# request -> its recorder, in the order in which checkpoints have them
RECORDERS = {
    Trace: lambda: TraceRecorder,
    WeightTrace: lambda: through("recorder of weights", "bs.WeightTrace"),
    EventRecord: lambda: EventRecorder,
}


def recorders_of(record, layout):
    """Return the checked requests, and their recorders."""
    requests = check_traces(record, layout.network.projections, option("record"))
    found = []
    for kind, recorder in RECORDERS.items():
        mine = [request for request in requests if isinstance(request, kind)]
        found += [recorder().of(mine, layout)] if mine else []
    found += [check_recorder(request.recorder(layout)) for request in requests if hasattr(request, "recorder")]
    return requests, found
