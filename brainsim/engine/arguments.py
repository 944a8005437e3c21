"""What `simulate` is given, checked before anything is built."""

import os

import numpy as np

from brainsim.models.values import Distribution
from brainsim.network.network import Network
from brainsim.network.recording import Trace
from brainsim.numbers.checks import MissingName, in_range, integer, nearest
from brainsim.numbers.results import State

LONGEST_SLICE = 64  # steps: where nothing is connected, a slice still has to end
MOST_SPIKES_IN_A_SLICE = 1 << 22
MOST_THREADS = 256
WORTH_A_THREAD = 20e-6  # seconds of work in a slice; a barrier costs about one microsecond


def processors():
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_network(network):
    """Return the network, or raise where it is none or empty."""
    if not isinstance(network, Network):
        raise TypeError(f"simulate.network: must be a Network (got {network!r})")
    if not network.populations:
        raise ValueError("Network: there is nothing in it; use net.add(population) or net.connect(...)")
    return network


def checked_state(state, dt, seed):
    """Return the state to go on from, or raise where dt or seed are others than its own."""
    if state is None:
        return None
    if not isinstance(state, State):
        raise TypeError(f"simulate.state: must be the state of a result, e.g. result.state (got {state!r})")
    if state.dt != dt:
        raise ValueError(f"simulate.dt: the state was saved with dt = {state.dt:g} ms (got {dt:g} ms)")
    if seed is not None and seed != state.seed:
        raise ValueError(f"simulate.seed: the state goes on with its own seed {state.seed} (got {seed}); leave seed out")
    return state


def checked_traces(record):
    """Return what is to be recorded as a list of Trace."""
    record = [record] if isinstance(record, Trace) else list(record)
    for trace in record:
        if not isinstance(trace, Trace):
            raise TypeError(f"simulate.record: must hold bs.Trace(cells, 'v') and the like (got {trace!r})")
    return record


def wanted_spikes(spikes, layout):
    """Return population -> ids whose spikes are kept, None for all of them."""
    if isinstance(spikes, bool):
        return dict.fromkeys(layout.members) if spikes else {}
    wanted = {}
    for view in [spikes] if hasattr(spikes, "parts") else spikes:
        if not hasattr(view, "parts"):
            raise TypeError(f"simulate.spikes: must be True, False or populations and views (got {view!r})")
        for population, ids in view.parts:
            if population.name not in layout.members:
                hint = nearest(population.name, layout.members)
                raise MissingName(f"simulate.spikes: {population.name!r} is not in the network{hint}")
            before = wanted.get(population.name)
            wanted[population.name] = ids if before is None else np.union1d(before, ids)
    return wanted


def thread_count(threads, network, dt):
    """Return the number of partitions: what is asked for, or all processors where a slice is worth it."""
    if threads is not None:
        in_range(integer(threads, "simulate.threads"), "simulate.threads", at_least=1, at_most=MOST_THREADS)
        return int(threads)
    delays = [p.delay.support[0] if isinstance(p.delay, Distribution) else np.min(p.delay, initial=np.inf)
              for p in network.projections]  # fmt: skip
    steps = np.clip(min(delays, default=LONGEST_SLICE * dt) / dt, 1, LONGEST_SLICE)
    cells = sum(p.n for p in network.populations.values())
    synapses = sum(p.expected for p in network.projections)
    # 1.5 ns a cell and step, 2 ns a synaptic event at a rate of 5 Hz
    work = steps * (cells * 1.5e-9 + synapses * 5.0 * dt * 1e-3 * 2e-9)
    return processors() if work > WORTH_A_THREAD else 1


def slice_steps(shortest, layout):
    """Return how many steps partitions run alone: the shortest delay, less where lists of spikes would grow too large."""
    most = max(1, MOST_SPIKES_IN_A_SLICE // max(1, layout.n_cells))
    return int(min(shortest or LONGEST_SLICE, LONGEST_SLICE, most))
