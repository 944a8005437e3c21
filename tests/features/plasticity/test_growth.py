"""Structural plasticity by the growth rules of Butz and van Ooyen (2013), in a loop around `Simulation.rewire`.

Each cell has calcium, a low-pass of its spikes, and synaptic elements that grow below a target of calcium and shrink above
it. Every so often vacant elements of sources and targets are paired, and synapses whose elements are gone are removed.
"""

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.thorough

TAU, STEP = 10_000.0, 0.001  # of calcium: ms, at a spike; so 0.01 of it stands for 1 Hz


class Elements:
    """The calcium of cells, and elements that grow linearly: dz/dt = nu*(1 - calcium/goal)."""

    def __init__(self, n, goal, nu):
        self.calcium, self.z, self.goal, self.nu = np.zeros(n), np.zeros(n), goal, nu

    def grow(self, spikes, start, duration):
        """Go on by some ms; calcium jumps at spikes and decays between them."""
        before, end = self.calcium, start + duration
        late = np.bincount(spikes.ids, STEP * np.exp(-(end - spikes.times) / TAU), minlength=spikes.n)
        self.calcium = before * np.exp(-duration / TAU) + late
        # the integral of calcium is TAU times what it has lost
        lost = before + STEP * spikes.counts() - self.calcium
        self.z = np.maximum(self.z + self.nu * (duration - TAU * lost / self.goal), 0.0)


def rewired(table, axonal, dendritic, rng):
    """Return which synapses are removed, and between which cells others are made."""
    remove = np.zeros(len(table), bool)
    for ids, elements in ((table.pre, axonal), (table.post, dendritic)):
        for cell, most in enumerate(np.floor(elements.z).astype(int)):
            mine = np.flatnonzero((ids == cell) & ~remove)
            remove[rng.permutation(mine)[most:]] = True
    vacant = []
    for ids, elements in ((table.pre, axonal), (table.post, dendritic)):
        free = np.floor(elements.z).astype(int) - np.bincount(ids[~remove], minlength=elements.z.size)
        vacant.append(rng.permutation(np.repeat(np.arange(free.size), free)))
    n = min(map(len, vacant))
    return remove, vacant[0][:n], vacant[1][:n]


def grown(plasticity, pieces, length):
    """Return the calcium and the synapses at the end, the rate at first, and the last rates of the cells."""
    rng, n = np.random.default_rng(1), 60
    net, cells = bs.Network(seed=1), bs.Population(60, bs.LIF(), name="cells")
    none = bs.FromArrays([], [])
    wires = net.connect(cells, cells, none, weight=2.0, delay=1.0, synapse=bs.Delta(), plasticity=plasticity)
    net.stimulate(cells, bs.PoissonInput(rate=np.linspace(2400.0, 3300.0, n), weight=0.2, synapse=bs.Delta()))
    axonal, dendritic = Elements(n, 0.05, 4e-4), Elements(n, 0.05, 4e-4)
    sim, rates = bs.Simulation(net, seed=2, threads=1), []
    for _ in range(pieces):
        start = sim.time
        spikes = sim.run(length).spikes["cells"]
        for elements in (axonal, dendritic):
            elements.grow(spikes, start, length)
        remove, pre, post = rewired(sim.synapses(wires), axonal, dendritic, rng)
        sim.rewire(wires, remove=remove, pre=pre, post=post)
        rates.append(spikes.counts() / length * 1e3)
    return axonal.calcium, sim.synapses(wires), np.mean(rates[0]), np.mean(rates[-pieces // 4 :], axis=0)


def test_cells_grow_the_synapses_that_they_need():
    """Each cell has a drive of its own and no synapse at first; at the end they fire at the 5 Hz of their goal."""
    calcium, table, first, rates = grown(None, 200, 500.0)
    assert first < 2.0
    assert calcium.mean() == pytest.approx(0.05, rel=0.1)
    assert rates.mean() == pytest.approx(5.0, rel=0.1)
    assert rates.min() > 3.0
    inputs = np.bincount(table.post, minlength=60)
    assert inputs[:20].mean() > inputs[-20:].mean() + 1  # who is driven less needs more
