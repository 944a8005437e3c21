"""Projections and connections of PyNN: tables of synapses, and the projections of brainsim made of them."""

import numpy as np
from pyNN import common
from pyNN.space import Space

import brainsim as bs
from brainsim.pynn import neurons, simulator
from brainsim.pynn.cell_types import one_if_equal
from brainsim.pynn.populations import Assembly
from brainsim.pynn.synapse_types import ElectricalSynapse, StaticSynapse

COMBINING = {"sum": (0.0, np.add), "min": (np.inf, np.minimum), "max": (-np.inf, np.maximum)}  # weights of equal pairs


class Connection(common.Connection):
    """One synapse: its weight, its delay and the parameters of its type are attributes that can be read and set."""

    def __init__(self, projection, index):
        vars(self).update(projection=projection, index=index)

    @property
    def presynaptic_index(self):
        """Index of the source among what was connected."""
        return int(self.projection.pre_indices[self.index])

    @property
    def postsynaptic_index(self):
        """Index of the target among what was connected."""
        return int(self.projection.post_indices[self.index])

    @property
    def source(self):
        """The source."""
        return self.projection.pre[self.presynaptic_index]

    @property
    def target(self):
        """The target."""
        return self.projection.post[self.postsynaptic_index]

    presynaptic_cell, postsynaptic_cell = source, target

    def __getattr__(self, name):
        if name not in self.projection.values:
            raise AttributeError(f"{type(self.projection.synapse_type).__name__}: has no parameter {name!r}")
        return float(self.projection.column(name)[self.index])

    def __setattr__(self, name, value):
        self.projection.assign({name: value}, self.index)

    def as_tuple(self, *attribute_names):
        """Return some attributes."""
        return tuple(getattr(self, name) for name in attribute_names)


