"""Which cells have certain annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from brainsim.core.arrays import freeze
from brainsim.core.checks import MissingName, nearest

MOST_LISTED = 20  # values of an annotation in a message


def check_annotation(values: Any, name: str, n: int) -> np.ndarray:
    """Return an annotation as a read-only array; texts are of type object, and equal ones are one object."""
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"Brain.annotations[{name!r}]: must have a value for each of {n:,} cells (got shape {array.shape})")
    if array.dtype.kind not in "biufOU":
        raise TypeError(f"Brain.annotations[{name!r}]: must be texts, numbers or truth values (got {array.dtype})")
    if array.dtype.kind not in "UO":
        return freeze(array.copy())
    known: dict[Any, Any] = {}
    texts = np.empty(n, dtype=object)
    texts[:] = [known.setdefault(value, value) if isinstance(value, str) else value for value in array.tolist()]
    return freeze(texts)


def cells_with(annotations: Mapping[str, np.ndarray], name: str, wanted: Any, label: str) -> np.ndarray:
    """Return a mask of the cells whose annotation has a value, or one of a list of values, which some cell must have."""
    if name not in annotations:
        raise MissingName(f"{label}: there is no annotation {name!r}{nearest(name, annotations)}")
    values = annotations[name]
    chosen = np.zeros(values.size, dtype=bool)
    for option in wanted if isinstance(wanted, Iterable) and not isinstance(wanted, str) else [wanted]:
        # identifiers and codes are texts if they are longer than a float is exact
        same = values == (str(option) if values.dtype == object else option)
        if not np.any(same):
            raise ValueError(f"{label}: no cell has {name}={option!r}{_choices(option, values)}")
        chosen |= same
    return chosen


def _choices(option, values):
    distinct = np.unique(values.astype(str)).tolist()
    hint = nearest(option, distinct)
    return hint if "did you mean" in hint or len(distinct) <= MOST_LISTED else f"; it has {len(distinct):,} different values"
