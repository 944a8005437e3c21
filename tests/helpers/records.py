"""What the records of a simulation hold."""

import numpy as np

from brainsim.engine.operators.arrivals import Arrivals
from brainsim.engine.synapses.calendar import calendar_fields
from brainsim.jit.records import Context


def arrays_of(context):
    """Return name -> array of the arrays that a Context points to."""
    return {name: context[name] for name in context.kind.names[1:] if isinstance(context[name], np.ndarray)}


def contexts_of(partition):
    """Return the Contexts that are known to the compiled code of a partition, also through others, each once."""
    found, new = {}, [partition.progress, *(row[-1] for op in partition.program.operators for row in op.calls())]
    while new:
        context = new.pop()
        if context.address not in found:
            found[context.address] = context
            new += [one for name in context.kind.names[1:] if isinstance(one := context[name], Context)]
    return list(found.values())


def calendar_bytes(sim):
    """Return the bytes of the calendars of all partitions."""
    names = [name for name, value in calendar_fields(1, True, np.float64).items() if isinstance(value, np.ndarray)]
    calendars = [partition.operator(Arrivals).calendar for partition in sim._run.partitions]
    return sum(calendar[name].nbytes for calendar in calendars for name in names)
