"""Populations, views and assemblies of PyNN: parameters and initial values by cell, and the `bs.Population` made of them."""

import numpy as np
from pyNN import common
from pyNN.parameters import LazyArray, ParameterSpace, simplify

import brainsim as bs
from brainsim.pynn import simulator
from brainsim.pynn.recording import Recorder


class Assembly(common.Assembly):
    """Cells of several populations."""

    __doc__ = common.Assembly.__doc__
    _simulator = simulator

    @property
    def native(self):
        """The cells, as a view of brainsim."""
        return sum(part.native for part in self.populations)

    @property
    def local_size(self):
        """Number of cells; connectors with a callback ask for it."""
        return self.size


class _Cells:
    """What populations and views have in common: access to the parameters of their cells by index."""

    _simulator = simulator
    _assembly_class = Assembly

    def _get_view(self, selector, label=None):
        return PopulationView(self, selector, label)

    def _get_parameters(self, *names):
        owner, cells = self.owner, self.cells
        found = {name: simplify(owner.parameters[name][cells]) for name in names if name in owner.parameters}
        return ParameterSpace(found, schema=self.celltype.get_schema(), shape=(self.size,))

    _get_native_parameters = _get_parameters

    def _set_parameters(self, parameter_space):
        parameter_space.evaluate(simplify=False)
        owner, cells, new = self.owner, self.cells, {}
        for name, value in parameter_space.items():
            new[name] = owner.parameters[name].copy()
            new[name][cells] = value
        if "spike_times" in new:  # other parameters may fit only together with those that are set next
            self.celltype.check(new)
        owner.change(new)

    def _set_initial_value_array(self, variable, initial_values):
        self.owner.start(variable, self.cells, initial_values.evaluate(simplify=False))


class PopulationView(_Cells, common.PopulationView):
    """Some cells of a population."""

    __doc__ = common.PopulationView.__doc__

    @property
    def owner(self):
        """The population that the cells belong to."""
        return self.grandparent

    @property
    def cells(self):
        """Indices of the cells in their population."""
        return self.index_in_grandparent(np.arange(self.size))

    @property
    def initial_values(self):
        """Initial values by name of a variable, as they are now."""
        return {name: value[self.cells] for name, value in self.owner.initial_values.items()}

    @property
    def native(self):
        """The cells, as a view of brainsim."""
        return self.owner.native[self.cells]


class Population(_Cells, common.Population):
    """Cells of one type."""

    __doc__ = common.Population.__doc__
    _recorder_class = Recorder
    cells = slice(None)

    @property
    def owner(self):
        """The population that the cells belong to: this one."""
        return self

    def _create_cells(self):
        state = simulator.state
        numbers = range(state.id_counter, state.id_counter + self.size)
        self.all_cells = np.array([simulator.ID(number) for number in numbers], dtype=simulator.ID)
        for cell in self.all_cells:
            cell.parent = self
        self._mask_local = np.ones(self.size, bool)
        parameter_space = self.celltype.native_parameters
        parameter_space.shape = (self.size,)
        parameter_space.evaluate(simplify=False)
        self.parameters = {name: _for_each(value, self.size) for name, value in parameter_space.as_dict().items()}
        self.celltype.check(self.parameters)
        self._starts, self._changed = {}, False
        state.id_counter += self.size
        # random numbers depend on the name: a default label counts all populations of the process, so it is not used
        known = {population.name for population in state.populations}
        default = self.label == f"population{common.Population._nPop}" or self.label in known
        self._number = len(state.populations)
        self.name = f"population {self._number}" if default else self.label
        state.populations.append(self)
        state.network_changed()

    def change(self, values):
        """Take other values of parameters, one for each cell, from now on."""
        self.parameters |= values
        self._changed = True

    def start(self, variable, cells, values):
        """Take initial values; they are those of now if a run has begun."""
        name = self.celltype.native_name(variable)
        default = self.celltype.default_initial_values.get(variable, 0.0)
        row = self._starts.setdefault(name, np.full(self.size, float(default)) * self.celltype.factor(variable))
        row[cells] = values * self.celltype.factor(variable)
        self.initial_values[variable] = LazyArray(row / self.celltype.factor(variable), shape=(self.size,), dtype=float)
        simulation = simulator.state.simulation
        if simulation is not None and self.name in simulation.state and name in simulation.state[self.name]:
            simulation.state[self.name][name][cells] = row[cells]

    def build(self, network, stop):
        """Add the cells to a network of brainsim; `stop` is the step until which it is to run."""
        self._listed = self.celltype.lists_spikes(self.parameters)
        self._model, self._changed = self._make_model(stop), False
        initials = {} if self._listed else self._model.initials
        starts = {name: row for name, row in self._starts.items() if name in initials}
        self.native = bs.Population(self.size, self._model, name=self.name, initial=starts)
        network.add(self.native)

    def update(self, simulation, stop):
        """Give a simulation the parameters that have changed since the last run; return whether it can take them."""
        if self._listed != self.celltype.lists_spikes(self.parameters):
            return False
        if not (self._changed or (self._listed and self.is_drawn)):
            return True
        before, self._model, self._changed = self._model, self._make_model(stop), False
        if self._listed:
            simulation.set(self.native, times=self._model.times, ids=self._model.ids)
            return True
        if type(before) is not type(self._model):
            return False
        simulation.set(self.native, **{name: getattr(self._model, name) for name in before.parameters})
        return True

    @property
    def is_drawn(self):
        """Whether spikes are listed for one piece of a run after the other, because they are drawn."""
        return "spike_times" not in self.parameters and self.celltype.lists_spikes(self.parameters)

    def _make_model(self, stop):
        if not self._listed:
            return self.celltype.model(self.parameters)
        state = simulator.state
        steps, ids = self.celltype.spikes(self.parameters, state.step + (state.step > 0), stop, self._number)
        order = np.argsort(steps, kind="stable")
        return bs.SpikeTrains(times=steps[order] * state.dt, ids=ids[order])


def _for_each(values, n):
    """Return a parameter as an array with a value for each of n cells."""
    values = np.asarray(values)
    return np.broadcast_to(values if values.dtype == object else values.astype(float), n).copy()
