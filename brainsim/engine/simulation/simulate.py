"""Running a network in one call: `simulate` makes a `Simulation` and runs it once."""

from __future__ import annotations

import os
import typing
from collections.abc import Callable, Sequence
from typing import Any

from brainsim.core.checks import number, option, takes_options, true_or_false, warn_user
from brainsim.core.doors import through
from brainsim.core.hints import answers_calls
from brainsim.engine.simulation.running import check_callback
from brainsim.engine.simulation.settings import RunSettings, checked_steps
from brainsim.engine.simulation.simulation import Simulation

if typing.TYPE_CHECKING:
    from brainsim.network.network import Network
    from brainsim.network.probes import Kept, Request
    from brainsim.results.result import Result, State


@answers_calls
@takes_options("simulate")
def simulate(
    network: Network,
    duration: float,
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
    every: float | None = None,
    callback: Callable[[Simulation], object] | None = None,
    callback_at_start: bool = False,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: float | str | None = None,
    resume: bool = False,
    ranks: Any = None,
    to: str | os.PathLike | None = None,
    overwrite: bool = False,
    live: bool = False,
) -> Result:
    """Simulate a network and return what was recorded.

    Parameters
    ----------
    network : Network
        It is not changed.
    duration : float
        How long [ms].
    dt : float
        Time step [ms]; delays and the times of spikes are multiples of it, unless they are `precise`.
    seed : int, optional
        Seed of initial values and inputs; None chooses one, which is in ``result.seed``. Wiring uses the network's seed.
    precise : bool
        Whether spikes have exact times, instead of the end of the step in which a cell reaches its threshold. The cell is
        reset as of that moment, a spike arrives after its delay, between the points of the grid, and refractory times and
        the times of `SpikeTrains` need not be multiples of dt. Cells with linear equations are solved exactly, so spike
        times do not depend on dt; those of others by the Runge-Kutta method of fourth order, in parts that are halved where
        v rises steeply: the errors of spike times fall by about 16 if dt is halved. If v is above the threshold for less
        than a step, this is noticed if v rises at the start and falls at the end of the interval between two events.
        `CurrentInput` changes at the points of the grid, and traces are sampled there. Delays are at least dt and are kept
        to a picosecond. The events of a `PoissonInput` of constant rate come at exact times, too, which do not depend on dt,
        and rules of plasticity act by the real times of spikes. What cannot be exact raises an error that names it: inputs
        that change from step to step, noise, random cells, rules with ``on_step``, a modulator or variables that follow the
        target, couplings, procedural synapses, single precision.
    record : Trace, WeightTrace or EventRecord, or a sequence of these
        What to record besides spikes: variables of cells, weights of synapses, and when conditions become true.
    spikes : bool, or sequence of Population, view and SpikeRecord
        Whose spikes to keep: all by default. `SpikeRecord` keeps those of a part of the run.
    threads : int, optional
        How many threads; None takes all processors that this process or its container may use if the network is large
        enough. More threads than processors would only wait for each other, so they are not started:
        ``result.stats["threads"]`` says how many ran. The result does not depend on it.
    progress : bool, optional
        Show progress bars of building and running; None shows them if it takes long, in a terminal or a notebook.
    state : State, optional
        Continue from here (``result.state`` of an earlier run of the same network), with the same seed and dt.
    precision : {"double", "single"}
        Of state variables and the arithmetic on them: float64, or float32, which is faster in large networks. In single
        precision each step rounds to 7 digits instead of 16: rates and other statistics stay the same, but single spikes of
        a network that amplifies differences do not. The spikes are the same for any number of threads in both. A variable
        that changes by less than 6e-8 of its value in a step does not move at all, so single precision is for steps above
        about a ten-thousandth of the time constants: a potential near -65 mV is off by up to 0.04 mV if tau is 10,000 dt,
        and by up to 0.4 mV if it is 100,000 dt. A warning names variables of linear equations for which dt is smaller.
    profile : bool
        Measure where the time goes: ``result.stats["profile"]`` then holds seconds, averaged over the threads, for updating
        cells, drive, delivery of events, routing of spikes, waiting for other threads, and the rest.
    every, callback : float and callable, optional
        Call ``callback(sim)`` every `every` ms of the run, first after one interval and last at the end: it may look at the
        Simulation and change it, see `Simulation.run`. An error in it, or in the run, loses nothing: the error has an
        attribute ``simulation``, whose ``result()`` holds what was recorded.
    callback_at_start : bool
        Whether `callback` is also called at the beginning.
    checkpoint : str or Path, optional
        A file, e.g. ``"run.ckpt"``, to which the simulation is saved at regular times, at the end, after Ctrl-C, and when
        SIGTERM or SIGUSR1 arrives, which then ends the process with the exit status 75. See `Simulation.save`.
    checkpoint_every : float or str, optional
        Time between two checkpoints: seconds, or a string such as ``"30 s"`` or ``"1 h"``; by default ``"10 min"``.
    resume : bool
        Continue from the checkpoint if there is one, to the end of `duration`: the same script, run again, returns the
        Result of the undisturbed run. Without it, a run never replaces the checkpoint of an earlier one.
    ranks : bool or mpi4py communicator, optional
        Divide the network among the processes of an MPI run, its ranks: True for all that ``mpiexec -n 4 python -m mpi4py
        script.py`` has started, or a communicator. Each builds and holds a part of the synapses, so it needs less
        memory if there are more ranks; the spikes stay the same. All ranks run the same script, and `threads` threads each,
        by default the processors of a machine divided among its ranks. Rank 0 returns the Result; the others return
        something false, so write ``if result:`` before what looks at it. Needs ``pip install mpi4py mpich``;
        the page on clusters shows how.
    to : str or Path, optional
        Stream what is recorded to the disk during the run instead of keeping it in memory: to the folder
        ``TO.part``, from which the file is made at the end. ``.h5`` is HDF5 in the layout of SONATA, ``.npz`` the same as
        `Result.save`, ``.nwb`` Neurodata Without Borders, ``.parquet`` a folder of Parquet files. A name that ends in a
        slash keeps the columns as they are, which NumPy can read. The Result is the same; its spikes are read when they are
        looked at. If the run ends too early, even by a crash, ``Result.load("TO.part")`` returns what was recorded, and
        ``brainsim convert TO.part TO`` makes the file from it. With `ranks`, each writes what its cells do to a folder of
        its own in ``TO.part``, and rank 0 makes the file.
    overwrite : bool
        Whether a file that exists at `to` may be replaced, when the new one is complete. Without it, a run never replaces
        the file of an earlier one; nor does it ever replace a folder ``TO.part`` of a run that did not end.
    live : bool
        Draw a raster and the rates of the last second while it runs, in a notebook or a window; drawing takes about 3 % of
        the time. See `brainsim.plot.Live`.

    Returns
    -------
    Result

    Raises
    ------
    ValueError, TypeError
        If the description cannot be run: raised before anything is built.
    FileExistsError
        If there is a checkpoint of this name, and `resume` is not set; or something at `to`, and `overwrite` is not set; or
        a folder ``TO.part``.
    MemoryError
        If the network would not fit into memory: raised before anything is built.
    OSError
        If what is recorded cannot be written to `to`. What was written before stays in ``TO.part``.
    ImportError
        If the format of `to` needs a package that is not installed: raised before anything is built. If `ranks` is given,
        but there is no mpi4py, or no MPI library.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cells, bs.CurrentInput(400.0))
    >>> bs.simulate(net, 100.0, seed=2).spikes["cells"].rate()
    80.0
    """
    checked_steps(duration, number(dt, option("dt"), "ms", above=0.0), option("duration"))
    if every is not None and callback is None and (checkpoint is not None or isinstance(every, str)):
        hint = "for checkpoints it is checkpoint_every"
        raise TypeError(
            f"{option('every')}: must be the interval between calls of callback=, in ms of the run (got {every!r}); {hint}"
        )
    check_callback(every, callback, dt, "simulate")
    for name, switch in (("callback_at_start", callback_at_start), ("resume", resume), ("live", live)):
        true_or_false(switch, option(name))
    if live:
        every, callback = through("live")(dt, duration, every, callback)
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
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        resume=resume,
    )
    call = {"progress": progress, "every": every, "callback": callback, "callback_at_start": callback_at_start}
    _agree(settings, duration, call, live)
    if checkpoint is None:
        return _run(Simulation._with(network, settings, state), duration, call)
    run_with_checkpoints = through("run with checkpoints", option("checkpoint"))
    return run_with_checkpoints(network, settings, state, duration, lambda sim, left: _run(sim, left, call))


