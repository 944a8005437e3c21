"""Weights that take few different values, such as the contacts of a connectome times the weight of one of them.

If all weights of a store are listed, and there are not more than 65,536 different ones, the store keeps a table of them, and
for each synapse which of them it has, in 2 bytes instead of 4. The values are those that it would keep otherwise, so the
bits of a run are the same.
"""

import numpy as np

from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.models.packed import MOST, WORTH, Coded, as_kept, has_one, is_listed


class FewValues:
    """The different values of the weights of some projections, in one table; `weights` has a column for each of them."""

    def __init__(self, weights):
        self._columns = [column for _, column in weights]
        ends = np.cumsum([column.values.size for column in self._columns]).tolist()
        self._first = {projection: end - column.values.size for (projection, column), end in zip(weights, ends, strict=True)}
        self._codes = {projection: column.codes for projection, column in weights}

    @property
    def table(self):
        """The values, float32 as in a store that has no table."""
        return np.concatenate([column.values for column in self._columns]).astype(np.float32)

    def numbers(self, projection):
        """Return the number in the table of each weight of a projection; those of the first one as they are kept."""
        first, codes = self._first[projection], self._codes[projection]
        return codes + np.uint16(first) if first and codes.size else codes


def few_values_of(projections):
    """Return the FewValues of the weights of some projections; None if it is not worth it, or some have too many."""
    each = [p for p in projections if not has_one(p, "weight")]
    weights = [as_kept(p, "weight") for p in each]
    listed = all(map(is_listed, weights)) and all(p.plasticity is None and not kind_of(p).called for p in each)
    # with fewer synapses, to compile delivery once more takes longer than reading fewer bytes saves
    if not listed or sum(of.size for of in weights) < WORTH:
        return None
    columns = [of if isinstance(of, Coded) else Coded.of(of) for of in weights]
    if None in columns or sum(column.values.size for column in columns) > MOST:
        return None
    return FewValues(list(zip(each, columns, strict=True)))
