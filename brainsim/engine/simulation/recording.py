"""What a simulation records, in memory or in a stream, and the Results that are made of it."""

import copy
from dataclasses import dataclass

import numpy as np

from brainsim.build.unread import warn_of_unread
from brainsim.core.arrays import times_of
from brainsim.core.checks import option, warn_user
from brainsim.core.deferred import defer
from brainsim.core.doors import through
from brainsim.engine.recorders.log import Log, Memory
from brainsim.engine.recorders.spikes import SpikeRecorder, wanted_spikes
from brainsim.engine.states.state import Snapshot, save_state
from brainsim.results.result import Result, State, join


class Recording:
    """What is recorded of a simulation, since when, and where it goes.

    - `requested`: whose spikes are kept, and what else is recorded.
    - `traces`: what takes memory for each sample.
    - `begin`: the step from which `Simulation.result` tells.
    - `earlier`: the Result of what was recorded before the checkpoint from which the simulation continues, or None.
    - `closed`: the Result of a simulation that is closed, or None.
    """

    def __init__(self, settings):
        self._settings = settings
        self.target = None
        if settings.to is not None:
            self.target = through("streams", option("to")).checked_target(settings.to, settings.ranks, settings.overwrite)
        self.stream = self.earlier = self.closed = None
        self.begin = 0

    def copy(self, step):
        """Return the recording of a copy of the simulation, which has reached `step`: two cannot write one stream."""
        new = copy.copy(self)
        if self.target is not None:
            new.target = new.stream = new.closed = None
            new.begin = step
        return new

    def recorders(self, layout):
        """Return the recorders: of spikes, of traces, and whatever else is to be recorded of a network."""
        wanted = wanted_spikes(self._settings.spikes, layout)
        found, requests = [SpikeRecorder(wanted, layout.within_steps, layout.n_cells)], []
        if not isinstance(self._settings.record, list | tuple) or self._settings.record:
            from brainsim.engine.recorders.requested import recorders_of

            requests, others = recorders_of(self._settings.record, layout)
            found += others
        warn_of_unread(layout.network, requests)
        self.requested = wanted, requests
        # a stream needs no memory for samples
        self.traces = [one for recorder in found for one in recorder.sampled] if self.target is None else []
        return found

    def log(self, recorders, sim):
        """Return the log of what the recorders record: in memory, or in a stream."""
        dt = self._settings.dt
        if self.target is None:
            ranks = self._settings.ranks
            return Log(recorders, Memory() if ranks.size == 1 else through("memory of ranks")(ranks), dt)
        self.stream = self.target.open()
        self._warn_of_what_the_format_lacks(recorders)
        return Log(recorders, self.stream, dt, lambda: self._header(sim))

    def _header(self, sim):
        """Return what the header of a stream says in addition to its columns."""
        layout, described = sim._layout, sim._described
        return {
            "kind": "brainsim stream",
            "endian": "little",
            "dt": layout.dt,
            "seed": sim.seed,
            "populations": {name: member.n for name, member in layout.members.items()},
            "stats": facts_of(sim),
            "views": described.views,
            "thresholds": described.thresholds,
            "resets": {name: member.resets for name, member in layout.members.items()},
            "names": names_in(layout),
            "start": float(times_of(self.begin, layout.dt)),
            "network": described.prints.parts(),
        }

    def _warn_of_what_the_format_lacks(self, recorders):
        """Warn if the file in which the run ends has no place for something that is recorded."""
        from brainsim.results import formats

        recorded = {recorder.adds for recorder in recorders}
        lacking = [] if self.target.raw else formats.lacking(self.target.path, recorded)
        if lacking and self.target.ranks.rank == 0:
            warn_user(
                f"{option('to')}: {self.target.path.suffix} has no place for {' and '.join(lacking)}, which will be in the "
                f"Result but not in the file; other formats are {formats.endings('and')}"
            )

    def continue_stream(self, run, here=True):
        """Note whether a stream that was reopened continues from here; until then nothing forgets what is in it."""
        if self.stream is not None and self.stream.header is not None:
            run.log.hold(not here)
            self.begin = self.stream.header["begin"]

    def check_open(self):
        """Raise RuntimeError if the simulation was closed."""
        if self.closed is not None:
            raise RuntimeError(
                f"Simulation: is closed, and its results are in {str(self.target.path)!r}; "
                "to continue, make a Simulation with state=result.state"
            )

    def forget(self, run):
        """Forget what was recorded so far."""
        if self.target is not None:
            raise RuntimeError(
                f"Simulation.forget: what is recorded goes to {str(self.target.path)!r}; nothing is in memory"
            )
        self.begin, self.earlier = run.step, None
        run.log.forget()

    def close(self, sim):
        """Make the file of a stream, and return the Result of everything."""
        from brainsim.results.blocks import replace_fields
        from brainsim.results.formats import format_of

        if self.stream.header is None:
            sim._run.begin(sim._run.step)  # a simulation that never ran: it has a header, too
        found = []

        def rest():  # with ranks all close it; rank 0 has the Result
            found.append(self.result(sim))
            return replace_fields(found[0], spikes={}, traces={}, weights={}) if found[0] else None

        self.target.finish(self.stream, rest)
        again = self.target.raw or format_of(self.target.path).is_lazy
        self.closed = Result.load(self.target.path) if again and found[0] else found[0]
        return self.closed

    def result(self, sim):
        """Return the Result of everything."""
        return self.whole(self.outcome(sim, sim._run.log.rows()).result())

    def whole(self, later):
        """Return a Result with what was recorded before the checkpoint from which the simulation continues."""
        return later if self.earlier is None else join(self.earlier, later)

    def outcome(self, sim, rows, start=None, seconds=None, profile_before=None):
        """Return the Outcome of a piece that began at `start` and took `seconds`, by default of everything so far.

        `rows` are those that were recorded in it.
        """
        run, described = sim._run, sim._described
        stats = {**sim._seconds, "run": sim._seconds["run"] if seconds is None else seconds, **facts_of(sim)}
        if now := run.profile():
            before = profile_before or {}
            stats = {"profile": {part: now[part] - before.get(part, 0.0) for part in now}, **stats}
        return Outcome(
            run.layout,
            self.begin if start is None else start,
            run.step,
            sim.seed,
            rows,
            None if run.failed else run.snapshot(),
            described.prints,
            stats,
            described.views,
            described.thresholds,
        )


