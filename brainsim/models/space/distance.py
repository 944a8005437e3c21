"""Connections that depend on the distance of two cells: a probability as an expression of `d`, and what pairs there are."""

from __future__ import annotations

import math
import typing
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from brainsim.core.checks import in_range, integer, number, plain, true_or_false
from brainsim.core.hints import answers_calls
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError, Tree
from brainsim.models.rules import MAX_SYNAPSES, Rule

if typing.TYPE_CHECKING:
    from brainsim.models.rules import SomeCells

AXES = ("dx", "dy", "dz")
INDICES = ("i", "j")
WITH_INDICES = (
    "cannot be used: it is an expression of the distance d. For pairs by the indices of their cells write bs.IndexRule, "
    "such as bs.IndexRule('abs(i - j) < 3')"
)
SAME = 1e-9  # relative: lengths that differ by less are equal
PAIRS = 1 << 20  # pairs whose distances are computed to estimate numbers of synapses
POINTS = 4097  # distances at which the limits of a weight or delay are looked for
TAIL_OF_GAUSSIAN, TAIL_OF_EXPONENTIAL = 5.0, 15.0  # beyond this many lengths, less than 4e-6 of all synapses are left out


class DistanceText:
    """An expression of two cells, by default of their distance `d` [um] and its components `dx`, `dy` and `dz`.

    `names` are the names that it may use, and `condition` says whether it may be a condition. `components` says how many
    dimensions it needs, 1 unless it uses `dy` or `dz`, and `isotropic` whether it depends on `d` only.
    """

    def __init__(self, text: str, label: str, names: Sequence[str] = ("d", *AXES), *, condition: bool = False):
        self.text = text
        self.tree: Tree = lang.parse_expression(text, label)
        lang.check_kind(self.tree, label, condition and lang.is_condition(self.tree))
        if used := lang.calls_in(self.tree) & RANDOM:
            raise EquationError(label, f"cannot use {sorted(used)[0]}(): it is a function of the two cells", text)
        for index in sorted(lang.names_in(self.tree) & set(INDICES) - set(names)):
            raise EquationError(label, f"{index!r} {WITH_INDICES}", *lang.place_of(self.tree, index))
        if "d" in lang.names_in(self.tree) - set(names):
            raise EquationError(label, "'d' is a distance; write bs.DistanceRule", *lang.place_of(self.tree, "d"))
        lang.check_names(self.tree, {*names, "pi"}, label)
        used = lang.names_in(self.tree)
        self.components = max([1, *(k + 1 for k, axis in enumerate(AXES) if axis in used)])
        self.isotropic = not used & set(AXES)

    def values(self, d: np.ndarray, components: Sequence[np.ndarray] = ()) -> np.ndarray:
        """Return the values at distances `d`, between cells that are `components` apart along the axes."""
        return np.broadcast_to(self.at(d=d, **dict(zip(AXES, components, strict=False))), np.shape(d))

    def at(self, **known: np.ndarray) -> np.ndarray:
        """Return the values for those of the names that it uses."""
        with np.errstate(all="ignore"):
            return np.asarray(lang.evaluate(self.tree, {"pi": math.pi} | known), np.float64)


