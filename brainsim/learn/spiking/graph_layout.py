"""The vector of a network of the user: what learns, in the user's units, and how it becomes that of the kernels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from brainsim.learn.spiking.blocks import start_of
from brainsim.learn.spiking.graph import Graph
from brainsim.learn.spiking.learned import LONGEST_PART, keep_conditions, lowest_of, size_of
from brainsim.learn.spiking.learns import Learns, limits_of
from brainsim.learn.spiking.plan import TIMES, UNUSED, VectorLayout, Wire, round_delays, round_weights, tau_name
from brainsim.network.checks import MAX_DELAY

ROUNDED = {"weight": round_weights, "delay": round_delays}
EACH = ("weight", "delay", "amplitude")  # what may differ between synapses or cells


class Part(NamedTuple):
    """One thing that learns."""

    learns: Learns
    at: slice  # in the vector
    shape: tuple[int, ...]  # () if it is one number
    places: np.ndarray  # in the vector of the kernels
    block: int  # of a parameter of cells, of currents, or of the targets of synapses
    low: Any
    high: Any


class GraphLayout(VectorLayout):
    """The numbering of a `Graph`; `start` is the vector with which training begins, `parts` says what is where in it.

    The vector of the kernels has all weights, delays and parameters, those that do not learn with their values in `fixed`.
    Weights and currents are in pA there as well, until `in_kernels` multiplies them for written kernels.
    """

    def __init__(self, graph: Graph, dt: float, steps: int, seed: int):
        self.graph, self.layers, self.n_in, self.dt, self.steps = graph, graph.blocks, graph.n_in, dt, steps
        self.size, self.slices, self._derived = 0, {}, {}
        self.sizes = [graph.n_in, *(block.n for block in graph.blocks)]
        values = list[tuple[tuple[str, Any], Any]]()
        self.wires = []
        for k, drawn in enumerate(graph.drawn):
            table = graph.tables[drawn.projection.name]
            delay = table.delay[drawn.which]
            each = any(item.what == "delay" and item.of is drawn.projection and not item.shared for item in graph.learns)
            one = not each and delay.size > 0 and (delay == delay[0]).all()
            values += [(("weight", k), table.weight[drawn.which]), (("delay", k), delay[0] if one else delay)]
            receptor = graph.blocks[drawn.post - 1].synapses.index(drawn.projection.synapse)
            self.wires.append(Wire(drawn.pre, drawn.post, ("weight", k), ("delay", k), receptor, drawn.rows, drawn.targets))
        self.biases = {b: ("bias", b) for b in sorted(graph.currents)}
        values += [(("bias", b), current) for b, current in sorted(graph.currents.items())]
        self.taus = []
        for b, block in enumerate(graph.blocks, 1):
            for name in TIMES:
                used = block.model is None or name == "tau_s"
                values.append(((name if used else UNUSED + name, b), getattr(block, name)))
            values += [((tau_name(k), b), tau) for k, tau in enumerate(block.taus) if k]
            values += [(("c_m", b), block.c_m)] if block.model is None else []
            values += [((name, b), getattr(block.model, name)) for name in block.of_model]
            self.taus.append([(tau_name(k), b) for k in range(len(block.taus))])
        for key, value in values:
            self._add(*key, np.shape(value))
        self.fixed = np.concatenate([np.ravel(value) for _, value in values])
        self.timed = any(item.what == "delay" for item in graph.learns)
        self.start_v = np.concatenate([start_of(block, seed) for block in graph.blocks])
        self._make_parts()

    @property
    def shown(self) -> list[tuple[str, Any]]:
        """(what, name) of all that learns."""
        return [part.learns.key for part in self.parts]

    def taus_of(self, layer: Any) -> list[float]:
        """Return the time constants of the receptors of a block before training."""
        return layer.taus

    def of(self, vector: np.ndarray, what: str, block: Any) -> np.ndarray:
        """Return a view of a part: of the vector by the name of a part of the network, else of the one of the kernels."""
        if not isinstance(block, str):
            return super().of(vector, what, block)
        part = next(part for part in self.parts if part.learns.key == (what, block))
        return vector[part.at].reshape(part.shape)

    def in_kernels(self, vector: np.ndarray) -> np.ndarray:
        """Return the vector of the kernels: for written ones in mV, of which a current of 1 pA makes a certain number."""
        full = self._in_full(vector)
        for b, block in enumerate(self.layers, 1):
            if block.model is None:
                gain = self._gain(full, b)
                for where in self._driving(b):
                    full[where] *= gain
                if b in self.biases:
                    full[self.slices["bias", b][0]] += block.rest
        return full

    def of_kernels(self, vector: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient with respect to the vector, from that with respect to the one of the kernels."""
        full, gradient = self._in_full(vector), gradient.copy()
        for b, block in enumerate(self.layers, 1):
            if block.model is None:
                gain, by_gain = self._gain(full, b), 0.0
                for where in self._driving(b):
                    by_gain += float(gradient[where] @ full[where])
                    gradient[where] *= gain
                c_m = float(self.of(full, "c_m", b))
                self.of(gradient, "tau_m", b)[...] += by_gain / c_m
                self.of(gradient, "c_m", b)[...] = -by_gain * gain / c_m
        found = np.empty(vector.size)
        for part in self.parts:
            found[part.at] = gradient[part.places] if part.shape else gradient[part.places].sum()
        return found

    def learned_at(self, places: np.ndarray) -> np.ndarray:
        """Return where in the vector the `places` of the one of the kernels are, if they learn."""
        found = [np.zeros(0, np.int64)]
        for part in self.parts:
            among = np.isin(part.places, places)
            found.append(np.arange(part.at.start, part.at.stop)[among if part.shape else [among.all()]])
        return np.concatenate(found)

    def scales(self, vector: np.ndarray) -> np.ndarray:
        """Return the size of a step of each element of the vector: in proportion to what it begins with."""
        scale = np.zeros(vector.size)
        for part in self.parts:
            here, what = vector[part.at], part.learns.what
            if what == "weight":
                scale[part.at] = np.sqrt(np.mean(here * here)) or 1.0
            elif what == "amplitude":
                block = self.layers[part.block - 1]
                scale[part.at] = np.sqrt(np.mean(here * here)) or (block.c_m * block.v_th / block.tau_m or 1.0)
            elif what in ("delay", "tau"):
                scale[part.at] = np.maximum(np.abs(here), self.dt)
            else:
                scale[part.at] = size_of(self.layers[part.block - 1].population.model, what, here, self.dt)
        return scale

    @property
    def bound(self) -> bool:
        """Whether parameters that learn are bound to each other by conditions of their model."""
        return any(block.of_model and block.model.conditions for block in self.layers)

    def keep_in_range(self, vector: np.ndarray, before: np.ndarray | None) -> None:
        """Put back what a step has moved out of its bounds, and round weights and delays to what a simulation keeps."""
        for part in self.parts:
            values = np.clip(vector[part.at], part.low, part.high, out=vector[part.at])
            if part.learns.what in ROUNDED and part.learns.of in self.graph.net.projections:
                np.clip(ROUNDED[part.learns.what](values), part.low, part.high, out=values)
        for b, block in enumerate(self.layers, 1):
            if before is not None and block.of_model:
                places = {p.learns.what: p.at.start for p in self.parts if p.block == b and p.learns.what in block.of_model}
                keep_conditions(block.model, places, vector, before)

    def named(self, block: int) -> tuple[str, str]:
        """Return what messages call a population, and how its initial weights are given."""
        return repr(self.layers[block - 1].name), " of the projections onto it"

    def wake(self, vector: np.ndarray, block: int, quiet: np.ndarray, part: float) -> None:
        """Raise the weights that learn onto the cells of a block that were quiet, by a part of their root mean square."""
        for drawn in self.graph.drawn:
            learned = [p for p in self.parts if p.learns.what == "weight" and p.learns.of is drawn.projection and p.shape]
            if drawn.post == block and learned:
                weights, n = vector[learned[0].at], quiet.size
                onto = np.arange(drawn.which.size) % n if drawn.targets is None else drawn.targets
                weights[drawn.which[quiet[onto]]] += part * np.sqrt(np.mean(weights * weights))
                np.clip(round_weights(weights), learned[0].low, learned[0].high, out=weights)

    def _in_full(self, vector):
        full = self.fixed.copy()
        for part in self.parts:
            full[part.places] = vector[part.at]
        return full

    def _gain(self, full, b):
        """Return what 1 pA does to the potential of cells with written kernels [mV]."""
        return float(self.of(full, "tau_m", b)) / float(self.of(full, "c_m", b))

    def _driving(self, b):
        """Return where the weights onto a block, and the currents into it, are."""
        keys = [wire.weight for wire in self.wires if wire.post == b] + ([self.biases[b]] if b in self.biases else [])
        return [self.slices[key][0] for key in keys]

    def _make_parts(self):
        self.parts, at, start = list[Part](), 0, []
        for item in self.graph.learns:
            places, block = self._places_of(item)
            begins = self.fixed[places]
            one = item.shared or item.what not in EACH
            if one and not (begins == begins[0]).all():
                raise ValueError(f"Learns.shared: {item.what} of {item.name!r} begins with several values; give one number")
            if one:
                begins, places = begins[:1], np.unique(places)
            shape = () if one else (places.size,)
            low, high = limits_of(item, begins, *self._limits(item, begins, block))
            self.parts.append(Part(item, slice(at, at + begins.size), shape, places, block, low, high))
            at += begins.size
            start.append(begins)
        self.start = np.concatenate(start)

    def _places_of(self, item):
        """Return where something that learns is in the vector of the kernels, and its block."""
        graph, of = self.graph, item.of
        if item.what in ("weight", "delay") and of in graph.net.projections:
            table = graph.tables[item.name]
            places, block = np.zeros(table.pre.size, np.int64), 0
            for k, drawn in enumerate(graph.drawn):
                if drawn.projection is of:
                    where = self.slices[item.what, k][0]
                    places[drawn.which] = np.arange(where.start, where.stop) if drawn.which.size else where.start
                    block = drawn.post
            if not places.size:
                raise ValueError(f"Learns.of: {item.name!r} has no synapses")
            return places, block
        if of in graph.net.inputs:
            block = graph.places[of.target.parts[0][0].name].block
            where = self.slices["bias", block][0]
            return np.arange(where.start, where.stop), block
        if of in graph.net.projections:
            population, receptor = graph.receptor(of)
            block = graph.places[population.name].block
            return np.array([self.slices[tau_name(receptor), block][0].start]), block
        block = graph.places[item.name].block
        return np.array([self.slices[item.what, block][0].start]), block

    def _limits(self, item, start, block):
        """Return the bounds that the kernels and models set."""
        if item.what == "delay":
            longest = min(LONGEST_PART * self.dt * self.steps, MAX_DELAY * self.dt)
            return self.dt, max(longest, float(start.max()))
        if item.what in ("weight", "amplitude"):
            return -np.inf, np.inf
        if item.of in self.graph.net.projections:  # the time constant of a receptor
            return self.dt, np.inf
        return lowest_of(self.layers[block - 1].population.model, item.what, self.dt), np.inf
