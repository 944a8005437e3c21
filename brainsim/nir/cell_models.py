"""The cells of NIR as models, whose parameters have the names and the units of the graph.

A spike in a graph is a pulse of height 1 that lasts one step, `brainsim.Pulse`.
"""

import re
from typing import Any

import numpy as np

import brainsim as bs

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
    "subtracts": bs.parameter(0.0, "", "1 if a spike subtracts the threshold, 0 if it sets the potential to v_reset"),
}
FIRES = {"threshold": "v > v_threshold", "reset": "v = where(subtracts > 0, v - v_threshold, v_reset)"}
CURRENT = "(w_in*I - i)/(tau_syn*unit)"
EQUATIONS = {
    "I": "dv/dt = r*I/unit",
    "LI": "dv/dt = (v_leak - v + r*I)/(tau*unit)",
    "CubaLI": f"di/dt = {CURRENT}\ndv/dt = (v_leak - v + r*i)/(tau_mem*unit)",
}
SPIKING = ("Input", "IF", "LIF", "CubaLIF", "Threshold")
KINDS = (*EQUATIONS, *SPIKING, "Output")


def _add_cells(name, equations, **texts):
    """Add a class of cells to this module, where pickles look for it, with those parameters that its texts name."""
    words = {*re.findall(r"\w+", f"{equations} {texts}")}
    declared = {key: spec for key, spec in PARAMETERS.items() if key in words}
    declared["v"] = bs.initial("v_leak" if "v_leak" in words else 0.0, "", "potential")
    if "i" in words:
        declared["i"] = bs.initial(0.0, "", "current")
    about = {"__module__": __name__, "__doc__": f"Cells of the kind {name}.", "equations": equations, "dimensions": False}
    globals()[name] = type(name, (bs.Neuron,), about | declared | texts)


for _kind, _text in EQUATIONS.items():
    # forward Euler moves the current before the potential, as snnTorch and Norse do
    _euler = _text.replace("r*i", f"r*(i + dt*{CURRENT})")
    for _name, _texts in ((_kind, {}), (f"{_kind}F", FIRES)):
        _add_cells(_name, _text, method="exact", **_texts)
        _add_cells(f"Euler{_name}", _euler, method="euler", **_texts)
# v is the input of a step; if an event did not clear it, what rounding leaves of it could be above a limit of 0
_add_cells("Threshold", "dv/dt = (I - v)/dt", method="euler", threshold="v > limit", events={"clear": ("v != 0", "v = 0")})
_add_cells("Output", "dv/dt = (I - v)/dt", method="euler")
_add_cells("SpikingOutput", "dv/dt = (I - v)/dt", method="euler", threshold="v > 0.5")


def model_of(node: Any, variant: str, unit: float, reset: str) -> Any:
    """Return the model of a node, in a variant if it has this; a parameter is one number if it is the same for all cells."""
    kind = type(node).__name__
    cls = globals().get(variant + kind, globals()[kind])
    given = vars(node) | {"limit": getattr(node, "threshold", 0.0), "unit": unit, "subtracts": float(reset == "subtract")}
    values = {name: np.ravel(0.0 if given[name] is None else given[name]) for name in cls.parameters}  # v_reset may be None
    return cls(**{name: float(v[0]) if (v == v[0]).all() else np.asarray(v, np.float64) for name, v in values.items()})
