"""Connections by the indices of the two cells: a condition, or a probability as an expression of `i` and `j`."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from brainsim.core.hints import answers_calls
from brainsim.models.rules import Rule
from brainsim.models.space.distance import DistanceText

if typing.TYPE_CHECKING:
    from brainsim.models.rules import SomeCells

NAMES = ("i", "j", "n_pre", "n_post")
BLOCK = 1 << 20  # pairs whose probabilities are computed at a time
TRIED, LEAST = 1 << 20, 16  # pairs, and sources at least, from which the number of synapses is estimated


@answers_calls
@dataclass(frozen=True, repr=False)
class IndexRule(Rule):
    """Pairs are connected if a condition on their indices holds, or with a probability that depends on them.

    Each pair is decided independently of all others: pair (i, j) is connected with probability p(i, j).

    Parameters
    ----------
    p : str
        A condition, such as ``"abs(i - j) <= 2 and i != j"``, or the probability, such as ``"0.5*exp(-abs(i - j)/10)"``: of
        the index ``i`` of the source and ``j`` of the target, counted from 0 within the views that are connected, and of
        their numbers of cells ``n_pre`` and ``n_post``. All pairs are tried, so building takes about 10 ns for each.

    Raises
    ------
    TypeError, ValueError
        If `p` is not an expression of these names; by `connect` if a probability is not between 0 and 1.

    Examples
    --------
    A ring, and two groups that are connected more densely within than between:

    >>> import brainsim as bs
    >>> ring = bs.IndexRule("j == (i + 1) % n_pre")
    >>> ring.expected(10, 10)
    10.0
    >>> groups = bs.IndexRule("where(i // 50 == j // 50, 0.4, 0.05)")
    >>> round(groups.expected(100, 100))
    2250
    """

    p: str

    def __post_init__(self) -> None:
        label = "IndexRule.p"
        if not isinstance(self.p, str):
            hint = "; write bs.FixedProbability(p)" if isinstance(self.p, float) else ""
            raise TypeError(f"{label}: must be an expression of i and j such as 'abs(i - j) < 3' (got {self.p!r}){hint}")
        self.__dict__["_text"] = DistanceText(self.p, label, NAMES, condition=True)

    def check(self, pre: SomeCells, post: SomeCells) -> None:
        """Raise ValueError if a probability is not between 0 and 1; of many sources some are tried."""
        self.expected(pre.n, post.n)

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Return the sum of the probabilities of all pairs; of many sources some are taken, with all their targets."""
        most = max(LEAST, TRIED // max(n_post, 1))
        rows = np.arange(n_pre) if n_pre <= most else np.unique(np.linspace(0, n_pre - 1, most).astype(np.int64))
        total = sum(self._values(part, n_pre, n_post).sum() for part in _blocks(rows, n_post))
        return float(total * n_pre / rows.size) if rows.size else 0.0

    def draw(self, n_pre: int, n_post: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs that are connected."""
        rng, found = np.random.default_rng(seed), [np.empty((2, 0), np.int64)]
        for rows in _blocks(np.arange(n_pre), n_post):
            p = self._values(rows, n_pre, n_post)
            i, j = np.nonzero(rng.random(p.shape) < p)
            found.append(np.stack([rows[i], j]))
        pre, post = np.concatenate(found, axis=1)
        return pre, post

    def _values(self, rows, n_pre, n_post):
        """Return the probabilities of some sources to all targets; raise ValueError unless all are between 0 and 1."""
        i, j = rows[:, None].astype(np.float64), np.arange(n_post, dtype=np.float64)[None, :]
        found = self.__dict__["_text"].at(i=i, j=j, n_pre=np.float64(n_pre), n_post=np.float64(n_post))
        p = np.broadcast_to(found, (rows.size, n_post))
        wrong = ~((p >= 0.0) & (p <= 1.0))
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            at = f"i = {rows[row]}, j = {column}"
            self._reject("p", f"must be between 0 and 1, but {self.p!r} is {p[row, column]:.6g} for {at}")
        return p


def _blocks(rows: np.ndarray, n_post: int) -> Iterator[np.ndarray]:
    """Yield some sources at a time, of about `BLOCK` pairs."""
    step = max(1, BLOCK // max(n_post, 1))
    for start in range(0, rows.size, step):
        yield rows[start : start + step]
