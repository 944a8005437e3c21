"""Smell in the brain of a fly's larva: which of 3,013 cells fire, and by which paths (Winding et al. 2023).

The wiring of the larva of the fruit fly is known completely, and small enough for a look at each cell. Cells are as in the
model of the adult fly, Shiu et al. (2024), doi:10.1038/s41586-024-07763-9; local cells inhibit and all others excite, since
transmitters are not in the files. A synapse has 0.5 mV, so that activity gets beyond the cells that receive it first; this
weight has not been measured. ``--data FOLDER`` reads the brain from files on your disk: the page "Brains that have been
mapped" of the guide says where they are. Without them it is a brain that is made up, of the same size, which says nothing
about any animal. Winding et al. (2023), doi:10.1126/science.add9330.
"""

import functools

import numpy as np

import brainsim as bs

DURATION = 500.0  # ms
OPTIONS = {"data": "", "active": "", "silence": "", "shuffled": False, "rate": 100.0, "weight": 0.5, "cells": 3013}
SMALL = {"cells": 1000}

EDGES = 37  # of each cell of a brain that is made up, as in the larva
OLFACTORY, OUT = "class2=ORN", ["dVNCs", "dSEZs", "RGNs"]  # receptor cells; cells that leave the brain


@functools.lru_cache(maxsize=1)
def read(data="", cells=3013, seed=1):
    """Return the brain in a folder, or one that is made up if there is no folder."""
    if data:
        larva = bs.connectomes.read(data, format="larva", title="Larva of the fruit fly")
        return larva.signed({"LNs": -1}, by="super_class", unknown=1)
    return bs.connectomes.synthetic(cells, EDGES * cells, seed)


def wire(data="", silence="", shuffled=False, cells=3013, seed=1):
    """Return the brain with the wiring of the experiment."""
    brain = read(data, cells, seed)
    if silence:
        brain = bs.connectomes.silence(brain, bs.connectomes.select(brain, silence))
    return bs.connectomes.shuffle(brain, seed) if shuffled else brain


def activated(brain, active=""):
    """Return the cells that a text names, as ``"class2=ORN, side=L"`` or by identifiers; by default the olfactory ones."""
    return bs.connectomes.select(brain, active or (OLFACTORY if "class2" in brain.annotations else "cell_class=taste"))


def outputs(brain):
    """Return the cells that leave the brain, or the motor cells of one that is made up."""
    classes = brain.annotations["super_class"]
    return np.flatnonzero(np.isin(classes.astype(str), [*OUT, "motor"]))


def build(data="", active="", silence="", shuffled=False, rate=100.0, weight=0.5, cells=3013, seed=1):
    """Return the network and no traces.

    Parameters
    ----------
    data : str
        Folder with the files of the larva; by default the brain is made up.
    active : str
        Cells that are activated, "class2=ORN, side=L" or identifiers; by default those for smell.
    silence : str
        Cells whose output is removed, named in the same way.
    shuffled : bool
        Whether each edge gets the target of another one.
    rate : float
        Rate of the events that activate each cell [Hz].
    weight : float
        Weight of one synapse [mV].
    cells : int
        Number of cells of a brain that is made up.
    seed : int
        Of the brain that is made up, and of shuffling.
    """
    brain = wire(data, silence, shuffled, cells, seed)
    return bs.connectomes.activate(brain, activated(brain, active), rate, weight=weight, seed=seed), []


def rates(result, data="", silence="", shuffled=False):
    """Return the table of the rates of all cells."""
    brain = wire(data, silence, shuffled, result.populations["brain"], result.stats["network_seed"])
    return brain.rates(result)


def draw(result, window, data="", active="", silence="", shuffled=False, weight=0.5):
    """Return the figure: spikes by class, the most active cells, who drives whom, and the way out of the brain."""
    from brainsim.examples._figures.brains import brain_figure

    spikes = result.spikes["brain"]
    brain = wire(data, silence, shuffled, spikes.n, result.stats["network_seed"])
    return brain_figure(brain, spikes, activated(brain, active), window, outputs(brain), weight=weight)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    print(table := rates(result))
    table.active().to_csv("larva.csv")
    draw(result, (0.0, DURATION)).savefig("larva.png")