class Projection(common.Projection):
    """The synapses of one type between two groups of cells."""

    __doc__ = common.Projection.__doc__
    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(
        self,
        presynaptic_neurons,
        postsynaptic_neurons,
        connector,
        synapse_type=None,
        source=None,
        receptor_type=None,
        space=Space(),  # noqa: B008 - as in PyNN
        label=None,
    ):
        super().__init__(
            presynaptic_neurons, postsynaptic_neurons, connector, synapse_type, source, receptor_type, space, label
        )
        self._rows, self.fetched, self._starts, self._changed = [], True, {}, set()
        connector.connect(self)
        self._close()
        self.number = len(simulator.state.projections)
        simulator.state.projections.append(self)
        simulator.state.network_changed()

    def _convergent_connect(self, presynaptic_indices, postsynaptic_index, location_selector=None, **values):
        if location_selector is not None:
            raise NotImplementedError("brainsim.pynn: location_selector is for cells with several compartments")
        self._rows.append((np.asarray(presynaptic_indices, np.int32), int(postsynaptic_index), values))

    def _close(self):
        """Make the tables of what the connector has connected: a parameter is one number, or one for each synapse."""
        rows, self._rows = self._rows, []
        sizes = [pre.size for pre, _, _ in rows]
        self.pre_indices = np.concatenate([np.empty(0, np.int32), *(pre for pre, _, _ in rows)])
        self.post_indices = np.repeat(np.array([post for _, post, _ in rows], np.int32), sizes)
        for indices in (self.pre_indices, self.post_indices):
            indices.flags.writeable = False  # so that brainsim takes them as they are
        self.values = {}
        for name in rows[0][2] if rows else self.synapse_type.get_parameter_names():
            pieces = [np.asarray(values[name], float) for _, _, values in rows]
            if all(piece.ndim == 0 for piece in pieces) and len({float(piece) for piece in pieces}) <= 1:
                self.values[name] = float(pieces[0]) if pieces else 0.0
            else:
                self.values[name] = np.concatenate([np.broadcast_to(p, n) for p, n in zip(pieces, sizes, strict=True)])
        if rows and self.has_delays:
            simulator.state.check_delays(self.values["delay"], f"Projection {self.label!r}")
        self._first_weight = self.values["weight"]

    def __len__(self):
        return self.pre_indices.size

    def __getitem__(self, i):
        """Return the connection with the index i."""
        return Connection(self, range(len(self))[i])

    @property
    def connections(self):
        """All connections, in the order in which they were made."""
        return [Connection(self, i) for i in range(len(self))]

    @property
    def has_delays(self):
        """Whether spikes are sent: not through gap junctions."""
        return "delay" in self.values

    @property
    def delays(self):
        """Delay of each synapse as it is simulated: a multiple of the time step [ms]."""
        return np.broadcast_to(self._on_grid(self.values["delay"]), len(self))

    @staticmethod
    def _on_grid(delays):
        return np.rint(delays / simulator.state.dt) * simulator.state.dt

    def column(self, name):
        """Return a parameter of each synapse, by its name, in the unit of PyNN."""
        if name.endswith("synaptic_index"):
            return self.pre_indices if name.startswith("pre") else self.post_indices
        if name == "weight":
            self.fetch()
        return np.broadcast_to(self.values[name], len(self))

    def assign(self, values, index=slice(None)):
        """Give some or all synapses other values of parameters, from now on."""
        self.fetch()
        for name, value in values.items():
            if name not in self.values:
                raise AttributeError(f"{type(self.synapse_type).__name__}: has no parameter {name!r}")
            if name == "delay":
                simulator.state.check_delays(value, f"Projection {self.label!r}")
        for name, value in values.items():
            if index == slice(None):
                self.values[name] = value
            else:
                self.values[name] = self.column(name).copy()
                self.values[name][index] = value
            if name == "weight":
                first = np.broadcast_to(self._first_weight, len(self)).copy()
                first[index] = value
                self._first_weight = first if np.ndim(self.values[name]) else self.values[name]
        self._changed |= set(values)

    def fetch(self):
        """Read the weights from the simulation, if they may have changed in it since they were last read."""
        if self.fetched:
            return
        self.fetched = True
        weights = np.array(np.broadcast_to(self.values["weight"], len(self)))
        for name, chosen, factor in self._parts:
            weights[self._in_table(chosen)] = simulator.state.simulation.synapses(name).weight / factor
        self.values["weight"] = weights

    def begin_again(self):
        """Go back to the weights that were given."""
        self.values["weight"], self.fetched, self._changed = self._first_weight, True, set()

    def _set_attributes(self, parameter_space):
        parameter_space.evaluate(simplify=True)
        new = {name: np.asarray(value, float) for name, value in parameter_space.items()}
        self.assign({k: float(v) if v.ndim == 0 else v[self.pre_indices, self.post_indices] for k, v in new.items()})

    def _get_attributes_as_list(self, names):
        return list(zip(*(self.column(name).tolist() for name in names), strict=True))

    def _get_attributes_as_arrays(self, names, multiple_synapses="sum"):
        at, found = np.ravel_multi_index((self.pre_indices, self.post_indices), self.shape), []
        for name in names:
            values, table = self.column(name), np.full(self.shape, np.nan).ravel()
            if multiple_synapses == "first":
                table[at[::-1]] = values[::-1]
            elif multiple_synapses == "last":
                table[at] = values
            else:
                start, combine = COMBINING[multiple_synapses]
                table[at] = start
                combine.at(table, at, values)
            found.append(table.reshape(self.shape))
        return found

    def _set_initial_value_array(self, variable, initial_values):
        if np.ndim(initial_values.base_value) == 0:
            self._starts[variable] = float(initial_values.evaluate(simplify=True))

    def build(self, network, stop):
        """Add the synapses to a network of brainsim: one projection for each population among the targets."""
        self._parts, self._built_delay, first = [], self.values.get("delay", 0.0), 0
        several = isinstance(self.post, Assembly)
        for part in self.post.populations if several else [self.post]:
            inside = (self.post_indices >= first) & (self.post_indices < first + part.size) if several else None
            chosen = np.flatnonzero(inside) if several else slice(None)
            if self.pre_indices[chosen].size:
                self._connect(network, part, chosen, first)
            first += part.size

    def _in_table(self, chosen):
        """Return the indices of some synapses in the order in which brainsim shows them: by source, target and delay."""
        delays = np.broadcast_to(self._built_delay, len(self))[chosen]
        order = np.lexsort((np.rint(delays / simulator.state.dt), self.post_indices[chosen], self.pre_indices[chosen]))
        return np.arange(len(self))[chosen][order]

    def _connect(self, network, part, chosen, first):
        """Connect the chosen synapses, whose targets are in the part of the targets that begins at the index `first`."""
        name = f"projection {self.number}, {len(self._parts)}"
        targets = self.post_indices[chosen] - first if first else self.post_indices[chosen]
        pairs = bs.FromArrays(self.pre_indices[chosen], targets)
        values = {key: value if np.ndim(value) == 0 else value[chosen] for key, value in self.values.items()}
        if isinstance(self.synapse_type, ElectricalSynapse):
            junction = {"weight": 1000.0 * values["weight"], "synapse": bs.GapJunction()}
            network.connect(self.pre.native, part.native, pairs, name=name, **junction)
            self._parts.append((name, chosen, 1000.0))
            return
        receptor = part.celltype.receptors()[self.receptor_type]
        factor = 1.0 if neurons.KINDS[receptor.kind].unit == "mV" else 1000.0
        delay = self._on_grid(values["delay"])
        values["delay"] = float(delay) if np.ndim(delay) == 0 else delay
        rule = self.synapse_type.rule(values, factor, lambda: self._tau_syn(part, receptor, targets))
        known = {} if rule is None else {key: v for key, v in self._starts.items() if key in rule.initials}
        if rule is not None:  # one weight for all could not be set for some of them later
            values["weight"] = np.broadcast_to(values["weight"], pairs.pairs)
        network.connect(
            self.pre.native,
            part.native,
            pairs,
            weight=values["weight"] * factor,
            delay=values["delay"],
            synapse=neurons.arrival(receptor.kind, receptor.variable),
            plasticity=rule,
            initial=known or None,
            dendritic_delay=self.synapse_type.dendritic(values),
            name=name,
        )
        self._parts.append((name, chosen, factor))

    @staticmethod
    def _tau_syn(part, receptor, targets):
        """Return the time constant of the receptor of each target; None if it has none."""
        name = dict(receptor.parameters).get("tau")
        if name is None:
            return None
        values = part.owner.parameters.get(name, part.owner.parameters.get(name.replace("_tau", ".tau")))[part.cells]
        return one_if_equal(values[targets])

    def update(self, simulation, stop):
        """Give a simulation the weights that have changed since the last run; return whether it can take all changes."""
        if self._changed - {"weight"} or (self._changed and not self.has_delays):
            return False
        changed, self._changed = self._changed, set()
        for name, chosen, factor in self._parts if changed else ():
            simulation.set(name, weight=self.column("weight")[self._in_table(chosen)] * factor)
        return True

    def finish(self, simulation, continued):
        """Give a new simulation the weights that were set since the last run, if they are part of the state it has got."""
        self._changed &= {"weight"} if continued and self.synapse_type.learns else set()
        self.update(simulation, 0)
