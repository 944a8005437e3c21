"""A step as a table of operators: what a partition does, in which phase, by which compiled function, with which record.

The time loop (`brainsim.engine.loop.driver`) knows only the phases. An *operator* is one idea, in one file: it makes the
records that its compiled functions work on, and states in which phases they are called. What a network does not use is
neither compiled nor loaded.
"""

from enum import IntEnum

import numpy as np

from brainsim.core.hooks import reject_misspelled
from brainsim.engine.loop.faults import first
from brainsim.engine.loop.room import make_all
from brainsim.jit.records import Context


class Phase(IntEnum):
    """The phases of a step, in their order.

    The first four complete a point of time, the others advance from it to the next one.
    """

    FILE = 0  # after the last step of a slice: file the spikes of all partitions for the cells of this one
    AFTER_UPDATE = 1  # add to the state at the point that was just reached
    ARRIVE = 2  # deliver the events that are due
    SAMPLE = 3  # record state variables
    BEGIN_SLICE = 4  # make sure that there is room for the spikes of a slice
    BEFORE_UPDATE = 5  # set or add to the inputs that the cells read
    UPDATE = 6  # advance the cells of a group by one step, and emit spikes
    EMITTED = 7  # the spikes of the step are known
    EXCHANGE = 8  # after the last step of a slice: pass the spikes to the other partitions


MAX_SLICE = 64  # steps: a slice must end also without connections

# what an operator returns, and `run_partition` with it when it has to come back to Python
CONTINUE, CALENDAR_FULL, POOL_FULL, SPIKES_FULL, ABANDONED, EXCHANGED, LOG_FULL, LISTS_FULL, EVENTS_FULL = range(9)

# one row per call: the phase, the group of cells with which it is called, the machine code, the record, and the time spent
CALL = np.dtype([("phase", "i8"), ("group", "i8"), ("address", "i8"), ("context", "i8"), ("ticks", "i8")])

# parts of the profile of a run
PARTS = ("update", "drive", "delivery", "routing", "waiting", "rest")
PART_OF = {
    Phase.FILE: "routing",
    Phase.AFTER_UPDATE: "drive",
    Phase.ARRIVE: "delivery",
    Phase.BEFORE_UPDATE: "drive",
    Phase.UPDATE: "update",
    Phase.EXCHANGE: "waiting",
}


class Operator:
    """One idea of a step. Subclass it, and register it with `operators.registry.register_operator`.

    Attributes
    ----------
    depends_on : str
        What it is built from that `Simulation.set` may change: "parameters", "inputs" or "" for neither.
    inputs : tuple of type
        The classes of inputs on which it acts. An input on which no operator acts is refused when a simulation is made.

    Parameters
    ----------
    calls : list
        What the method `calls` returns, unless a subclass has another one.
    signals : sequence of Signal
        Values over time that `check` looks at.
    """

    depends_on = ""
    inputs: tuple[type, ...] = ()
    _calls = _signals = ()  # of a subclass that does not call `__init__`

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        reject_misspelled(cls, Operator)

    def __init__(self, calls=(), signals=()):
        self._calls, self._signals = calls, signals

    @classmethod
    def own_inputs(cls, layout):
        """Return the inputs of a network on which it acts, each with its target and name."""
        return [stimulus for stimulus in layout.inputs if isinstance(stimulus.input, cls.inputs)]

    @classmethod
    def build(cls, partition):
        """Return an operator for a `Partition`, or None if the network does not need it there.

        An operator that acts on inputs is made with the partition and its inputs, unless a subclass makes it differently.
        """
        inputs = cls.own_inputs(partition.layout)
        return cls(partition, inputs) if inputs else None

    @classmethod
    def dependencies(cls, partition):
        """Return `depends_on` as a set."""
        return {cls.depends_on}

    def calls(self):
        """Return a list of (phase, group, function made by `by_address`, Context): what is called, and with which record."""
        return self._calls

    def take_over(self, rows):
        """Return the calls of all operators, of which it may have replaced some."""
        return rows

    def reset(self, step):
        """Forget what is under way and go to `step`."""

    def rooms(self):
        """Return a list of `engine.loop.room.Room`: how room is made when a function returns a status that is not 0."""
        return []

    def make_room(self, status):
        """Make room after a function returned `status`, which is not 0; return whether that was possible."""
        return make_all(self.rooms(), status)

    def continuing(self):
        """Return (Context, names of fields) of what changes from step to step, and stays when a parameter or input is set.

        An operator that is built again takes it over in `continue_from`. Of an array of records, ``"rows.field"`` is one.
        """
        return []

    def filled(self):
        """Return a list of (function, Context): a page calls them when it begins, and lacks the arrays of the records.

        These depend on nothing that changes.
        """
        return []

    def before_chunk(self):
        """Return what `announce` calls and what `take_note` calls: two lists of (function, Context)."""
        return [], []

    def announce(self):
        """Show other partitions what the state holds, before a chunk: the user may have written to it."""

    def take_note(self):
        """Take over what other partitions show, before a chunk, after all have announced it."""

    def check(self):
        """Return the Fault that came first in the chunk that has just been run, None if nothing went wrong."""
        return first(signal.check() for signal in self._signals)

    def watched(self):
        """Return a list of `engine.loop.faults.Watch`: how a page notices what `check` would find."""
        return [watch for signal in self._signals for watch in signal.watched()]

    def continue_from(self, old):
        """Take over what `old` knows, the operator in whose place this one is built between two runs."""

    @classmethod
    def max_slice(cls, layout):
        """Return how many steps the partitions may run without an exchange of spikes; MAX_SLICE if it does not matter."""
        return MAX_SLICE

    @classmethod
    def expected_bytes(cls, layout):
        """Return how many bytes it will need in all partitions, for the estimate of memory."""
        return 0

    @classmethod
    def observed(cls, partition, stimulus):
        """Return what a `Trace` of one of its inputs samples, an `operators.signals.Observed`.

        None, as here, means the field that `Input.observed` names: a number, an array, a text or a TimedArray.
        """
        return

    def saved(self):
        """Return what a saved state must contain: name -> (global indices of the cells here, a value for each).

        The name is unique among operators. What follows from the description and the step is left out.
        """
        return {}

    def load(self, values):
        """Take over what `saved` returned: name -> array with a value for each cell of the network."""