@answers_calls
@dataclass(frozen=True, repr=False)
class DistanceRule(Rule):
    """Pairs are connected with a probability that depends on their distance, or each target chooses near sources.

    Both populations need ``positions``. Without `k`, each pair is connected with probability ``p``, independently of all
    others. With `k`, each target receives k synapses from sources that are sampled with probabilities proportional to ``p``.
    A pair is decided by the seed and its two cells, so the network is the same for any number of threads.

    Parameters
    ----------
    p : str or float
        The probability as an expression of the distance ``d`` [um], such as ``"0.3*exp(-d/150)"``; also of the components
        from source to target ``dx``, ``dy``, ``dz``, for anisotropic connections. With `k`, only ratios matter. `gaussian`,
        `exponential` and `box` return rules with the usual ones.
    max_distance : float, optional
        No pair that is farther apart is connected [um], > 0. Building takes as long as there are pairs within this distance,
        so give it if `p` falls off: by default all pairs are tried.
    periodic : float or sequence of float, optional
        Period along each axis [um], greater than what the cells of a population span: the distance is that to the nearest
        image of the other cell. A grid of n rows has the period ``n*spacing``. A component of 0 is not periodic.
    k : int, optional
        Synapses per target.
    autapses : bool, default False
        Whether a cell may be connected to itself.
    multapses : bool, default False
        Whether a target may choose a source more than once; only with `k`.

    Raises
    ------
    TypeError, ValueError
        If a value is not of its kind, or the text is not an expression of `d`; by `connect` if cells have no positions, if
        their dimensions differ, if they span a period, if a probability is not between 0 and 1, or if a target has fewer
        than k sources within reach.

    Examples
    --------
    >>> import brainsim as bs
    >>> sheet = bs.Population(2500, bs.LIF(), positions=bs.positions.grid((50, 50), spacing=20.0))
    >>> net = bs.Network(seed=1)
    >>> rule = bs.DistanceRule.gaussian(0.5, sigma=60.0, periodic=1000.0)
    >>> wires = net.connect(sheet, sheet, rule, weight="0.2*exp(-d/100)", delay="0.5 + d/300", synapse=bs.Delta())
    >>> round(wires.expected / 2500)
    28
    """

    by_source: ClassVar[str] = "a DistanceRule without k"

    p: str | float
    _: KW_ONLY
    max_distance: float | None = None
    periodic: float | Sequence[float] | None = None
    k: int | None = None
    autapses: bool = False
    multapses: bool = False

    def __post_init__(self) -> None:
        name = type(self).__name__
        try:
            text = self.p if isinstance(self.p, str) else repr(number(self.p, f"{name}.p", at_least=0.0))
        except TypeError:
            wanted = "a number, or an expression of the distance d such as '0.3*exp(-d/150)'"
            raise TypeError(f"{name}.p: must be {wanted} (got {self.p!r})") from None
        self.__dict__["_text"] = DistanceText(text, f"{name}.p")
        if self.max_distance is not None:
            self.__dict__["max_distance"] = number(self.max_distance, f"{name}.max_distance", "um", above=0.0)
        if self.periodic is not None:
            periodic = np.atleast_1d(plain(self.periodic, "um", f"{name}.periodic"))
            in_range(periodic, f"{name}.periodic", "um", at_least=0.0)
            self.__dict__["periodic"] = tuple(periodic.tolist())
        if self.k is not None:
            self.__dict__["k"] = integer(self.k, f"{name}.k", at_least=0, at_most=MAX_SYNAPSES)
        for flag in ("autapses", "multapses"):
            true_or_false(getattr(self, flag), f"{name}.{flag}")
        if self.multapses and self.k is None:
            self._reject("multapses", "only if k is given can a pair be connected more than once")

    def __repr__(self) -> str:
        named = {name: getattr(self, name) for name in ("max_distance", "periodic", "k", "autapses", "multapses")}
        if self.periodic and len(self.periodic) == 1:  # type: ignore[arg-type]
            named["periodic"] = self.periodic[0]  # type: ignore[index]
        return f"DistanceRule({', '.join([repr(self.p), *(f'{key}={v!r}' for key, v in named.items() if v)])})"

    @classmethod
    def gaussian(cls, p_max: float, sigma: float, **options: typing.Any) -> typing.Self:
        """Return the rule ``p = p_max*exp(-d**2/(2*sigma**2))``, by default up to 5 sigma.

        Parameters
        ----------
        p_max : float
            Probability at distance 0.
        sigma : float
            Width [um], > 0.
        **options
            As for the class.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.DistanceRule.gaussian(0.3, sigma=100.0, k=50)
        DistanceRule('0.3*exp(-d**2/(2*100.0**2))', max_distance=500.0, k=50)
        """
        p_max, sigma = number(p_max, "gaussian.p_max", at_least=0.0), number(sigma, "gaussian.sigma", "um", above=0.0)
        text = f"{p_max!r}*exp(-d**2/(2*{sigma!r}**2))"
        return cls(text, **({"max_distance": TAIL_OF_GAUSSIAN * sigma} | options))

    @classmethod
    def exponential(cls, p_max: float, length: float, **options: typing.Any) -> typing.Self:
        """Return the rule ``p = p_max*exp(-d/length)``, by default up to 15 lengths.

        Parameters
        ----------
        p_max : float
            Probability at distance 0.
        length : float
            Distance after which it falls by a factor of e [um], > 0.
        **options
            As for the class.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.DistanceRule.exponential(0.3, length=100.0, max_distance=400.0)
        DistanceRule('0.3*exp(-d/100.0)', max_distance=400.0)
        """
        p_max, length = (
            number(p_max, "exponential.p_max", at_least=0.0),
            number(length, "exponential.length", "um", above=0.0),
        )
        return cls(f"{p_max!r}*exp(-d/{length!r})", **({"max_distance": TAIL_OF_EXPONENTIAL * length} | options))

    @classmethod
    def box(cls, p: float, radius: float, **options: typing.Any) -> typing.Self:
        """Return the rule ``p`` up to a distance of `radius` [um], and 0 beyond.

        Parameters
        ----------
        p : float
            The probability.
        radius : float
            Largest distance [um], > 0.
        **options
            As for the class, except `max_distance`.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.DistanceRule.box(1.0, radius=50.0)
        DistanceRule(1.0, max_distance=50.0)
        """
        return cls(p, max_distance=number(radius, "box.radius", "um", above=0.0), **options)

    @property
    def by_target(self) -> bool:
        """Whether targets choose their sources."""
        return self.k is not None

    @property
    def text(self) -> DistanceText:  # type: ignore[override]
        """The probability as an expression."""
        return self.__dict__["_text"]

    def check(self, pre: SomeCells, post: SomeCells) -> None:
        """Raise ValueError unless the cells have positions that fit, and `p` is a probability for them."""
        dimensions = check_places(pre, post, "DistanceRule")
        if self.text.components > dimensions:
            self._reject("p", f"uses {AXES[self.text.components - 1]}, but the positions have {dimensions} dimensions")
        if self.periodic is not None and len(self.periodic) not in (1, dimensions):  # type: ignore[arg-type]
            self._reject("periodic", f"must have a period for each of {dimensions} dimensions (got {self.periodic})")
        for view in (pre, post):
            self._check_periods(places_of(view))
        pairs = Distances(pre, post, self)
        d, p = pairs.d, self.text.values(pairs.d, pairs.components)
        if self.text.isotropic:
            d = np.linspace(0.0, pairs.reach, POINTS)
            p = self.text.values(d)
        wrong = ~(p >= 0.0) | ((p > 1.0) if self.k is None else ~np.isfinite(p))
        if self.k is not None and wrong.any():
            wrong &= d >= nearest_of(pre, post, self) * (1.0 - SAME)  # no pair is closer
        if wrong.any():
            first = int(np.argmax(wrong))
            limits = "between 0 and 1" if self.k is None else "finite and not negative"
            self._reject("p", f"must be {limits}, but {self.p!r} is {p[first]:.6g} at d = {d[first]:.6g} um")

    def _check_periods(self, places):
        """Raise ValueError if cells span a period or more: the last ones would lie on the first ones, or beyond them."""
        for axis, period, x in zip("xyz", periods(self, places.shape[1]), places.T, strict=False):
            span = float(np.ptp(x))
            if 0.0 < period <= span * (1.0 + SAME):
                self._reject(
                    "periodic",
                    f"must be greater than {span:.6g} um, which the cells span along {axis} (got {period:.6g}){_of_grid(x)}",
                )

    def expected_between(self, pre: SomeCells, post: SomeCells) -> float:
        """Return the expected number of synapses, estimated from a million pairs if there are more."""
        if self.k is not None:
            return float(self.k * post.n)
        pairs = Distances(pre, post, self)
        return float(self.text.values(pairs.d, pairs.components).sum() * pairs.represent)

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Raise TypeError without `k`: the number depends on where the cells are, see `expected_between`."""
        if self.k is None:
            raise TypeError(
                "DistanceRule.expected: follows from positions; the projection that connect returns has it: wires.expected"
            )
        return float(self.k * n_post)


class Distances:
    """Distances between cells of two views: of all pairs that a rule tries, or of a random million of them.

    `d` are the distances [um], `components` those from source to target along each axis; no pair is farther apart than
    `reach`, and each represents `represent` pairs. `periodic` and `max_distance` of the rule count, if it has them.
    """

    def __init__(self, pre: SomeCells, post: SomeCells, rule: Rule):
        sources, targets = places_of(pre), places_of(post)
        wraps = periods(rule, sources.shape[1])
        self.reach = reach_of(sources, targets, wraps, getattr(rule, "max_distance", None))
        rng = np.random.default_rng(0)
        columns = _some(post.n, math.isqrt(PAIRS), rng)
        rows = _some(pre.n, PAIRS // columns.size, rng)
        between = apart(sources[rows][:, None, :], targets[columns][None, :, :], wraps)
        d = np.sqrt((between**2).sum(axis=-1))
        kept = d <= self.reach
        if not rule.autapses:
            kept &= ~same_cells(pre, post, rows[:, None], columns[None, :])
        self.d, self.components = d[kept], [between[..., axis][kept] for axis in range(between.shape[-1])]
        self.represent = pre.n * post.n / (rows.size * columns.size)


def apart(sources: np.ndarray, targets: np.ndarray, wraps: Sequence[float]) -> np.ndarray:
    """Return the components from sources to the nearest images of targets, along the last axis."""
    between = targets - sources
    for axis, period in enumerate(wraps):
        if period:
            between[..., axis] -= period * np.rint(between[..., axis] / period)
    return between


def same_cells(pre: SomeCells, post: SomeCells, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Return whether the cells i of one view are the cells j of the other."""
    first, second = _numbers(pre, post)
    return first[i] == second[j]


