"""Synapses that change by a plasticity rule: a weight each, in the precision of the state, and the variables of the rule."""

import ast
import copy

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.engine.loop.faults import first
from brainsim.engine.loop.program import MAX_SLICE
from brainsim.engine.states.given import take_array
from brainsim.engine.synapses.kinds.kind import CALLED, SynapseKind
from brainsim.engine.synapses.readback import in_table, order_of
from brainsim.engine.synapses.segments import LENGTH_BITS, MAX_LENGTH, START_BITS, TAGS
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.features.plasticity.clock import Clock
from brainsim.features.plasticity.decay import filled, table_of
from brainsim.features.plasticity.equations.rule_variables import START
from brainsim.features.plasticity.homeostasis import homeostat_of
from brainsim.features.plasticity.initial import belonging, check_sampled, initial_columns, sample_parameter
from brainsim.features.plasticity.modulator import check_shared
from brainsim.features.plasticity.parameters import SET, load_parameters, saved_parameters, take_rule
from brainsim.features.plasticity.part import PlasticPart
from brainsim.features.plasticity.read_now import SelectedPlastic, names_of_traces, trace_now
from brainsim.features.plasticity.rule_code import PERIOD, write_rule
from brainsim.features.plasticity.saved import join, load_part, saved_part
from brainsim.features.plasticity.writer import SINCE
from brainsim.jit.decorators import load_source
from brainsim.models.values import is_number

BYTES_ID = 4  # of the index of a synapse on which its random numbers depend


