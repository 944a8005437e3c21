"""The cell types of PyNN: which models they have in brainsim, and how their parameters and variables are called there."""

from copy import deepcopy

import numpy as np
from pyNN.parameters import ArrayParameter, ParameterSpace
from pyNN.standardmodels import ModelNotAvailable, cells, receptors

import brainsim as bs
from brainsim.core.checks import computed_values
from brainsim.pynn import neurons
from brainsim.pynn.completing import completed, names_in
from brainsim.pynn.neurons import Receptor
from brainsim.pynn.simulator import state

FACTORS = {"nA": 1000.0, "nF": 1000.0, "uS": 1000.0}  # to pA, pF and nS; other units are the same
RENAMED = {"cm": "c_m", "tau_refrac": "t_ref", "v_thresh": "v_th", "v_spike": "v_peak", "delta_T": "delta_t"}
RENAMED |= {"e_rev_sfa": "e_sfa", "e_rev_rr": "e_rr", "g_s": "g_sfa", "g_r": "g_rr"}
RENAMED |= {"gbar_Na": "g_na", "gbar_K": "g_k", "e_rev_Na": "e_na", "e_rev_K": "e_k", "e_rev_leak": "e_l", "v_offset": "v_t"}
RENAMED |= {"g_leak": "g_l", "v_t_star": "v_th", "lambda0": "lambda_0", "a_eta": "q_eta", "a_gamma": "q_gamma"}
SIDES = {"excitatory": ("exc", "E"), "inhibitory": ("inh", "I")}


def one_if_equal(values):
    """Return one number if all values are the same, else the values."""
    return float(values[0]) if np.all(values == values[0]) else values


class CellType:
    """What brainsim adds to a cell type of PyNN: its model of cells, and the synapses onto its receptors."""

    membrane: type = bs.LIF
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
        receptors = tuple(self.receptors().values())
        return (neurons.compose(self.membrane, receptors) if receptors else self.membrane)(**self.native(values))

    def native(self, values):
        """Return parameters as brainsim takes them: in its units, one number if all cells have the same."""
        found = {}
        for name, value in values.items():
            value = np.asarray(value, float) * self.factor(name)
            if name == "tau_refrac":  # 0.1 ms by default, which is nothing if a step takes 1 ms
                value = np.rint(value / state.dt) * state.dt
            found[self.native_name(name)] = one_if_equal(value)
        if "g_l" in self.membrane.parameters and "tau_m" in found:
            found["g_l"] = found["c_m"] / found.pop("tau_m")
        return found

    @staticmethod
    def native_name(name):
        """Return how a parameter or variable of PyNN is called in brainsim."""
        return RENAMED.get(name, name).replace(".", "_")

    def check(self, values):
        """Raise an error if the values of the parameters, with which a population is made, cannot be used."""
        if not self.lists_spikes(values):
            with computed_values():  # numbers were typed in the units of PyNN
                self.model(values)

    def lists_spikes(self, values):
        """Return whether the cells are sources whose spikes are listed by the method `spikes`."""
        return False

    def factor(self, variable):
        """Return by what a parameter or variable in the unit of PyNN is multiplied to be in that of brainsim."""
        return FACTORS.get(self.units.get(variable, ""), 1.0)


class StochasticCell(CellType):
    """A cell whose spikes leave any number of currents and thresholds, which decay."""

    def model(self, values):
        """Return the model of brainsim: a parameter that is a sequence becomes one parameter for each part."""
        plain = {name: value for name, value in values.items() if not isinstance(value[0], ArrayParameter)}
        parts = {name: np.stack([one.value for one in value]) for name, value in values.items() if name not in plain}
        found = self.native(plain)
        for name, columns in parts.items():
            pieces = enumerate(columns.T * self.factor(name), 1)
            found |= {f"{self.native_name(name)}_{k}": one_if_equal(piece) for k, piece in pieces}
        membrane = neurons.stochastic(parts["tau_eta"].shape[1], parts["tau_gamma"].shape[1])
        return neurons.compose(membrane, tuple(self.receptors().values()))(**found)


class HardwareCell(CellType):
    """A cell that is given by its leak conductance; its other values are those of the chip."""

    def native(self, values):
        """Return parameters as brainsim takes them."""
        others = {name: value for name, value in values.items() if name != "g_leak"}
        chip = {"cm": 200.0, "tau_refrac": 1.0, "e_rev_E": 0.0, "tau_m": 200.0 / values["g_leak"]}
        return super().native(
            others | {name: np.broadcast_to(value, values["g_leak"].shape) for name, value in chip.items()}
        )


def cell_type(base, membrane=bs.LIF, kind=None, own=CellType, **more):
    """Return a cell type of PyNN with a model of brainsim, and with receptors of a kind."""
    return completed(own, base, membrane=membrane, kind=kind, **more)


CURRENTS = ["spikes", "v", "isyn_exc", "isyn_inh"]
IF_curr_alpha = cell_type(cells.IF_curr_alpha, kind="curr_alpha", recordable=CURRENTS)
IF_curr_exp = cell_type(cells.IF_curr_exp, kind="curr_exp", recordable=CURRENTS)
IF_curr_delta = cell_type(cells.IF_curr_delta, kind="delta")
IF_cond_alpha = cell_type(cells.IF_cond_alpha, kind="cond_alpha")
IF_cond_exp = cell_type(cells.IF_cond_exp, kind="cond_exp")
IF_cond_exp_gsfa_grr = cell_type(cells.IF_cond_exp_gsfa_grr, bs.SFALIF, "cond_exp")
IF_facets_hardware1 = cell_type(cells.IF_facets_hardware1, kind="cond_exp", own=HardwareCell)
EIF_cond_alpha_isfa_ista = cell_type(cells.EIF_cond_alpha_isfa_ista, bs.AdEx, "cond_alpha")
EIF_cond_exp_isfa_ista = cell_type(cells.EIF_cond_exp_isfa_ista, bs.AdEx, "cond_exp")
HH_cond_exp = cell_type(
    cells.HH_cond_exp,
    bs.TraubMiles,
    "cond_exp",
    receptor_types=("excitatory", "inhibitory"),
    recordable=[*cells.HH_cond_exp.recordable, "m", "h", "n"],
)
GIF_cond_exp = cell_type(cells.GIF_cond_exp, bs.GIF, "cond_exp", StochasticCell)
Izhikevich = cell_type(cells.Izhikevich, bs.Izhikevich, "delta")
LIF = cell_type(cells.LIF)
AdExp = cell_type(cells.AdExp, bs.AdEx)
CurrExpPostSynapticResponse = cell_type(receptors.CurrExpPostSynapticResponse, kind="curr_exp", recordable=["isyn"])
CondExpPostSynapticResponse = cell_type(receptors.CondExpPostSynapticResponse, kind="cond_exp", recordable=["gsyn"])
CondAlphaPostSynapticResponse = cell_type(receptors.CondAlphaPostSynapticResponse, kind="cond_alpha", recordable=["gsyn"])
CondBetaPostSynapticResponse = cell_type(receptors.CondBetaPostSynapticResponse, kind="cond_beta", recordable=["gsyn"])
ExpPSR, AlphaPSR, BetaPSR = CondExpPostSynapticResponse, CondAlphaPostSynapticResponse, CondBetaPostSynapticResponse


class PointNeuron(CellType, cells.PointNeuron):
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


__all__ = [*names_in(globals(), cells, receptors), "AlphaPSR", "BetaPSR", "ExpPSR"]
