"""What a kind of synapses is.

Synapses with a weight each, with one weight for all, those onto ranges of targets, and procedural ones are compiled into the
delivery loop: calling them by address would cost 2 ns a segment, and most segments are a few synapses long. Other kinds are
registered with `registry.register_kind`, and their function is called for each segment.
"""

import copy

import numpy as np

from brainsim.core.hooks import reject_misspelled
from brainsim.engine.loop.program import MAX_SLICE
from brainsim.engine.synapses.segments import LENGTH_BITS, START_BITS, TAGS
from brainsim.jit.decorators import helper
from brainsim.jit.records import ByAddress

# tags of segments; from CALLED on the function of the kind is called
PER_SYNAPSE, SHARED, RANGE, PROCEDURAL, PROCEDURAL_SHARED, CALLED = range(6)


def in_block(piece, start, stop):
    """Return which segments have their synapses in a part of the store; a range says where its targets are in the state."""
    begin = piece >> START_BITS
    return (begin >= start) & (begin < stop) & ((piece >> LENGTH_BITS) & (TAGS - 1) != RANGE)


class SynapseKind:
    """A kind of synapses. Subclass it, and register it with `register_kind`.

    There is one object for each projection of the kind, which owns what is kept of its synapses. The engine asks a kind
    what it does and knows no kind by name: a kind says whether its weights change, which calls of a step it needs, what can
    be set, and what becomes of it if synapses are added or removed.

    Attributes
    ----------
    called : bool
        Whether the function `deliver` of the kind is called; then there is an object for each projection of the kind.
    deliver : ByAddress
        Called for each segment that is due, with the record of `context` and that of the segment: ``start``, ``length``
        (within the synapses of the projection), ``weight`` (that they share), ``step``, ``base``, and ``entry``, which
        `enter` returned when the spike was filed.
    enter : ByAddress or None
        Called with the same records when a spike is filed, with its ``source`` and ``step``; returns a number >= 0 that goes
        to `deliver`, -2 if the kind has nothing to deliver, since the source has no synapses of it or the spike was sent too
        long ago to be known, or -3 if there is no room, see `rooms`.
    exact : bool
        Whether the kind can do with exact spike times. The record of the segment then has a ``lag`` [ms], by which a spike
        comes before the end of ``step``. It is the segment of one synapse, and `deliver` leaves what the synapse sends in
        ``weight``: it is called when the target has got to this moment within its step.
    fired : ByAddress or None
        Called with the same records, if times are exact, when a cell has fired, ``source``, at that moment.
    storage : str or None
        What ``Network.connect(storage=)`` calls the kind, None if it is not asked for by name.
    keeps_weights : bool
        Whether it keeps a weight for each synapse, which `current_columns` returns as ``"w"``. The store then forgets the
        ``weights`` of its block, 4 bytes a synapse, once the objects of all kinds are made.
    changes_weights : bool
        Whether weights, or other columns, change in a run; then `Simulation.set` calls `set`.
    described : bool
        Whether weights are read from the description of the network alone, so that `Simulation.set` may change them there.
    only_if_set : str
        How the names begin, within `saved`, of what a state holds only if `Simulation.set` has changed it; "" for nothing.
    reader : type or None
        How some of the synapses are read as of now, a class derived from `readback.Selected`; None for that one.
    tag : int
        Set by `register_kind`.
    """

    called = True
    exact = False
    fired: ByAddress | None = None
    storage: str | None = None
    keeps_weights = False
    changes_weights = False
    described = False
    only_if_set = ""
    reader: type | None = None
    deliver: ByAddress | None = None
    enter: ByAddress | None = None
    tag: int | None = None

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        reject_misspelled(cls, SynapseKind)

    @classmethod
    def takes(cls, projection):
        """Return whether the synapses of a Projection are of this kind; by default those that ask for its `storage`."""
        return cls.storage is not None and projection.storage == cls.storage

    def __init__(self, block):
        self.block = block

    def context(self, partition):
        """Return the Context of `deliver` in a partition."""
        raise NotImplementedError

    @classmethod
    def units(cls, projection):
        """Return name -> unit of what a WeightTrace of a Projection can record, nothing if nothing changes."""
        return {}

    def columns(self):
        """Return name -> array of what is kept of each synapse besides target and weight, in the order of the store."""
        return {}

    @property
    def nbytes(self):
        """Bytes of what is kept of each synapse besides target and weight."""
        return sum(values.nbytes for values in self.columns().values())

    def traces_now(self, table):
        """Return name -> array of what the synapses in a SynapseTable share with others, as each of them reads it now."""
        return {}

    def calls(self, partition):
        """Return the calls of a step in a partition besides delivery, as `Operator.calls` does."""
        return []

    @classmethod
    def max_slice(cls, projection, dt):
        """Return how many steps partitions may run without an exchange of spikes, on account of a Projection."""
        return MAX_SLICE

    def clear(self, partition, step):
        """Forget the spikes that a partition has noted, and go to `step`."""

    def rooms(self, partition):
        """Return how room is made after `enter` returned that there is none (LOG_FULL), or one of `calls` another status.

        These are `engine.loop.room.Room`, as `Operator.rooms` returns them.
        """
        return []

    def watched(self, partition):
        """Return how a page notices what `check` would find, as `Operator.watched` does."""
        return []

    def reading(self, partition):
        """Return how columns that lag behind are brought up to now, as a `Reading`; None if none do."""
        return

    def filled(self, partition):
        """Return (function, Context) of tables that a page fills, as `Operator.filled` does."""
        return []

    def regular(self, partition):
        """Return what happens at the ends of some chunks, as a `Regular`; None if nothing does."""
        return

    def make_room(self, partition, status):
        """Make room in another way than `rooms` says."""

    def continuing(self, partition):
        """Return (Context, names of fields) of what changes from step to step, as `Operator.continuing` does."""
        return []

    def next_stop(self, step):
        """Return the next step after `step` at which a chunk must end, None if it does not matter."""
        return

    def after_chunk(self, chunk):
        """Take note of a Chunk of a run, which has ended."""

    def check(self):
        """Return the Fault that came first in the chunk that has just been run, None if nothing went wrong; forget it."""
        return

    def reset(self):
        """Go back to the start, in place: delivery uses the addresses of the arrays."""

    def read_first(self):
        """Return the array of the block that `deliver` reads first, which is then prefetched; None, as here, for none."""

    def current_columns(self):
        """Return the columns with everything applied that has happened up to now."""
        return self.columns()

    def settle(self):
        """Apply to the columns everything that has happened up to now, in place, before they are written."""

    def set(self, values):
        """Set columns, name -> number or array in the order of the SynapseTable, from now on."""
        raise NotImplementedError

    def check_new(self, weights, label):
        """Raise ValueError unless synapses with these weights can be added."""

    def differing(self):
        """Return name -> array of what the description gives each synapse besides its weight, in the order of the block."""
        return {}

    def fit(self, extra, former, label):
        """Let `extra`, arrays of a state by name, fit this kind after its synapses were `former`; columns fit already."""

    def saved(self):
        """Return what a saved state holds besides the columns: name -> array; it must not depend on the partitions."""
        return {}

    def saved_by_all(self, ranks):
        """Return what `saved` returns, of all ranks of an MPI run, on rank 0; they all call it."""
        return self.saved()

    def load(self, extra, label):
        """Take over what `saved` returned; the names in the dict `extra` begin with `label`."""

    def frozen(self):
        """Return a copy that can be saved later, when the simulation has continued."""
        return self.copy()

    def copy(self):
        """Return an independent kind with the same synapses, for a copy of the simulation."""
        new = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(new, name, value.copy())
        return new

    @staticmethod
    def bytes_per_synapse(projection, itemsize):
        """Return the bytes of `columns` of one synapse, for the estimate of memory; `itemsize` is that of the state."""
        return 0


