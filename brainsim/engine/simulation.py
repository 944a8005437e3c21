"""A network that is being simulated: `Simulation` holds all that changes."""

import copy
import functools
import time

import numpy as np

from brainsim.build.constants import initial_values
from brainsim.build.estimate import refuse_if_too_large, refuse_if_traces_too_large
from brainsim.build.layout import Layout
from brainsim.core.arrays import plural
from brainsim.core.checks import number, warn_user
from brainsim.core.deferred import deferred
from brainsim.core.garbage import gc_paused
from brainsim.core.hints import OF_SIMULATION, Answering
from brainsim.engine import driver, recording
from brainsim.engine.arguments import (
    checked_end,
    checked_network,
    checked_state,
    checked_steps,
    slice_steps,
    thread_count,
    wanted_spikes,
)
from brainsim.engine.changes import change_input, change_parameters
from brainsim.engine.chunks import Interrupt, Pace, Watch
from brainsim.engine.collected import Collected
from brainsim.engine.exclusive import Exclusive
from brainsim.engine.fingerprint import Prints
from brainsim.engine.outcome import Outcome
from brainsim.engine.partition import Partition, Shared, run_all
from brainsim.engine.rows import Synapses
from brainsim.engine.state import CELL, STEP_BITS, Snapshot, Variables, check_fits, load_state, what_is_not_finite
from brainsim.engine.stimuli import list_at_zero, most_listed_in_a_slice
from brainsim.engine.threads import clear_barrier
from brainsim.jit.decorators import load_source
from brainsim.network.checks import checked_precision
from brainsim.network.population import Population, View
from brainsim.network.probes import checked_traces
from brainsim.results.result import Result
from brainsim.rng.streams import checked_seed

SHORT_PIECE = 0.01  # seconds of computing: the Result of a shorter piece is made when it is looked at