def names_in(layout):
    """Return the names of the cells, of populations that have any: name of the population -> array."""
    members = layout.members.items()
    return {name: member.population.names for name, member in members if member.population.names is not None}


def facts_of(sim):
    """Return what does not change from step to step: the size of a simulation, and the versions with which it runs."""
    run = sim._run
    if run.facts is None:
        import brainsim
        from brainsim.jit.naming import numba_version

        run.facts = {
            "synapses": run.synapses.number,
            "synapse_bytes": sum(run.layout.ranks.all(run.synapses.nbytes)),
            "ranks": run.layout.ranks.size,
            "threads": sim.threads,
            "precision": "single" if run.layout.dtype == np.float32 else "double",
            "network_seed": run.layout.network.seed,
            "methods": run.layout.methods(),
            "versions": {"brainsim": brainsim.__version__, "numba": numba_version(), "numpy": np.__version__},
        }
    return run.facts


@dataclass
class Outcome:
    """All that a Result is made of, as it is when the piece ends: nothing in it changes when the simulation continues.

    `snapshot` is the state at the end, None if the run failed; `network` are Prints, for the state.
    """

    layout: object
    start: int
    stop: int
    seed: int
    rows: object
    snapshot: Snapshot | None
    network: object
    stats: dict
    views: dict
    thresholds: dict

    def result(self):
        """Return the Result."""
        layout, dt = self.layout, self.layout.dt
        if layout.ranks.rank:
            return self._elsewhere()
        recorded = self.rows.results(self.start, self.stop)
        sizes = self._sizes(recorded)
        return Result(
            spikes=recorded["spikes"],
            traces=recorded["traces"],
            weights=recorded["weights"],
            duration=float(times_of(self.stop - self.start, dt)),
            start=float(times_of(self.start, dt)),
            dt=dt,
            seed=self.seed,
            stats=self._stats() | recorded["stats"],
            views=self.views,
            thresholds=self.thresholds,
            state=None if self.snapshot is None else defer(State, self.state),
            populations=sizes,
            resets={name: member.resets for name, member in layout.members.items()},
            names={name: cells for name, cells in names_in(layout).items() if name in sizes},
        )

    def _elsewhere(self):
        """Return what takes the place of the Result on the ranks other than 0."""
        return self.layout.ranks.elsewhere(
            duration=float(times_of(self.stop - self.start, self.layout.dt)),
            start=float(times_of(self.start, self.layout.dt)),
            dt=self.layout.dt,
            seed=self.seed,
            stats=self._stats(),
        )

    def state(self):
        """Return the State."""
        return save_state(self.layout, self.snapshot, self.stop, self.seed, self.network.parts())

    def _stats(self):
        """Return the statistics with seconds rounded to microseconds."""
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in self.stats.items()}

    def _sizes(self, recorded):
        """Return the number of cells of each population, or of those whose spikes are kept under a label."""
        return recorded["sizes"] or {name: m.n for name, m in self.layout.members.items()}
