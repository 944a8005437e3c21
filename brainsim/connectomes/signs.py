"""Signs of synapses from the transmitter of a cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from brainsim.core.arrays import plural
from brainsim.core.checks import integer

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
    if not isinstance(signs, Mapping):
        raise TypeError(f"{label}.signs: must be a dict such as {{'GABA': -1}} (got {signs!r})")
    table = {full(name): _sign(sign, f"{label}.signs[{name!r}]") for name, sign in signs.items()}
    other = None if unknown is None else _sign(unknown, f"{label}.unknown")
    distinct, codes, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    found = [table.get(full(value), other) for value in distinct.tolist()]
    if missing := [(str(v), int(k)) for v, k, sign in zip(distinct, counts, found, strict=True) if sign is None]:
        cells = ", ".join(f"{value!r} ({plural(count, 'cell')})" for value, count in missing[:8])
        raise ValueError(
            f"{label}: there is no sign for {by} {cells}; add it to signs, or give one for all others, "
            "unknown=1, -1 or 0 (no effect)"
        )
    return np.array(found, dtype=np.int8)[codes]


def _sign(value, label):
    return integer(value, label, at_least=-1, at_most=1)
