"""Cells at rest: where a network is mostly silent, only the cells that something reaches are advanced.

In the brain of a fly with 138,639 cells, of which a few hundred fire, 25,000 are ever reached. All bits are those of a run
that visits every cell: whether a cell is at rest is tested by a step of its kernel, and quiet cells make all of their steps.
A chunk of a run begins with the state of the network and ends with it, so nothing outside of a chunk knows of this.
"""

import math

import numpy as np

from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators.arrivals import Arrivals
from brainsim.engine.operators.cell_kernels import CellKernels
from brainsim.engine.operators.emitted import Emitted
from brainsim.engine.operators.varying import Varying
from brainsim.engine.recorders.recorder import Recorder
from brainsim.features.resting.quiet import can_be_quiet
from brainsim.features.resting.stretch import Stretch
from brainsim.jit.records import Context

SHORTEST = 12  # steps of a chunk that are worth finding out who is at rest
SHORTEST_SLICE = 4  # steps, below which quiet cells gain nothing, so only cells at rest do, in networks of many cells
LONGEST_SLICE = 64  # steps, above which the table of what arrives in a slice would be large
EVENTS = 8  # numbers of events for each cell: two for each step of a slice, of the sixth of all cells with which it pays
MANY = 20_000  # cells of a partition
LONGEST_PAUSE = 256  # chunks until it is tried again
# what takes how long [ns], measured with LIF cells: a step of a cell that is visited, quiet, in a lane or driven;
# in each slice, to look at a slot, and to bring a cell into a lane and back
VISITED, QUIET, IN_LANE, DRIVEN = 0.7, 0.25, 1.2, 6.0
LOOK, MOVE = 0.6, 40.0
WORTH = 0.8  # share of the time of visiting all cells, above which all are visited


