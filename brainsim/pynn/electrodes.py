"""The current sources of PyNN: currents that hold for a step each, as one input of brainsim for each population."""

import numpy as np
from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import electrodes

import brainsim as bs
from brainsim.pynn import simulator
from brainsim.pynn.completing import names_in, same_names

AHEAD = 10_000  # steps: currents that have no end are listed until then, and then twice as far


class Electrode:
    """What brainsim adds to a current source of PyNN.

    A subclass says in `listed` when the current changes and to what, which is all that a simulation gets to know.
    """

    def __init__(self, **parameters):
        self._values, self._cells, self._inputs, self._recorded = {}, [], [], None
        super().__init__(**parameters)
        self.number = len(simulator.state.electrodes)
        space = ParameterSpace(self.default_parameters, self.get_schema(), shape=(1,))
        space.update(**parameters)
        self.set_native_parameters(self.translate(space))
        self.begin_again()
        simulator.state.electrodes.append(self)

    def begin_again(self):
        """Go back to time 0."""
        self._horizon, self._changed, self._from = 0, True, 0
        self._recorded = None if self._recorded is None else []

    def set_native_parameters(self, parameters):
        """Take values of parameters, in the units of PyNN."""
        parameters.evaluate(simplify=True)
        for name, value in parameters.items():
            value = value[0] if isinstance(value, np.ndarray) and value.dtype == object else value
            self._values[name] = np.asarray(value.value, float) if hasattr(value, "value") else float(value)
        self.check()
        self._changed = True

    def get_native_parameters(self):
        """Return the values of the parameters by name."""
        return dict(self._values)

    get_parameters = get_native_parameters

    def check(self):
        """Raise ValueError if the values cannot be used."""

    def inject_into(self, cells):
        """Let the current flow into cells: a population, a view, an assembly or a list of cells."""
        for cell in cells:
            if not cell.celltype.injectable:
                raise TypeError("Can't inject current into a spike source.")
            self._cells.append(cell)
        simulator.state.network_changed()

    def record(self):
        """Record the current from now on."""
        self._recorded, self._from = [], simulator.state.step

    def listed(self, stop):
        """Return (steps, currents [nA]): when the current changes until the step `stop`, and to what."""
        raise NotImplementedError

    def build(self, network, stop):
        """Add the input to a network of brainsim."""
        self._plan(stop)
        by_population = {}
        for cell in self._cells:
            by_population.setdefault(cell.parent.owner, []).append(int(cell) - int(cell.parent.owner.first_id))
        self._inputs = []
        for owner, cells in by_population.items():
            self._inputs.append(f"electrode {self.number} at {owner.name}")
            network.stimulate(owner.native[cells], bs.CurrentInput(**self._listed()), name=self._inputs[-1])

    def update(self, simulation, stop):
        """Give a simulation the current until the step `stop`; return that it can take it."""
        if self._changed or stop >= self._horizon:
            self._plan(stop)
            for name in self._inputs:
                simulation.set(name, **self._listed())
        return True

    def take(self, result, before):
        """Collect the current in a run from the step `before` to now: one value for each step."""
        if self._recorded is not None:
            steps = np.arange(before + bool(self._recorded), simulator.state.step + 1)
            self._recorded.append(np.append(0.0, self._currents)[np.searchsorted(self._steps, steps, side="right")])

    def _plan(self, stop):
        self._horizon = max(2 * stop, AHEAD)
        steps, currents = self.listed(self._horizon)
        changes = np.flatnonzero(np.diff(currents, prepend=0.0) != 0.0)
        self._steps, self._currents, self._changed = np.asarray(steps)[changes], np.asarray(currents)[changes], False

    def _listed(self):
        if not self._steps.size:
            return {"amplitude": [0.0], "times": [0.0]}
        return {"amplitude": 1000.0 * self._currents, "times": self._steps * simulator.state.dt}

    def _get_data(self):
        values = np.concatenate(self._recorded or [np.empty(0)])
        return (self._from + np.arange(values.size)) * simulator.state.dt, values

    def _window(self, stop):
        """Return the steps in which a current with the parameters start and stop flows, until `stop`, and the one after."""
        first, last = (round(min(self._values[name] / simulator.state.dt, stop)) for name in ("start", "stop"))
        return np.arange(max(first, 0), max(first, last) + 1)


