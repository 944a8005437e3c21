"""Weights and delays that are expressions of the distance between two cells."""

from __future__ import annotations

import typing

import numpy as np

from brainsim.core.checks import read_only
from brainsim.models.space.distance import POINTS, DistanceRule, DistanceText, Pairs, check_places, nearest_of
from brainsim.models.values import Distribution

if typing.TYPE_CHECKING:
    from brainsim.models.rules import Rule
    from brainsim.network.population import View

ROUNDING = 1e-12  # relative: the engine computes distances with other last bits


class OfDistance(Distribution):
    """A weight or a delay that is an expression of the distance between its two cells.

    Estimates of memory ask it the same questions as a distribution: its limits, and which share of pairs lies between two
    values. The engine computes its values from the positions.
    """

    unit = None
    kind = 0

    def __init__(self, text: str, label: str, pre: View, post: View, rule: Rule):
        expression = DistanceText(text, label, ("d",))
        check_places(pre, post, label)
        pairs = Pairs(pre, post, rule)
        nearest = nearest_of(pre, post, rule) * (1.0 - ROUNDING)
        d = np.linspace(min(nearest, pairs.reach), pairs.reach, POINTS)
        values = expression.values(d)
        if not np.isfinite(values).all():
            first = int(np.argmax(~np.isfinite(values)))
            cure = "" if d[first] else "; write max(d, 1) instead of d"
            raise ValueError(f"{label}: must be finite, but {text!r} is {values[first]} at d = {d[first]:.6g} um{cure}")
        chances = rule.text.values(pairs.d, pairs.components) if isinstance(rule, DistanceRule) else np.ones(pairs.d.size)
        sampled = expression.values(pairs.d)
        order = np.argsort(sampled, kind="stable")
        self.__dict__.update(
            text=text,
            _expression=expression,
            _limits=(float(values.min()), float(values.max())),
            _lowest_at=float(d[np.argmin(values)]),
            _sorted=read_only(sampled[order]),
            _cumulated=read_only(np.concatenate([[0.0], np.cumsum(chances[order])])),
        )

    def __repr__(self) -> str:
        """Return the text."""
        return repr(self.text)

    @property
    def text(self) -> str:
        """What the user typed."""
        return self.__dict__["text"]

    @property
    def expression(self) -> DistanceText:
        """The text as an expression."""
        return self.__dict__["_expression"]

    @property
    def support(self) -> tuple[float, float]:
        """The lowest and the highest value at any distance of two cells."""
        return self.__dict__["_limits"]

    @property
    def lowest_at(self) -> float:
        """The distance at which the value is lowest [um]."""
        return self.__dict__["_lowest_at"]

    @property
    def code(self) -> np.ndarray:
        """Five numbers that no kernel reads."""
        return np.zeros(5)

    def _part(self, low, high):
        values, cumulated = self.__dict__["_sorted"], self.__dict__["_cumulated"]
        first, last = np.searchsorted(values, low, side="left"), np.searchsorted(values, high, side="right")
        total = cumulated[-1]
        if total <= 0.0 or last <= first:
            return 0.0, 0.0
        chances = np.diff(cumulated)[first:last] / total
        return float((cumulated[last] - cumulated[first]) / total), float((values[first:last] * chances).sum())


def written_within(value: Distribution, low: float | None = None, high: float | None = None) -> str:
    """Return what to write instead of a value that is not beyond the limits: ``Clipped(...)``, or ``'max(1-d, 0)'``."""
    if isinstance(value, OfDistance):
        text = value.text if low is None else f"max({value.text}, {low:g})"
        return repr(text if high is None else f"min({text}, {high:g})")
    limits = [f"{name}={limit:g}" for name, limit in (("low", low), ("high", high)) if limit is not None]
    return f"Clipped({value!r}, {', '.join(limits)})"
