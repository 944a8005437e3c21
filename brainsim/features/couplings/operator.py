"""Couplings: in each step, cells act on others through their variables, without spikes.

After a step, each partition leaves what its cells give in a ring that all partitions read. When a point of time is
completed, each adds up what is due for its own targets, in the variable ``total`` of their receptor, which the kernel of the
cells reads. A row of the ring is overwritten only when nobody can read it any more. Without a delay, a row is read right
after it was written, so partitions wait for each other in each step; else they wait for each other as they do for spikes.
Each rank of an MPI run has a ring, and what its cells gave in a slice travels to the others with their spikes.
"""

import numpy as np

from brainsim.build.own import index_here
from brainsim.engine.loop.program import MAX_SLICE, Operator, Phase
from brainsim.equations.expressions import language as lang
from brainsim.equations.system import prefix_of
from brainsim.features.couplings.equations import TOTAL
from brainsim.features.couplings.pairs import Everybody, Signal, given_in_a_step, longest_delay, shortest_delay
from brainsim.jit.records import Context, call

NOW = {1: (1.0, 0.0), 2: (1.5, -0.5)}  # of what is given at the end of a step, and at its start, by the order
DELAYED = {1: (1.0, 0.0), 2: (0.5, 0.5)}


class Couplings(Operator):
    """The couplings of the cells of a partition."""

    def __init__(self, partition):
        # imported here: without couplings nothing of it has to be compiled
        from brainsim.features.couplings import sums, text

        self._partition, shared = partition, partition.shared
        self._built = built = partition.synapses.others
        self._sums, self._text = sums, text
        depth = built.longest + int(partition.progress["slice"]) + 2
        if "couplings" not in shared.common:
            shared.common["couplings"] = np.zeros((depth, built.width))
            shared.exchange.carry(shared.common["couplings"], built.stretches)
        self._ring = shared.common["couplings"]
        self._given = {"ring": self._ring.reshape(-1), "depth": depth, "width": built.width}
        self._givers = [
            s for s in (_Signal(partition, signal, self._given, text) for signal in built.signals.values()) if s.n
        ]
        gather = self._clear(built)
        self._learners, self._learn = [kind for kind in partition.synapses.kinds if not kind.called], []
        self._watched = []
        known = {}
        for some in built.sums:
            gather += self._everybody(some, known) if isinstance(some, Everybody) else self._pairs(some)
        self._gather = gather
        calls = [(Phase.EMITTED, 0, function, c) for s in self._givers for function, c in s.calls(sums.publish)]
        calls += [(Phase.BEFORE_UPDATE, 0, function, context) for function, context in self._learn]
        super().__init__([*calls, *((Phase.ARRIVE, 0, function, context) for function, context in gather)])

    @classmethod
    def build(cls, partition):
        """Return the operator, or None if the network has no couplings."""
        return cls(partition) if partition.synapses.others is not None else None

    @classmethod
    def max_slice(cls, layout):
        """Return the shortest delay, and 1 if a coupling acts at once."""
        delays = [shortest_delay(p, layout.dt) for p in layout.network.projections if p.is_coupling]
        return max(1, min([MAX_SLICE, *delays]))

    @classmethod
    def expected_bytes(cls, layout):
        """Return the bytes of the ring, and on ranks of the messages."""
        slice_ = cls.max_slice(layout) * (1 if layout.ranks.size == 1 else 3)
        longest = [longest_delay(p, layout.dt) for p in layout.network.projections if p.is_coupling]
        return 8.0 * given_in_a_step(layout.network) * (max(longest, default=0) + slice_ + 2)

    def _clear(self, built):
        """Return what sets the sums of all targets to 0."""
        cleared = {}
        for some in built.sums:
            for population, _ in some.view.parts:
                total = self._variable(population.name, some.coupling, TOTAL)
                if total.size:
                    cleared[population.name, some.coupling] = (self._sums.clear, Context(total=total))
        return list(cleared.values())

    def _variable(self, population, coupling, name):
        layout = self._partition.layout
        member = layout.members[population]
        label = member.labels[member.synapses.index(coupling)]
        return self._partition.variable(population, f"{label}.{name}")[0]

    def _mine(self, some):
        """Return which of the targets are here, and the places of their sums in the state."""
        places, parts = self._partition.layout.input_places(some.view, some.coupling)
        here = np.flatnonzero(index_here(self._partition.layout, parts) == self._partition.index)
        return here, places[here].astype(np.int64)

    def _everybody(self, some, known):
        """Return what computes one sum, unless another projection has it, and gives it to the targets."""
        mine, places = self._mine(some)
        if not mine.size:
            return []
        key, calls = (some.columns.tobytes(), some.delay), []
        if key not in known:
            known[key] = np.zeros(1)
            context = Context(**self._given, columns=some.columns, delay=some.delay, value=known[key])
            calls.append((self._sums.add_all, context))
        state, own = self._partition.shared.state, some.own[mine].astype(np.int64)
        given = {"weight": some.weight, "value": known[key]}
        if own.max() < 0 and np.all(np.diff(places) == 1):
            return [*calls, (self._sums.give_to_range, Context(**given, total=state[places[0] : places[-1] + 1]))]
        context = Context(**self._given, **given, state=state, places=places, own=own, delay=some.delay)
        return [*calls, (self._sums.give_to_all, context)]

    def _pairs(self, some):
        """Return what adds up the pairs of each target that has any."""
        mine, places = self._mine(some)
        has = some.first[mine + 1] > some.first[mine]
        mine, places = mine[has], places[has]
        if not mine.size:
            return []
        coupling, fields, function, learn = some.coupling, {"weights": some.weights}, self._sums.add_pairs, None
        if some.projection is not None:
            function, learn, fields = self._learning(some, mine)
        elif coupling.of_pair is not None:
            names = lang.names_in(coupling.of_pair)
            function = self._text.add_function(coupling)
            fields |= {"side": some.side, **self._text.numbers_of(names, coupling)}
            read = enumerate(coupling.read_of_target)
            fields |= {f"cells{k}": self._places(some.view, name)[mine] for k, name in read}
        context = Context(
            **self._given,
            state=self._partition.shared.state,
            places=places,
            rows=mine.astype(np.int64),
            first=some.first,
            source=some.source,
            weight=some.weight,
            delay=some.delay,
            delays=some.delays,
            **fields,
        )
        if learn is not None:
            self._learn.append((learn, context))
            self._watched.append(self._partition.synapses.kind_of(some.projection).watch(context))
        return [(function, context)]

    def _learning(self, some, mine):
        """Return what adds up pairs whose weights a rule changes, what lets them change, and the fields for both."""
        kind, order = self._partition.synapses.kind_of(some.projection), some.coupling.order
        add, learn = self._text.learning_functions(kind.rule, order)
        fields = {"weights": kind.weights, "own": kind.own[mine], "dt": self._partition.layout.dt, "pace": kind.pace}
        fields["fault"] = kind.faults[self._partition.index]
        fields |= {f"trace{k}": values for k, values in enumerate(kind.traces.values())}
        return add, learn, fields | self._text.numbers_of(kind.rule.rate_equations.names, kind.rule)

    def _places(self, view, variable):
        """Return the place of a variable of each cell of a view."""
        return self._partition.layout.state_places(view, variable, "Couplings")

    def watched(self):
        """Return how a page notices weights that are not finite."""
        return self._watched

    def before_chunk(self):
        """Return what leaves what the cells give, and what adds it up."""
        return [c for s in self._givers for c in s.calls(self._sums.announce)], self._gather

    def continuing(self):
        """Return what was given."""
        return [(signal.context, ("ring", "fresh", "last")) for signal in self._givers]

    def announce(self):
        """Leave what the cells give for others before a chunk begins."""
        self._call(self.before_chunk()[0])
        p, row = self._partition.progress, self._partition.progress["step"] % len(self._ring)
        self._tell_ranks(self._ring if p["completed"] < p["step"] else self._ring[row : row + 1])

    def take_note(self):
        """Add up what all cells give before a chunk begins."""
        for kind in self._learners:
            kind.touched = True
        self._call(self._gather)

    def _tell_ranks(self, rows):
        """Tell other ranks what the cells of this partition gave, in some rows of the ring, and learn what theirs gave."""
        layout, index = self._partition.layout, self._partition.index
        if layout.ranks.size == 1:
            return
        # that of each rank with the same index
        partitions = range(index, layout.partitions, len(layout.own))
        columns = [self._built.columns(number) for number in partitions]
        given = layout.ranks.everywhere(rows[:, columns[layout.ranks.rank]].reshape(-1))
        for some, values in zip(columns, given, strict=True):
            rows[:, some] = values.reshape(len(rows), some.size)

    def _call(self, calls):
        progress = self._partition.progress
        for function, context in calls:
            call(function.address(context.kind, progress.kind), context.address, progress.address)

    def saved(self):
        """Return what cannot be computed from the variables again: what was given before, by how many steps ago."""
        found, step = {}, self._partition.progress["step"]
        for signal in self._givers:
            for ago in signal.kept:
                found[signal.past(ago)] = signal.gids, signal.row(step - ago).copy()
            if signal.extrapolated:  # the user may have written to the state, and may take it back
                found[signal.past(Signal.LAST)] = signal.gids, signal.last.copy()
        return found

    def load(self, values):
        """Take over what was given before."""
        step = self._partition.progress["step"]
        for signal in self._givers:
            for ago in signal.kept:
                signal.row(step - ago)[:] = values[signal.past(ago)][signal.gids]
        self._call([c for s in self._givers for c in s.calls(self._sums.remember)])
        for signal in self._givers:
            if signal.extrapolated:
                signal.last[:] = values[signal.past(Signal.LAST)][signal.gids]
        self._tell_ranks(self._ring)


