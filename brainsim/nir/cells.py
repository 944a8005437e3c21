"""The cells of NIR as models, whose parameters have the names and the units of the graph.

A spike in a graph is a pulse of height 1 that lasts one step. What a pulse has added to the variables of a cell by the end
of the step follows from its equations, so a synapse adds it there, before the threshold.
"""

import re
from typing import Any

import numpy as np

import brainsim as bs
from brainsim.models.values import Value

PARAMETERS = {
    "tau": bs.parameter(0.01, "", "time constant of the potential", above=0.0),
    "tau_mem": bs.parameter(0.01, "", "time constant of the potential", above=0.0),
    "tau_syn": bs.parameter(0.005, "", "time constant of the current", above=0.0),
    "r": bs.parameter(1.0, "", "resistance"),
    "v_leak": bs.parameter(0.0, "", "potential at rest"),
    "w_in": bs.parameter(1.0, "", "weight of the input"),
    "v_threshold": bs.parameter(1.0, "", "potential above which the cell fires"),
    "v_reset": bs.parameter(0.0, "", "potential after a spike"),
    "limit": bs.parameter(1.0, "", "input above which the cell fires"),
    "unit": bs.parameter(1000.0, "", "unit of time of the graph in ms", above=0.0),
}
FIRES = {"threshold": "v > v_threshold", "reset": "v = v_reset"}
SUBTRACTS = {"threshold": "v > v_threshold", "reset": "v = v - v_threshold"}
CURRENT = "(w_in*I - i)/(tau_syn*unit)"


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


def _add_cells(name, equations, **texts):
    """Add a class of cells to this module, where pickles look for it, with those parameters that its texts name."""
    words = {*re.findall(r"\w+", " ".join([equations, *map(str, texts.values())]))}
    declared = {key: spec for key, spec in PARAMETERS.items() if key in words}
    declared["v"] = bs.initial("v_leak" if "v_leak" in words else 0.0, "", "potential")
    if "i" in words:
        declared["i"] = bs.initial(0.0, "", "current")
    about = {"__module__": __name__, "__doc__": f"Cells of the kind {name}.", "equations": equations, "dimensions": False}
    globals()[name] = type(name, (bs.Neuron,), about | declared | texts)
    return globals()[name]


# EulerLIF is a LIF by forward Euler, which moves the current before the potential, as snnTorch and Norse do
for _kind, _exact, _euler in (
    ("I", "dv/dt = r*I/unit", "dv/dt = r*I/unit"),
    ("LI", "dv/dt = (v_leak - v + r*I)/(tau*unit)", "dv/dt = (v_leak - v + r*I)/(tau*unit)"),
    (
        "CubaLI",
        f"di/dt = {CURRENT}\ndv/dt = (v_leak - v + r*i)/(tau_mem*unit)",
        f"di/dt = {CURRENT}\ndv/dt = (v_leak - v + r*(i + dt*{CURRENT}))/(tau_mem*unit)",
    ),
):
    for _prefix, _method, _text in (("", "exact", _exact), ("Euler", "euler", _euler)):
        _add_cells(f"{_prefix}{_kind}", _text, method=_method)
        _add_cells(f"{_prefix}{_kind}F", _text, method=_method, **FIRES)
        _add_cells(f"{_prefix}Subtract{_kind}F", _text, method=_method, **SUBTRACTS)
# v is the input of a step; if an event did not clear it, what rounding leaves of it could be above a limit of 0
_add_cells("Threshold", "dv/dt = (I - v)/dt", method="euler", threshold="v > limit", events={"clear": ("v != 0", "v = 0")})
_add_cells("Output", "dv/dt = (I - v)/dt", method="euler")
SpikingOutput: Any = _add_cells("SpikingOutput", "dv/dt = (I - v)/dt", method="euler", threshold="v > 0.5")
KINDS = ("I", "IF", "LI", "LIF", "CubaLI", "CubaLIF", "Threshold", "Output")


def model_of(node: Any, unit: float, method: str, reset: str) -> Any:
    """Return the model of a node; a parameter is one number if it is the same for all cells."""
    kind = type(node).__name__
    variant = "Subtract" * (reset == "subtract" and kind.endswith("F")) + kind
    cls = globals().get("Euler" * (method == "euler") + variant, globals()[variant])
    values = {"unit": np.array([unit])}
    for name in cls.parameters:
        value = getattr(node, "threshold" if name == "limit" else name, None)  # v_reset may be None
        values.setdefault(name, np.ravel(np.asarray(0.0 if value is None else value, np.float64)))
    return cls(**{name: float(v[0]) if (v == v[0]).all() else v for name, v in values.items() if name in cls.parameters})


def kind_of(model: Any) -> str:
    """Return the kind of the node of a model, "" if it is not one of these cells."""
    kind = re.sub("^(Euler|Subtract|Spiking)*", "", type(model).__name__)
    return kind if kind in KINDS and type(model).__module__ == __name__ else ""


def pulse(model: Any, dt: float) -> bs.Synapse:
    """Return the synapse by which pulses that last `dt` ms act on cells of a model."""
    kind = kind_of(model).removesuffix("F")
    if kind == "I":
        return Pulse(gain=model.r * dt / model.unit)
    if kind == "LI":
        return Pulse(gain=model.r * _share(dt / (model.tau * model.unit), model))
    if kind != "CubaLI":
        return Pulse()
    syn, mem = dt / (model.tau_syn * model.unit), dt / (model.tau_mem * model.unit)
    rise = _share(syn, model) * mem
    if model.method == "exact":
        x = np.asarray(mem - syn)  # exprel(x) = (exp(x) - 1)/x, which is 1 at 0: both time constants may be equal
        exprel = np.where(x == 0.0, 1.0, np.expm1(x) / np.where(x == 0.0, 1.0, x))
        rise = _share(mem, model) - mem * np.exp(-mem) * exprel
    return CurrentPulse(gain_i=model.w_in * _share(syn, model), gain=model.r * model.w_in * rise)


def _share(x, model):
    """Return how much of a constant input a leaky cell has taken up after a step of x time constants."""
    return x if model.method == "euler" else -np.expm1(-x)
