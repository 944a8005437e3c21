"""Touch of a worm: which command cells of C. elegans follow at the tail, front and nose (Cook et al. 2019).

Most cells of the worm do not fire: they act on each other by graded synapses and gap junctions. Here all have the same
membrane, and each section of a synapse or a junction that the electron microscope shows has 0.01 nS, a value that has not
been measured. At rest, a cell releases a tenth of its transmitter, much as in Kunert, Shlizerman and Kutz (2014),
doi:10.1103/PhysRevE.89.052805. Touch is a current into cells that feel it. AVA, AVD and AVE drive the worm backward, AVB and
PVC forward: after touch at the nose and the front it goes backward, at the tail forward (Chalfie et al. 1985,
doi:10.1523/JNEUROSCI.05-04-00956.1985). The model does so for the nose only. The wiring, Cook et al. (2019),
doi:10.1038/s41586-019-1352-7, is read from the package cect if it is installed, ``pip install --no-deps cect``, or from
``--data FOLDER``; without both it is made up. There is no ``--active``: a touch excites the cells that feel it.
"""

import dataclasses
import functools
import importlib.util

import numpy as np

import brainsim as bs

DURATION, WINDOW = 3500.0, (300.0, 3500.0)  # ms: of the run, and the part that is drawn
OPTIONS = {"data": "", "silence": "", "shuffled": False, "section": 0.01, "touch": 2.0}
TOUCHES = {"tail": 500.0, "front": 1500.0, "nose": 2500.0}  # ms: when each begins
LASTS = 500.0  # ms: a touch
FELT = {"tail": "PLML PLMR", "front": "ALML ALMR AVM", "nose": "ASHL ASHR FLPL FLPR"}  # the cells that feel each
BACKWARD, FORWARD = ("AVA", "AVD", "AVE"), ("AVB", "PVC")  # a left and a right cell of each
REVERSAL = {1: 0.0, -1: -70.0}  # mV, of synapses that excite and inhibit
TONIC, SLOPE = 0.1, 8.0  # release at rest; mV: how sharply it depends on the potential
TAU_M, C_M, LEAK = 10.0, 3.0, -40.0  # ms, pF, mV


class Cell(bs.LI):
    """A cell without spikes, which knows its potential at rest, from which its release of transmitter is counted."""

    equations = f"{bs.LI.equations}\ndrest/dt = 0"
    rest: float = bs.initial(LEAK, "mV", "potential at rest with synapses")


@functools.lru_cache(maxsize=1)
def read(data="", seed=1):
    """Return the worm in a folder or in the package cect, or a brain of its size that is made up."""
    if data:
        return bs.connectomes.read(data)
    if importlib.util.find_spec("cect"):
        return bs.connectomes.read_worm(title="C. elegans, hermaphrodite")
    brain = bs.connectomes.synthetic(448, 4681, seed)
    paired = brain.edges.chosen(brain.edges.pre < brain.edges.post)
    some = paired.chosen(np.arange(len(paired)) % 2 == 0)
    return dataclasses.replace(brain, junctions=dataclasses.replace(some, sign=np.ones(len(some), dtype=np.int8)))


def wire(data="", silence="", shuffled=False, seed=1):
    """Return the worm with the wiring of the experiment."""
    brain = read(data, seed)
    if silence:
        brain = bs.connectomes.silence(brain, bs.connectomes.select(brain, silence))
    return bs.connectomes.shuffle(brain, seed) if shuffled else brain


def groups(brain):
    """Return name -> cells that feel a touch, and command cells; of a brain that is made up, parts of its pathway."""
    command = [*BACKWARD, *FORWARD]
    if "AVAL" in brain:
        felt = {name: brain[cells.split()] for name, cells in FELT.items()}
        return felt | {name: brain[[f"{name}L", f"{name}R"]] for name in command}
    felt, relay = (brain.where(cell_class=kind) for kind in ("taste", "relay"))
    return dict(zip(FELT, np.array_split(felt, 3), strict=True)) | dict(zip(command, np.array_split(relay, 5), strict=True))


def at_rest(brain, section):
    """Return the potential of each cell at rest [mV]: no current flows if all release a tenth of their transmitter."""
    edges, gaps = brain.edges, brain.junctions
    conductance, current = np.diag(np.full(brain.n, C_M / TAU_M)), np.full(brain.n, C_M / TAU_M * LEAK)
    given = TONIC * section * edges.count * (edges.sign != 0)
    np.add.at(conductance, (edges.post, edges.post), given)
    np.add.at(current, edges.post, given * np.where(edges.sign > 0, REVERSAL[1], REVERSAL[-1]))
    for one, other in ((gaps.pre, gaps.post), (gaps.post, gaps.pre)):
        np.add.at(conductance, (one, one), gaps.weights(section))
        np.add.at(conductance, (one, other), -gaps.weights(section))
    return np.linalg.solve(conductance, current)


def build(data="", silence="", shuffled=False, section=0.01, touch=2.0, seed=1):
    """Return the network and the trace to record: the potential of all cells.

    Parameters
    ----------
    data : str
        Folder with ``herm_full_edgelist.csv``; by default the package cect, or a brain that is made up without it.
    silence : str
        Cells whose output and junctions are removed, "super_class=inter, side=left" or identifiers.
    shuffled : bool
        Whether each chemical edge gets the target of another one.
    section : float
        Conductance of a section of a junction, and of a synapse at full release [nS].
    touch : float
        Current into each cell that feels a touch [pA].
    seed : int
        Of a brain that is made up, and of shuffling.
    """
    brain = wire(data, silence, shuffled, seed)
    rest, net = at_rest(brain, section), bs.Network(seed=seed)
    cells = brain.population(Cell(tau_m=TAU_M, c_m=C_M, v_rest=LEAK), initial={"v": rest, "rest": rest})
    release = f"sigmoid((v - rest)/v_slope + {float(np.log(TONIC / (1.0 - TONIC)))!r})"
    for sign, e_rev in REVERSAL.items():
        some = brain.edges.chosen(brain.edges.sign == sign)
        synapse = bs.GradedSynapse(source=release, e_rev=e_rev, v_slope=SLOPE, name="exc" if sign > 0 else "inh")
        net.connect(cells, cells, some.rule, weight=sign * some.weights(section), synapse=synapse)
    gaps, members = brain.junctions, groups(brain)
    net.connect(cells, cells, gaps.rule, weight=gaps.weights(section), synapse=bs.GapJunction())
    for name, start in TOUCHES.items():
        net.stimulate(cells[members[name]], bs.CurrentInput(touch, start=start, stop=start + LASTS), name=name)
    return net, [bs.Trace(cells, "v", every=5.0)]


def draw(result, window, data="", silence="", shuffled=False):
    """Return the figure: command cells in time, how much each touch moves them, and all cells by class."""
    from brainsim.examples._figures.brains import worm_figure

    return worm_figure(wire(data, silence, shuffled, result.stats["network_seed"]), result, window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("worm.png")