def check_places(pre: SomeCells, post: SomeCells, label: str) -> int:
    """Return the dimensions of the positions of two views; raise ValueError if one has none, or they differ."""
    dimensions = set()
    for view in (pre, post):
        for population, _ in view.parts:
            if population.positions is None:
                raise ValueError(
                    f"{label}: needs the positions of {population.name!r}; make it with "
                    "Population(..., positions=bs.positions.grid((10, 10), spacing=20.0)) or an array in um"
                )
            dimensions.add(population.positions.shape[1])
    if len(dimensions) > 1:
        raise ValueError(f"{label}: the positions must have the same dimensions (got {sorted(dimensions)})")
    return dimensions.pop()


def places_of(view: SomeCells) -> np.ndarray:
    """Return the positions of a view that has some, see `check_places`."""
    places = view.positions
    assert places is not None
    return places


def periods(rule: Rule, dimensions: int) -> tuple[float, ...]:
    """Return the period along each axis, 0 if there is none."""
    given = getattr(rule, "periodic", None)
    return (0.0,) * dimensions if given is None else tuple(np.broadcast_to(given, dimensions).tolist())


def nearest_of(pre: SomeCells, post: SomeCells, rule: Rule) -> float:
    """Return the smallest distance of two cells that a rule may connect [um]; infinity if there is no such pair."""
    first, second = _numbers(pre, post)
    shared = np.isin(second, first)
    if rule.autapses and shared.any():
        return 0.0
    from scipy.spatial import cKDTree

    sources, targets = places_of(pre), places_of(post)
    wraps = np.array(periods(rule, sources.shape[1]))
    low = np.minimum(sources.min(axis=0), targets.min(axis=0))
    tree = cKDTree(_wrap(sources - low, wraps), boxsize=wraps if wraps.any() else None)
    d, _ = tree.query(_wrap(targets - low, wraps), k=[1, 2])  # of a cell that is a source itself, the nearest is itself
    return float(np.where(shared, d[:, 1], d[:, 0]).min())


