"""A network of the user as the kernels take it: blocks of cells, connections, and constant currents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.core.checks import nearest
from brainsim.learn.spiking.blocks import LABEL, Block, block_of, check_source, check_synapse
from brainsim.learn.spiking.learns import Learns
from brainsim.learn.spiking.plan import tau_name
from brainsim.learn.spiking.wiring import Drawn, Ends, Table, draw, table_of
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.neurons.nonspiking import LI

OF_LEAKY = ("tau_m", "c_m")  # parameters of LIF and LI that learn


@dataclass(frozen=True, eq=False)
class Graph:
    """A network, drawn: block 0 are all sources of listed spikes, the last block is the output."""

    net: Any
    sources: dict[str, int]  # name of a population -> its first cell in block 0
    n_in: int
    blocks: tuple[Block, ...]
    places: dict[str, Ends]
    tables: dict[str, Table]
    drawn: tuple[Drawn, ...]
    currents: dict[int, np.ndarray]  # block -> constant current into each cell [pA]
    learns: tuple[Learns, ...]

    @property
    def output(self) -> Block:
        """The block from which losses are read."""
        return self.blocks[-1]

    def receptor(self, projection: Any) -> tuple[Any, int]:
        """Return the population onto which a projection leads, and the number of its receptor there."""
        population = projection.post.parts[0][0]
        block = self.blocks[self.places[population.name].block - 1]
        return population, block.synapses.index(projection.synapse)


def graph_of(net: Any, output: Any, learns: tuple[Learns, ...], dt: float, precise: bool) -> Graph:
    """Return a network as a `Graph`, or raise TypeError, ValueError or EquationError that names what cannot learn.

    Drawn delays are multiples of dt unless spikes are `precise`.
    """
    last = output_of(net, output)
    cells = [p for p in net.populations.values() if not check_source(p)]
    cells = [*(p for p in cells if p is not last), last]
    sources, n_in = {}, 0
    for population in net.populations.values():
        if population not in cells:
            sources[population.name] = n_in
            n_in += population.n
    if not sources:
        raise ValueError(
            f"{LABEL}: nothing enters the network; connect a population of bs.SpikeTrains, of which fit gives X"
        )
    synapses = _synapses_of(net)
    blocks = tuple(
        block_of(p, tuple(own := synapses.get(p.name, ())), _learned_by(p, own, net.projections, learns)) for p in cells
    )
    places = {name: Ends(0, first) for name, first in sources.items()}
    places |= {block.name: Ends(b, 0) for b, block in enumerate(blocks, 1)}
    sizes = [n_in, *(block.n for block in blocks)]
    tables = {p.name: table_of(p, dt, precise) for p in net.projections}
    drawn = tuple(part for p in net.projections for part in draw(p, tables[p.name], places, sizes))
    graph = Graph(net, sources, n_in, blocks, places, tables, drawn, _currents_of(net, blocks, places, learns), learns)
    for block in blocks:
        _check_block(block, graph, dt)
    return graph


def output_of(net: Any, output: Any) -> Any:
    """Return the population from which losses are read."""
    name = output if isinstance(output, str) else getattr(output, "name", None)
    if not isinstance(name, str):
        raise TypeError(f"Trainer.output: must be a population of the network, or its name (got {output!r})")
    if name not in net.populations or not (isinstance(output, str) or net.populations[name] is output):
        raise ValueError(f"Trainer.output: {name!r} is not a population of this network{nearest(name, net.populations)}")
    if check_source(net.populations[name]):
        raise ValueError(f"Trainer.output: {name!r} sends listed spikes; nothing that learns can change them")
    return net.populations[name]


def _synapses_of(net):
    """Return name of a population -> its different synapses: equal ones share a receptor."""
    from brainsim.learn.spiking.from_equations.smooth import RECEPTORS

    found: dict[str, list[Any]] = {}
    for projection in net.projections:
        synapse = check_synapse(projection)
        for population, _ in projection.post.parts:
            known = found.setdefault(population.name, [])
            if synapse not in known:
                known.append(synapse)
            if len(known) > RECEPTORS:
                raise ValueError(f"{LABEL}: {population.name!r}: has {len(known)} receptors, at most {RECEPTORS} can learn")
    return found


def _learned_by(population, synapses, projections, learns):
    """Return what learns of the cells of a population, by the names of the kernels."""
    found = [item.what for item in learns if item.of is population]
    for what in found:
        if type(population.model) in (LIF, LI) and what not in OF_LEAKY:
            kind, names = type(population.model).__name__, " and ".join(OF_LEAKY)
            raise ValueError(f"Learns.what: of {kind} only {names} learn (got {what!r} of {population.name!r})")
        if what.startswith("tau_s"):
            raise ValueError(f"Learns.what: a parameter that learns must not be named {what!r}, which receptors are")
    for item in learns:
        if item.what == "tau" and item.of in projections and any(p is population for p, _ in item.of.post.parts):
            if len(item.of.post.parts) > 1:
                raise ValueError(f"Learns.what: 'tau' of {item.name!r}: its targets are of several populations")
            found.append(tau_name(list(synapses).index(item.of.synapse)))
    return tuple(dict.fromkeys(found))


def _currents_of(net, blocks, places, learns):
    """Return the constant currents into blocks [pA]; raise ValueError for inputs that are random or change in time."""
    found: dict[int, np.ndarray] = {}
    for stimulus in net.inputs:
        given, name = stimulus.input, f"{LABEL}: {stimulus.name!r}"
        if not isinstance(given, CurrentInput):
            kind = type(given).__name__
            why = "cannot be trained with"
            if kind in ("PoissonInput", "NoiseInput"):
                why = "is random, so a gradient would be that of one draw; use SpikeTrains"
            raise ValueError(f"{name}: {kind} {why}")
        constant = np.ndim(given.amplitude) < 2 and given.times is given.start is given.stop is None
        if not constant or not np.issubdtype(np.asarray(given.amplitude).dtype, np.number):
            raise ValueError(f"{name}: must be constant from start to end: CurrentInput(amplitude)")
        values = np.broadcast_to(np.asarray(given.amplitude, np.float64), stimulus.target.n)
        first = 0
        for population, ids in stimulus.target.parts:
            block = places[population.name].block
            into = found.setdefault(block, np.zeros(population.n))
            into[ids] += values[first : first + ids.size]
            first += ids.size
        if any(item.of is stimulus for item in learns):
            _check_whole(stimulus, net, name)
    for b, block in enumerate(blocks, 1):
        if block.rest and b not in found:
            found[b] = np.zeros(block.n)
    return found


def _check_whole(stimulus, net, name):
    """Raise ValueError unless a current that learns is the only one into its cells, which are a population."""
    own = stimulus.target.parts[0][0]
    others = [s.name for s in net.inputs if s is not stimulus and any(p is own for p, _ in s.target.parts)]
    if len(stimulus.target.parts) > 1 or stimulus.target.contiguous != (0, own.n) or others:
        raise ValueError(f"{name}: a current that learns must be the only one into a whole population")


def _check_block(block, graph, dt):
    """Raise ValueError if a parameter that learns acts on nothing, or a time does not fit the time step."""
    if 0.0 < block.t_ref < dt * (1.0 - 1e-9):
        raise ValueError(f"{block.label}.t_ref: must be 0 or at least one time step, {dt:g} ms (got {block.t_ref:g})")
    if not block.of_equations:
        return
    from brainsim.learn.spiking.from_equations.derived import write_parts

    for name in block.of_equations:
        _, formulas = write_parts(block.smooth(False), False, block.label, (name,))
        if not formulas.acts(name):
            raise ValueError(f"Learns.what: {name!r} of {block.name!r}: the cells do not depend on it")
