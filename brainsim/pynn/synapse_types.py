"""The synapse types of PyNN, and the rules of plasticity that they stand for."""

import numpy as np
from pyNN.standardmodels import synapses

import brainsim as bs
from brainsim.pynn import simulator
from brainsim.pynn.completing import completed, names_in, same_names

Value = bs.values.Value


class AdditivePairs(bs.Plasticity):
    """Pairs of spikes, all with all; a subclass says by how much the weight changes."""

    equations = """
        dx/dt = -x/tau_plus
        dy/dt = -y/tau_minus
    """
    on_pre = "w = w - A_minus*w_max*y; x = x + 1"
    on_post = "w = w + A_plus*w_max*x; y = y + 1"
    bounds = ("w_min", "w_max")

    tau_plus: Value = bs.parameter(20.0, "ms", "time constant of potentiation", above=0.0)
    tau_minus: Value = bs.parameter(20.0, "ms", "time constant of depression", above=0.0)
    A_plus: Value = bs.parameter(0.01, "", "amplitude of potentiation")
    A_minus: Value = bs.parameter(0.01, "", "amplitude of depression")
    w_min: Value = bs.parameter(0.0, "weight", "lower bound of the weight")
    w_max: Value = bs.parameter(1.0, "weight", "upper bound of the weight")

    x: float = bs.initial(0.0, "", "trace of presynaptic spikes")
    y: float = bs.initial(0.0, "", "trace of postsynaptic spikes")


class MultiplicativePairs(AdditivePairs):
    """Both changes are proportional to the distance from the bound."""

    on_pre = "w = w - A_minus*(w - w_min)*y; x = x + 1"
    on_post = "w = w + A_plus*(w_max - w)*x; y = y + 1"


class MixedPairs(AdditivePairs):
    """Depression alone is proportional to the distance from the bound."""

    on_pre = MultiplicativePairs.on_pre


class PowerPairs(AdditivePairs):
    """Both changes are powers of the distance from the bound, as a fraction of the upper one."""

    on_pre = "w = w - A_minus*w_max*(max(w - w_min, 0)/w_max)**mu_minus*y; x = x + 1"
    on_post = "w = w + A_plus*w_max*(max(w_max - w, 0)/w_max)**mu_plus*x; y = y + 1"

    mu_plus: Value = bs.parameter(0.5, "", "exponent of potentiation", at_least=0.0)
    mu_minus: Value = bs.parameter(0.5, "", "exponent of depression", at_least=0.0)


class Symmetric(bs.VogelsSTDP):
    """Pairs potentiate in either order, and each presynaptic spike depresses, with a lower bound."""

    bounds = ("w_min", "w_max")

    w_min: Value = bs.parameter(0.0, "weight", "lower bound of the weight")


class Unreliable(bs.Plasticity):
    """Each spike is transmitted with the probability p."""

    on_pre = "sent = binomial(1, p)"
    amplitude = "w*sent"

    p: Value = bs.parameter(0.5, "", "probability that a spike is transmitted", at_least=0.0)

    sent: float = bs.initial(0.0, "", "whether the last spike was transmitted")


class Quanta(bs.QuantalRelease):
    """Release sites that share the weight: it is what a spike delivers if all of them release."""

    amplitude = "w*released/sites"


class Synapse:
    """What brainsim adds to a synapse type of PyNN: its rule of plasticity."""

    learns = False  # whether weights change

    def rule(self, values, factor, tau_syn):
        """Return the rule, or None, for values of the parameters: a number, or one for each synapse.

        Weights are multiplied by `factor`, to be in the unit of brainsim; `tau_syn()` returns the time constant of the
        receptor of each synapse, None if it has none.
        """

    @staticmethod
    def dendritic(values):
        """Return which part of the delay is on the dendrite, as `bs.Network.connect` takes it."""

    def _get_minimum_delay(self):
        return simulator.state.default_delay


