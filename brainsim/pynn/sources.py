"""The sources of spikes of PyNN: cells of brainsim, or lists of spikes that are given or drawn."""

import numpy as np
from pyNN.errors import InvalidParameterValueError
from pyNN.standardmodels import cells
from scipy.special import gammaincc

import brainsim as bs
from brainsim.pynn.cell_types import CellType, cell_type
from brainsim.pynn.completing import names_in
from brainsim.pynn.simulator import state

Value = bs.values.Value
DENSE = 0.02  # mean number of spikes in a step from which a step may have several: two would come in 1 of 5,000 steps
# a spike at the time t stands for the step that ends there; half a step is far from any rounding error
WINDOW = "t > start + 0.5*dt and t < start + duration + 0.5*dt"


class Source(bs.Neuron):
    """Sources that are silent before `start` [ms] and after `duration` more."""

    spiking_source = True

    start: Value = bs.parameter(0.0, "ms", "when the source begins")
    duration: Value = bs.parameter(1e10, "ms", "how long it is active")


class PoissonSource(Source):
    """Poisson trains."""

    threshold = f"rand() < 0.001*rate*dt and {WINDOW}"
    conditions = ("0.001*rate*dt <= 1",)

    rate: Value = bs.parameter(1.0, "Hz", "mean firing rate", at_least=0.0)


class DensePoissonSource(PoissonSource):
    """Poisson trains with any number of spikes in a step."""

    threshold = WINDOW
    spikes_per_step = "binomial(1000000, 0.001*rate*dt/1000000)"
    conditions = ("0.001*rate*dt <= 100",)


class RefractorySource(Source):
    """Poisson trains with a dead time after each spike."""

    threshold = f"rand() < dt/(1/(0.001*rate) - t_ref) and {WINDOW}"
    conditions = ("0.001*rate*(t_ref + dt) <= 1",)

    rate: Value = bs.parameter(1.0, "Hz", "mean firing rate, dead time included", above=0.0)
    t_ref: Value = bs.parameter(0.0, "ms", "dead time", at_least=0.0)


class GammaSource(Source):
    """Gamma renewal processes: an interval is the sum of `alpha` exponential times with the rate `beta`."""

    threshold = "progress >= 1"
    reset = "progress -= 1"
    events = {"stage": (f"rand() < 0.001*beta*dt and {WINDOW}", "progress += 1/alpha")}  # noqa: RUF012
    conditions = ("0.001*beta*dt <= 1",)

    alpha: Value = bs.parameter(2.0, "", "order of the process", at_least=1.0)
    beta: Value = bs.parameter(1.0, "Hz", "rate of the stages", at_least=0.0)

    progress: float = bs.initial(bs.Uniform(0.0, 1.0), "", "completed fraction of the stages of the interval")


class ListedSpikes(CellType):
    """Sources that send listed spikes."""

    def lists_spikes(self, values):
        """Return whether spikes are listed: they are."""
        return True

    def check(self, values):
        """Raise InvalidParameterValueError if the spikes of a cell are not finite or not in ascending order."""
        for k, train in enumerate(values["spike_times"]):
            if not np.all(np.isfinite(train.value)) or np.any(np.diff(train.value) < 0.0):
                text = "SpikeSourceArray.spike_times: must be finite and in ascending order"
                raise InvalidParameterValueError(f"{text} (got {train.value} for cell {k})")

    def spikes(self, values, first, stop, number):
        """Return (steps, indices) of the spikes from the step `first` on, to the nearest step."""
        trains = [np.asarray(train.value, float) for train in values["spike_times"]]
        ids = np.repeat(np.arange(len(trains)), [train.size for train in trains])
        steps = np.rint(np.concatenate(trains) / state.dt).astype(int)
        return steps[steps >= first], ids[steps >= first]


class PoissonTrains(CellType):
    """Poisson trains."""

    def model(self, values):
        """Return the model of brainsim: sources that send at most one spike in a step, if hardly any step has two."""
        self.membrane = PoissonSource if 0.001 * state.dt * np.max(values["rate"]) < DENSE else DensePoissonSource
        return super().model(values)


class InhomogeneousGamma(CellType):
    """Gamma processes whose parameters follow a histogram, drawn step by step: Muller et al. (2007).

    A source that fired x ms ago fires in a step of dt with the probability ``1 - Q(a, (x + dt)/b)/Q(a, x/b)``, in which Q is
    the regularised incomplete gamma function, and a and b are those of the moment.
    """

    _key: tuple | None = None  # of what has been drawn

    def lists_spikes(self, values):
        """Return whether spikes are listed: they are."""
        return True

    def spikes(self, values, first, stop, number):
        """Return (steps, indices) of the spikes of some steps; those after the last call are drawn first."""
        key, n = (state.seed, state.segment_counter, number), values["start"].size
        if self._key != key:
            self._key, self._rng, self._ages, self._found, self._done = key, np.random.default_rng(key), np.zeros(n), [], 0
        changes = {int(step) for bins in values["tbins"] for step in np.ceil(bins.value / state.dt)}
        for step in range(self._done, stop):
            if step in changes or step == self._done:
                a, b = self._at(values, step * state.dt)
            after = (step + 0.5) * state.dt - values["start"]
            active = (after > 0.0) & (after < values["duration"])
            older = self._ages + state.dt
            rest = gammaincc(a, older / b) / np.maximum(gammaincc(a, self._ages / b), 1e-300)
            fired = active & (self._rng.random(n) >= rest)
            self._ages = np.where(active & ~fired, older, 0.0)
            self._found += [(step + 1, cell) for cell in np.flatnonzero(fired)]
        self._done = max(self._done, stop)
        steps, ids = np.array(self._found, int).reshape(-1, 2).T
        mine = (steps >= first) & (steps <= stop)
        return steps[mine], ids[mine]

    @staticmethod
    def _at(values, time):
        """Return a and b [ms] of each source at a time."""
        bins = [max(0, np.searchsorted(bins.value, time + 1e-9, side="right") - 1) for bins in values["tbins"]]
        a, b = (np.array([one.value[k] for one, k in zip(values[name], bins, strict=True)]) for name in ("a", "b"))
        return a, 1000.0 * b


SpikeSourceArray = cell_type(cells.SpikeSourceArray, own=ListedSpikes)
SpikeSourceInhGamma = cell_type(cells.SpikeSourceInhGamma, own=InhomogeneousGamma)
SpikeSourcePoisson = cell_type(cells.SpikeSourcePoisson, own=PoissonTrains)
SpikeSourcePoissonRefractory = cell_type(cells.SpikeSourcePoissonRefractory, RefractorySource)
SpikeSourceGamma = cell_type(cells.SpikeSourceGamma, GammaSource)

__all__ = names_in(globals(), cells)
