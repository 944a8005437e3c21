"""One partition at run time: its operators, and the loop that makes room when something is full."""

import threading

import numpy as np

from brainsim.build.layout import Layout
from brainsim.build.own import cells_here, is_whole, state_here
from brainsim.core.doors import through
from brainsim.engine.exchange.barrier import zeros_at_line
from brainsim.engine.exchange.threads import Threads
from brainsim.engine.loop import driver
from brainsim.engine.loop.program import ABANDONED, CONTINUE, EXCHANGED, Operator, Program, new_progress
from brainsim.engine.operators.registry import operators_for
from brainsim.engine.operators.trains import most_besides
from brainsim.jit.clock import TICK
from brainsim.jit.records import Context


class PartitionFailedError(RuntimeError):
    """Another partition of the run failed; its error says why."""


class SharedArrays:
    """What all partitions of a run read and write, each in its own stretch.

    A run that replaces a `former` one takes over its arrays, because a user may keep a row of the state.

    - `state`: the variables of all groups, followed by the buffers of inputs.
    - `refractory`: int32, the steps for which each cell is still refractory.
    - `current`: the injected current into each cell [pA].
    - `given_out`: the rows of the state that the user has read.
    - `besides`: how many spikes of a slice there is room for besides one of each cell in each step.
    - `common`: what operators of all partitions share: name -> array.
    """

    def __init__(self, layout, slice_steps, exchange=None, former=None):
        self._layout = layout
        self.state = zeros_at_line(layout.n_numbers, layout.dtype) if former is None else former.state
        self.given_out = _rows_of(layout, self.state) if former is None else former.given_out
        self.refractory = zeros_at_line(layout.n_cells, np.int32) if former is None else former.refractory
        self.current = zeros_at_line(layout.n_cells, np.float64) if former is None else former.current
        n_cells = max(sum(stop - start for start, stop in layout.owned(k)) for k in layout.own)
        self.besides, self.common = most_besides(layout, slice_steps), {}
        capacity = n_cells * slice_steps + self.besides
        self.exchange = (exchange or _exchange_of(layout))(layout, capacity, slice_steps)

    def clear(self):
        """Set what is in this process to 0."""
        for here in state_here(self._layout):
            self.state[here] = 0
        for here in cells_here(self._layout):
            self.refractory[here] = self.current[here] = 0


class WholeRows:
    """The rows of the state that the user has read: here all cells of a row are in one process."""

    def read(self, population, variable):
        """Make a row whole that is read for the first time; all processes of the run do so."""

    def fill_in(self):
        """Make all rows whole that were read, after the state has changed."""


def _rows_of(layout, state):
    return WholeRows() if is_whole(layout) else through("rows of ranks")(layout, state)


def _exchange_of(layout):
    return Threads if is_whole(layout) else through("exchange between processes")


class Sampling(Operator):
    """What the recorders of a simulation sample in a partition."""

    @classmethod
    def build(cls, partition):
        """Return the operator, even if nothing is sampled."""
        return cls([call for recorder in partition.recorders for call in recorder.calls(partition)])

    @classmethod
    def dependencies(cls, partition):
        """Return what the recorders are built from."""
        return set().union(*(recorder.depends_on for recorder in partition.recorders))


class Partition:
    """A stretch of every group with the synapses onto it.

    `number` counts all partitions, and ``index`` those of this process.
    """

    def __init__(self, number, layout: Layout, shared, synapses, slice_steps, recorders, seed, profile):
        self.number, self.layout, self.shared, self.synapses, self.seed = number, layout, shared, synapses, seed
        self.index, self.recorders, exchange = layout.own.index(number), recorders, shared.exchange
        self.cell_contexts: dict[str, list[Context]] = {}  # name of a population -> the records of its kernel calls
        self.built: dict[type[Operator], Operator | None] = {}
        self.progress = new_progress(
            self.index, len(layout.own), len(layout.groups), slice_steps, **exchange.written_fields(self.index)
        )
        self.progress["profiled"] = profile
        self.program = Program(self, [*operators_for(layout), Sampling])  # what is sampled is up to date by then
        self._loop: tuple | None = None

    def operator(self, cls):
        """Return the operator of a class, None if the network does not need it."""
        return self.built.get(cls)

    def variable(self, population, name):
        """Return a variable of those cells of a population that are here, a view, and the index of the first of them."""
        layout = self.layout
        at, n = layout.state_row(population, name, "Partition.variable")
        group = layout.group_of[population]
        offset = layout.groups[group].first - layout.members[population].first
        start, stop = np.clip(layout.bounds[group][self.number :][:2] + offset, 0, n)
        return self.shared.state[at + start : at + stop], int(start)

    def clear(self, step):
        """Forget all that is under way and go to `step`."""
        for name in ("resume", "parity", "slice_start", "slice_steps", "left", "total", "emitted", "filed", "generation"):
            self.progress[name] = 0
        for name in ("step", "stop", "completed"):
            self.progress[name] = step
        for operator in self.program.operators:
            operator.reset(step)
        self.program.forget_ticks()

    def run(self):
        """Run to the stop that is set in the progress, making room on the way."""
        try:
            loop = self._bound_loop()
            while True:
                status = loop()
                if status == CONTINUE:
                    return
                if status == ABANDONED:
                    raise PartitionFailedError("a partition of the run failed; its error says why")
                if status == EXCHANGED:
                    self.shared.exchange.exchange(self)
                elif not self.program.make_room(status):
                    raise RuntimeError(f"an operator returned the unknown status {status}")
        except BaseException:
            self.shared.exchange.abort()
            raise

    def _bound_loop(self):
        """Return the compiled loop for the table of calls as it is now."""
        calls = self.program.calls
        if self._loop is None or self._loop[0] is not calls:
            self._loop = calls, driver.run_partition.bind(self.progress.record, calls, self.program.first)
        return self._loop[1]

    def seconds(self):
        """Return part of the work -> seconds, as profiled since the partition was made or `clear` was called."""
        return {part: ticks * TICK for part, ticks in self.program.ticks().items()}


def run_all(partitions):
    """Run all partitions to their stop, each in its own thread, the first one in this thread."""
    errors = []

    def guarded(partition):
        try:
            partition.run()
        except BaseException as error:  # noqa: BLE001 - it is raised again below, in the caller's thread
            errors.append(error)

    threads = []
    try:
        for partition in partitions[1:]:
            thread = threading.Thread(target=guarded, args=(partition,), daemon=True)
            thread.start()
            threads.append(thread)
        guarded(partitions[0])
    except BaseException:
        # the system cannot start another thread: those that run would wait for it
        partitions[0].shared.exchange.abort()
        raise
    finally:
        for thread in threads:
            thread.join()
    if errors:
        raise next((e for e in errors if not isinstance(e, PartitionFailedError)), errors[0])
