"""A network of Brian2, as it is when it runs, becomes cells and functions in the order of Brian2's schedule."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from brian2 import (
    EventMonitor,
    NetworkOperation,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
)
from brian2.core.base import BrianObject
from brian2.core.clocks import Clock
from brian2.core.variables import ArrayVariable
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import Resetter, StateUpdater, Thresholder
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import SynapticPathway

from brainsim.brian2.branches import Tree
from brainsim.brian2.cells import Cells, Flag, OtherGroupsError
from brainsim.brian2.code_text import Emitter
from brainsim.brian2.monitors import Noted, Rates, Samples, Spikes
from brainsim.brian2.pathways import Calendar
from brainsim.brian2.translate import statements_of
from brainsim.brian2.untranslatable import UntranslatableError

CELLS = NeuronGroup | PoissonGroup
KNOWN = {"stateupdate", "spatialstateupdate", "threshold", "reset", "synapses", "summed_variable"}
KNOWN |= {"spikegenerator", "spikemonitor", "statemonitor", "ratemonitor"}


@dataclass(eq=False)
class Collected:
    """What Brian2 hands a device in place of code to run: the text, and what its names stand for."""

    owner: object
    code: str
    variables: dict
    indices: dict
    template: str
    kwds: dict
    override: set
    compiled: Callable
    special: str = ""
    binomial: dict = field(default_factory=dict)

    def before_run(self):
        """Do nothing: nothing was compiled."""

    def after_run(self):
        """Do nothing."""

    def __call__(self, **values):
        """Have Brian2 compile and run it: something other than a run asks for it, such as a single sample of a monitor."""
        code = self.compiled()
        code.before_run()
        return code(**values)


@dataclass(eq=False)
class Group:
    """What Brian2 does with the cells of a group: where it stands in the schedule, and what it is."""

    group: object
    moves: Collected | None = None
    moves_at: int = -1
    fires: Collected | None = None
    fires_at: int = -1
    flag: Flag | None = None


class Plan:
    """What a network does in the steps of one run.

    - `cells`: a `Cells` for each group; `trains`: spike generators; `codes`: functions in the order of the schedule
    - `operations`: Python functions of the script that are called between steps, with their period in steps
    - `calendars`: of the pathways; `monitors`: what is written when the run is over
    """

    def __init__(self, net, stop):
        self.net, self.calendars, self.monitors, self.operations, self.codes = net, [], [], [], []
        self.objects = [obj for obj in net.sorted_objects if obj.active]
        self.groups: dict = {}
        self.trains = [obj for obj in self.objects if isinstance(obj, SpikeGeneratorGroup)]
        self._check_objects()
        self._choose_clock()
        self.start = int(self.clock.variables["timestep"].get_value()[0])
        self.steps = stop(self.clock) - self.start
        self.times = (self.start + np.arange(self.steps)) * self.dt
        self.volatile = bool(self.operations)
        self.written = set().union(*map(_written_by, self.objects))
        self._read_groups()
        self._read_codes()

    @property
    def dt(self):
        """The step [s]."""
        return float(self.clock.dt_)

    def _check_objects(self):
        for rank, obj in enumerate(self.objects):
            collected = _code_of(obj)
            if isinstance(obj, NetworkOperation):
                self.operations.append((rank, obj))
            elif collected is None and type(obj).run is not BrianObject.run and not isinstance(obj, CodeRunner):
                raise UntranslatableError(f"is of the class {type(obj).__name__}, which brainsim does not have", obj)
            if collected is None:
                continue
            if collected.special:
                raise UntranslatableError(f"has a method of {collected.special}, which brainsim does not have", obj)
            if collected.template not in KNOWN:
                raise UntranslatableError(f"is of the class {type(obj).__name__}, which brainsim does not have", obj)
            if isinstance(obj, PoissonInput):
                (name,) = (n for n, v in collected.variables.items() if type(v).__name__ == "BinomialFunction")
                collected.binomial[collected.variables[name].name] = int(obj.N), float(obj.rate) * float(obj.clock.dt_)
            if isinstance(obj, Thresholder):
                if obj.event != "spike":
                    continue
                entry = self.groups.setdefault(obj.group.name, Group(obj.group))
                entry.fires, entry.fires_at = collected, rank
            elif isinstance(obj, StateUpdater) and isinstance(obj.group, CELLS):
                entry = self.groups.setdefault(obj.group.name, Group(obj.group))
                entry.moves, entry.moves_at = collected, rank

    def _choose_clock(self):
        """Find the shortest step, which all other clocks must be multiples of, and all cells must have."""
        acting = [obj for obj in self.objects if _code_of(obj) is not None or isinstance(obj, NetworkOperation)]
        clocks = {obj.clock for obj in acting or self.objects}
        if not clocks:
            raise UntranslatableError("there is nothing to run")
        self.clock = min(clocks, key=lambda clock: float(clock.dt_))
        for obj in acting:
            steps = float(obj.clock.dt_) / self.dt
            if abs(steps - round(steps)) > 1e-6:
                raise UntranslatableError("has a clock that is no multiple of the shortest one", obj)
            if round(steps) != 1 and isinstance(obj, StateUpdater | Thresholder | SynapticPathway | SpikeGeneratorGroup):
                raise UntranslatableError("has a longer time step than other objects", obj)

    def period(self, obj):
        """Return how many steps lie between two calls of an object."""
        return round(float(obj.clock.dt_) / self.dt)

    def fixed(self, variable):
        """Return whether an array keeps its values in the run."""
        return variable not in self.written and (variable.constant or not self.volatile)

    # cells

    def _read_groups(self):
        moving = [entry for entry in self.groups.values() if entry.moves is not None]
        firing = [entry.fires_at for entry in self.groups.values() if entry.fires is not None]
        firing += [rank for rank, obj in enumerate(self.objects) if isinstance(obj, SpikeGeneratorGroup)]
        self.first_spike = min(firing, default=len(self.objects))
        self.moved_by_codes = False
        try:
            self.cells = {name: self._cells(entry, moves=True) for name, entry in self.groups.items()}
            self.moved_by_codes = not self._in_order(moving)
        except OtherGroupsError:
            self.moved_by_codes = True
        if self.moved_by_codes:
            self.cells = {name: self._cells(entry, moves=False) for name, entry in self.groups.items()}
        self.cells = {name: cells for name, cells in self.cells.items() if cells.each_step or cells.threshold}
        self.first_move = min((entry.moves_at for entry in moving), default=self.first_spike)
        if self.moved_by_codes:
            self.first_move = self.first_spike

    def _cells(self, entry, moves):
        cells = Cells(entry.group, self.fixed, self.clock, self.times)
        if moves and entry.moves is not None:
            cells.move(entry.moves)
        if entry.fires is None:
            return cells
        try:
            cells.fire(entry.fires)
        except OtherGroupsError:
            if moves:
                raise
            cells, entry.flag = Cells(entry.group, self.fixed, self.clock, self.times), Flag(len(entry.group))
            cells.fire_by(entry.flag)
            cells.note_spike(entry.fires)
        return cells

    def _in_order(self, moving):
        """Return whether what Brian2 does between the moves and the thresholds may be done after both."""
        last = max((entry.moves_at for entry in moving), default=-1)
        first = min((entry.moves_at for entry in moving), default=-1)
        tested = set().union(*(_read_by(entry.fires) for entry in self.groups.values() if entry.fires is not None))
        for rank, obj in enumerate(self.objects):
            if not first < rank < self.first_spike or isinstance(obj, StateUpdater) and isinstance(obj.group, CELLS):
                continue
            collected = _code_of(obj)
            if collected is None:
                continue
            names = {variable.name for variable in _read_by(collected)}
            if rank < last or _written_by(obj) & tested or names & {"lastspike", "not_refractory"}:
                return False
        return True

    # everything else

    def _read_codes(self):
        for rank, obj in enumerate(self.objects):
            collected = _code_of(obj)
            code = None
            if isinstance(obj, SpikeGeneratorGroup | NetworkOperation) or collected is None:
                continue
            if isinstance(obj, Thresholder):
                entry = self.groups[obj.group.name] if obj.event == "spike" else None
                code = self._tested(obj, collected) if entry is None else None
                if entry is not None and entry.flag is not None:
                    code = self._flagged(obj, collected, entry.flag)
                    code.period = self.period(obj)
                    self.codes.append(code)
                    code = None
            elif isinstance(obj, StateUpdater) and isinstance(obj.group, CELLS):
                code = self._each(obj, collected) if self.moved_by_codes else None
            elif isinstance(obj, EventMonitor):
                plain = obj.event == "spike" and {*obj.record_variables} <= {"i", "t"}
                self.monitors.append(Spikes(self, obj) if plain else Noted(self, obj, collected))
                code = None if plain else self.monitors[-1].code
            elif isinstance(obj, PopulationRateMonitor):
                self.monitors.append(Rates(self, obj))
            elif isinstance(obj, StateMonitor):
                self.monitors.append(Samples(self, obj, collected))
                code = self.monitors[-1].code
            elif isinstance(obj, SynapticPathway):
                code = self._due(obj, collected)
            elif isinstance(obj, Resetter):
                code = self._spiking(obj, collected)
            elif collected.template == "summed_variable":
                code = self._summed(obj, collected)
            elif collected.template == "spatialstateupdate":
                code = self._branched(obj, collected)
            else:
                code = self._each(obj, collected)
            if code is not None:
                code.early, code.period = rank < self.first_move, self.period(obj)
                self.codes.append(code)

    def emitter(self, collected):
        """Return what writes the text of a piece of code."""
        return Emitter(collected, self.fixed)

    def _each(self, obj, collected):
        emitter = self.emitter(collected)
        emitter.write(collected.code)
        if not emitter.lines and not emitter.once:
            return None
        return emitter.finish(obj.name, "each", {"count": _length(obj.group)})

    def _flagged(self, obj, collected, flag):
        emitter = self.emitter(collected)
        emitter.write(collected.code)
        test, place = emitter.text(emitter.number(emitter.local["_cond"])), emitter.array(flag)
        emitter.lines.append(f"{place}[e] = {test}")
        return emitter.finish(obj.name, "each", {"count": len(obj.group)})

    def _tested(self, obj, collected):
        emitter = self.emitter(collected)
        emitter.write(collected.code)
        events = emitter.array(collected.kwds["eventspace_variable"])
        test = emitter.text(emitter.condition(emitter.local["_cond"]))
        return emitter.finish(obj.name, "tested", {"count": len(obj.group)}, events=events, test=test)

    def _spiking(self, obj, collected):
        emitter = self.emitter(collected)
        emitter.write(collected.code)
        source = emitter.source(obj.event, obj.group)
        code = emitter.finish(obj.name, "fired", {"low": 0, "high": len(obj.group)}, source=source)
        code.population = obj.group.name if obj.event == "spike" else None
        return code

    def _due(self, obj, collected):
        obj.initialise_queue()
        calendar = Calendar(obj, self.dt)
        self.calendars.append(calendar)
        emitter = self.emitter(collected)
        emitter.write(collected.code)
        source = emitter.source(obj.event, obj.source)
        code = emitter.finish(obj.name, "due", calendar.fields(), source=source)
        code.population = whole(obj.source).name if obj.event == "spike" else None
        return code

    def _summed(self, obj, collected):
        emitter, kwds = self.emitter(collected), collected.kwds
        target, index = kwds["_target_var"], kwds["_index_var"]
        emitter.write(collected.code)
        place, at = emitter.array(target), emitter.array(index)
        value = emitter.text(emitter.number(emitter.local["_synaptic_var"]))
        emitter.lines.append(f"{place}[np.int64({at}[e])] += {value}")
        emitter.writes.add(target)
        low, high = int(kwds["_target_start"]), int(kwds["_target_stop"])
        if high < 0:  # Brian2 gives no end for sums that are variables of synapses
            high = len(target.get_value())
        extra = {"count": _length(obj.group), "low": low, "high": high}
        code = emitter.finish(obj.name, "each", extra)
        loop = "    for e in range(c.count):"
        code.text = code.text.replace(loop, f"    {place}[c.low : c.high] = 0.0\n{loop}")
        return code

    def _branched(self, obj, collected):
        emitter, variables = self.emitter(collected), obj.group.variables
        emitter.write(collected.code)
        conductance, current = (emitter.text(emitter.number(emitter.local[name])) for name in ("_gtot", "_I0"))
        places = {"v": emitter.array(variables["v"]), "current_through": emitter.array(variables["Ic"])}
        extra = {"count": len(obj.group), **Tree(obj.group, self.dt).fields()}
        return emitter.finish(obj.name, "branched", extra, conductance=conductance, current=current, **places)

    def whole_name(self, group):
        """Return the name of the group of which another one is a part."""
        return whole(group).name

    def sent_by(self, group):
        """Return the name of the population whose spikes a group, or a part of it, sends; None if there is none."""
        name = whole(group).name
        return name if name in self.cells or name in {obj.name for obj in self.trains} else None


def whole(group):
    """Return the group of which another one is a part."""
    return whole(group.source) if isinstance(group, Subgroup) else group


def _length(group):
    return len(group)


def _code_of(obj):
    found = getattr(obj, "codeobj", None) if isinstance(obj, CodeRunner) else None
    return found if isinstance(found, Collected) else None


def _written_by(obj):
    """Return the arrays of Brian2 that an object writes in a step."""
    collected = _code_of(obj)
    if collected is None or isinstance(obj, EventMonitor | StateMonitor | PopulationRateMonitor | SpikeGeneratorGroup):
        return set()
    names = {name for name, _ in statements_of(collected.code, collected.owner)}
    if collected.kwds.get("_uses_refractory"):
        names |= {"lastspike", "not_refractory"}
    found = {collected.variables[name] for name in names & collected.variables.keys()}
    if collected.template == "summed_variable":
        found.add(collected.kwds["_target_var"])
    if collected.template == "spatialstateupdate":
        found |= {obj.group.variables["v"], obj.group.variables["Ic"]}
    return {variable for variable in found if isinstance(variable, ArrayVariable)}


def _read_by(collected):
    return {v for v in collected.variables.values() if isinstance(v, ArrayVariable) and not isinstance(v.owner, Clock)}


__all__ = ["Collected", "Plan", "Synapses", "whole"]
