"""Models of point neurons that SONATA files name: those of NEST, with its defaults and the names of its parameters."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import brainsim as bs
from brainsim.core.checks import nearest
from brainsim.core.structure import check_structure

GROUP = "dynamics_params/"  # of a file of nodes, with parameters of single nodes

NAMES = {"C_m": "c_m", "tau_m": "tau_m", "g_L": "g_l", "E_L": "v_rest", "V_th": "v_th", "V_reset": "v_reset"}
NAMES |= {"t_ref": "t_ref", "Delta_T": "delta_t", "a": "a", "b": "b", "tau_w": "tau_w", "V_peak": "v_peak"}
OF_SYNAPSES = {"tau": "tau_syn_", "e_rev": "E_"}
DELTA = {"C_m": 250.0, "tau_m": 10.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -70.0, "t_ref": 2.0, "V_m": -70.0, "I_e": 0.0}
PSC = DELTA | {"tau_syn_ex": 2.0, "tau_syn_in": 2.0}
COND = PSC | {"g_L": 16.6667, "V_reset": -60.0, "E_ex": 0.0, "E_in": -85.0, "tau_syn_ex": 0.2}
AEIF = COND | {"C_m": 281.0, "g_L": 30.0, "E_L": -70.6, "V_th": -50.4, "t_ref": 0.0, "Delta_T": 2.0, "a": 4.0, "b": 80.5}
AEIF |= {"tau_w": 144.0, "V_peak": 0.0}


class ConductanceLIF(bs.GLIF1):
    """A leaky integrate-and-fire cell by rk4: NEST's conductances last 0.2 ms, two steps."""

    method = "rk4"


TEMPLATES: dict[str, tuple[Any, Any, dict[str, float]]] = {
    "iaf_psc_delta": (bs.LIF, bs.Delta, DELTA),
    "iaf_psc_exp": (bs.LIF, bs.Exponential, PSC),
    "iaf_psc_alpha": (bs.LIF, bs.Alpha, PSC),
    "iaf_cond_exp": (ConductanceLIF, bs.ExponentialConductance, COND),
    "iaf_cond_alpha": (ConductanceLIF, bs.AlphaConductance, COND),
    "aeif_cond_exp": (bs.AdEx, bs.ExponentialConductance, AEIF),
    "aeif_cond_alpha": (bs.AdEx, bs.AlphaConductance, AEIF),
}


def describe(
    template: str, sets: list[dict[str, Any]], which: np.ndarray, of_nodes: Mapping[str, np.ndarray], label: str
) -> tuple[Any, list, dict[str, Any]]:
    """Return the model of cells, the synapses for positive and for negative weights, and all parameters.

    `which` has for each cell the set of parameters that it has, and `of_nodes` columns of the nodes, of which those in the
    group ``dynamics_params`` take precedence. A parameter is one number if it is the same for all cells.
    """
    model, synapse, known = TEMPLATES[template]
    single = {name.removeprefix(GROUP): of for name, of in of_nodes.items() if name.startswith(GROUP)}
    for name, value in (item for given in [*sets, dict.fromkeys(single, 0.0)] for item in given.items()):
        if name not in known:
            raise ValueError(f"{label}: has no parameter {name!r}{nearest(name, known)}")
        check_structure(value, float, f"{label}: {name}")
    for name in of_nodes.keys() & known.keys():
        raise ValueError(f"{label}: {name!r} is a column of the nodes; parameters of single nodes are in {GROUP!r}")
    columns = {name: np.array([given.get(name, default) for given in sets], float)[which] for name, default in known.items()}
    for name, of in single.items():
        if of.dtype.kind not in "iuf":
            raise ValueError(f"{label}: {GROUP}{name} must be numbers (got {of[0]!r})")
        columns[name] = np.where(np.isnan(of), columns[name], of)
    values = {name: float(of[0]) if (of == of[0]).all() else of for name, of in columns.items()}
    synapses = []
    for side in ("ex", "in"):
        own = {here: values[there + side] for here, there in OF_SYNAPSES.items() if there + side in known}
        synapses.append(synapse(**own, name=f"syn_{side}"))
    return model(**{here: values[there] for there, here in NAMES.items() if here in model.parameters}), synapses, values