class DCSource(Electrode, electrodes.DCSource):
    """A constant current."""

    __doc__ = electrodes.DCSource.__doc__
    translations = same_names(electrodes.DCSource.default_parameters)

    def listed(self, stop):
        """Return when the current changes, and to what."""
        steps = self._window(stop)[[0, -1]]
        return steps, np.array([self._values["amplitude"] * (steps[1] > steps[0]), 0.0])


class StepCurrentSource(Electrode, electrodes.StepCurrentSource):
    """A current that changes at listed times, which are rounded to the time step; of equal times the last one counts."""

    __doc__ = electrodes.StepCurrentSource.__doc__
    translations = same_names(electrodes.StepCurrentSource.default_parameters)

    def check(self):
        """Round the times, and raise ValueError if they are negative or decrease."""
        times, amplitudes = self._values["times"], self._values["amplitudes"]
        if np.any(times < 0.0) or np.any(np.diff(times) < 0.0):
            raise ValueError(f"StepCurrentSource.times: must be >= 0 and in ascending order (got {times})")
        if times.size == amplitudes.size:
            steps = np.rint(times / simulator.state.dt)
            last = np.append(np.diff(steps) > 0.0, True)[: steps.size]
            self._values |= {"times": steps[last] * simulator.state.dt, "amplitudes": amplitudes[last]}

    def listed(self, stop):
        """Return when the current changes, and to what."""
        sizes = self._values["times"].size, self._values["amplitudes"].size
        if sizes[0] != sizes[1]:
            raise ValueError(f"StepCurrentSource: there must be an amplitude for each time (got {sizes[1]} for {sizes[0]})")
        return np.rint(self._values["times"] / simulator.state.dt).astype(int), self._values["amplitudes"]


class ACSource(Electrode, electrodes.ACSource):
    """A sine, whose phase is that at `start`."""

    __doc__ = electrodes.ACSource.__doc__
    translations = same_names(electrodes.ACSource.default_parameters)

    def listed(self, stop):
        """Return the current in each step: that at its beginning."""
        v, steps = self._values, self._window(stop)
        angle = 2e-3 * np.pi * v["frequency"] * (steps * simulator.state.dt - v["start"]) + np.deg2rad(v["phase"])
        values = v["offset"] + v["amplitude"] * np.sin(angle)
        values[-1] = 0.0
        return steps, values


class NoisyCurrentSource(Electrode, electrodes.NoisyCurrentSource):
    """Gaussian white noise: a new value after each `dt`."""

    __doc__ = electrodes.NoisyCurrentSource.__doc__
    translations = same_names(electrodes.NoisyCurrentSource.default_parameters)

    def __init__(self, **parameters):
        self._given = parameters.pop("rng", None)
        super().__init__(**parameters)

    def begin_again(self):
        """Go back to time 0, with other numbers."""
        super().begin_again()
        seeds = [simulator.state.seed, simulator.state.segment_counter, self.number]
        self._drawn, self._rng = np.empty(0), np.random.default_rng(seeds)

    def listed(self, stop):
        """Return the current in each step; what has been drawn stays as it is."""
        v, steps = self._values, self._window(stop)
        number = (steps - steps[0]) // max(1, round(v["dt"] / simulator.state.dt))
        self._draw(int(number[-1]) + 1)
        values = v["mean"] + v["stdev"] * self._drawn[number]
        values[-1] = 0.0
        return steps, values

    def _draw(self, n):
        if (missing := n - self._drawn.size) > 0:
            standard = {"mu": 0.0, "sigma": 1.0}
            new = self._given.next(missing, "normal", standard) if self._given else self._rng.normal(size=missing)
            self._drawn = np.append(self._drawn, new)


__all__ = names_in(globals(), electrodes)
