"""Annotations of cells: which cells have a value, and the signs that follow from transmitters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from brainsim.connectomes.coded_columns import as_array
from brainsim.core.arrays import freeze, plural
from brainsim.core.checks import MissingName, integer, nearest, reject_masked

MOST_LISTED = 20  # values of an annotation in a message


def check_annotation(values: Any, name: str, n: int) -> np.ndarray:
    """Return an annotation as a read-only array; texts are of type object, and equal ones are one object."""
    reject_masked(values, f"Brain.annotations[{name!r}]")
    array = as_array(values)
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
    distinct = sorted({*map(str, values.tolist())})
    hint = nearest(option, distinct)
    return hint if "did you mean" in hint or len(distinct) <= MOST_LISTED else f"; it has {len(distinct):,} different values"


# Shiu et al. (2024), doi:10.1038/s41586-024-07763-9, methods: neurons of the fly with GABA or glutamate are inhibitory (its
# glutamate opens chloride channels, Liu & Wilson 2013, doi:10.1073/pnas.1220560110), all others are taken as excitatory
FLY_SIGNS: dict[str, int] = {"acetylcholine": 1, "GABA": -1, "glutamate": -1, "dopamine": 1, "octopamine": 1, "serotonin": 1}
# what files write instead
SHORT = {
    "ach": "acetylcholine",
    "glut": "glutamate",
    "glu": "glutamate",
    "da": "dopamine",
    "oct": "octopamine",
    "oa": "octopamine",
    "ser": "serotonin",
    "5ht": "serotonin",
    "5-ht": "serotonin",
    "his": "histamine",
    "hist": "histamine",
    "tyr": "tyramine",
}


def full(name: object) -> str:
    """Return the name of a transmitter in lower case, written out.

    Examples
    --------
    >>> full("ACH"), full("Gaba")
    ('acetylcholine', 'gaba')
    """
    text = str(name).strip().lower()
    return SHORT.get(text, text)


def signs_of(values: np.ndarray, signs: Mapping[str, int], unknown: int | None, by: str, label: str) -> np.ndarray:
    """Return a sign for each cell, int8, from its value of the annotation `by`, as `Brain.signed` explains."""
    table, other = check_signs(signs, unknown, label)
    distinct, codes, counts = np.unique(_texts(values), return_inverse=True, return_counts=True)
    found = [table.get(full(value), other) for value in distinct.tolist()]
    if missing := [(str(v), int(k)) for v, k, sign in zip(distinct, counts, found, strict=True) if sign is None]:
        cells = ", ".join(f"{value!r} ({plural(count, 'cell')})" for value, count in missing[:8])
        raise ValueError(
            f"{label}: there is no sign for {by} {cells}; add it to signs, or give one for all others, "
            "unknown=1, -1 or 0 (no effect)"
        )
    return np.array(found, dtype=np.int8)[codes]


def _texts(values):
    """Return values as texts of type object; an array of texts would give each the room of the longest."""
    texts = np.empty(values.size, dtype=object)
    texts[:] = [*map(str, values.tolist())]
    return texts


def check_signs(signs: Mapping[str, int], unknown: int | None, label: str) -> tuple[dict[str, int], int | None]:
    """Return the sign of each full name, and that of all others; TypeError or ValueError if one is not 1, -1 or 0."""
    if not isinstance(signs, Mapping):
        raise TypeError(f"{label}.signs: must be a dict such as {{'GABA': -1}} (got {signs!r})")
    table = {full(name): _sign(sign, f"{label}.signs[{name!r}]") for name, sign in signs.items()}
    return table, None if unknown is None else _sign(unknown, f"{label}.unknown")


def _sign(value, label):
    return integer(value, label, at_least=-1, at_most=1)
