"""A network that is being simulated: `Simulation` holds all that changes."""

from __future__ import annotations

import functools
import os
import time
import typing
from collections.abc import Sequence
from typing import Any

import numpy as np

from brainsim.build.constants import initial_values
from brainsim.build.layout import Layout
from brainsim.core.arrays import plural
from brainsim.core.checks import number, true_or_false
from brainsim.core.contexts import default_arithmetic
from brainsim.core.hints import Answering
from brainsim.core.own import named_by_class
from brainsim.core.pauses import gc_paused
from brainsim.engine.checkpoints.saving import WithCheckpoints, fingerprint_of
from brainsim.engine.estimates.memory import reject_if_too_large
from brainsim.engine.exchange.ranks import ranks_of, reject_recorders
from brainsim.engine.operators.registry import check_inputs_have_operators
from brainsim.engine.outcome import Outcome
from brainsim.engine.progress import Watch
from brainsim.engine.recorders.events import resolve_events
from brainsim.engine.recorders.requests import resolve_traces
from brainsim.engine.recorders.spikes import SpikeRecorder, wanted_spikes
from brainsim.engine.recorders.traces import TraceRecorder
from brainsim.engine.recorders.weights import WeightRecorder, resolve_weights
from brainsim.engine.run import Run
from brainsim.engine.settings import checked_network, checked_state, thread_count
from brainsim.engine.simulation.exclusive import Exclusive
from brainsim.engine.simulation.runs import WithRuns
from brainsim.engine.simulation.set_parameters import change_input, change_parameters, change_trains
from brainsim.engine.simulation.streams import WithStream
from brainsim.engine.simulation.synapses import WithSynapses
from brainsim.engine.states.fingerprint import Prints
from brainsim.engine.states.state import Variables, check_fits
from brainsim.engine.synapses.store import Synapses
from brainsim.engine.target import checked_target, path_of
from brainsim.engine.time import times_of
from brainsim.engine.views import threshold_of
from brainsim.network.checks import checked_precision
from brainsim.network.population import Population, View
from brainsim.network.probes import EventRecord, Trace, WeightTrace, checked_traces
from brainsim.network.projection import Projection
from brainsim.network.rewired import copied
from brainsim.results.result import Result
from brainsim.rng.streams import checked_seed

if typing.TYPE_CHECKING:
    from brainsim.models.inputs import Input
    from brainsim.network.network import Network
    from brainsim.network.probes import Kept, Request
    from brainsim.results.result import State


