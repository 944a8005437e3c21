"""Edges between the cells of a brain: all synapses from one cell to another are one edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.arrays import freeze_copy, plural
from brainsim.core.checks import number
from brainsim.models.pair_lists import FromArrays

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False, repr=False)
class Edges:
    """Pairs of cells, with the number of synapses between them and their sign.

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
        If the arrays do not hold whole numbers or differ in length, or a sign is not 1, -1 or 0.

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

    if TYPE_CHECKING:

        def __init__(self, pre: ArrayLike, post: ArrayLike, count: ArrayLike, sign: ArrayLike) -> None: ...

    def __post_init__(self) -> None:
        kinds: dict[str, type[np.integer]] = dict.fromkeys(("pre", "post", "count"), np.int32) | {"sign": np.int8}
        for name, kind in kinds.items():
            given = np.asarray(getattr(self, name))
            most = np.iinfo(kind).max
            if given.size and given.dtype.kind in "iu" and not -most <= given.min() <= given.max() <= most:
                raise ValueError(f"Edges.{name}: must be at most {most} (got {given[np.argmax(np.abs(given))]})")
            array = freeze_copy(given, kind, f"Edges.{name}")
            if array.ndim != 1 or array.size != len(self.pre):
                raise ValueError(f"Edges.{name}: must be as long as pre, {len(self.pre)} (got shape {array.shape})")
            self.__dict__[name] = array
        if self.sign.size and not -1 <= self.sign.min() <= self.sign.max() <= 1:
            raise ValueError(f"Edges.sign: must be 1, -1 or 0 (got {self.sign[np.abs(self.sign) > 1][0]})")

    def __len__(self) -> int:
        return self.pre.size

    def __repr__(self) -> str:
        return f"Edges({plural(len(self), 'edge')}, {plural(self.synapses, 'synapse')})"

    @property
    def synapses(self) -> int:
        """The number of synapses of all edges."""
        return int(self.count.sum(dtype=np.int64))

    @property
    def rule(self) -> FromArrays:
        """The pairs as a rule: ``net.connect(cells, cells, edges.rule, weight=edges.weights(0.275), ...)``."""
        return FromArrays(self.pre, self.post)

    def weights(self, scale: float = 1.0) -> np.ndarray:
        """Return ``sign*count*scale``, float64, shape (edges,); `scale` is the weight of one synapse."""
        return (self.count * self.sign) * number(scale, "Edges.weights.scale")

    def chosen(self, which: np.ndarray) -> Edges:
        """Return some edges: ``edges.chosen(edges.sign < 0)`` are those that inhibit."""
        return Edges(self.pre[which], self.post[which], self.count[which], self.sign[which])
