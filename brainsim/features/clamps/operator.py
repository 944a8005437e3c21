"""Voltage clamp: v is set before each step and brought back after it, and spikes of clamped cells are dropped."""

import numpy as np

from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators.signals import Observed, signal_of
from brainsim.engine.operators.windows import cells_here, join_parts, window
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.features.clamps.input import VoltageClamp
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import cast_like


class Clamp(Operator):
    """The clamped cells of a partition."""

    depends_on = "inputs"
    inputs = (VoltageClamp,)

    def __init__(self, partition, inputs):
        self._clamps = {stimulus.name: _Clamped(partition, stimulus) for stimulus in inputs}
        clamps = self._clamps.values()
        super().__init__([call for clamp in clamps for call in clamp.calls], [clamp.signal for clamp in clamps])

    def reset(self, step):
        """Let no current flow before the first step."""
        for clamp in self._clamps.values():
            clamp.context["current"][:] = 0.0

    @classmethod
    def expected_bytes(cls, layout):
        """Return the bytes of what belongs to each cell, and of a flag for each cell of the network."""
        return sum(44.0 * stimulus.target.n + layout.n_cells for stimulus in cls.own_inputs(layout))

    @classmethod
    def observed(cls, partition, stimulus):
        """Return the current that held the cells in the step that ends at the sample."""
        clamp = partition.operator(cls)._clamps[stimulus.name]
        current = clamp.context["current"]
        return Observed(clamp.cells, [], current, np.arange(clamp.cells.size))


class _Clamped:
    """The `cells` of one clamp in a partition; ``context["current"]`` is what held them in the last step [pA]."""

    def __init__(self, partition, stimulus):
        layout = partition.layout
        mine, gids = cells_here(partition, stimulus)
        self.cells = mine
        on, off = window(stimulus, layout.dt)
        self.signal = signal_of(layout, stimulus, "v", mine, each=True, window=(on, off))
        capacities = [capacity(layout.members[population.name]) for population, _ in stimulus.target.parts]
        flags = np.zeros(layout.n_cells, np.uint8)
        flags[gids] = 1
        self.context = Context(
            on=on,
            off=off,
            values=self.signal.values,
            places=layout.state_places(stimulus.target, "v", stimulus.name)[mine],
            capacity=join_parts(stimulus.target, capacities)[mine] / layout.dt,
            current=np.zeros(mine.size),
            flags=flags,
            state=partition.shared.state,
        )
        self.calls = [
            self.signal.call(Phase.BEFORE_UPDATE),
            (Phase.BEFORE_UPDATE, 0, set_potentials, self.context),
            (Phase.EMITTED, 0, bring_back, self.context),  # before rules of plasticity read v
        ]
        groups = sorted({layout.group_of[population.name] for population, _ in stimulus.target.parts})
        self.calls += [(Phase.UPDATE, group, drop_spikes, self.context) for group in groups]


def capacity(member):
    """Return by how many pA a current moves v by 1 mV/ms, a number or an array; NaN if v is not linear in I."""
    equations = member.population.model.cell_equations
    tree = equations.derivatives["v"]
    lines = {name: line for name, line in equations.algebraic.items() if name in lang.names_in(tree)}
    while lines:
        tree = lang.expand(tree, lines, member.population.name)
        lines = {name: line for name, line in equations.algebraic.items() if name in lang.names_in(tree)}
    split = algebra.linear_in(tree, "I")
    known = member.values | {"pi": np.pi}
    if split is None or algebra.is_zero(split[0]) or lang.names_in(split[0]) - known.keys():
        return np.nan
    return 1.0 / np.asarray(lang.compute(split[0], known), np.float64)


@helper
def _is_clamped(clamp, step):
    return clamp.on <= step < clamp.off


@by_address
def set_potentials(clamp_, progress_):
    """Set v to the command of the step that starts now."""
    clamp, p = record_at(clamp_), record_at(progress_)
    if _is_clamped(clamp, p.step):
        values, places, state = array_of(clamp.values), array_of(clamp.places), array_of(clamp.state)
        for k in range(places.size):
            state[places[k]] = cast_like(values[k], state[places[k]])
    return 0


@by_address
def bring_back(clamp_, progress_):
    """Bring v back to the command of the step that is being made, and note the current that this takes."""
    clamp, p = record_at(clamp_), record_at(progress_)
    values, places, state = array_of(clamp.values), array_of(clamp.places), array_of(clamp.state)
    scale, current, clamped = array_of(clamp.capacity), array_of(clamp.current), _is_clamped(clamp, p.step)
    for k in range(places.size):
        if clamped:
            current[k] = (values[k] - np.float64(state[places[k]])) * scale[k]
            state[places[k]] = cast_like(values[k], state[places[k]])
        else:
            current[k] = 0.0
    return 0


@by_address
def drop_spikes(clamp_, progress_):
    """Drop the spikes of clamped cells from those of the step so far."""
    clamp, p = record_at(clamp_), record_at(progress_)
    if not _is_clamped(clamp, p.step):
        return 0
    flags, spikes, empty, kept = array_of(clamp.flags), array_of(p.spikes), p.parity * p.capacity, p.emitted
    for k in range(empty + p.emitted, empty + p.total):
        if not flags[spikes[k]]:
            spikes[empty + kept] = spikes[k]
            kept += 1
    p.total = kept
    return 0
