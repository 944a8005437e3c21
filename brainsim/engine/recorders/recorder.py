"""What a recorder is.

A recorder is requested by an object in ``record=`` with a method ``recorder(layout)`` that returns a `Recorder`; see
`brainsim.network.probes.OwnRequest`.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.core.checks import option
from brainsim.core.hooks import reject_misspelled


@dataclass
class Chunk:
    """The outcome of the last chunk of a run.

    Attributes
    ----------
    completed, stop : int
        The chunk has the steps after `completed`, up to `stop`; -1 if the first one is step 0.
    packed : ndarray of int64
        All spikes, sorted: ``step << 32 | cell``.
    lags : ndarray of float64
        How long before the end of its step each spike was [ms]; empty if no spike has a time within its step.
    partitions : list of Partition
    room : callable
        ``room(name, n)`` returns an array for n rows of a column; what is written to it in `Recorder.rows` is not copied.
    """

    completed: int
    stop: int
    packed: np.ndarray
    lags: np.ndarray
    partitions: list
    room: Callable


class Recorder:
    """Turns what happens in a chunk of a run into rows of named columns, which are kept in memory or on the disk.

    A recorder has `columns` and `rows`, most have `calls` and `begin`, and one whose columns are neither spikes, traces nor
    weights has `result`, and `merge` if it can record in an MPI run. What is recorded is in the log, not here: an object
    only keeps what the next chunk needs.
    """

    # of "inputs" and "parameters", those after whose change by `Simulation.set` `calls` must be asked again
    depends_on: frozenset[str] = frozenset()
    adds: str | None = None  # "spikes", "traces" or "weights": formats of files have no place for some
    sampled = ()  # what takes memory for each sample: objects that have ``columns`` numbers every ``every`` steps

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        reject_misspelled(cls, Recorder)

    def columns(self):
        """Return what it records, as lists by name.

        ``"columns"`` are made by `results.streams.columns.column`; ``"spikes"``, ``"traces"`` and ``"weights"`` say which of
        them are spikes, traces or weights of a `Result`. It is called when the first run begins.
        """
        raise NotImplementedError

    def calls(self, partition):
        """Return the calls by which it samples in a partition, as `Operator.calls` does."""
        return []

    def begin(self, completed):
        """Get ready for the next chunk of a run; `completed` is the last step that is recorded, -1 before step 0."""

    def rows(self, chunk):
        """Return what a Chunk adds to each column: name -> array."""
        raise NotImplementedError

    def result(self, arrays, start, stop):
        """Return what it adds to a Result of the steps from `start` to `stop`, besides what `columns` says.

        `arrays` are the rows of all columns by name. The dict of dicts, such as ``{"stats": {...}}``, has the keys
        "spikes", "traces", "weights" and "stats".
        """
        return {}

    def merge(self, arrays):
        """Return the arrays that `result` takes, from a list with those of each rank of an MPI run."""
        raise NotImplementedError

    def max_steps(self):
        """Return how many steps a chunk may have, None if it does not matter."""
        return

    def next_stop(self, step):
        """Return the next step after `step` at which a chunk must end, None if it does not matter."""
        return

    def clear(self, packed):
        """Forget everything; `packed` are spikes at the time at which the simulation begins, or None."""

    def rewired(self, name, places):
        """Note that the synapses of a projection have changed.

        `places` has, for each former synapse, its index in the SynapseTable now, -1 if it was removed.
        """

    def saved(self):
        """Return what a checkpoint has to hold for it besides what it recorded, as a dict of name -> array.

        With ranks all call it, and what rank 0 returns is saved.
        """
        return {}

    def load(self, saved):
        """Take over what `saved` returned; with ranks on all of them."""

    def copy(self):
        """Return an independent recorder, for a copy of the simulation: lists, dicts and recorders in it are copied."""
        new = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | list | Recorder):
                setattr(new, name, value.copy())
        return new


def check_recorder(recorder):
    """Return a recorder from outside; raise TypeError if it does not record by columns and rows."""
    kind = type(recorder)
    if not isinstance(recorder, Recorder) or kind.columns is Recorder.columns or kind.rows is Recorder.rows:
        raise TypeError(
            f"{option('record')}: the recorder {kind.__name__} must be a Recorder with the methods columns(), which names "
            "what it records, and rows(chunk), which returns an array for each column; they take the place of "
            "begin(completed, stop), gather, commit and joined. See help(brainsim.engine.recorders.recorder.Recorder)"
        )
    return recorder


def limits(trace, dt):
    """Return `start` and `stop` of a request in steps, None without."""
    return tuple(
        None if limit is None else int(whole_steps(limit, dt, f"{trace!r}.{name}"))
        for name, limit in (("start", trace.start), ("stop", trace.stop))
    )
