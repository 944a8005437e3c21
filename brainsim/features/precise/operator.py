"""Exact spike times: the events of a step reach each cell in the order of their times, and spikes carry theirs with them.

`Precise` takes the place of delivery for the whole run. The kernels of the cells (`equations.precise`) read from its record

- ``head``, ``tail``: of each cell of the network, the first and the last of the events that reach it in this step, -1 if
  there are none; ``following``, ``lag``, ``receptor``, ``weight``: of each event, the next one of its cell, how long before
  the end of the step it arrives [ms], and how it acts;
- ``free``: how long before the end of a step the refractory time of each cell ends [ms], in the last of its steps;
- ``synapse``, ``entry``: of each event, if functions of kinds of synapses are called, its synapse, -1 if it is of another
  kind, and what the kind has noted of the spike; ``plastic``: the record for these (see `precise.plastic`);
- ``number``: how many events there are in this step; ``due_events``: the most that are due in any step of this slice;
- ``work``: room for a cell; ``fault``: 0, or TWICE or STIFF if a cell fired twice in one step, or needed too many parts of
  one; ``fault_cell``, ``fault_step``: the first such cell, and the end of this step.
"""

import numpy as np

from brainsim.core.checks import option
from brainsim.engine.loop.faults import FaultNumber, Watch, noted
from brainsim.engine.loop.program import EVENTS_FULL, Operator, Phase
from brainsim.engine.loop.room import Room, as_needed
from brainsim.engine.operators.arrivals import Arrivals
from brainsim.engine.operators.cell_kernels import CellKernels
from brainsim.features.precise.equations.frame import MOST_PARTS, STIFF, TWICE
from brainsim.jit.records import Context

FIRST_EVENTS = 1024  # room for events of a step at first
OF_CELLS = ("state", "arrays", "scalars", "refractory", "current", "flags", "stride", "first", "count")  # what kernels read
FREE = "end of refractoriness"  # in `State.extra`