def _short_term(_, values, factor, tau_syn):
    """Return a rule with three states, in which resources are active for `tau_syn`, or two if the effect is a jump."""
    given = {"U": values["U"], "tau_rec": values["tau_rec"], "tau_fac": values["tau_facil"]}
    if (tau := tau_syn()) is None:
        return bs.TsodyksMarkram(**given)
    tau = (
        np.where(tau == np.asarray(given["tau_rec"]), 1.0001, 1.0) * tau
    )  # if both are equal, the solution has another form
    return bs.TsodyksMarkram(states="three", tau_psc=float(tau) if np.ndim(tau) == 0 else tau, **given)


def _unreliable(_, values, factor, tau_syn):
    return Unreliable(p=values["p"])


def _quantal(_, values, factor, tau_syn):
    sites = values.get("n", 1.0)
    return Quanta(U=values["U"], tau_rec=values["tau_rec"], tau_fac=values["tau_facil"], sites=sites)


StaticSynapse = completed(Synapse, synapses.StaticSynapse)
ElectricalSynapse = completed(Synapse, synapses.ElectricalSynapse)
TsodyksMarkramSynapse = completed(Synapse, synapses.TsodyksMarkramSynapse, rule=_short_term)
SimpleStochasticSynapse = completed(Synapse, synapses.SimpleStochasticSynapse, rule=_unreliable)
StochasticTsodyksMarkramSynapse = completed(Synapse, synapses.StochasticTsodyksMarkramSynapse, rule=_quantal)
MultiQuantalSynapse = completed(Synapse, synapses.MultiQuantalSynapse, rule=_quantal)


class STDPMechanism(Synapse, synapses.STDPMechanism):
    """Plasticity by the times of spikes."""

    __doc__ = synapses.STDPMechanism.__doc__
    learns = True
    base_translations = same_names(("weight", "delay", "dendritic_delay_fraction"))

    def _build_translations(self):
        parts = (self.timing_dependence, self.weight_dependence)
        found = [part.translations for part in parts if part is not None]
        self.translations = {name: value for some in (self.base_translations, *found) for name, value in some.items()}

    def rule(self, values, factor, tau_syn):
        """Return the rule that the dependences on timing and on the weight say together."""
        kind = getattr(self.timing_dependence, "kind", None) or self.weight_dependence.kind
        known = {name: values[name] * factor for name in ("w_min", "w_max", "eta") if name in values}
        known = values | known | {"rho_0": values.get("rho")}
        return kind(**{name: known[name] for name in kind.parameters})

    @staticmethod
    def dendritic(values):
        """Return "all", None, or a number of ms, for which all delays must be equal."""
        fraction, delay = values["dendritic_delay_fraction"], values["delay"]
        if np.all(np.asarray(fraction) == 1.0):
            return "all"
        if not np.any(fraction):
            return None
        if np.ndim(fraction) or np.ndim(delay):
            text = "a part of the delay can be on the dendrite only if all delays of the projection are equal"
            raise ValueError(f"STDPMechanism.dendritic_delay_fraction: {text}; give 0, 1, or one delay (got {fraction})")
        return float(fraction * delay)


class Component:
    """What brainsim adds to a part of an `STDPMechanism`."""

    kind: type | None = None  # the rule of brainsim, if this part decides about it


AdditiveWeightDependence = completed(Component, synapses.AdditiveWeightDependence, kind=AdditivePairs)
MultiplicativeWeightDependence = completed(Component, synapses.MultiplicativeWeightDependence, kind=MultiplicativePairs)
AdditivePotentiationMultiplicativeDepression = completed(
    Component, synapses.AdditivePotentiationMultiplicativeDepression, kind=MixedPairs
)
GutigWeightDependence = completed(Component, synapses.GutigWeightDependence, kind=PowerPairs)
SpikePairRule = completed(Component, synapses.SpikePairRule)
Vogels2011Rule = completed(Component, synapses.Vogels2011Rule, kind=Symmetric)

__all__ = names_in(globals(), synapses)