class Plastic(SynapseKind):
    """The synapses of one projection with a plasticity rule.

    - `rule`: the rule as it is now, with the parameters that were set.
    - `module`: the compiled functions of the rule.
    - `sources`, `targets`: int64, global indices of the cells at both ends.
    - `clock`: in which units times are counted.
    - `dendritic`: how much of the delay is dendritic, -1 if all is.
    - `longest`, `longest_dendritic`: longest delay, as filed, and longest dendritic delay.
    - `longest_segment`: number of synapses of the longest segment.
    - `modulator_delay`: steps after which a spike of a modulating cell acts, and for which the modulator is known in
      advance.
    - `rates`: of decay per unit of time.
    - `initial`, `after_a_step`: initial values of traces, and those of postsynaptic traces a step later; 0 if they depend on
      the targets.
    - `late`: postsynaptic trace -> how many steps later it is read, if it is.
    - `parts`: partition of this process -> the PlasticPart that it keeps.
    """

    tag, keeps_weights, changes_weights, exact = CALLED, True, True, True
    reader, only_if_set = SelectedPlastic, SET

    def __init__(self, block):
        super().__init__(block)
        self.projection, self.store, layout = block.projection, block.store, block.layout
        self.clock, self.rule = Clock(layout), self.projection.plasticity
        self._set_rule()
        self.deliver, self.enter = self.module.deliver, self.module.enter
        self.fired = self.module.remember if layout.within_steps and self.code.lists else None
        self.sources = layout.global_indices(self.projection.pre).astype(np.int64)
        self.targets = layout.global_indices(self.projection.post).astype(np.int64)
        self.extra_step = layout.extra_step(self.projection)
        mine = self._segments()
        self.longest = max(layout.ranks.all(int(self.store.delay[mine].max(initial=0)))) * self.clock.per_tick
        self.longest_segment = int((self.store.piece[mine] & MAX_LENGTH).max(initial=0))
        self._look_back()
        self._parameters = {name: sample_parameter(self, name) for name in self.code.parameters}
        check_sampled(self)
        self._columns = initial_columns(self)
        self.parts, self._kept, self._written, self._ids = {}, None, False, None
        delay, label = self.projection.modulator_delay, f"{self.projection.name}.modulator_delay"
        used = self.projection.modulator is not None  # else nothing but the end of a run can change it
        self.modulator_delay = max(1, int(whole_steps(delay, layout.dt, label))) if used else MAX_SLICE
        check_shared(self)
        self.warned_of_bounds = False  # which homeostasis does once
        self._homeostat = homeostat_of(self)

    @classmethod
    def takes(cls, projection):
        """Return whether a projection has a plasticity rule."""
        return projection.plasticity is not None

    @classmethod
    def units(cls, projection):
        """Return the units of the weight, and of the variables and traces of the rule."""
        rule, of_weight = projection.plasticity, projection.synapse.weight_unit
        equations = rule.equations_for(rule.per_synapse)
        names = (*equations.variables, *names_of_traces(equations))
        return {"w": of_weight} | {name: rule.initials[name].unit.replace("weight", of_weight) for name in names}

    @classmethod
    def max_slice(cls, projection, dt):
        """Return the time, in steps, after which a modulating cell acts."""
        return MAX_SLICE if projection.modulator is None else max(1, round(projection.modulator_delay / dt))

    @staticmethod
    def bytes_per_synapse(projection, itemsize):
        """Return the bytes of the weight and the variables of one synapse."""
        rule = projection.plasticity
        equations = rule.equations_for(rule.per_synapse)
        fixed = 0 if is_number(projection.weight) else 4
        weight = itemsize if equations.changes_weights else fixed
        parameters = [name for name in rule.per_synapse if not name.endswith(START)]
        # variables that would be traces if no parameter differed are kept as they were before a spike, too
        old = sum(name in rule.equations_for(frozenset()).pre_traces for name in equations.variables)
        ids = BYTES_ID * equations.random
        return weight + itemsize * (len(equations.variables) + old) + 8 * len(parameters) + ids

    @property
    def nbytes(self):
        """Bytes of the columns, of parameters that differ between synapses, and of the indices of random numbers."""
        kept = [*self._parameters.values(), *([] if self._ids is None else [self._ids])]
        return super().nbytes + sum(values.nbytes for values in kept)

    @property
    def ring(self):
        """For how many steps postsynaptic traces are kept."""
        return 1 if self.clock.exact else 2 * self.longest_dendritic + 2 + max(self.late.values(), default=0)

    @property
    def sweeps(self):
        """Whether there is anything to bring up to date."""
        return hasattr(self.module, "sweep")

    def _set_rule(self):
        """Write the functions of the rule, and compute the numbers that they need."""
        rule = self.projection.plasticity
        values = {name: getattr(rule, name) for name in rule.parameters if name not in rule.per_synapse}
        self._values = values = {name: np.float64(value) for name, value in values.items()} | {"pi": np.float64(np.pi)}
        self.equations = equations = rule.equations_for(rule.per_synapse)
        shared = rule.equations_for(frozenset())
        held = dict.fromkeys(shared.pre_traces, "axonal") | dict.fromkeys(shared.post_traces, "dendritic")
        # a weight that all synapses share, and that does not change, is kept once
        self.shared = not equations.changes_weights and is_number(self.projection.weight)
        single = self.block.layout.dtype == np.float32
        self.code = write_rule(equations, frozenset(rule.per_synapse), held, self.shared, single, self.clock.exact)
        self.module = load_source(self.code.text)

        self._scalars = np.array([float(values[name]) for name in self.code.scalars] or [0.0])
        unit, size = self.clock.unit, 1 if self.clock.exact else PERIOD + 2
        self.rates = [self.number(tree) * unit for tree in self.code.rates]
        self._tables = [table_of(rate, size) for rate in self.rates]
        shared = (*self.code.pre, *self.code.post, equations.modulator)
        # what follows the targets is computed from their state, by `begin`
        of_target = {*equations.of_target}
        traces = {n: 0.0 if _reads(v, of_target) else v for n, v in equations.initials.items() if n in shared}
        traces |= dict.fromkeys(equations.of_target, 0.0) | {SINCE: 0}
        self.initial = {n: self.number(v) if isinstance(v, ast.AST) else float(v) for n, v in traces.items()}
        self.late = {
            name: self.clock.units(self.number(tree), f"{type(rule).__name__}.{name}")
            for name, tree in equations.late.items()
        }
        self.after_a_step = {}
        for name in self.code.post:
            start, tree = self.initial[name], equations.rates.get(name)
            if tree is not None and not _reads(equations.limits[name], of_target):
                limit = equations.limits[name]
                limit = 0.0 if algebra.is_zero(limit) else self.number(limit)
                start = limit + (start - limit) * float(table_of(self.number(tree) * unit, 2)[1])
            self.after_a_step[name] = start

    def number(self, tree):
        """Return the value of a tree of parameters that do not differ between synapses."""
        with np.errstate(divide="ignore"):  # a time constant of 0 is a rate that is infinite
            return float(lang.compute(tree, self._values))

    def ids(self):
        """Return the index in the SynapseTable of each synapse of the block: it does not depend on the partitions."""
        if self._ids is None:
            order, (ids, _) = order_of(self), in_table(self)
            self._ids = np.empty(order.size, np.int32)
            self._ids[order] = ids
        return self._ids

    def _segments(self):
        start, tag = self.store.piece >> START_BITS, self.store.piece >> LENGTH_BITS & (TAGS - 1)
        return np.flatnonzero((tag == self.tag) & (start >= self.block.start) & (start < self.block.stop))

    def _look_back(self):
        delay = self.projection.dendritic_delay
        if isinstance(delay, str):
            self.dendritic, self.longest_dendritic = -1, max(0, self.longest - self.extra_step)
        else:
            self.dendritic = self.clock.units(delay, f"{self.projection.name}.dendritic_delay") if delay else 0
            self.longest_dendritic = self.dendritic

    def differing(self):
        """Return name -> array of the parameters and initial values that differ between synapses, in the block's order."""
        starts = [name for name in sorted(self.projection.plasticity.per_synapse) if name.endswith(START)]
        return self._parameters | {name: sample_parameter(self, name) for name in starts}

    def part(self, partition):
        """Return what a partition keeps, made when it is asked for first."""
        if partition.index not in self.parts:
            self.parts[partition.index] = PlasticPart(self, partition)
        return self.parts[partition.index]

    def context(self, partition):
        """Return the Context of `deliver` and `enter` in a partition."""
        return self.part(partition).context

    def calls(self, partition):
        """Return what a partition does in a step besides delivery."""
        return self.part(partition).calls()

    def clear(self, partition, step):
        """Forget all spikes of a partition, and go to a step."""
        part = self.part(partition)
        part.clear(step)
        part.begin()

    def rooms(self, partition):
        """Return how room is made in the log of spikes of the sources, and in the lists of those of the targets."""
        return self.part(partition).rooms()

    def watched(self, partition):
        """Return how a page notices that something of the rule is not a finite number."""
        from brainsim.features.plasticity.not_finite import watched

        return watched(self.part(partition))

    def reading(self, partition):
        """Return how the synapses of a partition are brought up to now."""
        return self.part(partition).reading()

    def regular(self, partition):
        """Return what homeostasis does."""
        return self._homeostat and self._homeostat.regular(self, self.reading(partition))

    def filled(self, partition):
        """Return how the tables of exponentials are filled."""
        return filled(self.rates, self._tables)

    def continuing(self, partition):
        """Return what is kept of each synapse and of spikes."""
        return self.part(partition).continuing()

    def arrays(self):
        """Return the arrays that all partitions share, as fields of their records."""
        s = self.store
        tables = {f"table_{k}": table for k, table in enumerate(self._tables)}
        segments = {"first": s.first, "piece": s.piece, "delay": s.delay}
        return tables | segments | {"scalars": self._scalars, "targets": self.block.targets, "sources": self.sources}

    @property
    def parameters(self):
        """Name -> array of the parameters that differ between synapses, in the order of the block."""
        return self._parameters

    def weights(self, columns):
        """Return the weights among columns, or the one that all synapses share."""
        return self._columns["w"] if self.shared else columns["w"]

    def read_first(self):
        """Return the weights, unless all synapses share one."""
        return None if self.shared else self._columns["w"]

    def columns(self):
        """Return name -> array of the weight and the variables of each synapse, as of its last event."""
        return {name: values for name, values in self._columns.items() if not (self.shared and name == "w")}

    def current_columns(self):
        """Return a copy of the columns that is brought up to now."""
        columns = {name: values.copy() for name, values in self.columns().items()}
        for part in self.parts.values():
            part.sweep(columns)
        if self.shared:
            columns["w"] = np.full(self.block.stop - self.block.start, self._columns["w"][0])
        return {name: values for name, values in columns.items() if name not in self.code.old}

    def traces_now(self, table):
        """Return name -> array of the traces, and the modulator, as each synapse of a SynapseTable reads them now."""
        delay = self.clock.of_delays(table.delay)
        return {name: trace_now(self, name, table.pre, table.post, delay) for name in names_of_traces(self.equations)}

    @property
    def numbers(self):
        """Name -> number of the parameters; an array, in the order of the block, of those that differ between synapses."""
        return self._values | self._parameters

    def bounds(self, values=()):
        """Return the bounds of w, None for none, in the order of the block; `values` are of what is about to be set."""
        known = self.numbers | dict(values)
        return [None if tree is None else lang.compute(tree, known) for tree in self.equations.bounds]

    @property
    def learns(self):
        """Whether the weights change."""
        return all(part.context["learning"] for part in self.parts.values())

    def settle(self):
        """Bring all synapses up to now, in place, before they are written."""
        for part in self.parts.values():
            part.sweep()
        self._written = True

    def write(self, columns, order):
        """Set weights and variables of all synapses, in the order of the SynapseTable, from now on."""
        self.settle()
        for name, values in columns.items():
            where = slice(None) if self.shared and name == "w" else order
            self._columns[name][where] = values
        for name, values in belonging(self, {*columns}, self._columns).items():
            self._columns[name][:] = values

    def next_stop(self, step):
        """Return the next step at which homeostasis acts, None if there is none."""
        self.clock.check(step)
        return self._homeostat and self._homeostat.next_stop(step)

    def after_chunk(self, chunk):
        """Let homeostasis act if it is time."""
        if self._homeostat is not None:
            self._homeostat.after_chunk(self, chunk)

    def check(self):
        """Return the Fault of the first synapse that has sent or become what is not finite, None without; forget it."""
        if all(part.context["fault"] < 0 for part in self.parts.values()):
            return None
        from brainsim.features.plasticity.not_finite import take_fault

        return first(map(take_fault, self.parts.values()))

    def set(self, values):
        """Set weights, variables, parameters of the rule, the modulator, or whether the weights change."""
        from brainsim.features.plasticity.change import change_synapses

        change_synapses(self, values)

    def check_new(self, weights, label):
        """Raise ValueError unless weights are within the bounds of the rule."""
        from brainsim.features.plasticity.change import check_bounds

        # bounds that differ between synapses are not known yet for new ones; of those that are sampled the narrowest
        bounds = self.rule.limits_of_all()
        check_bounds(weights, [None if np.ndim(bound) else bound for bound in bounds], label)

    def fit(self, extra, former, label):
        """Let the traces of the targets, which are kept as far back as dendritic delays look, fit other delays."""
        if self.longest_dendritic == former.longest_dendritic:
            return
        name, n = self.projection.name, self.targets.size
        if self.equations.modulator:
            message = "must stay, since its rule has a modulator and all of each delay is dendritic"
            raise ValueError(f"{label}: the longest delay of {name!r} {message}")
        for trace in self.code.post:
            rows = extra[f"{name}.rows.{trace}"].reshape(-1, n)
            rows = np.concatenate([np.repeat(rows[:1], max(0, self.ring - len(rows)), axis=0), rows])[-self.ring :]
            extra[f"{name}.rows.{trace}"] = rows.ravel()

    def learn(self, learning):
        """Let the weights change from now on, or not."""
        for part in self.parts.values():
            part.sweep()
            part.context["learning"] = int(learning)

    def reset(self):
        """Go back to the start, in place."""
        if self._written or any(part.context["touched"] for part in self.parts.values()):
            for name, values in initial_columns(self).items():
                self._columns[name][:] = values
        self._written = False
        take_rule(self, self.projection.plasticity)
        for part in self.parts.values():
            part.context["learning"] = 1
        if self._homeostat is not None:
            self._homeostat.reset()

    def copy(self):
        """Return an independent kind with the same synapses, of which no partition keeps anything yet."""
        new = copy.copy(self)
        new._columns = {name: values.copy() for name, values in self._columns.items()}
        new._scalars, new._values = self._scalars.copy(), dict(self._values)
        new.parts, new._written = {}, True
        new._homeostat = self._homeostat and self._homeostat.copy()
        return new

    def frozen(self):
        """Return a copy that can only be saved."""
        new = self.copy()
        new._kept = self._join()
        return new

    def saved(self):
        """Return what a saved state holds besides the columns: name -> array."""
        saved = self._join() if self._kept is None else self._kept
        return saved | ({"weight": self._columns["w"].copy()} if self.shared else {})

    def saved_by_all(self, ranks):
        """Return what `saved` returns, of all ranks, on rank 0."""
        parts = ranks.gather([saved_part(part) for part in self.parts.values()])
        kept = {} if self._homeostat is None else self._homeostat.saved_by_all(ranks)
        if parts is None:
            return {}
        saved = join([part for some in parts for part in some], self.targets) | kept | saved_parameters(self)
        return saved | ({"weight": self._columns["w"].copy()} if self.shared else {})

    def load(self, extra, label):
        """Take over what `saved` returned; the names in `extra` begin with `label`."""
        self._written = True
        if self.shared:
            self._columns["w"][:] = take_array(extra, f"{label}weight", np.dtype(np.float64), 1)
        for part in self.parts.values():
            load_part(part, extra, label)
        if self._homeostat is not None:
            self._homeostat.load(extra, label)
        load_parameters(self, extra, label)

    def _join(self):
        saved = join([saved_part(part) for part in self.parts.values()], self.targets)
        return saved | saved_parameters(self) | (self._homeostat.saved() if self._homeostat is not None else {})


def _reads(tree, names):
    return isinstance(tree, ast.AST) and bool(lang.names_in(tree) & names)
