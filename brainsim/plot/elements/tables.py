"""What pictures of weights accept: tables of synapses, sparse or full matrices, arrays, recorded weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from brainsim.core.checks import number
from brainsim.plot.elements.groups import type_name
from brainsim.results.result import Weights
from brainsim.results.synapses import SynapseTable

WeightsLike = SynapseTable | Weights | ArrayLike
ACCEPTED = "sim.synapses(projection), recorded Weights, a sparse matrix or an array"


@dataclass(frozen=True)
class Listed:
    """Synapses as arrays: `pre` and `post` are None if only weights are known."""

    weight: np.ndarray
    pre: np.ndarray | None
    post: np.ndarray | None
    shape: tuple[int, int]
    unit: str
    name: str
    variable: str = "weight"


def listed(data, caller, at=None):
    """Return the synapses in `data`; of recorded weights those of the last sample at or before `at` [ms].

    Raises
    ------
    TypeError
        If it is nothing that holds weights.
    """
    if isinstance(data, SynapseTable):
        return Listed(data.weight, data.pre, data.post, (data.n_pre, data.n_post), data.unit, data.name)
    if isinstance(data, Weights):
        shape = tuple(int(cells.max()) + 1 if cells.size else 0 for cells in (data.pre, data.post))
        now = data.values[sample_at(data, at, caller)] if data.times.size else np.array([])
        variable = "weight" if data.variable == "w" else data.variable
        return Listed(now, data.pre, data.post, shape, data.unit, data.name, variable)
    if hasattr(data, "tocoo"):
        coo = data.tocoo()
        return Listed(np.asarray(coo.data, float), coo.row, coo.col, coo.shape, "", "")
    return _of_array(data, caller)


def sample_at(weights, at, caller):
    """Return the index of the last sample of recorded weights at or before `at` [ms], by default the last one."""
    if at is None:
        return weights.times.size - 1
    at = number(at, f"{caller}.at", "ms")
    found = int(np.searchsorted(weights.times, at * (1 + 1e-12) + 1e-9, side="right")) - 1
    if found < 0:
        raise ValueError(f"{caller}.at: must be >= {weights.times[0]:g} ms, the first sample (got {at:g})")
    return found


def _of_array(data, caller):
    if isinstance(data, (str, bytes)) or not (isinstance(data, (np.ndarray, Sequence))):
        raise TypeError(f"{caller}: must be {ACCEPTED} (got {type_name(data)})")
    try:
        values = np.asarray(data, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{caller}: must be {ACCEPTED} (got {type_name(data)})") from None
    if values.ndim == 2:
        pre, post = np.nonzero(values)
        return Listed(values[pre, post], pre, post, values.shape, "", "")
    return Listed(values.ravel(), None, None, (0, 0), "", "")


def located(data, caller, at=None):
    """Return the synapses in `data`, which must tell their cells."""
    found = listed(data, caller, at)
    if found.pre is None:
        raise ValueError(f"{caller}: must tell who is connected to whom: sim.synapses(projection) or a matrix (got a list)")
    return found


def labelled(name, unit):
    """Return the label of an axis: a name with its unit."""
    return f"{name} [{unit}]" if unit else name
