"""The models of brainsim that stand for the cells of PyNN.

A cell of PyNN has its receptors, so their variables are variables of the cell here: a spike adds to ``gsyn_exc``, not to a
receptor of a connection. `compose` adds receptors, and the constant current ``i_offset``, to a model of cells of brainsim.
"""

import functools
import re
from typing import NamedTuple

import brainsim as bs


class ReceptorKind(NamedTuple):
    """A kind of receptor: its equations, the variable to which an event adds, its current, and the unit of weights."""

    equations: str
    target: str
    current: str
    unit: str


RISING = "d{x}/dt = (exp(1)*{x}_rising - {x})/{tau}\nd{x}_rising/dt = -{x}_rising/{tau}"
TWO_TIMES = """{x}_scale = exp({tau_decay}/{tau_rise}/exprel(log({tau_decay}/{tau_rise})))
d{x}/dt = ({x}_scale*{x}_rising - {x})/{tau_decay}
d{x}_rising/dt = -{x}_rising/{tau_rise}"""
TOWARDS = "{x}*({e_rev} - v)"
KINDS = {
    "delta": ReceptorKind("", "v", "", "mV"),
    "curr_exp": ReceptorKind("d{x}/dt = -{x}/{tau}", "{x}", "{x}", "pA"),
    "curr_alpha": ReceptorKind(RISING, "{x}_rising", "{x}", "pA"),
    "cond_exp": ReceptorKind("d{x}/dt = -{x}/{tau}", "{x}", TOWARDS, "nS"),
    "cond_alpha": ReceptorKind(RISING, "{x}_rising", TOWARDS, "nS"),
    "cond_beta": ReceptorKind(TWO_TIMES, "{x}_rising", TOWARDS, "nS"),
}


class Receptor(NamedTuple):
    """A receptor of a cell: its kind, its variable, and the parameters of the cell by the names of `KINDS`."""

    kind: str
    variable: str
    parameters: tuple[tuple[str, str], ...] = ()

    def text(self, template):
        """Return one of the texts of the kind with the names of this receptor."""
        return template.format(x=self.variable, **dict(self.parameters))


@functools.cache
def compose(membrane, receptors):
    """Return a class of cells: a model of brainsim with these receptors, a tuple, and a constant current."""
    lines, currents = [line.strip() for line in membrane.equations.strip().splitlines()], ["I", "i_offset"]
    fields = {"i_offset": bs.parameter(0.0, "pA", "constant current")}
    for receptor in receptors:
        kind, x = KINDS[receptor.kind], receptor.variable
        lines += receptor.text(kind.equations).split("\n")
        currents += [receptor.text(kind.current)] if kind.current else []
        for role, name in receptor.parameters:
            time = {"above": 0.0} if role.startswith("tau") else {}
            fields[name] = bs.parameter(5.0 if time else 0.0, "ms" if time else "mV", f"{role} of {x}", **time)
        for variable in (v for v in (x, f"{x}_rising") if f"d{v}/dt" in receptor.text(kind.equations)):
            fields[variable] = bs.initial(0.0, kind.unit, "variable of a receptor")
    equations = re.sub(r"\bI\b", f"({' + '.join(currents)})", "\n".join(lines))
    return type(membrane.__name__, (membrane,), {"__doc__": membrane.__doc__, "equations": equations, **fields})


@functools.cache
def arrival(kind, variable):
    """Return the synapse whose events add to the variable of a receptor."""
    target = KINDS[kind].target.format(x=variable)
    texts = {"__doc__": "What a spike does.", "arrival": f"{target} = {target} + w", "weight_unit": KINDS[kind].unit}
    return type(f"Onto_{target}", (bs.Synapse,), texts)()


@functools.cache
def stochastic(n_eta, n_gamma):
    """Return `bs.GIF` with so many currents and thresholds that spikes leave, at least two of each."""
    parts = {"eta": range(1, max(n_eta, 2) + 1), "gamma": range(1, max(n_gamma, 2) + 1)}
    lines = ["dv/dt = (g_l*(v_rest - v) - i_eta + I)/c_m", "rate = 0.001*lambda_0*exp((v - v_t)/delta_v)"]
    lines += ["i_eta = " + " + ".join(f"eta_{k}" for k in parts["eta"])]
    lines += [" + ".join(["v_t = v_th", *(f"gamma_{k}" for k in parts["gamma"])])]
    reset, fields = ["v = v_reset"], {}
    for name, unit in (("eta", "pA"), ("gamma", "mV")):
        for k in parts[name]:
            lines.append(f"d{name}_{k}/dt = -{name}_{k}/tau_{name}_{k}")
            reset.append(f"{name}_{k} += q_{name}_{k}")
            if k > 2:
                fields[f"tau_{name}_{k}"] = bs.parameter(10.0, "ms", "time constant of a part", above=0.0)
                fields[f"q_{name}_{k}"] = bs.parameter(0.0, unit, "increment of a part at a spike")
                fields[f"{name}_{k}"] = bs.initial(0.0, unit, "a part of what spikes leave")
    texts = {"__doc__": bs.GIF.__doc__, "equations": "\n".join(lines), "reset": "; ".join(reset)}
    return type("GIF", (bs.GIF,), texts | fields)