class Resting(Operator):
    """The stretches of cells in a partition that may be at rest.

    In a chunk in which most of their cells are at rest, it takes the place of delivery and of the kernels of these
    stretches. The record of its functions has

    - ``arrivals``: the record of `Arrivals`, with the synapses and the calendar;
    - ``owner``: for each place in the state to which events are added, the cell it belongs to, numbered through the
      stretches; a number beyond them for cells that are driven, and for cells of other kinds;
    - ``reached``: whether an event reaches a cell in the slice; ``listed``: the ``found[0]`` cells that are reached;
    - ``redirect``: for each of these places, where in ``lanes`` it is now, -1 if it is in the state. A target of a synapse
      has the place ``shift`` later than its own number.

    If all events go to one buffer of inputs, `slices` does most of this in another way.
    """

    def __init__(self, partition):
        self._partition, self._stretches, self._context = partition, None, None
        self.on, self._pause, self._wait, self._steps, self._reached = False, 1, 0, 0, 0.0

    @classmethod
    def build(cls, partition):
        """Return the operator, None if something in the network listens to each event or to each cell."""
        synapses = partition.synapses
        special = synapses.kinds or synapses.procedural or synapses.others is not None or synapses.store.in_ranges
        layout = partition.layout
        short = partition.progress["slice"] < SHORTEST_SLICE and layout.n_cells < MANY * layout.partitions
        if partition.operator(Arrivals) is None or special or short or partition.operator(Varying) is not None:
            return None
        return cls(partition)

    @classmethod
    def dependencies(cls, partition):
        """Return what it depends on: it reads constants, and which cells inputs act on."""
        return {"parameters", "inputs"}

    @classmethod
    def expected_bytes(cls, layout):
        """Return the bytes of slots and lanes, if there are cells that may be at rest."""
        groups = [g for g in layout.groups if g.kernel and can_be_quiet(g.system, g.members[0].step, g.kernel)]
        item, size = np.dtype(layout.dtype).itemsize, 0
        for g in groups:
            numbers = 2 * g.n_variables + g.n_receptors + 2 * len(g.kernel.arrays)
            numbers += EVENTS * bool(g.system.buffered)
            size += g.n * (item * numbers + 8 * (g.n_variables + g.n_receptors) + 53)  # 53 of whole numbers and currents
        return size

    def continue_from(self, old):
        """Keep the pause."""
        self._pause, self._wait = old._pause, old._wait

    def reset(self, step):
        """Forget where cells were."""
        if self._context is not None:
            for stretch in self._stretches:
                stretch.forget()
            self._context["redirect"][:], self._context["reached"][:-1] = -1, 0

    def take_over(self, rows):
        """Return the calls of a step, with those of delivery and of the kernels of resting cells replaced."""
        if not self.on:
            return rows
        # imported here: networks without cells at rest need not compile it
        from brainsim.features.resting import kernels, slices

        by_record = {id(stretch.cells): stretch for stretch in self._stretches}
        delivery, changed = self._partition.operator(Arrivals).calendar, []
        in_slices, records = self._stretches[0].in_slices, [stretch.context for stretch in self._stretches]
        for phase, group, function, context in rows:
            if phase == Phase.UPDATE and id(context) in by_record:
                changed.append((phase, group, kernels.step_lanes, by_record[id(context)].context))
            elif phase == Phase.ARRIVE and context is delivery and not in_slices:
                changed.append((phase, group, kernels.deliver, self._context))
            else:
                changed.append((phase, group, function, context))
        turn = [(kernels.find_reached, self._context), *((kernels.turn, record) for record in records)]
        if in_slices:
            turn = [(slices.turn, *records)]
            changed.append((Phase.ARRIVE, 0, slices.take_events, *records))
        for phase in (Phase.FILE, Phase.BEGIN_SLICE):  # at the start of a chunk nothing is filed
            changed += [(phase, 0, function, record) for function, record in turn]
        return changed

    def take_note(self):
        """Find out, before a chunk, whether it is worthwhile to leave out cells."""
        self._steps = int(self._partition.progress["stop"] - self._partition.progress["step"])
        if self._stretches is None:
            self._stretches = self._find_stretches()
        if not self._stretches:
            return
        wanted = self._steps >= SHORTEST and self._wait == 0
        self._wait = max(self._wait - 1, 0)
        on = wanted and self._is_worthwhile()
        try:
            if on:
                self._context["found"][0], self._context["turned"] = 0, -1
                for stretch in self._stretches:
                    stretch.begin()
            if self.on != on:
                self.on = on
                self._partition.program.connect()
        except BaseException:
            self.reset(0)
            raise

    def _is_worthwhile(self):
        """Return whether few enough cells move and are reached; if not, it is not tried again for some chunks."""
        found = self._pays(0, self._reached)
        if found and self._context is None:
            self._allocate()
        found = found and self._pays(sum(stretch.find_moving() for stretch in self._stretches), self._reached)
        if not found:
            self._give_up()
        return found

    def _pays(self, slots, lanes):
        """Return whether a step takes less time than visiting all cells, given how many are in slots and in lanes."""
        n, driven = (sum(sizes) for sizes in zip(*((s.n, s.driven.size) for s in self._stretches), strict=True))
        slice_ = int(self._partition.progress["slice"])
        cost = slots * (QUIET + LOOK / slice_) + lanes * (IN_LANE + MOVE / slice_) + driven * DRIVEN
        return cost < WORTH * VISITED * n

    def check(self):
        """Note how many cells were reached in a slice of the chunk; visit all for some chunks if they were too many."""
        if not self._stretches or not self._steps:
            return
        if not self.on:
            self._reached = self._expected()
            return
        slots = sum(stretch.context["count"] for stretch in self._stretches)
        driven = sum(stretch.driven.size for stretch in self._stretches)
        self._reached = sum(stretch.context["lane_steps"] for stretch in self._stretches) / self._steps - driven
        if self._pays(slots, self._reached):
            self._pause = 1
        else:
            self._give_up()

    def _expected(self):
        """Return how many cells events reach in a slice if they come by chance, by the spikes of the chunk."""
        partition, layout = self._partition, self._partition.layout
        spikes = partition.operator(Emitted).number() * layout.partitions / self._steps
        events = spikes * partition.synapses.store.targets.size / len(layout.own) / layout.n_cells
        n = sum(stretch.n for stretch in self._stretches)
        return n * -math.expm1(-events * int(partition.progress["slice"]) / n)

    def _give_up(self):
        self._wait, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)

    def _find_stretches(self):
        """Return the stretches of cells that can be at rest; none if an operator or a recorder is not known."""
        partition, layout = self._partition, self._partition.layout
        silent = [type(r).calls is Recorder.calls or type(r).__module__.startswith("brainsim.") for r in partition.recorders]
        others = [one for one in partition.program.operators if not type(one).__module__.startswith("brainsim.")]
        if others or not all(silent):
            return []
        driven, stretches = self._find_driven(), []
        for _, index, _, cells in partition.operator(CellKernels).calls():
            group, first, n = layout.groups[index], cells["first"], cells["count"]
            member = group.members[0]
            if not can_be_quiet(group.system, member.step, group.kernel):
                continue
            own = np.flatnonzero(driven[first : first + n]).astype(np.int32)
            if own.size * DRIVEN < WORTH * VISITED * n:
                stretches.append(Stretch(partition, group, cells, own))
        return stretches

    def _find_driven(self):
        """Return a flag for each cell of the network: whether an input acts on it, or it is recorded."""
        partition, layout = self._partition, self._partition.layout
        driven, state = np.zeros(layout.n_cells, bool), partition.shared.state
        for stimulus in layout.inputs:
            driven[layout.global_indices(stimulus.target)] = True
        sampled = np.zeros(state.size, bool)
        calls = [call for operator in partition.program.operators for call in operator.calls()]
        for context in (context for phase, _, _, context in calls if phase == Phase.SAMPLE):
            if context["values"] is state:
                sampled[context["places"]] = True
            elif context["values"] is partition.shared.current:
                driven[context["places"]] = True
        for group in layout.groups:
            rows = sampled[group.state_at : group.state_at + group.n_variables * group.n].reshape(-1, group.n)
            driven[group.first : group.first + group.n] |= rows.any(axis=0)
        return driven

    def _allocate(self):
        """Make room for slots and lanes."""
        partition, stretches = self._partition, self._stretches
        arrivals = partition.operator(Arrivals).calendar
        first, end, shift = self._places()
        calendar = arrivals if self._all_in_one_buffer() else None
        if calendar is not None:
            end = first  # events go to the table
        begins = np.cumsum([0, *(stretch.n for stretch in stretches)])
        room = np.cumsum([0, *(stretch.n * stretch.width for stretch in stretches)])
        nobody, lanes = int(begins[-1]), np.zeros(int(room[-1]), partition.layout.dtype)
        owner, redirect = np.full(end - first, nobody, np.int32), np.full(end - first, -1, np.int32)
        reached, listed, found = np.zeros(nobody + 1, np.uint8), np.zeros(nobody + 1, np.int32), np.zeros(1, np.int64)
        reached[nobody] = 1  # and never listed
        common = {"redirect": redirect, "reached": reached, "listed": listed, "found": found}
        for stretch, begin, at in zip(stretches, begins, room, strict=False):
            for place, _ in stretch.event_rows() if calendar is None else ():
                owner[place - first : place - first + stretch.n] = np.arange(begin, begin + stretch.n)
                owner[place - first + stretch.driven] = nobody
            stretch.allocate(lanes, int(at), int(begin), first, common, calendar)
        self._context = Context(arrivals=arrivals, owner=owner, lanes=lanes, shift=shift, **common, turned=-1)

    def _all_in_one_buffer(self):
        """Return whether all events go to one buffer of inputs, of one stretch, so that they can be added up for a slice."""
        partition, layout, rows = self._partition, self._partition.layout, self._stretches[0].event_rows()
        short = SHORTEST_SLICE <= partition.progress["slice"] <= LONGEST_SLICE
        if not short or len(self._stretches) > 1 or len(rows) != 1 or not self._stretches[0].is_buffer(rows[0][1]):
            return False
        begin, end = rows[0][0], rows[0][0] + self._stretches[0].n
        uses = [use for projection in layout.network.projections for use in projection.receptors]
        reached = [[int(many[partition.number]) for many in layout.reached(view, synapse)] for view, synapse in uses]
        return all(begin <= low and high < end for count, low, high in reached if count)

    def _places(self):
        """Return the first and the end of the places of events in this partition, and how far a target is from the first."""
        partition, layout = self._partition, self._partition.layout
        base = int(partition.synapses.store.base[partition.index])
        uses = [use for projection in layout.network.projections for use in projection.receptors]
        high = [int(layout.reached(view, synapse)[2][partition.number]) + 1 for view, synapse in uses]
        rows = [(place, place + stretch.n) for stretch in self._stretches for place, _ in stretch.event_rows()]
        first = min([base, *(start for start, _ in rows)])
        return first, max([base, *high, *(stop for _, stop in rows)]), base - first
