"""Running a network in one call: `simulate` makes a `Simulation` and runs it once."""

from __future__ import annotations

import typing
import warnings
from collections.abc import Callable, Sequence

from brainsim.core.checks import number
from brainsim.engine.settings import checked_steps
from brainsim.engine.simulated_runs import check_callback
from brainsim.engine.simulation import Simulation

if typing.TYPE_CHECKING:
    from brainsim.network.network import Network
    from brainsim.network.population import View
    from brainsim.network.probes import Request
    from brainsim.results.result import Result, State


def simulate(
    network: Network,
    duration: float,
    *,
    dt: float = 0.1,
    seed: int | None = None,
    record: Request | Sequence[Request] = (),
    spikes: bool | View | Sequence[View] = True,
    threads: int | None = None,
    progress: bool | None = None,
    state: State | None = None,
    precision: str = "double",
    profile: bool = False,
    every: float | None = None,
    callback: Callable[[Simulation], object] | None = None,
) -> Result:
    """Simulate a network and return what was recorded.

    Parameters
    ----------
    network : Network
        Is not changed.
    duration : float
        How long [ms].
    dt : float
        Time step [ms]; delays are multiples of it.
    seed : int, optional
        Seed of initial values and inputs; None chooses one, which is in ``result.seed``. Wiring has the network's seed.
    record : sequence of Trace and WeightTrace
        Variables of cells, and weights of synapses, to record.
    spikes : bool or sequence of Population or view
        Whose spikes to keep: all by default.
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
        Call ``callback(sim)`` every so many ms of the run: it may look at the Simulation and change it, see
        `Simulation.run`. An error of it, or of the run, loses nothing: its attribute ``simulation`` is the Simulation, whose
        ``result()`` holds what was recorded.

    Returns
    -------
    Result

    Raises
    ------
    ValueError, TypeError
        If the description cannot be run; before anything is built.
    MemoryError
        If the network would not fit into memory; before anything is built.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cells, bs.CurrentInput(400.0))
    >>> bs.simulate(net, 100.0, seed=2).spikes["cells"].rate()
    80.0
    """
    checked_steps(duration, number(dt, "simulate.dt", "ms", above=0.0), "simulate.duration")
    check_callback(every, callback, dt, "simulate")
    simulation = Simulation(
        network,
        dt=dt,
        seed=seed,
        record=record,
        spikes=spikes,
        threads=threads,
        progress=progress,
        state=state,
        precision=precision,
        profile=profile,
    )
    began = simulation.time
    try:
        return simulation.run(duration, progress=progress, every=every, callback=callback)
    except KeyboardInterrupt:
        done = simulation.time - began
        if done > duration - 0.5 * simulation.dt:
            raise
        warnings.warn(
            f"stopped by Ctrl-C after {done:g} of {duration:g} ms; the result holds what was recorded until then",
            stacklevel=2,
        )
        return simulation.result()
    except Exception as error:
        if simulation.time > began:
            error.simulation = simulation  # type: ignore[attr-defined]
            error.add_note(f"brainsim: what was recorded until {simulation.time:g} ms is in error.simulation.result()")
        raise
