"""One number for a whole run: a hash of spikes, state and weights, which pages in a browser compute as well.

The spikes since time 0, or since the state from which the simulation began, are pairs of uint32, step and index of the cell
in the network, in this order. A hash of 1,024 spikes includes the hash of those before, so whoever has seen the first
million needs 32 bytes of them. Weights are taken in the order of their bits, since their places in memory depend on the
number of threads.
"""

import hashlib
from typing import NamedTuple

import numpy as np

from brainsim.engine.recorders.spikes import kept_cells
from brainsim.engine.states.sent import CELL, STEP_BITS
from brainsim.results.streams.columns import spike_steps

BLOCK = 1024  # spikes
LABEL = "Simulation.digest"


class Chain(NamedTuple):
    """What is known of spikes: the hash of complete blocks, and the pairs of the block that is not complete."""

    link: bytes
    rest: np.ndarray

    def hash(self):
        """Return the hash of all of them."""
        return hashlib.sha256(self.link + self.rest.tobytes()).digest()


def chain_of(pairs):
    """Return the Chain of an array of shape (spikes, 2), of step and cell."""
    link, pairs = bytes(32), np.ascontiguousarray(pairs, "<u4")
    whole = len(pairs) // BLOCK * BLOCK
    for start in range(0, whole, BLOCK):
        link = hashlib.sha256(link + pairs[start : start + BLOCK].tobytes()).digest()
    return Chain(link, pairs[whole:])


def spikes_since_start(sim):
    """Return step and cell of all spikes since the simulation began: an array of shape (spikes, 2), as for the Chain."""
    run, layout = sim._run, sim._layout
    wanted, _ = sim._recording.requested
    if not wanted or kept_cells(wanted, layout.n_cells) is not None:
        raise ValueError(f"{LABEL}: needs the spikes of all cells; make the Simulation with spikes=True")
    if sim._recording.begin != sim._origin and sim._recording.earlier is None:
        raise ValueError(f"{LABEL}: needs the spikes since the simulation began, and those of earlier times were forgotten")
    waiting = run.log.recorders[0].waiting
    found = [np.stack([waiting >> STEP_BITS, waiting & CELL], 1)]
    if run.step:
        spikes = sim.result().spikes
        for name, member in layout.members.items():
            steps = spike_steps(spikes[name].times, layout.dt)
            found.append(np.stack([steps, spikes[name].ids + member.first], 1))
    pairs = np.concatenate(found)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def state_rows(layout):
    """Return (place in the state, number of cells) of each variable of each population, in the order of the hash."""
    return [layout.state_row(name, variable, LABEL) for name in layout.members for variable in layout.variables(name)]


def kinds_that_learn(sim):
    """Return the kinds of synapses that keep weights which change, in the order of the projections."""
    kinds = filter(None, map(sim._run.synapses.kind_of, sim._layout.network.projections))
    return [kind for kind in kinds if kind.changes_weights and "w" in kind.columns()]


def digest(sim):
    """Do what `Simulation.digest` says."""
    whole, state = hashlib.sha256(chain_of(spikes_since_start(sim)).hash()), sim._run.shared.state
    for place, n in state_rows(sim._layout):
        whole.update(state[place : place + n].tobytes())
    for kind in kinds_that_learn(sim):
        weights = np.ascontiguousarray(kind.current_columns()["w"])
        bits = np.uint32 if weights.dtype.itemsize == 4 else np.uint64
        whole.update(np.sort(weights.view(bits)).tobytes())
    return whole.hexdigest()
