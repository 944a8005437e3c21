"""A network that is being simulated: `Simulation` holds all that changes."""

import time
import warnings

import numpy as np

from brainsim.engine import driver, recording
from brainsim.engine.arguments import (
    checked_network,
    checked_state,
    checked_steps,
    checked_traces,
    slice_steps,
    thread_count,
    wanted_spikes,
)
from brainsim.engine.changes import change_input, change_parameters
from brainsim.engine.chunks import Interrupt, Pace, Watch
from brainsim.engine.constants import initial_values
from brainsim.engine.layout import Layout
from brainsim.engine.partition import Partition, Shared, run_all
from brainsim.engine.rows import Synapses
from brainsim.engine.state import CELL, STEP_BITS, Variables, check_fits, load_state, save_state
from brainsim.engine.stimuli import most_listed_in_a_slice
from brainsim.engine.threads import clear_barrier
from brainsim.models.inputs import SpikeTrains
from brainsim.network.checks import checked_precision
from brainsim.network.memory import refuse_if_too_large
from brainsim.network.population import Population, View
from brainsim.numbers.arrays import plural
from brainsim.numbers.checks import number
from brainsim.numbers.garbage import collector_paused
from brainsim.numbers.hints import OF_SIMULATION, Answering
from brainsim.numbers.jit import load_source
from brainsim.numbers.results import Result
from brainsim.numbers.streams import checked_seed


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
        self, network, *, dt=0.1, seed=None, record=(), spikes=True, threads=None, progress=None, state=None,
        precision="double", profile=False,
    ):  # fmt: skip
        with collector_paused():
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
        if state is not None:
            check_fits(state, self._layout)
        self._traces = recording.resolve_traces(checked_traces(record), self._layout)
        self._wanted = wanted_spikes(spikes, self._layout)
        expected = sum(p.expected for p in network.projections if p.storage == "stored")
        with Watch(expected, progress, "synapses") as watch:
            synapses = Synapses(self._layout, self.threads, watch.show)
        self.n_synapses, self._longest = synapses.number, synapses.longest
        self._slice = slice_steps(synapses.shortest, self._layout)
        self._shared = Shared(self._layout, self._slice, most_listed_in_a_slice(self._layout, self._slice))
        self._pace = Pace(recording.longest_chunk(self._traces, 1 << 20), self._slice)
        self._partitions = [self._partition(k, synapses, profile) for k in range(self.threads)]
        self._seconds = {"build": time.perf_counter() - began, "compile": 0.0, "run": 0.0}
        self._compile()

    def __repr__(self):
        """Return the time reached, what is simulated, and how."""
        populations = self.network.populations.values()
        return (f"Simulation at {self.time:,.6g} ms: {plural(sum(one.n for one in populations), 'cell')} in "
                f"{plural(len(populations), 'population')}, {plural(self.n_synapses, 'synapse')}, dt = {self.dt:g} ms, "
                f"seed {self.seed}, {plural(self.threads, 'thread')}")

    @property
    def time(self):
        """Time reached [ms]."""
        return float(recording.times_of(self._step, self.dt))

    @property
    def state(self):
        """State variables by population and variable, as arrays that can be read and written between runs."""
        return Variables(self._layout, self._shared)

    def run(self, duration, *, progress=None):
        """Go on for `duration` ms and return the Result of this piece; `result` returns all pieces so far.

        Ctrl-C stops the run within about a tenth of a second and raises KeyboardInterrupt; the simulation is then in order:
        `result` returns what was recorded until then, and it can go on. After an error `result` returns what was recorded
        up to a tenth of a second before, without a state.
        """
        steps = checked_steps(duration, self.dt, "run.duration")
        if self._failed:
            raise RuntimeError("Simulation.run: the last run failed half-way; reset() goes back to the start, and result() "
                               "returns what was recorded before")
        self._check_finite("the state was set to a number that is not finite")
        start, stop = self._step, self._step + steps
        before = self._recorded()
        began = time.perf_counter()
        with Interrupt() as interrupt, Watch(steps * self.dt, progress, "ms") as watch:
            while self._step < stop and not interrupt.asked:
                chunk = self._pace.steps(stop - self._step)
                seconds = self._advance(chunk)
                self._pace.learn(chunk, seconds)
                watch.show(recording.times_of(self._step - start, self.dt))
        seconds = time.perf_counter() - began
        self._seconds["run"] += seconds
        if interrupt.asked:
            raise KeyboardInterrupt(f"stopped at {self.time:g} ms")
        self._check_finite("a variable ran away", warn=True)
        return self._result(start, before, seconds)

    def result(self):
        """Return the Result of everything since the start or the last reset."""
        return self._result(self._begin, (0, [0] * len(self._traces), {}), self._seconds["run"])

    def reset(self):
        """Go back to the start: initial state, time 0 or that of the restored state, inputs and parameters as described."""
        self._layout.inputs = list(self._given)
        for name, values in self._described.items():
            if self._layout.members[name].values is not values:
                self._layout.change(name, values)
        state = self._restored
        self._begin = self._step = 0 if state is None else state.step
        self._failed, self._seconds["run"] = False, 0.0
        clear_barrier(self._shared.exchange.barrier)
        self._shared.refractory[:] = 0
        self._shared.state[:] = 0.0
        self._shared.state[: self._layout.n_state] = initial_values(self._layout, self.seed)
        self._pieces, self._lags, self._recent = [], [], np.empty(0, np.int64)
        for partition in self._partitions:
            partition.clear(self._step)
            partition.connect_cells(self._addresses, self.seed)
            partition.connect_inputs(self.seed, self._step)
        for trace in self._traces:
            trace.steps, trace.values = [], []
        if state is None:
            self._stand_before_zero()
        else:
            self._restore(state)

    def set(self, target, **values):
        """Change an input or a population's parameters from now on.

        Parameters
        ----------
        target : PoissonInput, CurrentInput, Population or str
            The input as it was given to `stimulate` (or its name there), or a population (or its name).
        **values
            Fields of the input (``rate=``, ``amplitude=``, ...) or parameters of the model: numbers where there was one
            number for the population, arrays where there were arrays.

        `reset` takes the changes back. A saved state does not hold them: set them again where a run goes on from it.

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
        if isinstance(target, Population):
            self._layout.check_population(target, "Simulation.set")
            target = target.name
        elif isinstance(target, View):
            raise TypeError("Simulation.set: parameters are set for a whole population; give an array with a value per cell")
        if isinstance(target, str) and target in self._layout.members:
            change_parameters(self._layout, target, values)
            for partition in self._partitions:
                partition.connect_cells(self._addresses, self.seed)
        else:
            change_input(self._layout, self._given, target, values)
            for partition in self._partitions:
                partition.connect_inputs(self.seed, self._step)

    def _partition(self, number, synapses, profile):
        arrays, columns, places = recording.recorder_arrays(self._traces, self._layout, number, self._pace.longest)
        partition = Partition(number, self._layout, self._shared, synapses, self._slice, arrays, profile)
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

    def _advance(self, chunk):
        """Run one chunk and collect what was recorded; returns its seconds."""
        began = time.perf_counter()
        # time 0 is completed, and sampled, when the first run begins
        completed = int(self._partitions[0].progress.at[driver.COMPLETED])
        stop = self._step + chunk
        for partition in self._partitions:
            partition.progress.at[driver.STOP] = stop
            partition.recorder.cursor[:] = partition.sample_places[:-1]
        self._failed = True
        run_all(self._partitions)
        self._failed, self._step = False, stop
        seconds = time.perf_counter() - began
        taken = [partition.take_spikes() for partition in self._partitions]
        packed, lags = ([piece for pieces in column for piece in pieces] for column in zip(*taken, strict=True))
        if packed:
            packed = np.concatenate(packed)
            order = np.argsort(packed, kind="stable") if lags else None
            self._keep(np.sort(packed) if order is None else packed[order], np.concatenate(lags)[order] if lags else None)
        for place, trace in enumerate(self._traces):
            self._collect_samples(place, trace, completed)
        return seconds

    def _keep(self, packed, lags):
        if self._wanted:
            self._pieces.append(packed)
            self._lags.append(np.zeros(packed.size if self._partitions[0].lags is not None else 0) if lags is None else lags)
        recent = np.concatenate([self._recent, packed])
        oldest = (self._step - self._longest) << STEP_BITS
        self._recent = recent[np.searchsorted(recent, oldest) :]

    def _collect_samples(self, number, trace, start):
        steps = recording.sampled_steps(trace, start, self._step)
        values = np.empty((steps.size, trace.ids.size))
        for partition in self._partitions:
            at, columns = partition.sample_places[number], partition.columns[number]
            samples = partition.recorder.samples[at : at + values[:, columns].size]
            values[:, columns] = samples.reshape(steps.size, columns.size)
        trace.steps.append(steps)
        trace.values.append(values)

    def _stand_before_zero(self):
        """Make time 0 a point that is still to be completed, at which the listed spikes of t = 0 are sent."""
        exchange = self._shared.exchange
        exchange.ends[:] = 0
        total = 0
        for group, members in enumerate(g.members for g in self._layout.groups):
            for member in members:
                if isinstance(member.population.model, SpikeTrains):
                    model = member.population.model
                    ids = np.sort(model.ids[np.rint(model.times / self.dt) == 0]) + member.first
                    exchange.spikes[0, 0, total : total + ids.size] = ids
                    total += ids.size
            exchange.ends[0, 0, group] = total
        if total:
            self._keep(exchange.spikes[0, 0, :total].astype(np.int64), None)
        for partition in self._partitions:
            at = partition.progress.at
            at[driver.SLICE_START], at[driver.SLICE_STEPS], at[driver.COMPLETED] = -1, 1, -1

    def _restore(self, state):
        """Go on from a state: its numbers, and the spikes that are still under way."""
        self._recent = packed = load_state(state, self._layout, self._shared)
        for partition in self._partitions:
            partition.file_pending(packed >> STEP_BITS, (packed & CELL).astype(np.int32), self._step)

    def _kept(self):
        """Return (name in the results, member, ids or None for all) of what is in the results."""
        return [(label, self._layout.members[name], ids) for label, (name, ids) in self._wanted.items()] or [
            (name, member, None) for name, member in self._layout.members.items()
        ]

    def _recorded(self):
        """Return how many pieces of spikes and of each trace there are, and the profile; what a run adds is told by them."""
        return len(self._pieces), [len(trace.steps) for trace in self._traces], self._profile()

    def _profile(self):
        """Return part of the work -> seconds since the last reset, averaged over the threads; empty if none is asked for."""
        profiles = [partition.seconds() for partition in self._partitions if partition.profile is not None]
        return {part: sum(p[part] for p in profiles) / len(profiles) for part in profiles[0]} if profiles else {}

    def _result(self, start, before, seconds):
        """Return the Result from `start` on, made of the pieces that were recorded after `before` in so many seconds."""
        layout, dt = self._layout, self.dt
        # listed spikes at time 0 are kept when the simulation is reset, before the first run
        first = before[0] if start > self._begin else 0
        packed = np.concatenate([np.empty(0, np.int64), *self._pieces[first:]])
        lags = np.concatenate([np.empty(0), *self._lags[first:]])
        traces = recording.traces_of(self._traces, before[1], dt)
        return Result(
            spikes=recording.spikes_by_population(packed, lags, layout, self._wanted, start, self._step, dt),
            traces=traces, duration=float(recording.times_of(self._step - start, dt)),
            start=float(recording.times_of(start, dt)), dt=dt, seed=self.seed, stats=self._stats(seconds, before[2]),
            state=None if self._failed else save_state(layout, self._shared, self._recent, self._step, dt, self.seed),
            populations={label: m.n if ids is None else len(ids) for label, m, ids in self._kept()}, views=self._views,
            thresholds={name: recording.threshold_of(m) for name, m in layout.members.items()},
            resets={name: recording.resets_of(m) for name, m in layout.members.items()},
        )  # fmt: skip

    def _stats(self, seconds, profile_before):
        import numba

        import brainsim

        size = sum(column.nbytes for column in self._partitions[0].rows if isinstance(column, np.ndarray))
        profile = {part: now - profile_before.get(part, 0.0) for part, now in self._profile().items()}
        return {
            **({"profile": profile} if profile else {}),
            **{k: round(v, 6) for k, v in {**self._seconds, "run": seconds}.items()},
            "synapses": self.n_synapses,
            "synapse_bytes": size,
            "threads": self.threads,
            "precision": "single" if self._layout.dtype == np.float32 else "double",
            "network_seed": self.network.seed,
            "methods": self._layout.methods(),
            "versions": {"brainsim": brainsim.__version__, "numba": numba.__version__, "numpy": np.__version__},
        }

    def _check_finite(self, why, warn=False):
        if np.isfinite(self._shared.state[: self._layout.n_state]).all():
            return
        for name in self._layout.members:
            for variable, values in self.state[name].items():
                if not np.isfinite(values).all():
                    cell = int(np.flatnonzero(~np.isfinite(values))[0])
                    text = f"{name}.{variable}: {why} (cell {cell}: {values[cell]})"
                    if not warn:
                        raise ValueError(text)
                    warnings.warn(f"{text}; a smaller dt or another method may help", stacklevel=3)
                    return
