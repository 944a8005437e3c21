"""What is done to a mapped brain: choose cells, activate some, silence others, shuffle the wiring, follow it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from brainsim.connectomes.brain import Brain
from brainsim.connectomes.edges import Edges
from brainsim.core.arrays import as_array, freeze
from brainsim.core.checks import integer
from brainsim.models.inputs import PoissonInput
from brainsim.models.neurons.integrators import ShiuLIF
from brainsim.models.synapses.basic import Delta

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.timed import TimedArray
    from brainsim.network.network import Network

WEIGHT, DELAY, EVENT = 0.275, 1.8, 68.75  # mV of a synapse, ms, and mV of an event that activates a cell: Shiu et al.


def select(brain: Brain, text: str) -> np.ndarray:
    """Return the indices of the cells that a text names, such as one of the command line.

    Parameters
    ----------
    brain : Brain
    text : str
        Annotations, ``"super_class=motor, side=left"``, with ``|`` between values of which a cell has one; or identifiers
        with commas or spaces between them.

    Returns
    -------
    array of int, shape (cells,)

    Raises
    ------
    MissingName, ValueError
        If there is no such annotation, value or cell, or the text names nothing.

    Examples
    --------
    >>> import brainsim as bs
    >>> brain = bs.connectomes.synthetic(cells=1000, edges=20_000, seed=1)
    >>> bs.connectomes.select(brain, "super_class=motor|descending, side=left").size
    6
    >>> bs.connectomes.select(brain, "s000007, s000123").tolist()
    [7, 123]
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError(f"select: name cells by annotations, 'super_class=motor', or by identifiers (got {text!r})")
    if not any("=" in part for part in parts):
        return brain[re.split(r"[\s,]+", text.strip(" ,\n"))]
    wanted = {}
    for part in parts:
        name, equals, values = (piece.strip() for piece in part.partition("="))
        if not equals or not values:
            raise ValueError(f"select: write annotation=value, annotation=value (got {part!r} in {text!r})")
        wanted[name] = [_value(brain, name, value.strip()) for value in values.split("|")]
    return brain.where(**wanted)


def activate(
    brain: Brain,
    cells: ArrayLike,
    rate: float | np.ndarray | TimedArray | str = 150.0,
    *,
    weight: float = WEIGHT,
    seed: int = 1,
) -> Network:
    """Return a network of the brain in the model of Shiu et al. (2024), in which some cells are activated.

    All cells are `ShiuLIF`. A spike raises the drive of its targets 1.8 ms later by `weight` times the number of synapses,
    with their sign. The activated cells get independent Poisson events, each of which makes them fire, and have no
    refractory time. The input is called ``"activation"``: ``sim.set("activation", rate=50.0)`` changes it in a run.

    The refractory time of the others, 2.2 ms, begins after the step of the spike. Brian2, in which the model was published,
    counts that step as part of it, so there it is one step shorter (see `ShiuLIF`). And events that activate act before the
    threshold is tested: the cell fires in the step in which they arrive, in Brian2 one step later.

    Parameters
    ----------
    brain : Brain
        Its electrical synapses, if it has any, are left out.
    cells : array of int
        Indices of the activated cells.
    rate : float, array of shape (cells,), TimedArray or str
        Rate of the events [Hz], as in `PoissonInput`; ``bs.signals.pulses(...)`` has several trials in one run.
    weight : float
        Weight of one synapse [mV].
    seed : int
        Seed of the network.

    Returns
    -------
    Network
        ``net.populations[brain.name]`` are the cells.

    Raises
    ------
    TypeError, ValueError
        If there are no such cells, or a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> brain = bs.connectomes.synthetic(cells=2000, edges=60_000, seed=1)
    >>> net = bs.connectomes.activate(brain, brain.where(cell_class="taste"), rate=150.0)
    >>> brain.rates(bs.simulate(net, 500.0, seed=2)).head(1)["cell_class"].tolist()
    ['taste']

    References
    ----------
    Shiu et al. (2024), doi:10.1038/s41586-024-07763-9.
    """
    chosen = _indices(brain, cells, "activate.cells")
    if chosen.size == 0:
        raise ValueError("activate.cells: must be at least one cell")
    t_ref = np.full(brain.n, float(ShiuLIF().t_ref))
    t_ref[chosen] = 0.0
    population = brain.population(ShiuLIF(t_ref=t_ref))
    net = brain.network(population, weight=weight, delay=DELAY, synapse=Delta(variable="g"), junction=0.0, seed=seed)
    net.stimulate(population[chosen], PoissonInput(rate=rate, weight=EVENT, synapse=Delta()), name="activation")
    return net