class Precise(Operator):
    """The events of a partition that arrive within a step, and what its cells need between the points of the grid."""

    def __init__(self, partition):
        layout, common = partition.layout, partition.shared.common
        self._partition, arrivals = partition, partition.operator(Arrivals)
        if "free" not in common:  # each partition reads and writes those of its own cells
            common["free"] = np.zeros(layout.n_cells)
            common["head"], common["tail"] = (np.full(layout.n_cells, -1, np.int32) for _ in range(2))
            common["owner"], common["receptor"] = _addresses(layout)
        self._own = np.concatenate([np.arange(start, stop) for start, stop in layout.owned(partition.number)])
        most = max((len(g.system.variables) for g in layout.groups if g.kernel), default=0)
        fields = {} if arrivals is None else {"calendar": arrivals.calendar, "base": _base(partition)}
        if arrivals is not None and arrivals.kinds:
            from brainsim.features.precise.called_kinds import plastic_fields

            fields |= plastic_fields(partition, arrivals)
        self._called = "plastic" in fields
        self._context = Context(
            head=common["head"],
            tail=common["tail"],
            free=common["free"],
            owner=common["owner"],
            receptor_of=common["receptor"],
            **self._room(FIRST_EVENTS),
            order=np.zeros(2 * FIRST_EVENTS, np.int64),
            work=np.zeros(8 * most),
            number=0,
            due_events=0,
            most_events=0,
            most_segments=0,
            step=0,
            fault=0,
            fault_cell=0,
            fault_step=0,
            **fields,
        )

    @classmethod
    def build(cls, partition):
        """Return the operator: every partition has one."""
        return cls(partition)

    @property
    def events(self):
        """The Context of the events of a step."""
        return self._context

    def calls(self):
        """Return the calls that check for room before a slice, and that hand out what arrives in a step."""
        # imported here: nothing of it is compiled or loaded by other networks
        from brainsim.features.precise.kernels import hand_out, has_room

        return [(Phase.BEGIN_SLICE, 0, has_room, self._context), (Phase.BEFORE_UPDATE, 0, hand_out, self._context)]

    @classmethod
    def expected_bytes(cls, layout):
        """Return the bytes of what belongs to cells and to places of events."""
        return 16 * layout.n_cells + 6 * layout.n_numbers

    def take_over(self, rows):
        """Return the calls of a step: kernels know of the events of their cells, and nothing is delivered besides."""
        arrivals = self._partition.operator(Arrivals)
        delivery = None if arrivals is None else arrivals.calendar
        kernels, changed = {id(row[-1]) for row in self._partition.operator(CellKernels).calls()}, []
        for phase, group, function, context in rows:
            if id(context) in kernels:
                context = Context(**{name: context[name] for name in OF_CELLS}, events=self._context)
            if phase != Phase.ARRIVE or context is not delivery:
                changed.append((phase, group, function, context))
        return changed

    def reset(self, step):
        """Forget the events of the step that was interrupted."""
        self._context["head"][self._own], self._context["free"][self._own] = -1, 0.0
        self._context["fault"] = 0

    def rooms(self):
        """Return how room is made for the events of a step, and for the segments that are sorted."""
        c = self._context
        lists = {"array": (c, "lag"), "number": 0, "more": (c, "most_events")}
        halves = {"array": (c, "order"), "number": 0, "more": (c, "most_segments"), "each": 2}
        return [
            Room(EVENTS_FULL, tuple((c, name) for name in self._room(0)), before=as_needed, arguments=lists | {"each": 1}),
            Room(EVENTS_FULL, ((c, "order"),), before=as_needed, arguments=halves),
        ]

    def continuing(self):
        """Return the record: all of it that changes in a run belongs to the state."""
        return [(self._context, self._context.kind.names)]

    def _room(self, events):
        """Return empty lists of events as fields of a record."""
        kinds = {"following": np.int32, "lag": np.float64, "receptor": np.int16, "weight": np.float64}
        kinds |= {"synapse": np.int64, "entry": np.int64} if self._called else {}
        return {name: np.zeros(max(events, FIRST_EVENTS), kind) for name, kind in kinds.items()}

    def check(self):
        """Return the Fault of the first cell that fired twice in one step, or needed too many parts of one; None without."""
        return noted(self.watched()) if self._context["fault"] else None

    def watched(self):
        """Return how Python and a page notice a cell that fired twice in one step, or needed too many parts of one."""
        layout = self._partition.layout
        cell = FaultNumber("fault_cell", parts=tuple((member.first, repr(name)) for name, member in layout.members.items()))
        which, before = ("cell ", cell), ("before t = ", FaultNumber("fault_step", layout.dt))
        texts = {
            STIFF: (
                f"{option('precise')}: ",
                *which,
                f" changes so fast that a step of {layout.dt:g} ms needs more than {MOST_PARTS:,} parts, ",
                *before,
                " ms; check its parameters and the weights onto it",
            ),
            TWICE: (
                f"{option('dt')}: ",
                *which,
                f" fires twice within dt = {layout.dt:g} ms, ",
                *before,
                " ms, but precise=True has one spike of a cell in each step; take a smaller dt, or a longer refractory time",
            ),
        }
        when, where = FaultNumber("fault_step", 2, -1), (FaultNumber("fault_cell"),)
        return [Watch(self._context, "fault", text, when, where, 0, fault) for fault, text in texts.items()]

    def saved(self):
        """Return when cells stop being refractory."""
        return {FREE: (self._own, self._context["free"][self._own])}

    def load(self, values):
        """Take over what `saved` returned."""
        self._context["free"][self._own] = values[FREE][self._own]


def _base(partition):
    return int(partition.synapses.store.base[partition.index])


def _addresses(layout):
    """Return of each place in the state to which events are added the cell it belongs to, and the index of the receptor."""
    owner, receptor = np.full(layout.n_numbers, -1, np.int32), np.zeros(layout.n_numbers, np.int16)
    for view, synapse in {use for projection in layout.network.projections for use in projection.receptors}:
        for population, _ in view.parts:
            member = layout.members[population.name]
            places, _ = layout.input_places(population, synapse)
            owner[places] = member.first + np.arange(member.n)
            receptor[places] = layout.receptor(population.name, synapse)[0]
    return owner, receptor
