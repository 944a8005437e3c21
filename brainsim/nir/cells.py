"""The cells of NIR as models, whose parameters have the names and the units of the graph.

A spike in a graph is a pulse of height 1 that lasts one step. What a pulse has added to the variables of a cell by the end
of the step follows from its equations, so a synapse adds it there, before the threshold.
"""

from typing import Any

import numpy as np

import brainsim as bs
from brainsim.models.values import Value

R = bs.parameter(1.0, "", "resistance")
LEAK = bs.parameter(0.0, "", "potential at rest")
TAU = bs.parameter(0.01, "", "time constant of the potential", above=0.0)
THRESHOLD = bs.parameter(1.0, "", "value above which the cell fires")
UNIT = bs.parameter(1000.0, "", "unit of time of the graph in ms", above=0.0)


class Pulse(bs.Synapse):
    """What a pulse of one step and height w has added to the potential by the end of the step."""

    arrival = "v = v + gain*w"
    weight_unit = ""
    dimensions = False
    gain: Value = bs.parameter(1.0, "", "potential after a pulse of height 1")


class CurrentPulse(Pulse):
    """What a pulse of one step and height w has added to the current and the potential by the end of the step."""

    arrival = "i = i + gain_i*w; v = v + gain*w"
    gain_i: Value = bs.parameter(1.0, "", "current after a pulse of height 1")


class Graded(bs.Coupling):
    """What cells that do not fire give to others: their potential at the end of the last step."""

    source = "v"
    current = "total"
    dimensions = False


class I(bs.Neuron):  # noqa: E742 - its name in NIR
    """An integrator, ``dv/dt = r*I``, and with a threshold IF."""

    equations = "dv/dt = r*I/unit"
    method = "euler"
    dimensions = False
    r: Value = R
    unit: float = UNIT
    v: float = bs.initial(0.0, "", "potential")


class LI(bs.Neuron):
    """A leaky integrator, ``tau dv/dt = v_leak - v + r*I``, and with a threshold LIF."""

    equations = "dv/dt = (v_leak - v + r*I)/(tau*unit)"
    method = "exact"
    dimensions = False
    tau: Value = TAU
    r: Value = R
    v_leak: Value = LEAK
    unit: float = UNIT
    v: float = bs.initial("v_leak", "", "potential")


class CubaLI(bs.Neuron):
    """The same with a current, ``tau_syn di/dt = w_in*I - i``, ``tau_mem dv/dt = v_leak - v + r*i``."""

    equations = """
        di/dt = (w_in*I - i)/(tau_syn*unit)
        dv/dt = (v_leak - v + r*i)/(tau_mem*unit)
    """
    method = "exact"
    dimensions = False
    tau_syn: Value = bs.parameter(0.005, "", "time constant of the current", above=0.0)
    tau_mem: Value = TAU
    r: Value = R
    v_leak: Value = LEAK
    w_in: Value = bs.parameter(1.0, "", "weight of the input")
    unit: float = UNIT
    i: float = bs.initial(0.0, "", "current")
    v: float = bs.initial("v_leak", "", "potential")


class Output(bs.Neuron):
    """What leaves a graph: ``v`` is the input of the last step."""

    equations = "dv/dt = (I - v)/dt"
    method = "euler"
    dimensions = False
    v: float = bs.initial(0.0, "", "input of the last step")


class SpikingOutput(Output):
    """The spikes that leave a graph."""

    threshold = "v > 0.5"


class Threshold(Output):
    """A spike in each step whose input is above `limit`."""

    threshold = "v > limit"
    events = {"clear": ("v != 0", "v = 0")}  # what rounding leaves of it would be above a limit of 0 in the next step
    limit: Value = THRESHOLD


FIRES = {
    "threshold": "v > v_threshold",
    "reset": "v = v_reset",
    "v_threshold": THRESHOLD,
    "v_reset": bs.parameter(0.0, "", "potential after a spike"),
}
SUBTRACTS = {"reset": "v = v - v_threshold"}
# in a step, forward Euler moves the current before the potential, as in snnTorch and Norse
EULER = {
    "method": "euler",
    "equations": """
        di/dt = (w_in*I - i)/(tau_syn*unit)
        dv/dt = (v_leak - v + r*(i + dt*(w_in*I - i)/(tau_syn*unit)))/(tau_mem*unit)
    """,
}
KINDS: dict[str, Any] = {"I": I, "LI": LI, "CubaLI": CubaLI, "Threshold": Threshold}


def _derive(name, base, texts):
    """Add a class to this module, in which pickles look for it."""
    globals()[name] = type(name, (base,), {"__module__": __name__, "__doc__": base.__doc__} | texts)
    return globals()[name]


for _cls, _euler in ((I, {}), (LI, {"method": "euler"}), (CubaLI, EULER)):
    _name = f"{_cls.__name__}F"
    KINDS[_name] = _derive(_name, _cls, FIRES)
    _derive(f"Euler{_cls.__name__}", _cls, _euler)
    for _prefix, _texts in (("Euler", _euler), ("Subtract", SUBTRACTS), ("EulerSubtract", _euler | SUBTRACTS)):
        _derive(_prefix + _name, KINDS[_name], _texts)


def model_of(node: Any, unit: float, method: str, reset: str) -> bs.Neuron:
    """Return the model of a node; a parameter is one number if it is the same for all cells."""
    kind = type(node).__name__
    subtract = "Subtract" * (reset == "subtract" and kind.endswith("F"))
    cls = globals().get("Euler" * (method == "euler") + subtract + kind, KINDS[kind])
    values = {"unit": np.array([unit])}
    for name in cls.parameters:
        value = getattr(node, "threshold" if name == "limit" else name, None)  # v_reset may be None
        values.setdefault(name, np.ravel(np.asarray(0.0 if value is None else value, np.float64)))
    return cls(**{name: float(v[0]) if (v == v[0]).all() else v for name, v in values.items() if name in cls.parameters})


def kind_of(model: Any) -> str:
    """Return the kind of the node of a model, "" if it is not one of these cells."""
    return next((base.__name__ for base in type(model).__mro__ if KINDS.get(base.__name__) is base), "")


def pulse(model: Any, dt: float) -> bs.Synapse:
    """Return the synapse by which pulses that last `dt` ms act on cells of a model."""
    kind = kind_of(model).removesuffix("F")
    if kind not in ("I", "LI", "CubaLI"):
        return Pulse()
    if kind == "I":
        return Pulse(gain=model.r * dt / model.unit)
    if kind == "LI":
        return Pulse(gain=model.r * _share(dt / (model.tau * model.unit), model.method))
    syn, mem = dt / (model.tau_syn * model.unit), dt / (model.tau_mem * model.unit)
    gain = rise = _share(syn, model.method)
    if model.method == "euler":
        rise = gain * mem
    else:
        x = np.asarray(mem - syn)  # exprel(x) = (exp(x) - 1)/x, which is 1 at 0: both time constants may be equal
        exprel = np.where(x == 0.0, 1.0, np.expm1(x) / np.where(x == 0.0, 1.0, x))
        rise = _share(mem, model.method) - mem * np.exp(-mem) * exprel
    return CurrentPulse(gain_i=model.w_in * gain, gain=model.r * model.w_in * rise)


def _share(x, method):
    """Return how much of a constant input a leaky cell has taken up after a step of x time constants."""
    return x if method == "euler" else -np.expm1(-x)
