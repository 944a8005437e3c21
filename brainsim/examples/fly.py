"""Sugar on the proboscis of a fly: which cells of its brain fire, and by which paths (Shiu et al. 2024).

All cells are leaky integrate-and-fire cells with the same parameters; only the wiring tells them apart, and a transmitter
that decides whether a cell excites or inhibits. Some are activated by events at random times, and activity finds its way to
motor cells. ``--data FOLDER`` reads the brain from files on your disk: brainsim comes without any, and the page "Brains that
have been mapped" of the guide says where they are. Without them the brain is made up: of the same size, with similar
distributions of the numbers of edges and synapses, and a pathway from taste to motor cells. It says nothing about any
animal. Shiu et al. (2024), doi:10.1038/s41586-024-07763-9.
"""

import functools

import numpy as np

import brainsim as bs

TRIAL, PAUSE = 1000.0, 100.0  # ms: activated, and not
DURATION = TRIAL  # of one trial
OPTIONS = {"data": "", "active": "", "silence": "", "shuffled": False, "rate": 150.0, "trials": 1, "published": ""}
OPTIONS |= {"cells": 138_639}
SMALL = {"cells": 1000}

EDGES = 109  # of each cell of a brain that is made up, as in the fly
# the cells for sugar that the authors activate in example.ipynb of github.com/philshiu/Drosophila_brain_model (MIT), and
# the motor cell MN9 of the proboscis; version 783 has all but one
SUGAR = (
    "720575940624963786 720575940630233916 720575940637568838 720575940638202345 720575940617000768 720575940630797113 "
    "720575940632889389 720575940621754367 720575940621502051 720575940640649691 720575940639332736 720575940616885538 "
    "720575940639198653 720575940620900446 720575940617937543 720575940632425919 720575940633143833 720575940612670570 "
    "720575940628853239 720575940629176663 720575940611875570"
)
MN9 = ["720575940660219265"]


@functools.lru_cache(maxsize=1)
def read(data="", cells=138_639, seed=1):
    """Return the brain in a folder, or one that is made up if there is no folder."""
    if data:
        return bs.connectomes.read(data)
    return bs.connectomes.synthetic(cells, min(EDGES * cells, cells * (cells - 1) // 5), seed)


def wire(data="", silence="", shuffled=False, published="", cells=138_639, seed=1):
    """Return the brain with the wiring of the experiment, and published rates [Hz] of a table with `id` and `rate`."""
    brain = read(data, cells, seed)
    if published:
        brain = brain.annotate(published, columns={"rate": "published"})
    if silence:
        brain = bs.connectomes.silence(brain, bs.connectomes.select(brain, silence))
    return bs.connectomes.shuffle(brain, seed) if shuffled else brain


def activated(brain, active=""):
    """Return the cells that a text names, as ``"super_class=sensory"`` or by identifiers; by default those for sugar."""
    if active:
        return bs.connectomes.select(brain, active)
    known = [cell for cell in SUGAR.split() if cell in brain]
    if not known and "taste" not in brain.annotations.get("cell_class", ()):
        raise ValueError(f"active: {brain.title!r} has none of the cells for sugar; name others, as 'cell_class=gustatory'")
    return brain[known] if known else brain.where(cell_class="taste")


def build(data="", active="", silence="", shuffled=False, rate=150.0, trials=1, published="", cells=138_639, seed=1):
    """Return the network and no traces.

    Parameters
    ----------
    data : str
        Folder with the files of a mapped brain; by default the brain is made up.
    active : str
        Cells that are activated, "cell_class=gustatory, side=left" or identifiers; by default those for sugar.
    silence : str
        Cells whose output is removed, named in the same way.
    shuffled : bool
        Whether each edge gets the target of another one.
    rate : float
        Rate of the events that activate each cell [Hz].
    trials : int
        Number of trials, one after the other in the same run, with pauses in which the brain falls silent.
    published : str
        A table of rates to compare with, with columns `id` and `rate` [Hz].
    cells : int
        Number of cells of a brain that is made up.
    seed : int
        Of the brain that is made up, and of shuffling.
    """
    brain = wire(data, silence, shuffled, published, cells, seed)
    changing = rate if trials == 1 else bs.signals.pulses(rate, TRIAL, period=TRIAL + PAUSE, count=trials)
    return bs.connectomes.activate(brain, activated(brain, active), changing, seed=seed), []


def lasts(trials=1, **_):
    """Return the duration of all trials [ms]."""
    return max(trials, 1) * (TRIAL + PAUSE) - PAUSE


def split(spikes, trials=1):
    """Return the spikes of each trial that has begun; a single one lasts as long as the run."""
    if trials == 1:
        return [spikes]
    begins = np.arange(trials) * (TRIAL + PAUSE)
    return [spikes.between(begin, min(begin + TRIAL, spikes.stop)) for begin in begins[begins < spikes.stop]]


def rates(result, data="", silence="", shuffled=False, trials=1, published=""):
    """Return the table of the rates of all cells, means over the trials."""
    brain = wire(data, silence, shuffled, published, result.populations["brain"], result.stats["network_seed"])
    return brain.rates(split(result.spikes["brain"], trials))


def draw(result, window, data="", active="", silence="", shuffled=False, trials=1, published=""):
    """Return the figure: spikes by class, the most active cells, who drives whom, and the way to motor cells."""
    from brainsim.examples._figures.brains import brain_figure

    spikes = result.spikes["brain"]
    brain = wire(data, silence, shuffled, published, spikes.n, result.stats["network_seed"])
    ends = brain.where(super_class="motor") if "super_class" in brain.annotations else brain[[c for c in MN9 if c in brain]]
    return brain_figure(brain, spikes, activated(brain, active), window, ends, trials=split(spikes, trials))


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    print(table := rates(result))
    table.active().to_csv("fly.csv")
    draw(result, (0.0, DURATION)).savefig("fly.png")
