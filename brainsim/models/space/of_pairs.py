"""Weights and delays that are expressions of the two cells: of their distance `d`, or of their indices `i` and `j`."""

from __future__ import annotations

import typing

import numpy as np

from brainsim.core.checks import read_only
from brainsim.equations.expressions import language as lang
from brainsim.models.space.distance import (
    POINTS,
    Distances,
    DistanceText,
    apart,
    check_places,
    nearest_of,
    periods,
    places_of,
    same_cells,
)
from brainsim.models.values import Distribution

if typing.TYPE_CHECKING:
    from brainsim.models.rules import Rule, SomeCells

ROUNDING = 1e-12  # relative: the engine computes distances with other last bits
MOST = 1 << 27  # pairs for which an expression of both indices is computed to find its limits: about a second
BLOCK = 1 << 20  # of these at a time


def value_of_text(text: str, label: str, pre: SomeCells, post: SomeCells, rule: Rule, without: float) -> OfPair | float:
    """Return a weight or a delay that was written as text; without names it is a number.

    If the rule connects no pairs, the limits of the value are those of the number `without`.
    """
    expression = DistanceText(text, label, ("d", "i", "j"))
    used = lang.names_in(expression.tree)
    if not used - {"pi"}:
        return float(expression.at())
    if used & {"i", "j"} and "d" in used:
        raise ValueError(f"{label}: must be of the distance d or of the indices i and j, not of both (got {text!r})")
    if used & {"i", "j"}:
        return OfIndices(expression, label, pre, post, rule, without)
    return OfDistance(expression, label, pre, post, rule)