class PerSynapse(SynapseKind):
    """Each synapse has a weight, 4 bytes; 2 bytes if they take few values, see `few_values`."""

    called, tag = False, PER_SYNAPSE


class SharedWeight(SynapseKind):
    """All synapses of the projection share a weight, which their segments hold; see also `engine.synapses.ranges`."""

    called, tag = False, SHARED


@helper
def add_weights(here, targets, weights, start, stop):
    """Add the events of the synapses from `start` to `stop`."""
    # an unsigned index cannot be negative, so nothing is asked before it is used
    for k in range(start, stop):
        here[np.uint64(targets[np.uint64(k)])] += weights[np.uint64(k)]


@helper
def add_values(here, targets, values, numbers, start, stop):
    """Add the events of the synapses from `start` to `stop`, whose weights are those of `values` with these numbers."""
    for k in range(start, stop):
        here[np.uint64(targets[np.uint64(k)])] += values[np.uint64(numbers[np.uint64(k)])]


@helper
def add_weight(here, targets, weight, start, stop):
    """Add the events of the synapses from `start` to `stop`, which share a weight."""
    for k in range(start, stop):
        here[np.uint64(targets[np.uint64(k)])] += weight


@helper
def add_range(state, weight, start, length):
    """Add an event with this weight to places of the state that lie side by side."""
    part = state[start : start + length]
    for k in range(part.size):
        part[k] += weight
