"""A network of the user as blocks of cells, connections and constant currents, and what of it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.core.checks import known_as
from brainsim.learn.spiking.blocks import LABEL, WRITTEN, Block, block_of, check_source, check_synapse, start_of, tau_name
from brainsim.learn.spiking.from_projections import Ends, Table, draw, table_of
from brainsim.learn.spiking.kernels.net import RECEPTORS
from brainsim.learn.spiking.layout import CURRENT, DELAY, LONGEST_PART, WEIGHT, Layout, Wire, lowest_of, rms, size_of
from brainsim.learn.spiking.learns import Learns, limits_of
from brainsim.models.inputs import CurrentInput
from brainsim.network.arguments import MAX_DELAY

EACH = ("weight", "delay", "amplitude")  # what may differ between synapses or cells


@dataclass(frozen=True, eq=False)
class Graph:
    """A network, drawn: block 0 are all sources of listed spikes, the last block is the output."""

    net: Any
    sources: dict[str, int]  # name of a population -> its first cell in block 0
    n_in: int
    cells: list[Any]  # the populations of the blocks
    blocks: tuple[Block, ...]
    synapses: dict[str, list[Any]]  # name of a population -> those of its receptors
    places: dict[str, Ends]
    tables: dict[str, Table]
    wires: tuple[Wire, ...]
    currents: dict[int, np.ndarray]  # block -> constant current into each cell [pA]
    learns: tuple[Learns, ...]

    def layout(self, dt: float, steps: int, seed: int) -> Layout:
        """Return the numbering of what learns, or raise ValueError if it begins out of its bounds."""
        start_v = np.concatenate([start_of(*pair, seed) for pair in zip(self.cells, self.blocks, strict=True)])
        layout = Layout(self.blocks, self.n_in, self.wires, self.currents, dt, steps, start_v)
        for item in self.learns:
            kind, places, block = self._places_of(item, layout)
            begins = layout.fixed[places]
            one = item.shared or item.what not in EACH
            if one and not (begins == begins[0]).all():
                raise ValueError(f"Learns.shared: {item.what} of {item.name!r} begins with several values; give one number")
            if one:
                begins, places = begins[:1], np.unique(places)
            step, low, high = self._range_of(kind, begins, block, layout)
            limits = limits_of(item, begins, low, high)
            layout.add(() if one else (places.size,), item.key, kind, block, places, step, *limits)
        return layout

    def _places_of(self, item, layout):
        """Return the kind of something that learns, where it is in the vector of the kernels, and its block."""
        of = item.of
        if of in self.net.inputs:
            block = self.places[of.target.parts[0][0].name].block
            return CURRENT, np.arange(layout.size)[layout.biases[block]], block
        if of not in self.net.projections:
            block = self.places[item.name].block
            return item.what, np.array([layout.at[item.what, block]]), block
        block = self.places[of.post.parts[0][0].name].block
        if item.what == "tau":
            name = tau_name(self.synapses[of.post.parts[0][0].name].index(of.synapse))
            return name, np.array([layout.at[name, block]]), block
        places = np.zeros(self.tables[item.name].pre.size, np.int64)
        if not places.size:
            raise ValueError(f"Learns.of: {item.name!r} has no synapses")
        for wire, weight, delay in zip(self.wires, layout.weights, layout.delays, strict=True):
            if wire.projection is of:
                where = weight if item.what == "weight" else delay
                places[wire.which] = np.arange(where.start, where.stop)
        return WEIGHT if item.what == "weight" else DELAY, places, block

    def _range_of(self, kind, start, b, layout):
        """Return the size of a step of what learns, in proportion to what it begins with, and the bounds of the kernels."""
        block, model, dt = self.blocks[b - 1], self.cells[b - 1].model, layout.dt
        if kind == WEIGHT:
            return rms(start) or 1.0, -np.inf, np.inf
        if kind == CURRENT:
            return rms(start) or (block.c_m * block.v_th / block.tau_m or 1.0), -np.inf, np.inf
        if kind == DELAY:
            longest = max(min(LONGEST_PART * dt * layout.steps, MAX_DELAY * dt), float(start.max()))
            return np.maximum(np.abs(start), dt), dt, longest
        if kind.startswith("tau_s"):
            return np.maximum(np.abs(start), dt), dt, np.inf
        return size_of(model, kind, start, dt), lowest_of(model, kind, dt), np.inf


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
    blocks = []
    for population in cells:
        own = synapses.setdefault(population.name, [])
        blocks.append(block_of(population, own, _learned_by(population, own, net.projections, learns)))
    places = {name: Ends(0, first) for name, first in sources.items()}
    places |= {population.name: Ends(b, 0) for b, population in enumerate(cells, 1)}
    sizes = [n_in, *(block.n for block in blocks)]
    tables, wires = {p.name: table_of(p, dt, precise) for p in net.projections}, list[Wire]()
    for p in net.projections:
        each = any(item.what == "delay" and item.of is p and not item.shared for item in learns)
        for wire in draw(p, tables[p.name], places, sizes, each):
            wires.append(wire._replace(receptor=synapses[cells[wire.post - 1].name].index(p.synapse)))
    currents = _currents_of(net, blocks, places, learns)
    return Graph(net, sources, n_in, cells, tuple(blocks), synapses, places, tables, tuple(wires), currents, learns)


def output_of(net: Any, output: Any) -> Any:
    """Return the population from which losses are read."""
    name = output if isinstance(output, str) else getattr(output, "name", None)
    if not isinstance(name, str):
        raise TypeError(f"Trainer.output: must be a population of the network, or its name (got {output!r})")
    if name not in net.populations or not (isinstance(output, str) or net.populations[name] is output):
        raise ValueError(f"Trainer.output: {name!r} is not a population of this network{known_as(output, net.populations)}")
    if check_source(net.populations[name]):
        raise ValueError(f"Trainer.output: {name!r} sends listed spikes; nothing that learns can change them")
    return net.populations[name]


def _synapses_of(net):
    """Return name of a population -> its different synapses: equal ones share a receptor."""
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
        if what not in (allowed := WRITTEN.get(type(population.model), [what])):
            kind, names = type(population.model).__name__, f"{', '.join(allowed[:-1])} and {allowed[-1]}"
            raise ValueError(f"Learns.what: of {kind} only {names} learn (got {what!r} of {population.name!r})")
    for item in learns:
        if item.what == "tau" and item.of in projections and any(p is population for p, _ in item.of.post.parts):
            if len(item.of.post.parts) > 1:
                raise ValueError(f"Learns.what: 'tau' of {item.name!r}: its targets are of several populations")
            if (name := tau_name(list(synapses).index(item.of.synapse))) in found:
                text = "is given twice: projections with equal synapses onto the same cells share it"
                raise ValueError(f"Learns.what: 'tau' of {item.name!r}: {text}")
            found.append(name)
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