class OfPair(Distribution):
    """A weight or a delay that is an expression of the two cells; the engine computes its values.

    Estimates of memory ask it the same questions as a distribution: its limits, and which share of pairs lies between two
    values.
    """

    unit, _of_pairs = None, True

    def __init__(self, expression, limits, lowest_at, sampled, chances):
        order = np.argsort(sampled, kind="stable")
        self.__dict__.update(
            _expression=expression,
            _limits=limits,
            _lowest_at=lowest_at,
            _sorted=read_only(sampled[order]),
            _cumulated=read_only(np.concatenate([[0.0], np.cumsum(chances[order])])),
        )

    def __repr__(self) -> str:
        return repr(self.text)

    @property
    def text(self) -> str:
        """What the user typed."""
        return self.expression.text

    @property
    def expression(self) -> DistanceText:
        """The text as an expression."""
        return self.__dict__["_expression"]

    @property
    def support(self) -> tuple[float, float]:
        """The lowest and the highest value of any two cells."""
        return self.__dict__["_limits"]

    @property
    def lowest_at(self) -> str:
        """Where the value is lowest, such as ``d = 30 um``."""
        return self.__dict__["_lowest_at"]

    @property
    def code(self) -> np.ndarray:
        """Five numbers that no kernel reads."""
        return np.zeros(5)

    def of(self, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Return the values of some pairs, given by the indices of their cells in what was connected."""
        raise NotImplementedError

    def integrals(self, low: float, high: float) -> tuple[float, float]:
        """Return the share of the pairs whose value is in [low, high], and their part of the mean."""
        values, cumulated = self.__dict__["_sorted"], self.__dict__["_cumulated"]
        first, last = np.searchsorted(values, low, side="left"), np.searchsorted(values, high, side="right")
        total = cumulated[-1]
        if total <= 0.0 or last <= first:
            return 0.0, 0.0
        chances = np.diff(cumulated)[first:last] / total
        return float((cumulated[last] - cumulated[first]) / total), float((values[first:last] * chances).sum())


class OfDistance(OfPair):
    """An expression of the distance between the two cells."""

    def __init__(self, expression: DistanceText, label: str, pre: SomeCells, post: SomeCells, rule: Rule):
        check_places(pre, post, label)
        pairs = Distances(pre, post, rule)
        nearest = nearest_of(pre, post, rule) * (1.0 - ROUNDING)
        d = np.linspace(min(nearest, pairs.reach), pairs.reach, POINTS)
        values = expression.values(d)
        if not np.isfinite(values).all():
            first = int(np.argmax(~np.isfinite(values)))
            cure = "" if d[first] else "; write max(d, 1) instead of d"
            raise ValueError(
                f"{label}: must be finite, but {expression.text!r} is {values[first]} at d = {d[first]:.6g} um{cure}"
            )
        chances = np.ones(pairs.d.size) if rule.text is None else rule.text.values(pairs.d, pairs.components)
        limits, lowest_at = (float(values.min()), float(values.max())), f"d = {d[np.argmin(values)]:.6g} um"
        super().__init__(expression, limits, lowest_at, expression.values(pairs.d), chances)
        self.__dict__["_places"] = pre, post, rule

    def of(self, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Return the values of some pairs."""
        first, second, rule = self.__dict__["_places"]
        sources, targets = places_of(first), places_of(second)
        between = apart(sources[pre], targets[post], periods(rule, sources.shape[1]))
        return self.expression.values(np.sqrt((between**2).sum(axis=-1)))


class OfIndices(OfPair):
    """An expression of the indices `i` of the source and `j` of the target, counted in what was connected."""

    def __init__(self, expression: DistanceText, label: str, pre: SomeCells, post: SomeCells, rule: Rule, without: float):
        limits, sampled = [], []
        for i, j in _blocks(expression, label, pre, post, rule):
            values = _broadcast(expression, i, j)
            kept = slice(None) if rule.autapses or rule.pairs is not None else ~same_cells(pre, post, i, j)
            i, j, values = (np.broadcast_to(x, values.shape)[kept].ravel() for x in (i, j, values))
            if not np.isfinite(values).all():
                k = int(np.argmax(~np.isfinite(values)))
                raise ValueError(
                    f"{label}: must be finite, but {expression.text!r} is {values[k]} at i = {i[k]}, j = {j[k]}"
                )
            if values.size:
                k = int(values.argmin())
                limits.append((values[k], values.max(), f"i = {i[k]}, j = {j[k]}"))
                sampled.append(values[:: max(1, values.size // 4096)])
        low, high = min(limits, default=(without, without, "")), max((high for _, high, _ in limits), default=without)
        some = np.concatenate([np.empty(0), *sampled])
        super().__init__(expression, (float(low[0]), float(high)), low[2], some, np.ones(some.size))

    def of(self, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Return the values of some pairs."""
        return _broadcast(self.expression, np.asarray(pre), np.asarray(post))


def _broadcast(expression, i, j):
    """Return the values of an expression for indices i and j, also if it uses only one of them."""
    return np.broadcast_to(expression.at(i=i.astype(float), j=j.astype(float)), np.broadcast_shapes(i.shape, j.shape))


def _blocks(expression, label, pre, post, rule):
    """Yield arrays i and j of all pairs that a rule may connect, or of all values of the one index that matters."""
    used = lang.names_in(expression.tree)
    i, j = np.arange(pre.n), np.arange(post.n)
    if rule.pairs is not None:
        yield np.asarray(rule.pre), np.asarray(rule.post)
    elif rule.value_shape(pre.n, post.n) == (post.n,):  # one to one
        yield i, j
    elif "j" not in used and rule.autapses:
        yield i, j[:1]
    elif "i" not in used and rule.autapses:
        yield i[:1], j
    else:
        if (pairs := pre.n * post.n) > MOST:
            hint = f"at most {MOST:,} are possible; list the pairs with FromArrays"
            raise ValueError(f"{label}: {expression.text!r} would have to be computed for all {pairs:,} pairs; {hint}")
        rows = max(1, BLOCK // post.n)
        for start in range(0, pre.n, rows):
            yield i[start : start + rows, None], j[None, :]
