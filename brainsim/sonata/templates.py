"""Models of point neurons that SONATA files name: those of NEST, with its defaults and the names of its parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import brainsim as bs

LIF = {"C_m": "c_m", "E_L": "v_rest", "V_th": "v_th", "V_reset": "v_reset", "t_ref": "t_ref"}
PSC = {"C_m": 250.0, "tau_m": 10.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -70.0, "t_ref": 2.0}
SYN = {"tau_syn_ex": 2.0, "tau_syn_in": 2.0}
COND = PSC | {"g_L": 16.6667, "V_reset": -60.0, "E_ex": 0.0, "E_in": -85.0, "tau_syn_ex": 0.2, "tau_syn_in": 2.0}
AEIF = COND | {"C_m": 281.0, "g_L": 30.0, "E_L": -70.6, "V_th": -50.4, "t_ref": 0.0}
AEIF |= {"Delta_T": 2.0, "a": 4.0, "b": 80.5, "tau_w": 144.0, "V_peak": 0.0}
ADEX = LIF | {"g_L": "g_l", "Delta_T": "delta_t", "a": "a", "b": "b", "tau_w": "tau_w", "V_peak": "v_peak"}


class ConductanceLIF(bs.GLIF1):
    """A leaky integrate-and-fire cell by rk4: NEST's conductances last 0.2 ms, two steps."""

    method = "rk4"


@dataclass(frozen=True)
class Template:
    """A model: `names` of its parameters here by those there, and the `defaults` there, also of the synapses onto it."""

    model: Any
    names: dict[str, str]
    synapse: Any
    defaults: dict[str, float]

    def cells(self, given: dict[str, Any]) -> Any:
        """Return the model of cells with these parameters."""
        return self.model(**{here: given[there] for there, here in self.names.items()})

    def synapses(self, given: dict[str, Any]) -> list[tuple[Any, int]]:
        """Return the synapses for positive and for negative weights, and the signs by which weights are multiplied."""
        if self.synapse is bs.Delta:
            return [(bs.Delta(), 1), (bs.Delta(), 1)]
        found = []
        for side, sign in (("ex", 1), ("in", -1)):
            rest = {"e_rev": given[f"E_{side}"]} if f"E_{side}" in self.defaults else {}
            found.append((self.synapse(tau=given[f"tau_syn_{side}"], name=f"syn_{side}", **rest), sign if rest else 1))
        return found


TEMPLATES = {
    "iaf_psc_delta": Template(bs.LIF, LIF | {"tau_m": "tau_m"}, bs.Delta, PSC),
    "iaf_psc_exp": Template(bs.LIF, LIF | {"tau_m": "tau_m"}, bs.Exponential, PSC | SYN),
    "iaf_psc_alpha": Template(bs.LIF, LIF | {"tau_m": "tau_m"}, bs.Alpha, PSC | SYN),
    "iaf_cond_exp": Template(ConductanceLIF, LIF | {"g_L": "g_l"}, bs.ExponentialConductance, COND),
    "iaf_cond_alpha": Template(ConductanceLIF, LIF | {"g_L": "g_l"}, bs.AlphaConductance, COND),
    "aeif_cond_exp": Template(bs.AdEx, ADEX, bs.ExponentialConductance, AEIF),
    "aeif_cond_alpha": Template(bs.AdEx, ADEX, bs.AlphaConductance, AEIF),
}
IGNORED = {"V_m": -70.0, "I_e": 0.0}  # they are not parameters of the model: the initial potential and a current


def parameters(template: Template, sets: list[dict[str, Any]], which: np.ndarray, label: str) -> dict[str, Any]:
    """Return the parameters of cells, `which` has the set of each: one number if they are all the same."""
    known = template.defaults | IGNORED
    for given in sets:
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"{label}: has no parameter {name!r}; it has {', '.join(known)}")
            if not isinstance(value, int | float):
                raise ValueError(f"{label}: {name} must be a number (got {value!r})")
    columns = {name: np.array([given.get(name, default) for given in sets], float)[which] for name, default in known.items()}
    return {name: float(of[0]) if (of == of[0]).all() else of for name, of in columns.items()}
