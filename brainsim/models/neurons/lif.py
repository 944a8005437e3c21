"""The leaky integrate-and-fire neuron, written as a user would write it: a template for models of your own."""

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class LIF(Neuron):
    """Leaky integrate-and-fire neuron.

    Integrated exactly with currents and delta synapses; by exponential Euler with conductances, which multiply v.

    ``dv/dt = (v_rest - v)/tau_m + I/c_m``; a spike when ``v >= v_th``, then ``v = v_reset`` and v is clamped for `t_ref`.

    Each parameter may be a number, an array with one value per cell, or a distribution.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.LIF(tau_m=10.0, c_m=250.0), name="cells")
    Population('cells', 100 LIF)

    References
    ----------
    Rotter & Diesmann (1999), doi:10.1007/s004220050570 (exact integration).
    """

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m"
    threshold = "v >= v_th"
    reset = "v = v_reset"
    conditions = ("v_reset < v_th",)

    tau_m: Value = parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    v_rest: Value = parameter(-65.0, "mV", "resting potential")
    v_th: Value = parameter(-50.0, "mV", "threshold")
    v_reset: Value = parameter(-65.0, "mV", "reset potential")
    t_ref: Value = parameter(2.0, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