class Simulation(Answering):
    """A network that is being simulated: run it in pieces, look at its state and change it between them.

    Parameters
    ----------
    network, dt, seed, record, spikes, threads, progress, state, precision, profile
        As for `simulate`; `progress` is here about building only.

    Attributes
    ----------
    network : Network
    dt, seed : float, int
        Time step [ms], seed of the run.
    threads : int
        Into how many partitions the cells are cut, each with a thread of its own; not more than there are processors.
    n_synapses : int
        Number of synapses.

    Notes
    -----
    ``copy.deepcopy(sim)`` returns a simulation that goes on by itself from the same point, with the same spikes; the
    synapses are shared. A simulation is used by one thread at a time, and a second one is refused. It cannot be pickled:
    save ``sim.result()`` and go on with ``state=``.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(10, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.add(cells)
    >>> sim = bs.Simulation(net, seed=2)
    >>> first = sim.run(10.0)
    >>> sim.state["cells"]["v"][:5] += 20.0
    >>> second = sim.run(10.0)
    >>> len(second.spikes["cells"])
    5
    """

    _words = OF_SIMULATION

    def __init__(
        self,
        network,
        *,
        dt=0.1,
        seed=None,
        record=(),
        spikes=True,
        threads=None,
        progress=None,
        state=None,
        precision="double",
        profile=False,
    ):
        self._exclusive = Exclusive("Simulation")
        with gc_paused():
            self._build(network, dt, seed, record, spikes, threads, progress, state, precision, profile)
        self.reset()

    def _build(self, network, dt, seed, record, spikes, threads, progress, state, precision, profile):
        began = time.perf_counter()
        self.dt = number(dt, "simulate.dt", "ms", above=0.0)
        self.network = checked_network(network, self.dt)
        self._restored = checked_state(state, self.dt, seed)
        self.seed = checked_seed(seed if state is None else state.seed, "simulate.seed")
        self.threads = thread_count(threads, network, self.dt)
        kind = checked_precision(precision, "simulate.precision")
        refuse_if_too_large(network, self.dt, self.threads, precision)
        self._layout = Layout(network, self.dt, self.threads, kind)
        self._views = network.parts_for_plots()
        self._given = tuple(network.inputs)  # the network may grow after this; the simulation does not
        self._described = {name: member.values for name, member in self._layout.members.items()}
        self._prints = Prints(self._layout)
        if state is not None:
            check_fits(state, self._layout, self._prints.parts())
        self._traces = recording.resolve_traces(checked_traces(record), self._layout)
        self._wanted = wanted_spikes(spikes, self._layout)
        self._collected = Collected(self._traces, bool(self._wanted), self._layout.lag_places() is not None)
        expected = sum(p.expected for p in network.projections if p.storage == "stored")
        with Watch(expected, progress, "synapses") as watch:
            self._synapses = Synapses(self._layout, self.threads, watch.show)
        self.n_synapses = self._synapses.number
        self._slice = slice_steps(self._synapses.shortest, self._layout)
        self._pace = Pace(recording.longest_chunk(self._traces, 1 << 20), self._slice)
        self._profiled = bool(profile)
        self._allocate()
        self._seconds = {"build": time.perf_counter() - began, "compile": 0.0, "run": 0.0}
        self._compile()

    def _allocate(self):
        """Make the arrays that a run changes."""
        self._shared = Shared(self._layout, self._slice, most_listed_in_a_slice(self._layout, self._slice))
        self._partitions = [self._partition(k) for k in range(self.threads)]

    def __repr__(self):
        """Return the time reached, what is simulated, and how."""
        populations = self.network.populations.values()
        return (
            f"Simulation at {self.time:,.6g} ms: {plural(sum(one.n for one in populations), 'cell')} in "
            f"{plural(len(populations), 'population')}, {plural(self.n_synapses, 'synapse')}, dt = {self.dt:g} ms, "
            f"seed {self.seed}, {plural(self.threads, 'thread')}"
        )

    @property
    def time(self):
        """Time reached [ms]."""
        return float(recording.times_of(self._step, self.dt))

    @property
    def state(self):
        """State variables by population and variable, as arrays that can be read and written between runs."""
        self._given_out = True
        return Variables(self._layout, self._shared)

    def run(self, duration, *, progress=None):
        """Go on for `duration` ms and return the Result of this piece; `result` returns all pieces so far.

        Ctrl-C stops the run within about a tenth of a second and raises KeyboardInterrupt; the simulation is then in order:
        `result` returns what was recorded until then, and it can go on. After an error `result` returns what was recorded
        up to a tenth of a second before, without a state.
        """
        steps = checked_steps(duration, self.dt, "run.duration")
        with Interrupt() as interrupt, self._exclusive:
            self._check_can_run(steps)
            start, profile, began = self._step, self._profile(), time.perf_counter()
            # time 0 is completed, and sampled, when the first run begins
            piece = self._collected.begin(int(self._partitions[0].progress.at[driver.COMPLETED]), start + steps)
            try:
                with Watch(steps * self.dt, progress, "ms") as watch:
                    while self._step < start + steps and not interrupt.asked:
                        self._advance(piece, start + steps)
                        watch.show((self._step - start) * self.dt)
            finally:
                self._collected.keep(piece)
            seconds = time.perf_counter() - began
            self._seconds["run"] += seconds
            if not interrupt.asked:
                if text := what_is_not_finite(self._layout, self._shared):
                    warn_user(text.format("a variable ran away") + "; a smaller dt or another method may help")
                make = self._outcome(piece, start, seconds, profile).result
        if interrupt.asked:
            raise KeyboardInterrupt(f"stopped at {self.time:g} ms")
        return deferred(Result, make) if seconds < SHORT_PIECE else make()

    def result(self):
        """Return the Result of everything since the start or the last reset."""
        with self._exclusive:
            return self._outcome(self._collected.all(), self._begin, self._seconds["run"], {}).result()

    def reset(self):
        """Go back to the start: initial state, time 0 or that of the restored state, inputs and parameters as described."""
        with self._exclusive:
            self._layout.inputs = list(self._given)
            for name, values in self._described.items():
                if self._layout.members[name].values is not values:
                    self._layout.change(name, values)
            state = self._restored
            self._begin = self._step = 0 if state is None else state.step
            self._seconds["run"] = 0.0
            self._collected.clear()
            self._fill(initial_values(self._layout, self.seed))
            self._describe()
            if state is None:
                self._stand_before_zero()
            else:
                self._go_on_from(load_state(state, self._layout, self._shared))

    def __deepcopy__(self, memo):
        """Return a simulation that goes on from here by itself; what never changes, such as the synapses, is shared."""
        with self._exclusive:
            if self._failed:
                raise RuntimeError("Simulation: the last run failed half-way, so it has no state to copy; reset() it first")
            new = object.__new__(Simulation)
            vars(new).update(vars(self) | {"_exclusive": Exclusive("Simulation")})
            new._layout, new._collected = self._layout.copy(), self._collected.copy()
            new._pace, new._seconds = copy.copy(self._pace), dict(self._seconds)
            new._allocate()
            new._fill(0.0)
            new._shared.state[:], new._shared.refractory[:] = self._shared.state, self._shared.refractory
            if self._partitions[0].progress.at[driver.COMPLETED] < self._step:
                new._stand_before_zero()
            else:
                new._go_on_from(self._under_way())
        return new

    def __copy__(self):
        """Return the same as `copy.deepcopy`: two simulations never share what changes."""
        return self.__deepcopy__({})

    def __reduce_ex__(self, protocol):
        """Refuse: the arrays of a simulation are known to compiled code by their addresses."""
        raise TypeError("Simulation: cannot be pickled; save sim.result() and go on with simulate(..., state=result.state)")

    def set(self, target, **values):
        """Change an input or a population's parameters from now on.

        Parameters
        ----------
        target : PoissonInput, CurrentInput, Population or str
            The input as it was given to `stimulate` (or its name there), or a population (or its name).
        **values
            Fields of the input (``rate=``, ``amplitude=``, ...) or parameters of the model: numbers where there was one
            number for the population, arrays where there were arrays.

        `reset` takes the changes back. A saved state does not hold them: to go on from it, the network must be built with
        the values as they were then, or the state is refused.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> step = bs.CurrentInput(0.0)
        >>> net.stimulate(cells, step)
        >>> sim = bs.Simulation(net, seed=2)
        >>> quiet = sim.run(50.0)
        >>> sim.set(step, amplitude=400.0)
        >>> len(quiet.spikes["cells"]), len(sim.run(50.0).spikes["cells"])
        (0, 40)
        """
        with self._exclusive:
            if isinstance(target, Population):
                self._layout.check_population(target, "Simulation.set")
                target = target.name
            elif isinstance(target, View):
                raise TypeError("Simulation.set: sets parameters of a whole population; give an array with a value per cell")
            if isinstance(target, str) and target in self._layout.members:
                change_parameters(self._layout, target, values)
                for partition in self._partitions:
                    partition.connect_cells(self._addresses, self.seed)
            else:
                change_input(self._layout, self._given, target, values)
                for partition in self._partitions:
                    partition.connect_inputs(self.seed, self._step)
            self._describe()

    def _partition(self, number):
        arrays, columns, places = recording.recorder_arrays(self._traces, self._layout, number, self._pace.longest)
        partition = Partition(number, self._layout, self._shared, self._synapses, self._slice, arrays, self._profiled)
        partition.columns, partition.sample_places = columns, places
        return partition

    def _compile(self):
        """Load or compile the kernels and the driver."""
        began = time.perf_counter()
        modules = {g.kernel.text: load_source(g.kernel.text) for g in self._layout.groups if g.kernel}
        self._addresses = [modules[g.kernel.text].advance.address if g.kernel else 0 for g in self._layout.groups]
        first = self._partitions[0]
        first.clear(0)
        first.connect_cells(self._addresses, self.seed)
        first.connect_inputs(self.seed, 0)
        first.run()
        self._seconds["compile"] = time.perf_counter() - began

    def _check_can_run(self, steps):
        """Raise if the last run failed, or if this one would have too many steps or samples, or begins with NaN."""
        if self._failed:
            raise RuntimeError(
                "Simulation.run: the last run failed half-way; reset() goes back to the start, and result() "
                "returns what was recorded before"
            )
        checked_end(self._step + steps, self.dt, "run.duration")
        refuse_if_traces_too_large(self._traces, steps, self.dt)
        if self._given_out and (text := what_is_not_finite(self._layout, self._shared)):
            raise ValueError(text.format("the state was set to a number that is not finite"))

    def _fill(self, values):
        """Give all variables their values, with nothing under way; connect cells and inputs as they are described now."""
        self._failed = self._given_out = False
        self._recent = np.empty(0, np.int64)
        clear_barrier(self._shared.exchange.barrier)
        self._shared.refractory[:] = 0
        self._shared.state[:] = 0.0
        self._shared.state[: self._layout.n_state] = values
        for partition in self._partitions:
            partition.clear(self._step)
            partition.connect_cells(self._addresses, self.seed)
            partition.connect_inputs(self.seed, self._step)

    def _describe(self):
        """Note what parameters and inputs are from now on, for results and for states."""
        self._prints = Prints(self._layout, self._prints)
        self._thresholds = {name: recording.threshold_of(m) for name, m in self._layout.members.items()}

    def _advance(self, piece, stop):
        """Run one chunk of a piece that ends at `stop`, and collect what was recorded."""
        began = time.perf_counter()
        chunk = self._pace.steps(stop - self._step)
        stop = self._step + chunk
        for partition in self._partitions:
            partition.progress.at[driver.STOP] = stop
            partition.recorder.cursor[:] = partition.sample_places[:-1]
        # a chunk counts when all of it is stored: until then the run has failed
        self._failed = True
        run_all(self._partitions)
        seconds = time.perf_counter() - began
        filled, packed, lags = self._collected.gather(piece, self._partitions, stop)
        recent = np.concatenate([self._under_way(), packed]) if len(packed) else self._recent
        self._collected.commit(piece, filled, packed, lags)
        self._recent, self._step, self._failed = recent, stop, False
        self._pace.learn(chunk, seconds)

    def _under_way(self):
        """Return the spikes that may still be under way, packed, and forget the others."""
        if self._recent.size:
            oldest = (self._step - self._synapses.longest) << STEP_BITS
            self._recent = self._recent[self._recent.searchsorted(oldest) :]
        return self._recent

    def _stand_before_zero(self):
        """Make time 0 a point that is still to be completed, at which the listed spikes of t = 0 are sent."""
        self._recent = list_at_zero(self._layout, self._shared.exchange)
        self._collected.emit(self._recent)
        for partition in self._partitions:
            at = partition.progress.at
            at[driver.SLICE_START], at[driver.SLICE_STEPS], at[driver.COMPLETED] = -1, 1, -1

    def _go_on_from(self, packed):
        """Let the spikes that are still under way, sorted, arrive."""
        self._recent = packed
        self._under_way()
        for partition in self._partitions:
            partition.file_pending(packed >> STEP_BITS, (packed & CELL).astype(np.int32), self._step)

    def _profile(self):
        """Return part of the work -> seconds since the last reset, averaged over the threads; empty if none is asked for."""
        if not self._profiled:
            return {}
        profiles = [partition.seconds() for partition in self._partitions]
        return {part: sum(p[part] for p in profiles) / len(profiles) for part in profiles[0]}

    def _outcome(self, piece, start, seconds, profile_before):
        """Return the Outcome of a piece that began at `start` and took so many seconds."""
        shared, stats = self._shared, {**self._seconds, "run": seconds, **self._facts}
        if self._profiled:
            now = self._profile()
            stats = {"profile": {part: now[part] - profile_before.get(part, 0.0) for part in now}, **stats}
        snapshot = None if self._failed else Snapshot(shared.state.copy(), shared.refractory.copy(), self._under_way())
        return Outcome(
            self._layout,
            self._wanted,
            start,
            self._step,
            self.seed,
            piece,
            snapshot,
            self._prints,
            stats,
            self._views,
            self._thresholds,
        )

    @functools.cached_property
    def _facts(self):
        """What does not change: how large the simulation is, and with what it runs."""
        import numba

        import brainsim

        return {
            "synapses": self.n_synapses,
            "synapse_bytes": sum(column.nbytes for column in self._synapses.rows if isinstance(column, np.ndarray)),
            "threads": self.threads,
            "precision": "single" if self._layout.dtype == np.float32 else "double",
            "network_seed": self.network.seed,
            "methods": self._layout.methods(),
            "versions": {"brainsim": brainsim.__version__, "numba": numba.__version__, "numpy": np.__version__},
        }