class _Signal:
    """What those of the cells of a population give that are in a partition; see `pairs.Signal`."""

    def __init__(self, partition, signal, given, text):
        layout, coupling, population = partition.layout, signal.coupling, signal.population
        member, names = layout.members[population], text.variables_in(coupling)
        # variables of the gate hide others of the same name
        gate = coupling.gate_side()
        own = gate.variables if gate.receptor_equations is not None else ()
        index = member.synapses.index(gate) if own else 0
        called = [f"{member.labels[index]}.{name}" if name in own else name for name in names]
        of_system = {prefix_of(index) + name if name in own else name for name in names}
        rows = [partition.variable(population, name) for name in called]
        first = rows[0][1] if rows else 0
        self.n, self.kept, self.past, self._compute = (rows[0][0].size if rows else 0), signal.kept, signal.past, []
        self.gids, self.last = member.first + first + np.arange(self.n), np.zeros(self.n)
        self.extrapolated = signal.extrapolated
        if not self.n:
            return
        fresh = rows[0][0]
        if not (len(names) == 1 and getattr(coupling.given, "id", None) == names[0]):
            fresh = np.zeros(self.n)
            numbers = text.numbers_of(lang.names_in(coupling.given), coupling)
            variables = {f"row{k}": row for k, (row, _) in enumerate(rows)}
            self._compute = [(text.give_function(coupling), Context(fresh=fresh, **variables, **numbers))]
        now, before = (DELAYED if signal.delayed else NOW)[coupling.order]
        at = signal.column + first
        jumps = bool({name for name, _ in member.system.reset} & of_system) and coupling.order == 2
        self.context = Context(
            **given,
            fresh=fresh,
            last=self.last,
            column=at,
            first=member.first + first,
            now=now,
            before=before,
            shift=signal.shift,
            jumps=int(jumps),
        )

    def calls(self, function):
        """Return the calls that compute what is given now, and then that of a function."""
        return [*self._compute, (function, self.context)]

    def row(self, step):
        """Return what was given at a step, as a view."""
        c = self.context
        at = (step % c["depth"]) * c["width"] + c["column"]
        return c["ring"][at : at + self.n]
