"""The cell types of PyNN: which equations they have, and how their parameters and variables are called there."""

from copy import deepcopy

import numpy as np
from pyNN.errors import InvalidParameterValueError
from pyNN.parameters import ArrayParameter, ParameterSpace
from pyNN.standardmodels import ModelNotAvailable, build_translations, cells, receptors

import brainsim as bs
from brainsim.pynn import neurons
from brainsim.pynn.neurons import Receptor
from brainsim.pynn.simulator import state

FACTORS = {"nA": 1000.0, "nF": 1000.0, "uS": 1000.0}  # to pA, pF and nS; other units are the same
SIDES = {"excitatory": ("exc", "E"), "inhibitory": ("inh", "I")}


def one_if_equal(values):
    """Return one number if all values are the same, else the values."""
    return float(values[0]) if np.all(values == values[0]) else values


class Cell:
    """What brainsim adds to a cell type of PyNN: its model of cells, and the synapses onto its receptors."""

    membrane = neurons.Leaky
    kind: str | None = None  # of both receptors; without one the cell is a source of spikes

    def receptors(self):
        """Return the receptors by the names by which projections choose them."""
        found = {}
        for name, (short, letter) in SIDES.items() if self.kind else ():
            variable = f"{'i' if self.kind.startswith('curr') else 'g'}syn_{short}"
            roles = {"delta": (), "curr": ("tau",), "cond": ("tau", "e_rev")}[self.kind.split("_")[0]]
            given = {"tau": f"tau_syn_{letter}", "e_rev": f"e_rev_{letter}"}
            found[name] = Receptor(self.kind, variable, tuple((role, given[role]) for role in roles))
        return found

    def model(self, values):
        """Return the model of brainsim for values of the parameters by name, in the units of PyNN, one for each cell."""
        return neurons.compose(self.membrane, tuple(self.receptors().values()))(**self.native(values))

    def native(self, values):
        """Return parameters as brainsim takes them: in its units, one number if all cells have the same."""
        found = {}
        for name, value in values.items():
            value = np.asarray(value, float) * self.factor(name)
            if name == "tau_refrac":  # 0.1 ms by default, which is nothing if a step takes 1 ms
                value = np.rint(value / state.dt) * state.dt
            found[name.replace(".", "_")] = one_if_equal(value)
        return found

    def check(self, values):
        """Raise an error if the values of the parameters cannot be used."""

    def factor(self, variable):
        """Return by what a parameter or variable in the unit of PyNN is multiplied to be in that of brainsim."""
        return FACTORS.get(self.units.get(variable, ""), 1.0)


class StochasticCell(Cell):
    """A cell whose spikes leave any number of currents and thresholds, which decay."""

    def model(self, values):
        """Return the model of brainsim: a parameter that is a sequence becomes one parameter for each part."""
        plain = {name: value for name, value in values.items() if not isinstance(value[0], ArrayParameter)}
        parts = {name: np.stack([one.value for one in value]) for name, value in values.items() if name not in plain}
        found = self.native(plain)
        for name, columns in parts.items():
            found |= {f"{name}_{k}": one_if_equal(column * self.factor(name)) for k, column in enumerate(columns.T)}
        membrane = neurons.stochastic(parts["tau_eta"].shape[1], parts["tau_gamma"].shape[1])
        return neurons.compose(membrane, tuple(self.receptors().values()))(**found)


class ListedSpikes(Cell):
    """Sources that send listed spikes."""

    def check(self, values):
        """Raise InvalidParameterValueError if the spikes of a cell are not in ascending order."""
        for k, train in enumerate(values.get("spike_times", ())):
            if np.any(np.diff(train.value) < 0.0):
                text = "SpikeSourceArray.spike_times: must be in ascending order"
                raise InvalidParameterValueError(f"{text} (got {train.value} for cell {k})")

    def model(self, values):
        """Return the model of brainsim, with all spikes; `trains` are those that are still to be sent."""
        return bs.SpikeTrains(**self.trains(values, 0, 1.0))

    @staticmethod
    def trains(values, first, dt):
        """Return the arguments of `bs.SpikeTrains`: spikes from the step `first` on, on the grid of dt."""
        trains = [np.asarray(train.value, float) for train in values["spike_times"]]
        ids = np.repeat(np.arange(len(trains)), [train.size for train in trains])
        steps = np.rint(np.concatenate(trains) / dt)
        order = np.argsort(steps, kind="stable")
        order = order[steps[order] >= first]
        return {"times": steps[order] * dt, "ids": ids[order]}


def _of_pynn(base, membrane=neurons.Leaky, kind=None, own=Cell, **more):
    """Return a cell type of PyNN with the equations of brainsim; parameters keep their names and units."""
    same = build_translations(*((name, name) for name in base.default_parameters))
    fields = {"__doc__": base.__doc__, "translations": same, "membrane": membrane, "kind": kind, "__module__": __name__}
    return type(base.__name__, (own, base), fields | more)