class Program:
    """The operators of a partition, in the order in which they are called within a phase, and the table of their calls."""

    def __init__(self, partition, operators):
        self._partition, self._classes, self.built = partition, operators, partition.built
        self.calls, self._spent = np.zeros(0, CALL), dict.fromkeys(PARTS, 0)
        for cls in operators:
            self.built[cls] = cls.build(partition)
        self.connect()

    def rebuild(self, *what):
        """Rebuild the operators that depend on the "parameters" or the "inputs" of the network."""
        for cls in self._classes:
            if cls.dependencies(self._partition) & {*what}:
                old, new = self.built[cls], cls.build(self._partition)
                if old is not None and new is not None:
                    new.continue_from(old)
                self.built[cls] = new
        if what:
            self.connect()

    def connect(self):
        """Fill the table of calls with the addresses of functions and records as they are now."""
        self._spent = self.ticks()
        self.operators = [operator for operator in self.built.values() if operator is not None]
        self.keepers = [operator for operator in self.operators if type(operator).saved is not Operator.saved]
        rows = [row for operator in self.operators for row in operator.calls()]
        for operator in self.operators:
            rows = operator.take_over(rows)
        rows.sort(key=lambda row: row[:2])  # stable: within a phase and a group in the order of the operators
        kind = self._partition.progress.kind
        self.contexts = [context for *_, context in rows]
        self.calls = np.zeros(len(rows), CALL)
        for call, (phase, group, function, context) in zip(self.calls, rows, strict=True):
            call["phase"], call["group"] = phase, group
            call["address"], call["context"] = function.address(context.kind, kind), context.address
        self.first = np.searchsorted(self.calls["phase"], np.arange(len(Phase) + 1)).astype(np.int64)

    def make_room(self, status):
        """Let the operator that returned `status` make room; return whether that was possible."""
        return any(operator.make_room(status) for operator in self.operators)

    def check(self):
        """Return the first Fault of each operator in the chunk that has just been run, or None."""
        return [operator.check() for operator in self.operators]

    def forget_ticks(self):
        """Start to measure again."""
        self.calls["ticks"], self._spent = 0, dict.fromkeys(PARTS, 0)

    def ticks(self):
        """Return part of the work -> ticks of the clock, since they were forgotten."""
        spent = dict(self._spent)
        for call in self.calls:
            spent[PART_OF.get(call["phase"], "rest")] += int(call["ticks"])
        return spent


def new_progress(partition, partitions, groups, slice_steps, spikes, ends, **more):
    """Return the record of how far a partition has come; everything else in a run is reached from it.

    `partition` and `partitions` are its index in this process and how many there are in it. `slice_steps` is at most the
    shortest delay. `spikes` and `ends` have room for two slices: the spikes, and where those of each step and group end
    (int32). `more` are further columns of the list of spikes.
    """
    return Context(
        step=0,  # the last point of time that was reached
        stop=0,
        completed=0,  # the last point of time that is completed
        resume=0,  # the call with which an interrupted phase resumes
        parity=0,  # which of the two slices is being written
        slice_start=0,
        slice_steps=0,
        left=0,  # steps of the slice that are still to be done
        total=0,  # spikes of the slice so far
        emitted=0,  # spikes of the slice before this step
        filed=0,  # spikes of the slice that are filed
        generation=0,  # slices so far
        profiled=0,
        partition=partition,
        partitions=partitions,
        groups=groups,
        slice=slice_steps,
        capacity=spikes.size // 2,
        ends_capacity=ends.size // 2,
        spikes=spikes,
        ends=ends,
        clock=np.zeros(3, np.int64),
        **more,
    )
