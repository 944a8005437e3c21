"""From the traces that were asked for to arrays of the recorder, and from its samples and spikes to results."""

from dataclasses import dataclass

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.core.arrays import freeze
from brainsim.engine.state import CELL, STEP_BITS
from brainsim.equations.language import names_in
from brainsim.results.result import Spikes, Traces

SAMPLE_ROOM = 1 << 22  # numbers that all traces of a partition may hold before Python collects them


@dataclass
class Recorded:
    """A variable that is recorded: of which cells, and how often."""

    population: str
    variable: str
    unit: str
    ids: np.ndarray
    every: int  # steps
    index: np.ndarray  # place in the state of each cell's value


def resolve_traces(record, layout):
    """Turn Trace objects into Recorded ones; traces of one variable are joined."""
    found = {}
    for trace in record:
        at, _ = layout.state_row(trace.population, trace.variable, "Trace")
        layout.check_population(trace.cells.parts[0][0], f"{trace!r}")
        if trace.every is not None and trace.every < layout.dt * (1 - 1e-9):
            raise ValueError(f"{trace!r}: every must be at least dt = {layout.dt:g} ms")
        every = 1 if trace.every is None else int(whole_steps(trace.every, layout.dt, f"{trace!r}.every"))
        key = trace.population, trace.variable
        ids = trace.ids
        if key in found:
            if found[key].every != every:
                raise ValueError(f"{trace!r}: another trace of this variable has another interval; give both the same every")
            ids = np.union1d(found[key].ids, ids)
        found[key] = Recorded(*key, _unit(layout, *key), ids, every, at + ids)
    return list(found.values())


def recorder_arrays(traces, layout, partition, chunk):
    """Return (every, first, index, cursor, samples) of a partition, and which columns of each trace it samples."""
    columns = [np.flatnonzero(_here(t, layout, partition)) for t in traces]
    first = np.concatenate([[0], np.cumsum([c.size for c in columns])]).astype(np.int64)
    room = [c.size * (chunk // t.every + 2) for t, c in zip(traces, columns, strict=True)]
    index = np.concatenate([t.index[c] for t, c in zip(traces, columns, strict=True)]) if traces else np.empty(0)
    arrays = (
        np.array([t.every for t in traces], np.int64),
        first,
        index.astype(np.int64),
        np.zeros(len(traces), np.int64),
        np.empty(sum(room)),
    )
    return arrays, columns, np.concatenate([[0], np.cumsum(room)]).astype(np.int64)


def longest_chunk(traces, wanted):
    """Return how many steps may run before the samples are collected."""
    per_step = sum(t.ids.size / t.every for t in traces)
    return int(min(wanted, max(1, SAMPLE_ROOM // max(per_step, 1))))


def sampled_steps(trace, start, stop):
    """Return the steps in (start, stop] at which a trace is sampled; a start of -1 takes in step 0."""
    return np.arange((start // trace.every + 1) * trace.every, stop + 1, trace.every)


def times_of(steps, dt):
    """Return steps in ms: the float64 nearest to the decimal number where 1/dt is whole (0.3, not 0.30000000000000004)."""
    per_ms = round(1.0 / dt)
    return steps / per_ms if per_ms and abs(per_ms * dt - 1.0) < 1e-12 else steps * dt


def spikes_by_population(packed, lags, layout, wanted, start, stop):
    """Split packed spikes (sorted) into Spikes of each wanted population; `lags` are before the ends of steps, or empty."""
    dt = layout.dt
    steps, cells = packed >> STEP_BITS, packed & CELL
    result = {}
    for label, (name, ids) in wanted.items():
        member, n = layout.members[name], layout.members[name].n
        mine = (cells >= member.first) & (cells < member.first + member.n) if len(layout.members) > 1 else slice(None)
        at, own, early = steps[mine], cells[mine] - member.first, lags[mine] if lags.size else None
        if ids is not None:
            places = np.full(n, -1)
            places[ids] = np.arange(len(ids))
            keep, n = places[own] >= 0, len(ids)
            at, own, early = at[keep], places[own[keep]], None if early is None else early[keep]
        times = freeze(_spike_times(at, early, dt))
        result[label] = Spikes(
            times, freeze(own), n=n, start=times_of(start, dt), duration=times_of(stop - start, dt), name=label
        )
    return result


def _spike_times(steps, lags, dt):
    """Return the times of spikes [ms]; one within its step is not before the beginning of the step, as rounding may say."""
    times = times_of(steps, dt)
    return times if lags is None else np.maximum(times - lags, times_of(steps - 1, dt))


def traces_of(piece, dt):
    """Return what a piece holds of each trace, by (population, variable)."""
    found = {}
    for trace, steps, values in zip(piece.traces, piece.steps, piece.values, strict=True):
        key = trace.population, trace.variable
        found[key] = Traces(*key, trace.unit, freeze(times_of(steps, dt)), trace.ids, freeze(values))
    return found


def threshold_of(member):
    """Return the threshold of a population where it is one number, for plots."""
    value = member.values.get("v_th")
    return float(value) if value is not None and np.ndim(value) == 0 else None


def resets_of(member):
    """Return the variables that a spike of a population sets anew, for plots: at these a trace does not show it."""
    return sorted({name for name, _ in member.system.reset}) if member.system else []


def _here(trace, layout, partition):
    number = layout.group_of[trace.population]
    low, high = layout.bounds[number][partition : partition + 2]
    member = layout.members[trace.population]
    cells = member.first - layout.groups[number].first + trace.ids
    return (cells >= low) & (cells < high)


def _unit(layout, population, variable):
    """Return the unit of a variable: the neuron's own says it; a receptor's g or i is in the unit of its weights."""
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
