"""What is asked to be recorded, checked against the network: from `Trace` objects to what the recorders work on."""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.engine.recorders.traces import Recorded
from brainsim.equations.language import names_in


class InState:
    """A variable whose values are in the state."""

    def places(self, partition, trace, columns):
        """Return no calls, the state, and the place of each cell in it."""
        at, _ = partition.layout.state_row(trace.population, trace.name, "Trace")
        return [], partition.shared.state, at + trace.ids[columns]


def resolve_traces(record, layout):
    """Turn Trace objects into Recorded ones; traces of the same variable are joined."""
    recorded, state = {}, InState()
    for trace in record:
        layout.state_row(trace.population, trace.variable, "Trace")
        layout.check_population(trace.cells.parts[0][0], f"{trace!r}")
        if trace.every is not None and trace.every < layout.dt * (1 - 1e-9):
            raise ValueError(f"{trace!r}: every must be at least dt = {layout.dt:g} ms")
        every = 1 if trace.every is None else int(whole_steps(trace.every, layout.dt, f"{trace!r}.every"))
        start, stop = limits(trace, layout.dt)
        unit = _unit(layout, trace.population, trace.variable)
        key, ids = trace.key, np.sort(trace.ids) if trace.reduce else trace.ids
        new = Recorded(*key, trace.population, trace.variable, unit, ids, every, state, start, stop, trace.reduce)
        recorded[key] = _joined(recorded[key], new, trace) if key in recorded else new
    return list(recorded.values())


def limits(trace, dt):
    """Return `start` and `stop` of a request in steps, None without."""
    return tuple(
        None if limit is None else int(whole_steps(limit, dt, f"{trace!r}.{name}"))
        for name, limit in (("start", trace.start), ("stop", trace.stop))
    )


def _joined(old, new, trace):
    """Return two traces of one variable as one."""
    if new.reduce:
        if np.array_equal(old.ids, new.ids) and (old.every, old.start, old.stop) == (new.every, new.start, new.stop):
            return old
        raise ValueError(f"{trace!r}: another trace has the name {new.label!r}; give these cells one with .named('...')")
    if old.every != new.every:
        raise ValueError(f"{trace!r}: another trace of this variable has another interval; use one every for both")
    if (old.start, old.stop) != (new.start, new.stop):
        raise ValueError(f"{trace!r}: another trace of this variable has another window; use one start and stop for both")
    old.ids = np.union1d(old.ids, new.ids)
    return old


def _unit(layout, population, variable):
    """Return the unit of a variable: a neuron declares it; a receptor's g or i has the unit of its weights."""
    model = layout.members[population].population.model
    if variable in model.initials:
        return model.initials[variable].unit
    member = layout.members[population]
    rows = list(member.rows)
    at = rows.index(variable) - len(model.initials)
    for synapse in member.synapses:
        if at < len(synapse.variables):
            current = synapse.receptor_equations.current
            shown = current is not None and synapse.variables[at] in names_in(current)
            return synapse.weight_unit if shown else ""
        at -= len(synapse.variables)
    return ""