def silence(brain: Brain, cells: ArrayLike) -> Brain:
    """Return the brain without what some cells send: their edges and their electrical synapses.

    The cells stay where they are and still receive, as in Shiu et al. (2024); if they fire, it has no effect.

    Parameters
    ----------
    brain : Brain
    cells : array of int
        Indices of the cells.

    Raises
    ------
    TypeError, ValueError
        If there are no such cells.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> brain = bs.connectomes.synthetic(cells=1000, edges=20_000, seed=1)
    >>> relay = brain.where(cell_class="relay")
    >>> bool(np.isin(bs.connectomes.silence(brain, relay).edges.pre, relay).any())
    False
    """
    silent = np.zeros(brain.n, dtype=bool)
    silent[_indices(brain, cells, "silence.cells")] = True
    edges, junctions = brain.edges, brain.junctions
    kept = junctions.chosen(~silent[junctions.pre] & ~silent[junctions.post])
    return replace(brain, edges=edges.chosen(~silent[edges.pre]), junctions=kept)


def shuffle(brain: Brain, seed: int = 1) -> Brain:
    """Return the brain with shuffled wiring: each edge gets the target of another one.

    Cells keep their numbers of edges in both directions, and all that they send: numbers of synapses and signs. Who is
    connected to whom is random, so a pair may have two edges, and a cell one to itself. So what only the real wiring does
    depends on more than the degrees. Electrical synapses stay.

    Parameters
    ----------
    brain : Brain
    seed : int
        The same seed gives the same wiring.

    Examples
    --------
    >>> import brainsim as bs
    >>> brain = bs.connectomes.synthetic(cells=1000, edges=20_000, seed=1)
    >>> bs.connectomes.shuffle(brain, seed=3).title
    'Synthetic brain (made up): 1,000 cells, 20,000 edges, shuffled'
    """
    rng, edges = np.random.default_rng(integer(seed, "shuffle.seed", at_least=0)), brain.edges
    shuffled = Edges(edges.pre, freeze(rng.permutation(edges.post)), edges.count, edges.sign)
    return replace(brain, edges=shuffled, title=f"{brain.title}, shuffled")


def layers(brain: Brain, cells: ArrayLike, *, least: int = 5, among: ArrayLike | None = None) -> np.ndarray:
    """Return how many edges lead to each cell from the nearest of some cells, on the shortest path; -1 if none does.

    Parameters
    ----------
    brain : Brain
    cells : array of int
        Indices of the cells at which paths begin; their layer is 0.
    least : int
        Edges with fewer synapses are not used.
    among : array of int, optional
        Paths lead through these cells only, such as those that fired; by default over all.

    Returns
    -------
    array of int, shape (brain.n,)

    Raises
    ------
    TypeError, ValueError
        If there are no such cells, or `least` is not a whole number.

    Examples
    --------
    >>> from brainsim.connectomes import Brain, Edges, layers
    >>> chain = Brain("abcd", {}, Edges([0, 1, 0], [1, 2, 3], count=[9, 7, 2], sign=[1, 1, 1]))
    >>> layers(chain, [0]).tolist()
    [0, 1, 2, -1]
    """
    least = integer(least, "layers.least", at_least=1)
    open_ = np.full(brain.n, among is None)
    if among is not None:
        open_[_indices(brain, among, "layers.among")] = True
    found, edges = np.full(brain.n, -1), brain.edges
    used = open_[edges.pre] & open_[edges.post] & (edges.count >= least)
    pre, post = edges.pre[used], edges.post[used]
    frontier, layer = np.zeros(brain.n, dtype=bool), 0
    frontier[_indices(brain, cells, "layers.cells")] = True
    while frontier.any():
        found[frontier] = layer
        reached = post[frontier[pre]]
        frontier = np.zeros(brain.n, dtype=bool)
        frontier[reached[found[reached] < 0]] = True
        layer += 1
    return found


def _value(brain: Brain, name: str, text: str) -> str | float | bool:
    """Return the value of an annotation that a text says: a number or a truth value if the annotation is one."""
    kind = brain.annotations[name].dtype.kind if name in brain.annotations else "O"
    if kind == "b" and text in ("True", "False"):
        return text == "True"
    if kind == "O":
        return text
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"select: values of {name!r} are {'True or False' * (kind == 'b') or 'numbers'} (got {text!r})"
        ) from None


def _indices(brain: Brain, cells: ArrayLike, label: str) -> np.ndarray:
    """Return indices of cells as int64, each of which the brain has, once."""
    given = np.atleast_1d(as_array(cells, label, "indices of cells"))
    if given.size == 0:
        return np.zeros(0, dtype=np.int64)
    if given.dtype.kind not in "iu":
        raise TypeError(f"{label}: must be indices of cells, as brain[...] and brain.where(...) return (got {given.dtype})")
    if not 0 <= given.min() <= given.max() < brain.n:
        bad = given[(given < 0) | (given >= brain.n)][0]
        raise ValueError(f"{label}: the cells of the brain are 0 to {brain.n - 1} (got {bad})")
    return np.unique(given).astype(np.int64)
