"""One partition at run time: its arrays, and the loop that makes room when one of them is full."""

import threading

import numpy as np

from brainsim.build.layout import cell_calls, flags_array
from brainsim.engine import driver, procedural
from brainsim.engine.delivery import CALENDAR_FULL, POOL_FULL, clear_calendar, grown_calendar, new_calendar
from brainsim.engine.stimuli import build_currents, build_drives, build_trains
from brainsim.engine.threads import abort, new_barrier, zeros_at_line
from brainsim.jit.clock import TICK
from brainsim.jit.decorators import compiled_for

SPIKE_ROOM = 1 << 20  # spikes that are recorded before Python collects them
BLOCKS = 64  # of the calendar at first


class Shared:
    """What all partitions of a run read and write, each in its own stretch.

    Attributes
    ----------
    state : ndarray of float64 or float32
        All groups' state variables, and behind them the buffers of inputs.
    refractory : ndarray of int32
        Steps for which each cell still stands still.
    current : ndarray of float64
        Injected current into each cell [pA].
    exchange : Exchange
    """

    def __init__(self, layout, slice_steps, listed):
        self.state = zeros_at_line(layout.n_numbers, layout.dtype)
        self.refractory = zeros_at_line(layout.n_cells, np.int32)
        self.current = zeros_at_line(layout.n_cells, np.float64)
        most = max(sum(z - a for a, z in layout.owned(k)) for k in range(layout.partitions))
        room = most * slice_steps + listed
        shape = (layout.partitions, 2)
        lists, ends = (-(-size // 16) * 16 for size in (max(room, 1), slice_steps * len(layout.groups)))  # whole lines
        self.exchange = driver.Exchange(
            zeros_at_line((*shape, lists), np.int32), zeros_at_line((*shape, ends), np.int32), new_barrier(layout.partitions)
        )


class Partition:
    """A stretch of every group with the synapses onto it."""

    def __init__(self, number, layout, shared, synapses, slice_steps, traces, profile):
        self.number, self.layout, self.shared, self.rows = number, layout, shared, synapses.rows
        self.pool, self._check_delays = synapses.new_pool(), synapses.check_delays
        self.state, self.refractory, self.current = shared.state, shared.refractory, shared.current
        self.flags, self.kept = flags_array(), []
        weighted = bool(self.rows.weight.size or (self.pool is not None and self.pool.shared.size))
        self.calendar = new_calendar(synapses.longest + 1, BLOCKS, weighted, layout.dtype)
        self.profile = driver.Profile(np.zeros(6, np.int64), np.zeros(3, np.int64)) if profile else None
        self.progress = driver.Progress(
            np.zeros(driver.GENERATION + 1, np.int64), number, layout.partitions, len(layout.groups), slice_steps
        )
        room = max(SPIKE_ROOM // layout.partitions, shared.exchange.spikes.shape[2])
        self.recorder = driver.Recorder(np.empty(room, np.int64), *traces)
        places = layout.lag_places()
        self.lags = None if places is None else driver.Lags(places, np.empty(room))
        self.collected, self.collected_lags = [], []
        self._compiled = None

    def connect_cells(self, addresses, seed):
        """Fill the table of kernel calls: after the kernels are compiled, and again when a parameter was changed."""
        self.kept = []
        calls = cell_calls(self.layout, addresses, self.number, self, seed)
        self.cells = driver.Cells(calls, self.state)

    def connect_inputs(self, seed, step):
        """Build the inputs, as they are described now and as they stand at `step`."""
        self.kept_by_inputs = []
        self.drives = build_drives(self.layout, self.number, seed, self.kept_by_inputs)
        self.currents = build_currents(self.layout, self.number, self.current, self.kept_by_inputs)
        self.trains = build_trains(self.layout, self.number)
        begin = 0
        for k, end in enumerate(self.trains.ends):
            self.trains.cursor[k] = begin + np.searchsorted(self.trains.steps[begin:end], step, side="right")
            begin = end

    def clear(self, step):
        """Forget all that is under way and stand at `step`."""
        clear_calendar(self.calendar)
        if self.pool is not None:
            procedural.empty(self.pool, step)
        at = self.progress.at
        at[:] = 0
        at[driver.STEP] = at[driver.STOP] = at[driver.COMPLETED] = step
        self.collected, self.collected_lags = [], []
        if self.profile is not None:
            self.profile.ticks[:] = 0

    def run(self):
        """Run to the stop that is set in the progress, making room on the way."""
        try:
            while True:
                arguments = (
                    self.progress,
                    self.cells,
                    self.rows,
                    self.pool,
                    self.calendar,
                    self.drives,
                    self.trains,
                    self.currents,
                    self.recorder,
                    self.shared.exchange,
                    self.lags,
                    self.profile,
                )
                if self._compiled is None:
                    self._compiled = compiled_for(driver.run_partition, arguments)
                status = self._compiled(*arguments)
                if status in (CALENDAR_FULL, POOL_FULL):
                    self._make_room(status)
                elif status == driver.SPIKES_FULL:
                    self._collect()
                elif status == driver.DONE:
                    return
                else:
                    raise RuntimeError("a partition of the run failed; the error of that partition says why")
        except BaseException:
            abort(self.shared.exchange.barrier)
            raise

    def file_pending(self, steps, sources, now):
        """File spikes of the past whose events are still to come."""
        done = np.zeros(1, np.int64)
        while status := driver.file_pending(steps, sources, self.number, now, self.rows, self.pool, self.calendar, done):
            self._make_room(status)

    def seconds(self):
        """Return part of the work -> seconds, as profiled since the partition was made or `clear` was called."""
        names = ("update", "drive", "delivery", "routing", "waiting", "rest")
        return dict(zip(names, (self.profile.ticks * TICK).tolist(), strict=True))

    def _make_room(self, full):
        if full == CALENDAR_FULL:
            self.calendar = grown_calendar(self.calendar)
        else:
            self._check_delays(self.pool)
            self.pool = procedural.grown(self.pool, self.calendar)

    def take_spikes(self):
        """Return the recorded spikes, each ``step << 32 | cell``, and their lags [ms], and forget them."""
        self._collect()
        spikes, lags = self.collected, self.collected_lags
        self.collected, self.collected_lags = [], []
        return spikes, lags

    def _collect(self):
        count = self.progress.at[driver.RECORDED]
        if count:
            self.collected.append(self.recorder.spikes[:count].copy())
            if self.lags is not None:
                self.collected_lags.append(self.lags.recorded[:count].copy())
        self.progress.at[driver.RECORDED] = 0


def run_all(partitions):
    """Run all partitions to their stop, each in a thread of its own, the first one in this."""
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
        # the system has no thread for us: those that run wait for it
        abort(partitions[0].shared.exchange.barrier)
        raise
    finally:
        for thread in threads:
            thread.join()
    if errors:
        raise next((e for e in errors if "a partition of the run failed" not in str(e)), errors[0])
