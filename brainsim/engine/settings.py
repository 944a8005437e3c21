"""The arguments of `simulate`, checked before anything is built."""

import copy

import numpy as np

from brainsim.build.own import ALONE
from brainsim.core.checks import in_range, integer, number
from brainsim.core.machine import MAX_THREADS, processors
from brainsim.engine.operators.registry import OPERATORS
from brainsim.engine.program import MAX_SLICE
from brainsim.models.values import Distribution
from brainsim.network.network import Network
from brainsim.results.result import State
from brainsim.rng.streams import checked_seed

MAX_SPIKES_IN_A_SLICE = 1 << 22
MAX_STEPS = 2**31 - 1  # spikes are kept as step << 32 | cell
WORTH_A_THREAD = 20e-6  # seconds of work in a slice; a barrier costs about one microsecond


def checked_network(network, dt):
    """Return the network; raise an error if it is not one, is empty, or was made for another time step."""
    if not isinstance(network, Network):
        raise TypeError(f"simulate.network: must be a Network (got {network!r})")
    if not network.populations:
        raise ValueError("simulate.network: has no population; add one with net.add(population) or net.connect(...)")
    if network.required_dt not in (None, dt):
        raise ValueError(
            f"simulate.dt: must be {network.required_dt:g} ms, for which this network was made (got {dt:g} ms); "
            f"write dt={network.required_dt!r}"
        )
    return network


def checked_state(state, dt, seed):
    """Return a copy of the state to continue from; raise an error if its dt or seed differ."""
    if state is None:
        return None
    if not isinstance(state, State):
        raise TypeError(f"simulate.state: must be the state of a result: result.state (got a {type(state).__name__})")
    check_clock(state)
    if state.dt != dt:
        raise ValueError(f"simulate.dt: the state was saved with dt = {state.dt:g} ms (got {dt:g} ms)")
    if seed is not None and seed != state.seed:
        raise ValueError(f"simulate.seed: must be the seed of the state, {state.seed} (got {seed}); leave seed out")
    return copy.deepcopy(state)  # `reset` goes back to it, whatever becomes of the one that was given


def check_clock(state):
    """Raise TypeError or ValueError if the step, the dt or the seed of a state cannot be."""
    step = integer(state.step, "state.step", at_least=0)
    checked_end(step, number(state.dt, "state.dt", "ms", above=0.0), "state.step")
    checked_seed(state.seed, "state.seed")


def checked_steps(duration, dt, label):
    """Return a duration in steps of dt."""
    duration = number(duration, label, "ms", above=0.0)
    steps = round(duration / dt)
    if steps < 1 or abs(steps * dt - duration) > 1e-6 * duration:
        raise ValueError(f"{label}: must be a multiple of dt = {dt:g} ms (got {duration:g} ms)")
    return steps


def checked_end(step, dt, label):
    """Raise ValueError if a simulation would go beyond the last step that fits into a packed spike."""
    if step > MAX_STEPS:
        raise ValueError(
            f"{label}: a simulation has at most 2**31 - 1 steps, {MAX_STEPS * dt / 3.6e6:,.1f} hours with dt = {dt:g} ms "
            f"(got {step:,} steps); continue with a larger dt, or with a new Simulation from what the state holds"
        )


def most_partitions():
    """Return how many partitions are useful: one per processor, up to MAX_THREADS.

    More of them would take turns: on two processors CUBA takes 2 times as long with four, 4 times with eight.
    """
    return min(processors(), MAX_THREADS)


def thread_count(threads, network, dt, ranks=ALONE):
    """Return the number of partitions of a process: `threads` if that is useful, else all processors if a slice is worth it.

    The ranks of an MPI run that are on one machine share its processors; all have the same number.
    """
    if ranks.size > 1:
        wanted = thread_count(threads, network, dt)
        return min(ranks.all(wanted if threads is not None else min(wanted, ranks.processors)))
    if threads is not None:
        in_range(integer(threads, "simulate.threads"), "simulate.threads", at_least=1, at_most=MAX_THREADS)
        return min(int(threads), most_partitions())
    delays = [
        p.delay.support[0] if isinstance(p.delay, Distribution) else np.min(p.delay, initial=np.inf)
        for p in network.projections
    ]
    steps = np.clip(min(delays, default=MAX_SLICE * dt) / dt, 1, MAX_SLICE)
    cells = sum(p.n for p in network.populations.values())
    synapses = sum(p.expected for p in network.projections)
    # 1.5 ns a cell and step, 2 ns a synaptic event at a rate of 5 Hz
    work = steps * (cells * 1.5e-9 + synapses * 5.0 * dt * 1e-3 * 2e-9)
    return min(processors(), MAX_THREADS) if work > WORTH_A_THREAD else 1


def slice_steps(shortest, layout):
    """Return how many steps partitions run alone: the shortest delay, or less if an operator requires it.

    It is also less if the lists of spikes would grow too large.
    """
    most = max(1, MAX_SPIKES_IN_A_SLICE // max(1, layout.n_cells))
    return int(min([shortest or MAX_SLICE, MAX_SLICE, most, *(operator.max_slice(layout) for operator in OPERATORS)]))
