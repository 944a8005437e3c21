"""The cells and synapses of a trained network in the language of equations: with them it runs in the engine.

The reset is as of the moment at which v crossed the threshold, `lag` ms before the end of the step: the point where a
straight line from `start`, the value of ``v - a`` at the start, to that at the end reaches the threshold. `start`, and
`span`, the part of the step in which the cell may fire, are set by the operator that delivers the spikes (see `engine`).
"""

from brainsim.models.base import Neuron, Synapse, initial, parameter
from brainsim.models.values import Value


class CrossingLIF(Neuron):
    """Leaky integrate-and-fire cell, adaptive or not, that crosses its threshold within a step; see `bs.learn.Layer`.

    ``dv/dt = (I - v)/tau_m``, ``da/dt = -a/tau_a``; a spike when ``v >= v_th + a``.

    Examples
    --------
    >>> CrossingLIF(tau_m=10.0)
    CrossingLIF(tau_m=10.0)
    """

    equations = "dv/dt = (I - v)/tau_m\nda/dt = -a/tau_a"
    threshold = "v >= v_th + a"
    reset = (
        "lag = span*(v - v_th - a)/(v - a - start); fired = 1;"
        "v = v - (v_th + a*exp(lag/tau_a) - v_reset)*exp(-lag/tau_m); a = a + beta*exp(-lag/tau_a)"
    )
    method = "exact"
    dimensions = False
    lag_variable = "lag"
    conditions = ("v_reset < v_th",)

    tau_m: Value = parameter(20.0, "ms", "membrane time constant", above=0.0)
    tau_a: Value = parameter(100.0, "ms", "time constant of the adaptation", above=0.0)
    v_th: Value = parameter(1.0, "", "threshold without adaptation", above=0.0)
    v_reset: Value = parameter(0.0, "", "reset potential")
    beta: Value = parameter(0.0, "", "rise of the threshold at a spike", at_least=0.0)

    v: float = initial(0.0, "", "potential")
    a: float = initial(0.0, "", "rise of the threshold")
    lag: float = initial(0.0, "ms", "from the last spike to the end of its step")
    fired: float = initial(0.0, "", "whether the cell fired in the last step")
    span: float = initial(0.0, "ms", "part of the step in which the cell may fire")
    start: float = initial(0.0, "", "v - a at the start of the step")


class HeldLIF(CrossingLIF):
    """The same cell with a refractory time, which begins at the spike: v stays at its reset value.

    Examples
    --------
    >>> HeldLIF(v_reset=-0.1)
    HeldLIF(v_reset=-0.1)
    """

    reset = "lag = span*(v - v_th - a)/(v - a - start); fired = 1; v = v_reset; a = a + beta*exp(-lag/tau_a)"


class Integrator(Neuron):
    """A cell that does not fire: ``dv/dt = (I - v)/tau_m``; see `bs.learn.Readout`.

    Examples
    --------
    >>> Integrator(tau_m=10.0)
    Integrator(tau_m=10.0)
    """

    equations = "dv/dt = (I - v)/tau_m"
    method = "exact"
    dimensions = False

    tau_m: Value = parameter(20.0, "ms", "membrane time constant", above=0.0)

    v: float = initial(0.0, "", "potential")


class WithinStep(Synapse):
    """A current that jumps by w and decays, ``di/dt = -i/tau``, for spikes that arrive within a step.

    What v has gained of the current by the end of the step is added to v.

    Examples
    --------
    >>> WithinStep(tau=2.0)
    WithinStep(tau=2.0)
    """

    equations = "di/dt = -i/tau"
    arrival = "v = v + w"
    current = "i"
    weight_unit = ""
    dimensions = False

    tau: Value = parameter(5.0, "ms", "decay time", above=0.0)
