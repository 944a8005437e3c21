"""A network that is being simulated: `Simulation`, as users see it.

This file has its methods with their documentation, its lock, and what ranks agree on. What they do is in the parts: `run`
(the state and the time loop), `recording` (what is recorded, and Results), `running` (runs in pieces), `changes` (set and
rewire, and the network as it was described), and `checkpoints.saving`.
"""

from __future__ import annotations

import copy
import os
import time
import typing
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from brainsim.build.constants import initial_values
from brainsim.build.layout import Layout
from brainsim.core.arrays import plural, times_of
from brainsim.core.checks import option, takes_options, true_or_false
from brainsim.core.contexts import default_arithmetic
from brainsim.core.doors import all_through, through
from brainsim.core.hints import Answering, answers_calls
from brainsim.core.pauses import pause_gc
from brainsim.engine.loop.progress import Watch
from brainsim.engine.operators.registry import check_inputs_have_operators
from brainsim.engine.simulation.described import Described, take_back
from brainsim.engine.simulation.recording import Recording
from brainsim.engine.simulation.run import Run
from brainsim.engine.simulation.running import CHECK_EVERY, Exclusive, check_callback, run_pieces
from brainsim.engine.simulation.settings import (
    WORTH_AN_ESTIMATE,
    RunSettings,
    checked_network,
    checked_steps,
    most_bytes,
    path_of,
    ranks_of,
    thread_count,
)
from brainsim.engine.states.fingerprint import fingerprint_of
from brainsim.engine.states.state import Variables
from brainsim.engine.synapses.store import Synapses
from brainsim.jit.cache import told_of_compiling
from brainsim.network.arguments import PRECISIONS
from brainsim.rng.streams import checked_seed

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.inputs import Input
    from brainsim.network.network import Network
    from brainsim.network.population import Population
    from brainsim.network.probes import Kept, Request
    from brainsim.network.projection import Projection
    from brainsim.results.result import Result, State
    from brainsim.results.synapses import SynapseTable


