"""Edges between the cells of a brain: all synapses from one cell to another are one edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.arrays import as_array, freeze, freeze_copy, plural
from brainsim.core.checks import number, reject_masked
from brainsim.models.packed import WORTH, Ascending, Coded, Packed, Unpacked, as_kept, find_codes, unpack
from brainsim.models.pair_lists import FromArrays

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

KINDS: dict[str, type[np.integer]] = {"pre": np.int32, "post": np.int32, "count": np.int32, "sign": np.int8}


@dataclass(frozen=True, eq=False, repr=False)
class Edges:
    """Pairs of cells, with the number of synapses between them and their sign.

    A million edges or more are kept in 6 bytes each if they are sorted by `pre`, as those of all brains are that are read
    from files, and have at most 65,536 different numbers of synapses; an attribute that is read then makes a new array.

    Parameters
    ----------
    pre, post : array of int, shape (edges,)
        Indices of the two cells, kept as int32.
    count : array of int, shape (edges,)
        Number of synapses, or of sections of a junction, kept as int32.
    sign : array of int, shape (edges,)
        1 if they excite, -1 if they inhibit, 0 if they have no effect, kept as int8.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not hold whole numbers, differ in length or have masked values, an index or a number of synapses is
        negative, or a sign is not 1, -1 or 0.

    Examples
    --------
    >>> from brainsim.connectomes import Edges
    >>> edges = Edges([0, 0, 1], [1, 2, 2], [5, 12, 3], [1, 1, -1])
    >>> edges
    Edges(3 edges, 20 synapses)
    >>> edges.weights(0.275).tolist()
    [1.375, 3.3000000000000003, -0.8250000000000001]
    >>> edges.rule
    FromArrays(3 pairs)
    """

    pre: np.ndarray
    post: np.ndarray
    count: np.ndarray
    sign: np.ndarray

    if not TYPE_CHECKING:
        pre, count, sign = Unpacked(), Unpacked(), Unpacked()
    else:

        def __init__(self, pre: ArrayLike, post: ArrayLike, count: ArrayLike, sign: ArrayLike) -> None: ...

    def __post_init__(self) -> None:
        for name in KINDS:
            given = as_kept(self, name)
            if not isinstance(given, Packed):
                reject_masked(given, f"Edges.{name}")
                self.__dict__[name] = self._checked(as_array(given, f"Edges.{name}", "whole numbers"), name)
        pre, count = as_kept(self, "pre"), as_kept(self, "count")
        if isinstance(pre, np.ndarray) and pre.size >= WORTH:
            self.__dict__["pre"] = Ascending.of(pre) or pre
        if isinstance(count, np.ndarray):
            if count.size and not -1 <= self.sign.min() <= self.sign.max() <= 1:
                raise ValueError(f"Edges.sign: must be 1, -1 or 0 (got {self.sign[np.abs(self.sign) > 1][0]})")
            if count.size >= WORTH:
                self.__dict__.update(_with_one_code(count, self.sign))

    def _checked(self, given, name):
        """Return a column as an array of its type, which is as long as the first one."""
        kind, most = KINDS[name], np.iinfo(KINDS[name]).max
        if given.size and given.dtype.kind in "iu" and not -most <= given.min() <= given.max() <= most:
            raise ValueError(f"Edges.{name}: must be at most {most} (got {given[np.argmax(np.abs(given))]})")
        array = freeze_copy(given, kind, f"Edges.{name}")
        size = np.size(as_kept(self, "pre"))
        if array.ndim != 1 or array.size != size:
            raise ValueError(f"Edges.{name}: must be as long as pre, {size} (got shape {array.shape})")
        if name != "sign" and array.size and array.min() < 0:  # a negative number of synapses would turn the sign around
            raise ValueError(f"Edges.{name}: must be >= 0 (got {array.min()})")
        return array

    def __len__(self) -> int:
        return as_kept(self, "pre").size

    def __repr__(self) -> str:
        return f"Edges({plural(len(self), 'edge')}, {plural(self.synapses, 'synapse')})"

    @property
    def synapses(self) -> int:
        """The number of synapses of all edges."""
        return int(self.count.sum(dtype=np.int64))

    @property
    def rule(self) -> FromArrays:
        """The pairs as a rule: ``net.connect(cells, cells, edges.rule, weight=edges.weights(0.275), ...)``."""
        return FromArrays(as_kept(self, "pre"), self.post)

    def weights(self, scale: float = 1.0) -> np.ndarray:
        """Return ``sign*count*scale``, float64, shape (edges,); `scale` is the weight of one synapse."""
        return unpack(packed_weights(self, scale))

    def chosen(self, which: np.ndarray) -> Edges:
        """Return some edges: ``edges.chosen(edges.sign < 0)`` are those that inhibit."""
        return Edges(*(freeze(getattr(self, name)[which]) for name in KINDS))


def packed_weights(edges: Edges, scale: float) -> np.ndarray | Coded:
    """Return the weights of edges, as a column if the edges are kept in one."""
    count, sign, scale = as_kept(edges, "count"), as_kept(edges, "sign"), number(scale, "Edges.weights.scale")
    if isinstance(count, Coded):
        return Coded(count.codes, freeze(count.values * sign.values * scale))
    return count * sign * scale


def _with_one_code(count, sign):
    """Return both columns with the same codes; as they are if they have too many different pairs of values."""
    codes, bits = find_codes(count.size, lambda some: (4 * count[some].astype(np.int64) + sign[some]).view(np.uint64))
    if codes is None:
        return {}
    keys = bits.view(np.int64)
    signs = ((keys + 1) & 3) - 1
    values = {"count": (keys - signs) // 4, "sign": signs}
    return {name: Coded(codes, freeze(of.astype(KINDS[name]))) for name, of in values.items()}
