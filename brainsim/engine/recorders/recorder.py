"""What a recorder is.

A recorder is requested by an object in ``record=`` with a method ``recorder(layout)`` that returns a `Recorder`; see
`brainsim.network.probes.OwnRequest`.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Chunk:
    """The outcome of the last chunk of a run.

    Attributes
    ----------
    stop : int
        The last step.
    packed : ndarray of int64
        All spikes, sorted: ``step << 32 | cell``.
    lags : ndarray of float64
        How long before the end of its step each spike was [ms]; empty if no spike has a time within its step.
    partitions : list of Partition
    """

    stop: int
    packed: np.ndarray
    lags: np.ndarray
    partitions: list


class Recorder:
    """Keeps one thing of a run. What it records in a call of ``run`` is a *piece*, an object that it chooses.

    A chunk of a run counts when it is committed: `gather` may fail if memory runs out, but must change nothing that is
    visible; `commit` must not fail.
    """

    # of "inputs" and "parameters", those after whose change by `Simulation.set` `calls` must be asked again
    depends_on: frozenset[str] = frozenset()

    def calls(self, partition):
        """Return the calls by which it samples in a partition, as `Operator.calls` does."""
        return []

    def max_steps(self):
        """Return how many steps may run before `gather` must be called, None if it does not matter."""
        return

    def next_stop(self, step):
        """Return the next step after `step` at which a chunk must end, None if it does not matter."""
        return

    def clear(self, packed):
        """Forget everything; `packed` are spikes at the time at which the simulation begins, or None."""

    def kept(self):
        """Note that the first piece is kept."""

    def rewired(self, name, places):
        """Note that the synapses of a projection have changed.

        `places` has for each synapse that there was its index in the SynapseTable now, -1 if it was removed.
        """

    def before_chunk(self):
        """Get ready for the next chunk of a run."""

    def begin(self, completed, stop):
        """Return an empty piece for a run to the step `stop`; `completed` is the last step that is recorded already."""
        raise NotImplementedError

    def gather(self, piece, chunk):
        """Return what a Chunk adds to the piece, without changing it."""
        raise NotImplementedError

    def commit(self, piece, gathered):
        """Add what was gathered to the piece."""
        raise NotImplementedError

    def joined(self, pieces):
        """Return one piece of several that follow each other."""
        raise NotImplementedError

    def gathered(self, piece, layout):
        """Return, on rank 0, a piece with what all ranks of an MPI run have recorded; they all call it.

        The piece is one that `joined` returned. Use ``layout.ranks.gathered``.
        """
        raise NotImplementedError

    def result(self, piece, layout, start, stop):
        """Return what it adds to a Result of the steps from `start` to `stop`.

        A dict of dicts, such as ``{"traces": {...}}``; the keys are "spikes", "traces", "weights" and "stats".
        """
        raise NotImplementedError

    def latest(self, pieces, layout, start, stop):
        """Return what `result` would for the steps from `start` to `stop`, without a copy of what was before; or nothing.

        For a picture that follows a run, which needs the last second of a long one again and again.
        """
        return {}

    def saved(self):
        """Return what a checkpoint has to hold for it besides what it recorded, as a dict of name -> array.

        With ranks all call it, and what rank 0 returns is saved.
        """
        return {}

    def load(self, saved):
        """Take over what `saved` returned; with ranks on all of them."""

    def columns(self, piece):
        """Return what the header of a stream says of it, with ``simulate(..., to=)``, as lists by name.

        ``"columns"`` are made by `results.streams.columns.column`, and ``"spikes"``, ``"traces"`` and ``"weights"`` say what
        they mean. `piece` is one that `begin` returned. What a recorder without columns records stays in memory.
        """
        return {}

    def rows(self, piece):
        """Return what a piece of one chunk adds to the columns: name -> array."""
        return {}

    def make_room(self, piece, completed, stop):
        """Make room in an empty piece, which `begin` returned before a chunk, for what is recorded until the step `stop`."""

    def copy(self):
        """Return a recorder that continues by itself, for a copy of the simulation."""
        raise NotImplementedError