CURRENTS = ["spikes", "v", "isyn_exc", "isyn_inh"]
IF_curr_alpha = _of_pynn(cells.IF_curr_alpha, kind="curr_alpha", recordable=CURRENTS)
IF_curr_exp = _of_pynn(cells.IF_curr_exp, kind="curr_exp", recordable=CURRENTS)
IF_curr_delta = _of_pynn(cells.IF_curr_delta, kind="delta")
IF_cond_alpha = _of_pynn(cells.IF_cond_alpha, kind="cond_alpha")
IF_cond_exp = _of_pynn(cells.IF_cond_exp, kind="cond_exp")
IF_cond_exp_gsfa_grr = _of_pynn(cells.IF_cond_exp_gsfa_grr, neurons.Adaptive, "cond_exp")
IF_facets_hardware1 = _of_pynn(cells.IF_facets_hardware1, neurons.Facets, "cond_exp")
EIF_cond_alpha_isfa_ista = _of_pynn(cells.EIF_cond_alpha_isfa_ista, neurons.AdaptiveExponential, "cond_alpha")
EIF_cond_exp_isfa_ista = _of_pynn(cells.EIF_cond_exp_isfa_ista, neurons.AdaptiveExponential, "cond_exp")
HH_cond_exp = _of_pynn(
    cells.HH_cond_exp,
    neurons.TraubMiles,
    "cond_exp",
    receptor_types=("excitatory", "inhibitory"),
    recordable=[*cells.HH_cond_exp.recordable, "m", "h", "n"],
)
GIF_cond_exp = _of_pynn(cells.GIF_cond_exp, kind="cond_exp", own=StochasticCell)
Izhikevich = _of_pynn(cells.Izhikevich, neurons.Izhikevich, "delta")
LIF = _of_pynn(cells.LIF)
AdExp = _of_pynn(cells.AdExp, neurons.AdaptiveExponential)
SpikeSourceArray = _of_pynn(cells.SpikeSourceArray, own=ListedSpikes)
SpikeSourcePoisson = _of_pynn(cells.SpikeSourcePoisson, neurons.PoissonSource)
SpikeSourcePoissonRefractory = _of_pynn(cells.SpikeSourcePoissonRefractory, neurons.RefractorySource)
SpikeSourceGamma = _of_pynn(cells.SpikeSourceGamma, neurons.GammaSource)
CurrExpPostSynapticResponse = _of_pynn(receptors.CurrExpPostSynapticResponse, kind="curr_exp", recordable=["isyn"])
CondExpPostSynapticResponse = _of_pynn(receptors.CondExpPostSynapticResponse, kind="cond_exp", recordable=["gsyn"])
CondAlphaPostSynapticResponse = _of_pynn(receptors.CondAlphaPostSynapticResponse, kind="cond_alpha", recordable=["gsyn"])
CondBetaPostSynapticResponse = _of_pynn(receptors.CondBetaPostSynapticResponse, kind="cond_beta", recordable=["gsyn"])
ExpPSR, AlphaPSR, BetaPSR = CondExpPostSynapticResponse, CondAlphaPostSynapticResponse, CondBetaPostSynapticResponse


class PointNeuron(Cell, cells.PointNeuron):
    """A membrane, `LIF` or `AdExp`, with receptors of any kinds by name: ``PointNeuron(LIF(), AMPA=ExpPSR(tau_syn=2.0))``.

    Parameters and variables of a receptor are called by its name, ``"AMPA.tau_syn"`` and ``"AMPA.gsyn"``.
    """

    def receptors(self):
        """Return the receptors by name."""
        roles = {"tau_syn": "tau", "e_syn": "e_rev", "tau_rise": "tau_rise", "tau_decay": "tau_decay"}
        found = {}
        for name in self.receptor_types:
            psr = self.post_synaptic_receptors[name]
            given = tuple((roles[key], f"{name}_{key}") for key in psr.default_parameters if key in roles)
            found[name] = Receptor(psr.kind, f"{name}_{psr.recordable[0]}", given)
        return found

    @property
    def membrane(self):
        """The membrane, as a model of brainsim."""
        return self.neuron.membrane

    @property
    def scale_factors(self):
        """Factors between the units of PyNN and those of brainsim, by name of a variable."""
        return {name: self.factor(name) for name in self.units}

    def get_schema(self):
        """Return name -> type of the parameters, those of receptors by their full names."""
        return dict.fromkeys(self.get_parameter_names(), float)

    def get_parameter_names(self):
        """Return the names of the parameters, those of receptors by their full names."""
        own = list(self.neuron.get_parameter_names())
        parts = self.post_synaptic_receptors.items()
        return own + [f"{name}.{key}" for name, psr in parts for key in psr.default_parameters if key != "locations"]

    def has_parameter(self, name):
        """Return whether there is a parameter of this name."""
        return name in self.get_parameter_names()

    @property
    def native_parameters(self):
        """All parameters in one space, those of receptors by their full names."""
        found = {name: deepcopy(value) for name, value in self.neuron.parameter_space.items()}
        for name, psr in self.post_synaptic_receptors.items():
            found |= {f"{name}.{k}": deepcopy(v) for k, v in psr.parameter_space.items() if k != "locations"}
        return ParameterSpace(found, schema=self.get_schema())

    def translate(self, parameters, copy=True):
        """Return the parameters as they are: those of brainsim have the same names."""
        return ParameterSpace(dict(parameters.items()), shape=parameters.shape)

    def reverse_translate(self, native_parameters):
        """Return the parameters as they are."""
        return native_parameters

    def get_native_names(self, *names):
        """Return the names as they are."""
        return list(names or self.get_parameter_names())

    def computed_parameters(self):
        """Return the names of parameters that follow from others: none."""
        return []

    def computed_parameters_include(self, parameter_names):
        """Return whether any of the parameters follows from others: none does."""
        return False


class MultiCompartmentNeuron(ModelNotAvailable):
    """Not available: cells with several compartments."""


class SpikeSourceInhGamma(ModelNotAvailable):
    """Not available: an inhomogeneous gamma process."""


__all__ = [
    name for name, kind in list(globals().items()) if getattr(kind, "__module__", "") == __name__ and name[0].isupper()
]
for _name in ("Cell", "ListedSpikes", "StochasticCell"):
    __all__.remove(_name)
