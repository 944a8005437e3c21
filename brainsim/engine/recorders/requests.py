"""What is asked to be recorded, checked against the network: from `Trace` objects to what the recorders work on."""

from dataclasses import dataclass

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.core.checks import MissingName, nearest
from brainsim.engine.recorders.recorder import limits
from brainsim.engine.recorders.trace_sources import InState, OfInput, OfParameter, line_named, lines_in, places_in
from brainsim.equations.expressions.language import names_in
from brainsim.equations.system import CURRENT
from brainsim.results.streams.columns import count_samples, sampled_steps


@dataclass
class Recorded:
    """A variable that is recorded, of the cells `ids`: every `every` steps, from step `start` to `stop`.

    `label` is its key in the results; `source` says where the values come from, see `sources`.
    """

    label: str
    variable: str
    population: str
    unit: str
    ids: np.ndarray
    every: int
    source: object
    start: int | None = None
    stop: int | None = None
    reduce: str | None = None

    @property
    def columns(self):
        """How many numbers a sample has."""
        return 1 if self.reduce else self.ids.size

    def __str__(self):
        return f"Trace: {self.label}.{self.variable} of {self.ids.size:,} cells"

    def steps(self, chunk):
        """Return the steps of a Chunk at which it is sampled."""
        row = vars(self)
        return sampled_steps(row, chunk.completed, range(count_samples(row, chunk.completed, chunk.stop)))

    def row(self):
        """Return what the header of a log says of it."""
        ids = np.zeros(1, np.int64) if self.reduce else self.ids
        row = {"label": self.label, "variable": self.variable, "unit": self.unit, "ids": ids}
        return row | {"every": self.every, "start": self.start, "stop": self.stop}


def resolve_traces(record, layout):
    """Turn Trace objects into Recorded ones; traces of the same variable are joined."""
    recorded = {}
    for trace in record:
        layout.check_population(trace.cells.parts[0][0], f"{trace!r}")
        source, unit = _source(trace, layout)
        if trace.every is not None and trace.every < layout.dt * (1 - 1e-9):
            raise ValueError(f"{trace!r}: every must be at least dt = {layout.dt:g} ms")
        every = 1 if trace.every is None else int(whole_steps(trace.every, layout.dt, f"{trace!r}.every"))
        start, stop = limits(trace, layout.dt)
        key, ids = trace.key, np.sort(trace.ids) if trace.reduce else trace.ids
        new = Recorded(*key, trace.population, unit, ids, every, source, start, stop, trace.reduce)
        recorded[key] = _join(recorded[key], new, trace) if key in recorded else new
    return list(recorded.values())


def _source(trace, layout):
    """Return where the values of a trace come from, and their unit: a variable, a line of the equations, or an input."""
    population, name = trace.population, trace.variable
    _reject_two(trace, layout)
    if name in layout.members[population].rows:
        return InState(layout.state_row(population, name, "Trace")[0]), unit_of(layout, population, name)
    if (line := line_named(layout, population, name, f"{trace!r}")) is not None:
        return line, "pA" if name in ("I", "I_ext") or name.endswith(f".{CURRENT}") else ""
    parameters = layout.members[population].population.model.parameters
    if name in parameters and parameters[name].varying:
        return OfParameter(name, population), parameters[name].unit
    for stimulus in layout.inputs:
        if stimulus.name == name:
            if (places_in(stimulus.target, population, trace.ids) < 0).any():
                raise ValueError(f"{trace!r}: the input {name!r} does not reach all of these cells")
            if stimulus.input.observed is None:
                kind = type(stimulus.input).__name__
                raise ValueError(
                    f"{trace!r}: an input of the class {kind} does not say what of it can be recorded; give {kind} a "
                    "property observed that returns (name, unit), and its operator a method observed(partition, stimulus)"
                )
            _, unit = stimulus.input.observed
            return OfInput(name, population), unit
    names = [*layout.members[population].rows, *lines_in(layout, population), *(s.name for s in layout.inputs)]
    names += [parameter for parameter, spec in parameters.items() if spec.varying]
    raise MissingName(f"Trace: {population!r} has no variable {name!r}{nearest(name, names)}")


def _reject_two(trace, layout):
    """Raise ValueError if a trace may mean an input of its cells or something else: a synapse came after the input."""
    name, member = trace.variable, layout.members[trace.population]
    if name in member.rows or name in lines_in(layout, trace.population):
        for stimulus in layout.inputs:
            if stimulus.name == name and (places_in(stimulus.target, trace.population, trace.ids) >= 0).any():
                raise ValueError(f"{trace!r}: an input and a variable are named {name!r}; give the input another name")


def _join(old, new, trace):
    if new.reduce:
        if np.array_equal(old.ids, new.ids) and (old.every, old.start, old.stop) == (new.every, new.start, new.stop):
            return old
        raise ValueError(
            f"{trace!r}: another trace has the name {new.label!r}; give these cells a name of their own with .named('...')"
        )
    if old.every != new.every:
        raise ValueError(f"{trace!r}: another trace of this variable has another interval; use one every for both")
    if (old.start, old.stop) != (new.start, new.stop):
        raise ValueError(f"{trace!r}: another trace of this variable has another window; use one start and stop for both")
    old.ids = np.union1d(old.ids, new.ids)
    return old


def unit_of(layout, population, variable):
    """Return the unit of a variable: a neuron declares it; a receptor's g or i has the unit of its weights."""
    model = layout.members[population].population.model
    if variable in model.initials:
        return model.initials[variable].unit
    member = layout.members[population]
    rows = list(member.rows)
    at = rows.index(variable) - len(model.initials)
    for synapse in member.synapses:
        if at < len(synapse.variables) and hasattr(synapse, "unit_of"):
            return synapse.unit_of(synapse.variables[at])
        if at < len(synapse.variables):
            current = synapse.receptor_equations.current
            shown = current is not None and synapse.variables[at] in names_in(current)
            return synapse.weight_unit if shown else ""
        at -= len(synapse.variables)
    return ""