@answers_calls
class Simulation(Answering):
    """A network that is being simulated: run it in pieces, look at its state and change it between them.

    Parameters
    ----------
    network, dt, seed, precise, record, spikes, threads, progress, state, precision, profile, ranks, to, overwrite
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

    @takes_options("Simulation")
    def __init__(
        self,
        network: Network,
        *,
        dt: float = 0.1,
        seed: int | None = None,
        precise: bool = False,
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
        settings = RunSettings(
            dt=dt,
            seed=seed,
            precise=precise,
            precision=precision,
            threads=threads,
            record=record,
            spikes=spikes,
            progress=progress,
            profile=profile,
            ranks=ranks,
            to=to,
            overwrite=overwrite,
        )
        self._begin(network, settings, state)

    @classmethod
    def _with(cls, network, settings, state=None):
        new = cls.__new__(cls)
        new._begin(network, settings, state)
        return new

    def _begin(self, network, settings, state):
        """Check the network, build it, and go to its start."""
        ranks = settings.ranks
        self._exclusive, self._at_chunk_end, self._guard = Exclusive("Simulation"), [], None
        self._called_back = False  # whether a function of the user may have changed something during a run
        ranks.agree("Simulation.to", "makes a simulation", to=path_of(settings.to))
        self._number = ranks.number()
        self._recording = Recording(settings)
        with pause_gc(), ranks.quiet(), default_arithmetic():
            self._build(network, settings, state)
            self.reset()
        self._recording.continue_stream(self._run)

    def _build(self, network, settings, state):
        """Lay out the network, build its synapses and compile its operators."""
        began, ranks, given = time.perf_counter(), settings.ranks, settings.seed
        checked_network(network, settings.dt)
        if (state := ranks.first(state)) is not None:
            from brainsim.engine.states.given import check_fits, check_state

            state = check_state(state, settings.dt, given)
        self._restored = state
        seed = ranks.first(checked_seed(given if state is None else state.seed, option("seed")))
        threads = thread_count(settings.threads, network, settings.dt, ranks)
        self._settings = settings = replace(settings, seed=seed, threads=threads)
        kind = PRECISIONS[settings.precision]
        layout = Layout(network, settings.dt, threads * ranks.size, kind, False, ranks, settings.timing)
        check_inputs_have_operators(layout)
        if most_bytes(network, settings.dt) > WORTH_AN_ESTIMATE:
            for check in all_through("check of a large network"):
                check(layout)
        layout.fill()
        self._described = Described(network, layout)
        if ranks.size > 1:
            parts = {part: print_.encode() for part, print_ in self._described.prints.parts().items()}
            doing = "makes a simulation"
            options = {"dt": settings.dt, "precision": settings.precision, "precise": settings.precise}
            ranks.agree("Simulation.network", doing, seed=given, **options, **parts)
        if state is not None:
            check_fits(state, layout, self._described.prints.parts())
        recorders = self._recording.recorders(layout)
        if ranks.size > 1:
            ranks.agree("Simulation.record", doing, recorded=fingerprint_of(*self._recording.requested).encode())
            through("ranks").reject_recorders(recorders)
        expected = sum(p.expected for p in network.projections if p.storage != "procedural" and p.by_spikes)
        watched = Watch(expected, settings.progress if ranks.rank == 0 else False, "synapses")
        with watched as watch, told_of_compiling(lambda: _compile_ahead(network, settings)):
            synapses = Synapses(layout, threads, watch.show)
        self._seconds = {"build": time.perf_counter() - began, "compile": 0.0, "run": 0.0}
        log = self._recording.log(recorders, self)
        self._run = Run(layout, synapses, log, seed, settings.profile)
        self._run.compile()
        self._seconds["compile"] = time.perf_counter() - began - self._seconds["build"]

    def __repr__(self) -> str:
        populations = self.network.populations.values()
        return (
            f"Simulation at {self.time:,.6g} ms: {plural(sum(p.n for p in populations), 'cell')} in "
            f"{plural(len(populations), 'population')}, {plural(self.n_synapses, 'synapse')}, dt = {self.dt:g} ms, "
            f"seed {self.seed}, {plural(self.threads, 'thread')}"
        )

    @property
    def network(self) -> Network:
        """The network, since `rewire` a description with the synapses as they are now."""
        return self._layout.network if self._run.synapses.former else self._described.given

    @property
    def dt(self) -> float:
        """Time step [ms]."""
        return self._settings.dt

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return self._settings.seed

    @property
    def threads(self) -> int:
        """Number of partitions of the cells, each with its own thread."""
        return self._settings.threads

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self._run.synapses.number

    @property
    def time(self) -> float:
        """Time reached [ms]."""
        return float(times_of(self._run.step, self._settings.dt))

    @property
    def rank(self) -> int:
        """Which rank of an MPI run this is; 0 without ``ranks=``. Results are on rank 0."""
        return self._settings.ranks.rank

    @property
    def state(self) -> Variables:
        """State variables by population and variable, as arrays that can be read and written between runs."""
        self._state_was_given_out = True
        return Variables(self._layout, self._run.shared)

    @property
    def _layout(self):
        return self._run.layout

    @property
    def _stream(self):
        return self._recording.stream

    def _agree(self, method, doing=None, **values):
        """Raise an error, on all ranks, unless all call this method with these values, and have the same state."""
        ranks = self._settings.ranks
        if ranks.size == 1:
            return
        given_out = self._run.shared.given_out
        values |= {"number of the simulation": self._number, "time": self.time, **given_out.values()}
        ranks.agree(f"Simulation.{method}", doing, **values)
        given_out.note_agreement()

    def run(
        self,
        duration: float,
        *,
        progress: bool | None = None,
        every: float | None = None,
        callback: Callable[[Simulation], object] | None = None,
        callback_at_start: bool = False,
    ) -> Result:
        """Continue for `duration` ms and return the Result of this piece; `result` returns all pieces so far.

        Parameters
        ----------
        duration : float
            How long [ms].
        progress : bool, optional
            Show a progress bar; None shows one if the run takes long, in a terminal or a notebook.
        every : float, optional
            Interval at which `callback` is called [ms], counted from the beginning of this piece: first when one interval
            has passed, and last at the end if it is a multiple of the interval.
        callback : callable, optional
            Called as ``callback(sim)``. It may look at the simulation and change it as between two runs: read
            ``sim.result()``, write to ``sim.state``, call ``sim.set``. It may not run or reset it. What it returns does not
            matter.
        callback_at_start : bool
            Whether it is also called at the beginning of this piece.

        Raises
        ------
        KeyboardInterrupt
            By Ctrl-C, within about a tenth of a second. The simulation stays valid: `result` returns what was recorded until
            then, and `run` continues. The same holds after an error of `callback`. After an error of the run itself `result`
            returns what was recorded up to a tenth of a second before, without a state.
        ValueError
            If `duration` or `every` is not a multiple of dt.
        RuntimeError
            If the last run failed.

        Warns
        -----
        UserWarning
            If a variable is not finite at the end. The run is not stopped when that happens; `run_until` can stop it.

        Notes
        -----
        The spikes are the same with and without a callback that changes nothing. A Result of synapses that learn keeps their
        weights as they were, 8 bytes a synapse, once the run continues: keep only what you need, e.g.
        ``result.spikes``.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> sim = bs.Simulation(net, seed=2)
        >>> means = []
        >>> result = sim.run(30.0, every=10.0, callback=lambda sim: means.append(sim.state["cells"]["v"].mean()))
        >>> [f"{mean:.2f}" for mean in means]
        ['-65.00', '-51.15', '-53.19']
        """
        if true_or_false(callback_at_start, "run.callback_at_start") and callback is None:
            raise TypeError("run.callback_at_start: there is no callback; give every= and callback=")
        steps = checked_steps(duration, self._settings.dt, "run.duration")
        interval = check_callback(every, callback, self._settings.dt, "run")
        if self._settings.ranks.size > 1:
            given = {"every": every, "callback_at_start": callback_at_start, "having a callback": callback is not None}
            self._agree("run", duration=duration, **given)
        self._called_back |= callback is not None
        return run_pieces(self, steps, interval or steps, callback, progress, at_start=callback_at_start)

    def run_until(
        self,
        condition: Callable[[Simulation], bool],
        *,
        at_most: float,
        every: float | None = None,
        progress: bool | None = None,
    ) -> Result:
        """Continue until a condition is true, for `at_most` ms, and return the Result of this piece.

        Parameters
        ----------
        condition : callable
            Called as ``condition(sim)``; returns True to stop. It may look at the simulation and change it, see `run`.
        at_most : float
            The longest duration [ms]. The ``duration`` of the Result says how long it took.
        every : float, optional
            Interval at which the condition is checked [ms]: by default 1 ms, or dt if that is longer. It is also checked at
            the beginning, and at the end.
        progress : bool, optional
            As for `run`.

        Raises
        ------
        TypeError
            If the condition cannot be called, or returns something else than True or False.
        ValueError
            If `at_most` or `every` is not a multiple of dt.

        Examples
        --------
        The first spike of any of the cells:

        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> sim = bs.Simulation(net, seed=2)
        >>> result = sim.run_until(lambda sim: len(sim.result().spikes["cells"]) > 0, at_most=1000.0)
        >>> result.duration
        10.0
        """
        steps = checked_steps(at_most, self.dt, "run_until.at_most")
        default = max(1, round(CHECK_EVERY / self.dt))
        interval = default if every is None else checked_steps(every, self.dt, "run_until.every")
        if not callable(condition):
            raise TypeError(
                f"run_until.condition: must be a function of the simulation, e.g. lambda sim: ... (got {condition!r})"
            )

        def met(sim):
            answer = condition(sim)
            try:
                return bool(answer)
            except ValueError:
                hint = "must return True or False; .any() or .all() makes one of an array"
                raise TypeError(f"run_until.condition: {hint} (got {answer!r})") from None

        self._agree("run_until", at_most=at_most, every=every)
        return run_pieces(self, steps, interval, met, progress, may_stop=True)

    def result(self) -> Result:
        """Return the Result of everything since the start or the last reset."""
        if self._recording.closed is not None:
            return self._recording.closed
        with self._exclusive:
            self._agree("result")
            return self._recording.result(self)

    def digest(self) -> str:
        """Return a hash of all spikes since the simulation began, of the state and of weights that learn: 64 letters.

        Two runs with the same bits have the same digest, whatever the number of threads and the pieces in which they ran; a
        page (`page`) shows that of the network which runs there. A simulation begins at time 0 or from a state, ``state=``.

        Returns
        -------
        str
            SHA-256 as hexadecimal digits.

        Raises
        ------
        ValueError
            If the spikes of some cells or times were not recorded.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> one, two = bs.Simulation(net, seed=2), bs.Simulation(net, seed=2)
        >>> _ = one.run(20.0), two.run(5.0), two.run(15.0)
        >>> one.digest() == two.digest()
        True
        """
        return through("digest", "Simulation.digest")(self)

    def _latest(self, window: float) -> Result:
        """Return a Result with the spikes of the last `window` ms, or of the whole run if that is all that can be had."""
        if self._recording.closed is not None or self._settings.ranks.size > 1:
            return self.result()
        with self._exclusive:
            start = max(self._run.step - round(window / self.dt), self._recording.begin)
            return self._recording.outcome(self, self._run.log.latest(start), start).result()

    def close(self) -> Result:
        """End a simulation with ``to=``: write the file, remove the folder, and return the Result of everything.

        It can no longer run. A simulation without ``to=`` stays as it is. With ranks all call it. In a ``with`` block this
        is done at the end:
        ``with bs.Simulation(net, to="run.h5") as sim: ...``

        Raises
        ------
        OSError
            If the file cannot be written, e.g. because the disk is full, or if another one has appeared at its place since
            the simulation was made. Everything that was recorded is then in the folder: the message names it, and says how
            to make the file later.
        ValueError
            If the columns in the folder were changed by another program, or by a faulty disk: their checksums show it. The
            message names the column, and the time until which everything is complete.

        Examples
        --------
        >>> import brainsim as bs
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> with TemporaryDirectory() as folder:
        ...     sim = bs.Simulation(net, seed=2, to=Path(folder) / "run.npz")
        ...     first, second = sim.run(50.0), sim.run(50.0)
        ...     len(sim.close().spikes["cells"]), len(bs.Result.load(Path(folder) / "run.npz").spikes["cells"])
        (80, 80)
        """
        recording = self._recording
        if recording.target is None or recording.closed is not None:
            return self.result()
        self._exclusive.check_not_lent("close")
        with self._exclusive:
            self._agree("close")
            return recording.close(self)

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reset(self, *, keep_weights: bool = False) -> None:
        """Go back to the start: initial state, time 0 or that of the restored state, inputs and parameters as described.

        Parameters
        ----------
        keep_weights : bool, default False
            Whether synapses that learn keep the weights that they have. Otherwise all weights are again those with which
            synapses were connected.
        """
        if true_or_false(keep_weights, "Simulation.reset.keep_weights"):
            learned = {p.name: self.synapses(p).weight for p in self.network.projections if p.plasticity is not None}
            self.reset()
            for name, weights in learned.items():
                self.set(name, weight=weights)
            return
        self._exclusive.check_not_lent("reset")
        self._recording.check_open()
        with self._exclusive:
            # whatever was written to the state
            self._settings.ranks.agree("Simulation.reset", **{"number of the simulation": self._number})
            take_back(self)
            self._origin = 0 if self._restored is None else self._restored.step
            self._recording.begin, self._recording.earlier = self._origin, None
            self._seconds["run"], self._state_was_given_out, self._called_back = 0.0, False, False
            self._run.log.clear()
            if self._restored is None:
                self._run.start(initial_values(self._layout, self.seed))
            else:
                self._run.restore(self._restored)
            self._run.shared.given_out.fill_in()
            self._described.note(self._layout)

    def forget(self) -> None:
        """Forget what was recorded: `result` then begins now. The time, the state and everything else stay.

        A long run whose pieces are read one by one then needs no more memory than its longest piece.

        Raises
        ------
        RuntimeError
            If the simulation has ``to=``, so that nothing of it is in memory, or by a callback during a run.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> sim = bs.Simulation(net, seed=2)
        >>> for piece in range(3):
        ...     counts = len(sim.run(50.0).spikes["cells"])
        ...     sim.forget()
        >>> sim.time, sim.result().start, sim.result().duration
        (150.0, 150.0, 0.0)
        """
        self._exclusive.check_not_lent("forget")
        with self._exclusive:
            self._agree("forget")
            self._recording.forget(self._run)

    def set(self, target: Input | Population | str, **values: object) -> None:
        """Change an input or a population's parameters from now on.

        Parameters
        ----------
        target : PoissonInput, EventInput, CurrentInput, NoiseInput, VoltageClamp, Population, Projection or str
            The input as it was given to `stimulate` (or its name there), a population (or its name), or a projection (or its
            name).
        **values
            Fields of the input (``rate=``, ``amplitude=``, ...), of any kind that the input takes: a number, an array, a
            string or a TimedArray may replace any other. Parameters of the model: a number, or an array with one for each
            cell of the population. Of `SpikeTrains`: ``times=`` and ``ids=`` of the spikes that are sent from now on, in
            place of those listed so far, all after now; what would be rounded to now is sent in the next step. Of a
            projection: its ``weight``, as a number or an array in the order of `synapses`, and, while no spike of its cells
            is under way, as before a run, its ``delay`` [ms]; of a coupling, once a run has begun, up to the longest that
            its sources had so far, since no more of what they gave is kept. With plasticity not the delay, but also a
            variable of its synapses, ``learning``, whether its weights change, and the modulator of its rule, by its name,
            e.g. ``n=0.5``, which `modulator` reads.

        `reset` takes the changes back, and a checkpoint (`save`) holds them all. A State holds the weights of projections
        with plasticity, and whether they change, but not inputs, parameters and other weights: to continue from it, the
        network must be built with the values as they were then, or the state is rejected. It does not store the
        times of listed spikes; they are taken from the network.

        Other weights are functions of the seed, which are built once, so setting them builds all stored synapses again, as
        `rewire` does, and `network` is then a description with these weights. Spikes that are under way arrive with the new
        weights, but for events at v or another variable of the cell in the next step, which have been weighed.

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
            through("changes", "Simulation.set").change(self, target, values)

    def synapses(self, projection: Projection | str, *, traces: bool = False) -> SynapseTable:
        """Return the synapses of a projection: who is connected to whom, with which weight and delay.

        Parameters
        ----------
        projection : Projection or str
            What `Network.connect` returned, or its name.
        traces : bool
            With a rule of plasticity, whether the ``columns`` also have the traces that all synapses of a cell share, such
            as x and u of `TsodyksMarkram`, and the modulator, as each synapse reads them now.

        Returns
        -------
        SynapseTable
            With the arrays ``pre``, ``post``, ``weight`` and ``delay``, and ``matrix()``. Stored and procedural synapses
            alike; those of a built-in kind are sampled again, which takes as long as building them. Those that learn are
            shown as their targets feel them now: `WeightTrace` says what that means if a delay is dendritic.

        Raises
        ------
        MissingName
            If the network has no such projection.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(100, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> wires = net.connect(cells, cells, bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=bs.Delta())
        >>> table = bs.Simulation(net, seed=2).synapses(wires)
        >>> len(table), table.matrix().sum(axis=0)[:3]
        (500, array([5., 5., 5.]))
        """
        from brainsim.engine.synapses.readback import read_back

        found = self._run.synapses.projection(projection, "Simulation.synapses")
        true_or_false(traces, "Simulation.synapses.traces")
        with self._exclusive:
            self._agree("synapses", projection=found.name, traces=traces)
            return read_back(self._run.synapses, found, self.threads, traces)

    def modulator(self, projection: Projection | str) -> float:
        """Return the modulator of a projection's rule now, the variable that all its synapses share, e.g. dopamine.

        Raises
        ------
        MissingName
            If the network has no such projection, or its rule has no modulator.

        Examples
        --------
        A reward of 0.5:

        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> loop = net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Delta(),
        ...                    plasticity=bs.DopamineSTDP())
        >>> sim = bs.Simulation(net, seed=2)
        >>> sim.set(loop, n=sim.modulator(loop) + 0.5)
        >>> result = sim.run(200.0)
        >>> round(sim.modulator(loop), 4)
        0.1839
        """
        with self._exclusive:
            return through("modulator", "Simulation.modulator")(self._run.synapses, projection)

    def normalise(
        self, projection: Projection | str, total: float | ArrayLike, *, by: Literal["target", "source"] = "target"
    ) -> None:
        """Multiply the weights of a projection with plasticity so that those onto each target add up to `total`, now.

        Parameters
        ----------
        projection : Projection or str
            What `Network.connect` returned, or its name.
        total : float or array of float
            In the unit of the synapse; not 0. An array has a number for each target (or source).
        by : {"target", "source"}
            Whose weights are added up: those onto each target, or those of each source.

        Notes
        -----
        This does once what `Normalisation` does at regular intervals.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(100, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=0.5, delay=1.5, synapse=bs.Delta(),
        ...                     plasticity=bs.STDP(w_max=2.0))
        >>> sim = bs.Simulation(net, seed=2)
        >>> sim.normalise(wires, 8.0)
        >>> sim.synapses(wires).weight[:3]
        array([0.8, 0.8, 0.8])
        """
        with self._exclusive:
            self._agree("normalise", projection=getattr(projection, "name", projection), total=total, by=by)
            self._run.settle()
            through("normalise", "Simulation.normalise")(self._run.synapses, projection, total, by)

    def rewire(
        self,
        projection: Projection | str,
        *,
        remove: ArrayLike = (),
        pre: ArrayLike = (),
        post: ArrayLike = (),
        weight: float | ArrayLike | None = None,
        delay: float | ArrayLike | None = None,
    ) -> None:
        """Remove synapses of a projection and add others, from now on: structural plasticity.

        Parameters
        ----------
        projection : Projection or str
            What `Network.connect` returned, or its name; its synapses must be stored.
        remove : array of int, or a mask
            Which synapses: their indices in ``sim.synapses(projection)``, or an element for each, True to remove it.
        pre, post : array of int, shape (k,)
            The cells of k new synapses, as indices into what was connected.
        weight, delay : float or array of shape (k,), optional
            Of the new synapses, in the unit of the synapse and in ms: by default the number with which the projection was
            connected, or samples of its distribution. They must be given if it was connected with a list of them.

        Notes
        -----
        All other synapses keep their bits, and those of the projection their weights and variables, which are brought up to
        now; new ones begin with the initial values of the rule. Spikes that are under way arrive over the synapses as they
        are now. A new delay that is longer than all before it also reaches spikes that have arrived over other synapses:
        those sent within the longest delay in the network so far; with a plasticity rule, within the longest of the
        projection, and the spike of each source before these. Pairs of a coupling get what their sources gave the new delay
        ago, which may be at most the longest that these sources had so far.

        All rows of the network are built again, in 0.05 to 0.1 s for each million of stored synapses on one core; so it is
        best to make several changes at once. The weights of other projections are copied as they are. With ranks, all call
        it with the same synapses; each builds its own part again.

        `network` is now a description with these synapses; states saved from then on fit only this network. `reset` goes
        back to the synapses with which the simulation was made. A `WeightTrace` follows the synapses that it has recorded so
        far; of those that are removed it records NaN.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(100, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> wires = net.connect(cells, cells, bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=bs.Delta())
        >>> sim = bs.Simulation(net, seed=2)
        >>> sim.rewire(wires, remove=sim.synapses(wires).pre == 0, pre=[1, 1], post=[2, 3])
        >>> table = sim.synapses(wires)
        >>> int(table.pre.min())
        1
        """
        with self._exclusive:
            name = getattr(projection, "name", projection)
            self._agree("rewire", projection=name, remove=remove, pre=pre, post=post, weight=weight, delay=delay)
            through("changes", "Simulation.rewire").rewire(self, projection, remove, pre, post, weight, delay)

    @takes_options("Simulation.continue_with")
    def continue_with(
        self,
        network: Network,
        *,
        record: Request | Sequence[Request] = (),
        spikes: bool | Kept | Sequence[Kept] = True,
        threads: int | None = None,
        progress: bool | None = None,
        to: str | os.PathLike | None = None,
        overwrite: bool = False,
    ) -> Simulation:
        """Return a simulation of a network that has grown or changed, which continues from where this one is.

        Parameters
        ----------
        network : Network
            The network of this simulation, to which populations, projections or inputs have been added, or another one:
            with other parameters, without some of the parts, with other delays.
        record, spikes, threads, progress, to, overwrite
            As for `Simulation`; what is recorded begins now.

        Returns
        -------
        Simulation
            With the dt, the seed, the precision and the ranks of this one, which stays as it is.

        Raises
        ------
        ValueError
            If a population has another number of cells than the one of its name here, if a projection with the rule of one
            here has other pairs, or if a delayed coupling needs what its sources gave before anything kept it.

        Warns
        -----
        UserWarning
            If spikes are under way in a projection that learns and whose delays have changed: some may get lost or arrive
            twice.

        Notes
        -----
        Populations and projections are found by their names, receptors by their synapses. What both networks have stays as
        it is: variables, refractory times, noise, what synapses have learned and, of parts that are described as before,
        what `set` and `rewire` have changed. What is new begins at its initial values, as if it had been there and silent.
        Spikes under way keep the delays with which they were sent, for which `network` then has an input with listed events;
        they also arrive over new projections if they were sent within the longest delay so far, except over those with a
        plasticity rule, which know only what is sent from now on.

        `reset` of the new simulation goes back to the state of now, or to the start if no run has begun. Its synapses are
        built once, as those of any simulation.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> sim = bs.Simulation(net, seed=2)
        >>> first = sim.run(50.0)
        >>> more = bs.Population(5, bs.LIF(), name="more")
        >>> wires = net.connect(cells, more, bs.AllToAll(), weight=2.0, delay=1.5, synapse=bs.Delta())
        >>> sim = sim.continue_with(net)
        >>> second = sim.run(50.0)
        >>> second.start, len(second.spikes["cells"]), len(second.spikes["more"])
        (50.0, 40, 20)
        """
        with self._exclusive:
            self._agree("continue_with")
            given = {"record": record, "spikes": spikes, "threads": threads, "progress": progress}
            settings = replace(self._settings, **given, to=to, overwrite=overwrite)
            return through("continuing", "Simulation.continue_with").continue_with(self, network, settings)

    def page(self, file: str | os.PathLike | None = None, *given: Any, **options: Any) -> Any:
        """Write a page on which the network continues from here in a browser, and return it: see `brainsim.page`.

        >>> import brainsim as bs  # doctest: +SKIP
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
        >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
        >>> sim = bs.Simulation(net, seed=2)  # doctest: +SKIP
        >>> sim.page("network.html", [bs.Control(cells, "tau_m", 5.0, 40.0)])  # doctest: +SKIP
        """
        return through("page", "Simulation.page")(self, file, *given, **options)

    def save(self, path: str | os.PathLike) -> Path:
        """Write a checkpoint, from which `load` continues in another process with the same bits, and return its path.

        Parameters
        ----------
        path : str or Path
            File to write, e.g. ``"run.ckpt"``: an ``.npz`` without pickles. It appears only when it is complete; the one
            that it replaces is kept as ``run.ckpt.previous``.

        Returns
        -------
        Path

        Raises
        ------
        FileNotFoundError, OSError
            If the folder does not exist or cannot be written to; an earlier checkpoint stays as it was.
        TypeError
            If `set` gave an input something other than a number, text, array, TimedArray or distribution.
        ValueError
            If a variable is not finite, or the name ends as files of another format do, such as ``.h5``.

        Notes
        -----
        The file holds the state with the weights of synapses that learn, what `set` and `rewire` have changed, what was
        recorded so far, and what `reset` goes back to. It does not hold the network, which is built again from its
        description, but fingerprints of its parts. Neither the number of threads nor the machine matters.

        Examples
        --------
        >>> import brainsim as bs
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
        >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
        >>> sim = bs.Simulation(net, seed=2)  # doctest: +SKIP
        >>> result = sim.run(500.0)  # doctest: +SKIP
        >>> sim.save("run.ckpt")  # doctest: +SKIP
        >>> again = bs.Simulation.load(net, "run.ckpt").run(500.0)  # doctest: +SKIP
        """
        with self._exclusive:
            self._agree("save")
            return through("checkpoints", "Simulation.save").write(self, path)

    @classmethod
    @takes_options("Simulation.load")
    def load(
        cls,
        network: Network,
        path: str | os.PathLike,
        *,
        record: Request | Sequence[Request] = (),
        spikes: bool | Kept | Sequence[Kept] = True,
        threads: int | None = None,
        progress: bool | None = None,
        profile: bool = False,
        to: str | os.PathLike | None = None,
        overwrite: bool = False,
        ranks: Any = None,
    ) -> typing.Self:
        """Return a simulation that continues from a checkpoint which `save` wrote.

        Parameters
        ----------
        network : Network
            Built as it was when the run began. What `set` and `rewire` have changed since is in the file.
        path : str or Path
            The checkpoint. If it is damaged, the one before is taken, with a warning.
        record, spikes, threads, progress, profile, to, overwrite, ranks
            As for `Simulation`. A stream continues in its folder where it was: what was recorded after the checkpoint is
            recorded again. If `record` and `spikes` are those of the simulation that was saved, `result` returns
            everything since its beginning; otherwise, with a warning, what is recorded from now on.

        Returns
        -------
        Simulation
            With the dt, the seed and the precision that were saved.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or is of another network: the message names what differs.

        Warns
        -----
        UserWarning
            If brainsim, NumPy, Numba or the processor are not those with which it was saved: bits may differ.

        Examples
        --------
        >>> import brainsim as bs, tempfile
        >>> def network():
        ...     cells = bs.Population(100, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        ...     net = bs.Network(seed=1)
        ...     net.stimulate(cells, bs.CurrentInput(400.0))
        ...     return net
        >>> sim = bs.Simulation(network(), seed=2)
        >>> first = sim.run(50.0)
        >>> file = sim.save(tempfile.mkdtemp() + "/run.ckpt")
        >>> again = bs.Simulation.load(network(), file)
        >>> again.run(50.0).spikes == sim.run(50.0).spikes, again.result().spikes == sim.result().spikes
        (True, True)
        """
        label = "Simulation.load"
        saving, ranks = through("checkpoints", label), ranks_of(ranks, option("ranks"))
        checkpoint = saving.read_on_ranks(path, ranks, to, label)
        settings = RunSettings(
            **checkpoint.settings,
            threads=threads,
            record=record,
            spikes=spikes,
            progress=progress,
            profile=profile,
            ranks=ranks,
            to=to,
            overwrite=overwrite,
        )
        return saving.continue_as(cls, network, settings, checkpoint, label)

    def __deepcopy__(self, memo: dict) -> Simulation:
        """Return an independent simulation that continues from here; what never changes, such as the synapses, is shared."""
        with self._exclusive:
            self._agree("__deepcopy__", doing="copies a simulation")
            if self._run.failed:
                raise RuntimeError("Simulation: the last run failed half-way, so it has no state to copy; reset() it first")
            new = object.__new__(Simulation)
            vars(new).update(vars(self) | {"_exclusive": Exclusive("Simulation"), "_at_chunk_end": []})
            new._run, new._seconds, new._state_was_given_out = self._run.copy(), dict(self._seconds), False
            new._number = self._settings.ranks.number()
            new._described, new._recording = copy.copy(self._described), self._recording.copy(self._run.step)
        return new

    def __copy__(self) -> Simulation:
        """Return the same as `copy.deepcopy`: two simulations never share what changes."""
        return self.__deepcopy__({})

    def __reduce_ex__(self, protocol: typing.SupportsIndex) -> typing.NoReturn:
        """Raise TypeError: the arrays of a simulation are known to compiled code by their addresses."""
        raise TypeError("Simulation: cannot be pickled; sim.save(path), and continue with Simulation.load(network, path)")


def _compile_ahead(network, settings):
    """Let another process compile what is missing, see `brainsim.engine.simulation.needed`."""
    if settings.ranks.size == 1:
        from brainsim.engine.simulation.needed import compile_for

        compile_for(network, settings)