@named_by_class
class Simulation(WithRuns, WithStream, WithSynapses, WithCheckpoints, Answering):
    """A network that is being simulated: run it in pieces, look at its state and change it between them.

    Parameters
    ----------
    network, dt, seed, record, spikes, threads, progress, state, precision, profile, ranks, to, overwrite
        As for `simulate`; `progress` here applies to building only.

    Attributes
    ----------
    network : Network
    dt, seed : float, int
        Time step [ms], seed of the run.
    threads : int
        Number of partitions of the cells, each with its own thread; at most the number of processors.
    n_synapses : int
        Number of synapses.

    Notes
    -----
    ``copy.deepcopy(sim)`` returns an independent simulation that continues from the same point, with the same spikes; the
    synapses are shared. A simulation is used by one thread at a time, and a second one raises an error. It cannot be
    pickled: `save` writes it to a file, and `load` continues from there. A simulation with ``to=`` must be closed, see
    `close`; a copy of it records in memory, from there on.

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

    def __init__(
        self,
        network: Network,
        *,
        dt: float = 0.1,
        seed: int | None = None,
        record: Request | Sequence[Request] = (),
        spikes: bool | Kept | Sequence[Kept] = True,
        threads: int | None = None,
        progress: bool | None = None,
        state: State | None = None,
        precision: str = "double",
        profile: bool = False,
        ranks: Any = None,
        to: str | os.PathLike | None = None,
        overwrite: bool = False,
    ) -> None:
        self._exclusive, self._at_chunk_end = Exclusive("Simulation"), []
        self._stream, self._closed = None, None
        processes = ranks_of(ranks)
        processes.agree("Simulation.to", "makes a simulation", to=path_of(to))
        self._number = processes.number()
        self._target = checked_target(to, processes, overwrite)
        with gc_paused(), processes.quiet(), default_arithmetic():
            self._build(network, dt, seed, record, spikes, threads, progress, state, precision, profile, processes)
            self.reset()
        self._continue_stream()

    def _build(self, network, dt, seed, record, spikes, threads, progress, state, precision, profile, ranks):
        """Check the arguments, lay out the network, build its synapses and compile its operators."""
        began = time.perf_counter()
        self.dt = number(dt, "simulate.dt", "ms", above=0.0)
        self.network = checked_network(network, self.dt)
        self._restored = state = checked_state(ranks.first(state), self.dt, seed)
        true_or_false(profile, "simulate.profile")
        self.seed = ranks.first(checked_seed(seed if state is None else state.seed, "simulate.seed"))
        self.threads = thread_count(threads, network, self.dt, ranks)
        kind = checked_precision(precision, "simulate.precision")
        self._layout = Layout(network, self.dt, self.threads * ranks.size, kind, filled=False, ranks=ranks)
        check_inputs_have_operators(self._layout)
        reject_if_too_large(self._layout)
        self._layout.fill()
        self._views, self._original = network.parts_for_plots(), (network, copied(network, network.projections))
        self._original_inputs = tuple(network.inputs)  # the network may grow after this; the simulation does not
        self._described = {name: member.values for name, member in self._layout.members.items()}
        self._prints = self._first_prints = Prints(self._layout)
        if ranks.size > 1:
            parts = {part: print_.encode() for part, print_ in self._prints.parts().items()}
            self._agree("network", "makes a simulation", dt=self.dt, precision=precision, seed=seed, **parts)
        if state is not None:
            check_fits(state, self._layout, self._prints.parts())
        recorders = self._recorders(record, wanted_spikes(spikes, self._layout))
        if ranks.size > 1:
            self._agree("record", "makes a simulation", recorded=fingerprint_of(*self._requested).encode())
            reject_recorders(recorders)
        expected = sum(p.expected for p in network.projections if p.storage != "procedural")
        with Watch(expected, progress if ranks.rank == 0 else False, "synapses") as watch:
            synapses = Synapses(self._layout, self.threads, watch.show)
        self.n_synapses = synapses.number
        self._seconds = {"build": time.perf_counter() - began, "compile": 0.0, "run": 0.0}
        self._run = Run(self._layout, synapses, self._new_log(recorders), self.seed, profile)
        self._run.compile()
        self._seconds["compile"] = time.perf_counter() - began - self._seconds["build"]

    def _recorders(self, record, wanted):
        """Return the recorders: of spikes, of traces, and whatever else is in `record`."""
        requests = checked_traces(record, self.network.projections)
        self._requested = wanted, requests
        others = [request for request in requests if hasattr(request, "recorder")]
        traces = resolve_traces([request for request in requests if isinstance(request, Trace)], self._layout)
        weights = resolve_weights([request for request in requests if isinstance(request, WeightTrace)], self._layout)
        self._traces = [*traces, *weights] if self._target is None else []  # a stream needs no memory for them
        lags = self._layout.lag_places() is not None
        built_in = [SpikeRecorder(wanted, lags, self._layout.n_cells), *([TraceRecorder(traces)] if traces else [])]
        built_in += [WeightRecorder(weights)] if weights else []
        events = resolve_events([request for request in requests if isinstance(request, EventRecord)], self._layout)
        built_in += [events] if events else []
        return built_in + [request.recorder(self._layout) for request in others]

    def __repr__(self) -> str:
        """Return the time reached, what is simulated, and how."""
        populations = self.network.populations.values()
        return (
            f"Simulation at {self.time:,.6g} ms: {plural(sum(p.n for p in populations), 'cell')} in "
            f"{plural(len(populations), 'population')}, {plural(self.n_synapses, 'synapse')}, dt = {self.dt:g} ms, "
            f"seed {self.seed}, {plural(self.threads, 'thread')}"
        )

    @property
    def time(self) -> float:
        """Time reached [ms]."""
        return float(times_of(self._run.step, self.dt))

    @property
    def rank(self) -> int:
        """Which rank of an MPI run this is; 0 without ``ranks=``. Results are on rank 0."""
        return self._layout.ranks.rank

    @property
    def state(self) -> Variables:
        """State variables by population and variable, as arrays that can be read and written between runs."""
        self._state_was_given_out = True
        return Variables(self._layout, self._run.shared)

    def _agree(self, method, doing=None, **values):
        """Raise an error, on all ranks, unless all call this method with these values, and have the same state."""
        ranks = self._layout.ranks
        if ranks.size == 1:
            return
        if run := vars(self).get("_run"):  # not while the simulation is made
            values |= {"number of the simulation": self._number, "time": self.time, **run.shared.given_out.values()}
        ranks.agree(f"Simulation.{method}", doing, **values)
        if run:
            run.shared.given_out.agreed()

    def _result(self) -> Result:
        return self._whole(self._outcome(self._run.log.rows(), self._begin, self._seconds["run"], {}).result())

    def _latest(self, window: float) -> Result:
        """Return a Result with the spikes of the last `window` ms, or of the whole run if that is all that can be had."""
        if self._closed is not None or self._layout.ranks.size > 1:
            return self.result()
        with self._exclusive:
            start = max(self._run.step - round(window / self.dt), self._begin)
            return self._outcome(self._run.log.latest(start), start, self._seconds["run"], {}).result()

    def reset(self) -> None:
        """Go back to the start: initial state, time 0 or that of the restored state, inputs and parameters as described."""
        self._exclusive.check_not_lent("reset")
        self._check_open()
        with self._exclusive:
            # whatever was written to the state
            self._layout.ranks.agree("Simulation.reset", **{"number of the simulation": self._number})
            self._restore_synapses()
            self._take_back_changes()
            self._begin = self._origin = 0 if self._restored is None else self._restored.step
            self._earlier = None
            self._seconds["run"], self._state_was_given_out = 0.0, False
            self._run.log.clear()
            if self._restored is None:
                self._run.start(initial_values(self._layout, self.seed))
            else:
                self._run.restore(self._restored)
            self._run.shared.given_out.fill_in()
            self._describe()

    def _take_back_changes(self):
        """Give inputs and parameters the values that they had when the simulation was made."""
        changed = [name for name, values in self._described.items() if self._layout.members[name].values is not values]
        for name in changed:
            self._layout.change(name, self._described[name])
        inputs = any(now is not then for now, then in zip(self._layout.inputs, self._original_inputs, strict=True))
        self._layout.inputs = list(self._original_inputs)
        changed_trains = [m for m in self._layout.members.values() if m.trains not in (None, m.population.model)]
        for member in changed_trains:
            member.trains = member.population.model
        what = [*["parameters"] * bool(changed), *["inputs"] * inputs, *["trains"] * bool(changed_trains)]
        self._run = self._run.rebuild(*what)

    def __deepcopy__(self, memo: dict) -> Simulation:
        """Return an independent simulation that continues from here; what never changes, such as the synapses, is shared."""
        with self._exclusive:
            self._agree("__deepcopy__", doing="copies a simulation")
            if self._run.failed:
                raise RuntimeError("Simulation: the last run failed half-way, so it has no state to copy; reset() it first")
            new = object.__new__(Simulation)
            vars(new).update(vars(self) | {"_exclusive": Exclusive("Simulation"), "_at_chunk_end": []})
            new._run, new._seconds = self._run.copy(), dict(self._seconds)
            new._layout, new._state_was_given_out = new._run.layout, False
            new._number = new._layout.ranks.number()
            if self._target is not None:  # two simulations cannot write one stream
                new._target, new._stream, new._closed, new._begin = None, None, None, new._run.step
        return new

    def __copy__(self) -> Simulation:
        """Return the same as `copy.deepcopy`: two simulations never share what changes."""
        return self.__deepcopy__({})

    def __reduce_ex__(self, protocol: typing.SupportsIndex) -> typing.NoReturn:
        """Raise TypeError: the arrays of a simulation are known to compiled code by their addresses."""
        raise TypeError("Simulation: cannot be pickled; sim.save(path), and continue with Simulation.load(network, path)")

    def set(self, target: Input | Population | str, **values: object) -> None:
        """Change an input or a population's parameters from now on.

        Parameters
        ----------
        target : PoissonInput, CurrentInput, NoiseInput, VoltageClamp, Population, Projection or str
            The input as it was given to `stimulate` (or its name there), a population (or its name), or a projection (or its
            name).
        **values
            Fields of the input (``rate=``, ``amplitude=``, ...), of any kind that the input takes: a number, an array, a
            text or a TimedArray may replace any other. Parameters of the model: numbers where there was one number for the
            population, arrays where there were arrays. Of `SpikeTrains`: ``times=`` and ``ids=`` of the spikes that are
            sent from now on, in place of those listed so far. Of a projection: its ``weight``, as a number or an array in
            the order of `synapses`, and, while no spike of its cells is under way, as before a run, its ``delay`` [ms].
            With plasticity not the delay, but also a variable of its synapses, ``learning``, whether its weights change,
            and the modulator of its rule, by its name, e.g. ``n=0.5``, which `modulator` reads.

        `reset` takes the changes back, and a checkpoint (`save`) holds them all. A State holds the weights of projections
        with plasticity, and whether they change, but not inputs, parameters and other weights: to continue from it, the
        network must be built with the values as they were then, or the state is rejected. Nor does it hold listed spikes,
        of which the network may have any.

        Other weights are functions of the seed, which are built once, so setting them builds all stored synapses again, as
        `rewire` does, and `network` is then a description with these weights. Spikes that are under way arrive with the new
        weights.

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

        Weights of a projection, twice as large:

        >>> wires = net.connect(cells, cells, bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=bs.Delta())
        >>> sim = bs.Simulation(net, seed=2)
        >>> sim.set(wires, weight=2.0 * sim.synapses(wires).weight)
        """
        with self._exclusive:
            name = target if isinstance(target, str) else getattr(target, "name", None) or type(target).__name__
            self._agree("set", target=target, **{f"{key} of {name!r}": value for key, value in values.items()})
            if isinstance(target, Projection) or (isinstance(target, str) and target in self._run.synapses.projections):
                self._set_synapses(target, values)
                return
            if isinstance(target, Population):
                self._layout.check_population(target, "Simulation.set")
                target = target.name
            elif isinstance(target, View):
                raise TypeError("Simulation.set: cannot set parameters of a view; give an array for the population")
            if isinstance(target, str) and target in self._layout.members:
                member = self._layout.members[target]
                before = member.values
                if member.trains is not None:
                    change_trains(self._layout, target, values, self._run.step + self._run.is_complete())
                    self._run = self._run.rebuild("trains")
                    return
                change_parameters(self._layout, target, values)
                self._rebuild("parameters", lambda: self._layout.change(target, before))
            else:
                before = list(self._layout.inputs)
                change_input(self._layout, self._original_inputs, target, values)
                self._rebuild("inputs", lambda: self._layout.inputs.__setitem__(slice(None), before))
            self._describe()

    def _rebuild(self, what, take_back):
        """Build the operators that depend on what has changed; take the change back if one of them rejects it."""
        try:
            self._run.rebuild(what)
        except Exception:
            take_back()
            self._run.rebuild(what)
            raise

    def _describe(self):
        """Note the current parameters and inputs, for results and for states."""
        self._prints = Prints(self._layout, self._prints)
        self._thresholds = {name: threshold_of(m) for name, m in self._layout.members.items()}

    def _outcome(self, rows, start, seconds, profile_before):
        """Return the Outcome of a piece that began at `start` and took `seconds`; `rows` are those that it recorded."""
        stats = {**self._seconds, "run": seconds, **self._facts}
        if now := self._run.profile():
            stats = {"profile": {part: now[part] - profile_before.get(part, 0.0) for part in now}, **stats}
        return Outcome(
            self._layout,
            start,
            self._run.step,
            self.seed,
            rows,
            None if self._run.failed else self._run.snapshot(),
            self._prints,
            stats,
            self._views,
            self._thresholds,
        )

    @functools.cached_property
    def _facts(self):
        """What does not change: the size of the simulation, and the versions with which it runs."""
        import numba

        import brainsim

        return {
            "synapses": self.n_synapses,
            "synapse_bytes": sum(self._layout.ranks.all(self._run.synapses.nbytes)),
            "ranks": self._layout.ranks.size,
            "threads": self.threads,
            "precision": "single" if self._layout.dtype == np.float32 else "double",
            "network_seed": self.network.seed,
            "methods": self._layout.methods(),
            "versions": {"brainsim": brainsim.__version__, "numba": numba.__version__, "numpy": np.__version__},
        }