def _wrap(places, wraps):
    """Return places within the first period along each axis that has one."""
    periods = np.where(wraps > 0.0, wraps, np.inf)
    within = np.mod(places, periods)
    return np.where(within < periods, within, 0.0)  # rounding


def reach_of(sources: np.ndarray, targets: np.ndarray, wraps: Sequence[float], longest: float | None) -> float:
    """Return a distance that no pair exceeds, or the longest that a rule allows if that is shorter."""
    low, high = np.minimum(sources.min(axis=0), targets.min(axis=0)), np.maximum(sources.max(axis=0), targets.max(axis=0))
    spans = [min(span, period / 2) if period else span for span, period in zip(high - low, wraps, strict=True)]
    diagonal = math.hypot(*spans) * (1.0 + 1e-9)
    return diagonal if longest is None else min(longest, diagonal)


def _of_grid(x):
    """Return a hint as the end of a message: the period of a grid with these coordinates, if they are on one."""
    rows = np.unique(x)
    steps = np.diff(rows)
    if rows.size == 2 or np.ptp(steps) > 1e-6 * steps.mean():
        return "; give the size of the space in which the cells were placed"
    return f"; a grid of {rows.size} with spacing {steps.mean():.6g} has the period {rows.size * steps.mean():.6g}"


def _some(n, most, rng):
    """Return the indices of all n cells, or of `most` of them, in ascending order."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _numbers(*views):
    """Return for each view a number for each of its cells; a cell has the same number in all views."""
    known = {population: k for k, population in enumerate({p: None for view in views for p, _ in view.parts})}
    return [np.concatenate([ids + (known[population] << 32) for population, ids in view.parts]) for view in views]