def _agree(settings, duration, call, live):
    """Let ranks compare what they were called with."""
    settings.ranks.agree(
        "simulate",
        "calls simulate",
        duration=duration,
        every=call["every"],
        resume=settings.resume,
        callback_at_start=call["callback_at_start"],
        checkpoint_every=settings.checkpoint_every,
        live=live,
        **{"having a callback": call["callback"] is not None, "having a checkpoint": settings.checkpoint is not None},
    )


def _run(simulation, duration, call):
    """Run a simulation and return the Result; after Ctrl-C the part of it that there is."""
    began, guard = simulation.time, simulation._guard
    try:
        result = simulation.run(duration, **call)
    except KeyboardInterrupt:
        done = simulation.time - began
        if done > duration - 0.5 * simulation.dt:
            raise
        if guard and not (call["callback"] and _is_due(simulation, call["every"])):
            guard.save_now()
        if simulation.rank == 0:
            warn_user(f"stopped by Ctrl-C after {done:g} of {duration:g} ms; the result holds what was recorded until then")
        return None if guard else simulation.close()
    except Exception as error:
        if simulation.time == began and simulation._stream is not None:
            simulation._stream.discard_if_empty()
        if simulation.time > began:
            error.simulation = simulation
            also = "" if simulation._stream is None else f", and in {str(simulation._stream.folder)!r}"
            error.add_note(f"brainsim: what was recorded until {simulation.time:g} ms is in error.simulation.result(){also}")
        raise
    if guard:
        guard.save_now()
        return None
    return result if simulation._stream is None else simulation.close()


def _is_due(simulation, every):
    """Return whether a callback was due when Ctrl-C arrived; it may or may not have changed the simulation."""
    return (simulation._run.step - simulation._origin) % checked_steps(every, simulation.dt, option("every")) == 0
