"""Connection rules: which cells of `pre` are connected to which cells of `post`.

A rule is a description and samples nothing; the engine samples the pairs, from the seed of the network and the name of the
projection. An **autapse** is a synapse of a cell onto itself, a **multapse** is one of several from one cell to another.
"""

from __future__ import annotations

import typing
from dataclasses import KW_ONLY, Field, dataclass, fields
from typing import Any, ClassVar, NoReturn

from brainsim.core.checks import integer, nearest, number, true_or_false
from brainsim.core.hints import answers_calls
from brainsim.core.hooks import reject_misspelled

if typing.TYPE_CHECKING:
    import numpy as np

    from brainsim.models.space.distance import DistanceText

MAX_SYNAPSES = 2**53  # they are counted in float64, too
COUNTING = "FixedIndegree, FixedOutdegree, FixedTotal and DistanceRule"
RULES_WITH = {"autapses": f"AllToAll, FixedProbability, {COUNTING}", "multapses": COUNTING}  # flag -> rules that take it


class SomeCells(typing.Protocol):
    """Cells as rules and inputs see them, which do not know networks: a `Population` or a `View`."""

    name: str
    n: int

    @property
    def parts(self) -> tuple[tuple[Any, np.ndarray], ...]:
        """Populations, and indices into them."""

    @property
    def positions(self) -> np.ndarray | None:
        """Places of the cells [um]."""

    def in_common(self, other: Any) -> int:
        """Return how many cells are in both."""


class Rule:
    """Base of connection rules: subclass it to write your own, a frozen dataclass with the methods `draw` and `expected`.

    `draw` is called once for each projection, with a seed of its own, and returns all pairs. Since they follow from that
    seed, they are the same for any number of threads. Rules that are built in are sampled row by row instead, in threads.

    Attributes
    ----------
    autapses, multapses : bool
        Whether a cell may be connected to itself, and a pair more than once.
    pairs : int or None
        The number of synapses if the rule lists them, as `FromArrays` does.
    by_target : bool
        Whether each target samples its sources, so that the synapses of one source cannot be sampled separately.
    by_source : str
        What to write instead of a rule that is sampled by target, in messages.

    Examples
    --------
    A ring of which some connections are shortcuts, Watts & Strogatz (1998), doi:10.1038/30918:

    >>> import dataclasses
    >>> import numpy as np
    >>> import brainsim as bs
    >>> @dataclasses.dataclass(frozen=True, repr=False)
    ... class SmallWorld(bs.Rule):
    ...     k: int  # neighbours on one side
    ...     p: float  # share of shortcuts
    ...     def draw(self, n_pre, n_post, seed):
    ...         rng, pre = np.random.default_rng(seed), np.repeat(np.arange(n_pre), self.k)
    ...         near = (pre + np.tile(np.arange(1, self.k + 1), n_pre)) % n_post
    ...         return pre, np.where(rng.random(pre.size) < self.p, rng.integers(n_post, size=pre.size), near)
    ...     def expected(self, n_pre, n_post, shared=0):
    ...         return float(n_pre * self.k)
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> wires = net.connect(cells, cells, SmallWorld(4, 0.1), weight=0.5, delay=1.5, synapse=bs.Delta())
    >>> len(bs.Simulation(net, seed=2).synapses(wires))
    400

    ``brainsim.testing.check_rule(SmallWorld(4, 0.1))`` checks that it keeps what it promises.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # every rule is a dataclass
    autapses: bool = True
    multapses: bool = False
    pairs: Any = None
    by_source: ClassVar[str] = ""
    text: ClassVar[DistanceText | None] = None  # the probability of a pair by its distance, of a rule that has one

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        reject_misspelled(cls, Rule)

    @property
    def by_target(self) -> bool:
        """Whether each target samples its sources."""
        return False

    @property
    def listed(self) -> bool:
        """Whether all pairs are known before the row of any source is made: given, or drawn by `draw`."""
        return self.pairs is not None or type(self).draw is not Rule.draw

    def __new__(cls, *values: object, **named: object) -> typing.Self:
        """Reject unknown arguments with a hint, which `dataclass` would not give."""
        known = vars(cls).get("__dataclass_fields__", named)
        for name in (name for name in named if name not in known):
            if name in RULES_WITH:
                raise TypeError(f"{cls.__name__}.{name}: must be left out; only {RULES_WITH[name]} take it")
            raise TypeError(f"{cls.__name__}: has no {name!r}{nearest(name, known)}")
        if cls.expected is Rule.expected:
            raise TypeError(
                f"{cls.__name__}: does not say how many synapses there are; give the class a method "
                "expected(self, n_pre, n_post, shared=0), which returns the number on average"
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Check the flags, which are keyword-only, and the other fields."""
        for f in fields(self):
            value, label = getattr(self, f.name), f"{type(self).__name__}.{f.name}"
            if not f.kw_only:
                self.__dict__[f.name] = self._checked(value, label)
            else:
                true_or_false(value, label)

    def __repr__(self) -> str:
        shown = [repr(getattr(self, f.name)) for f in fields(self) if not f.kw_only]
        shown += [f"{f.name}={v}" for f in fields(self) if f.kw_only and (v := getattr(self, f.name)) != f.default]
        return f"{type(self).__name__}({', '.join(shown)})"

    def check(self, pre: SomeCells, post: SomeCells) -> None:
        """Raise ValueError if the rule does not fit the views `pre` and `post`."""

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Return the expected number of synapses between `n_pre` and `n_post` cells, of which `shared` are in both."""
        raise NotImplementedError(f"{type(self).__name__}.expected")

    def expected_between(self, pre: SomeCells, post: SomeCells) -> float:
        """Return the expected number of synapses between the cells of two views."""
        return self.expected(pre.n, post.n, 0 if self.autapses else pre.in_common(post))

    def value_shape(self, n_pre: int, n_post: int) -> tuple[int, ...] | None:
        """Return the shape that arrays of weights or delays must have, or None if the pairs are sampled."""

    def draw(self, n_pre: int, n_post: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return all pairs between `n_pre` and `n_post` cells: the indices of sources and of their targets.

        The pairs must depend on the arguments only: draw from ``rng = np.random.default_rng(seed)``.
        """
        raise NotImplementedError

    def _checked(self, value, label):
        return value

    def _candidates(self, n_pre, n_post, shared):
        return n_pre * n_post - (0 if self.autapses else shared)

    def _reject(self, name: str, message: str) -> NoReturn:
        raise ValueError(f"{type(self).__name__}.{name}: {message}")


@answers_calls
@dataclass(frozen=True, repr=False)
class AllToAll(Rule):
    """Every cell of `pre` to every cell of `post`, once: n_pre * n_post synapses. Arrays of weights have that shape.

    Parameters
    ----------
    autapses : bool, default True
        Whether a cell that is in both views is connected to itself; TypeError is raised if it is not a bool.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.AllToAll().expected(3, 4)
    12.0
    """

    _: KW_ONLY
    autapses: bool = True

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Return n_pre * n_post, less the autapses if they are excluded."""
        return float(self._candidates(n_pre, n_post, shared))

    def value_shape(self, n_pre: int, n_post: int) -> tuple[int, ...] | None:
        """Return (n_pre, n_post)."""
        return n_pre, n_post


@answers_calls
@dataclass(frozen=True, repr=False)
class OneToOne(Rule):
    """Cell i of `pre` to cell i of `post`, counted within the views: n synapses; the views must have the same size.

    Arrays of weights and delays have the shape (n,). `check` raises ValueError if the sizes differ.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.OneToOne().expected(5, 5)
    5.0
    """

    def check(self, pre: SomeCells, post: SomeCells) -> None:
        """Raise ValueError unless both views have the same number of cells."""
        if pre.n != post.n:
            raise ValueError(
                f"OneToOne: {pre.name!r} has {pre.n} cells but {post.name!r} has {post.n}; "
                f"take views of equal size, e.g. [:{min(pre.n, post.n)}] of the larger one"
            )

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Return n."""
        return float(n_post)

    def value_shape(self, n_pre: int, n_post: int) -> tuple[int, ...] | None:
        """Return (n,)."""
        return (n_post,)


@answers_calls
@dataclass(frozen=True, repr=False)
class FixedProbability(Rule):
    """Each pair is connected with the probability p, independently of all others: p * n_pre * n_post synapses on average.

    Parameters
    ----------
    p : float
        The probability, 0 to 1.
    autapses : bool, default True
        Whether a cell may be connected to itself. Multapses cannot occur.

    Raises
    ------
    TypeError, ValueError
        If p is not a number from 0 to 1, or `autapses` is not a bool.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.FixedProbability(0.1, autapses=False)
    FixedProbability(0.1, autapses=False)
    """

    p: float
    _: KW_ONLY
    autapses: bool = True

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Return p times the number of pairs."""
        return self.p * self._candidates(n_pre, n_post, shared)

    def _checked(self, value, label):
        return number(value, label, at_least=0, at_most=1)


@dataclass(frozen=True, repr=False)
class _Counted(Rule):
    """A rule with a count, which the subclass declares, and both flags."""

    _: KW_ONLY
    autapses: bool = True
    multapses: bool = True

    def _checked(self, value, label):
        return integer(value, label, at_least=0, at_most=MAX_SYNAPSES)

    def _check_pool(self, pool, noun, shared):
        """Raise ValueError if `pool` has fewer than k cells to choose from for a cell at the other end."""
        available = pool.n - (1 if shared and not self.autapses else 0)
        if self.multapses and available == 0 and self.k > 0:
            self._reject("k", f"{pool.name!r} contains only the cell itself; allow autapses=True")
        if not self.multapses and self.k > available:
            only = f"{available} cells" + ("" if available == pool.n else " besides the cell itself")
            hint = f"allow multapses=True or take k <= {available}"
            self._reject("k", f"{self.k} {noun} are required, but {pool.name!r} has only {only}; {hint}")


@answers_calls
@dataclass(frozen=True, repr=False)
class FixedIndegree(_Counted):
    """Each cell of `post` receives k synapses from sources sampled uniformly from `pre`: k * n_post synapses.

    Parameters
    ----------
    k : int
        Synapses per target, >= 0.
    autapses, multapses : bool, default True
        Whether a cell may be its own source, and whether a source may be sampled more than once for a target.

    Raises
    ------
    TypeError, ValueError
        If k is not a whole number >= 0 or a flag is not a bool; by `check` if `pre` has too few cells.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.FixedIndegree(1000).expected(10_000, 12_500)
    12500000.0
    """

    k: int

    @property
    def by_target(self) -> bool:
        """True."""
        return True

    @property
    def by_source(self) -> str:  # type: ignore[override]
        """A rule that is sampled by source, in messages."""
        return f"FixedTotal({self.k} * post.n)"

    def check(self, pre: SomeCells, post: SomeCells) -> None:
        """Raise ValueError if `pre` does not have k sources for each cell of `post`."""
        self._check_pool(pre, "sources", pre.in_common(post))

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Return k * n_post."""
        return float(self.k * n_post)


@answers_calls
@dataclass(frozen=True, repr=False)
class FixedOutdegree(_Counted):
    """Each cell of `pre` makes k synapses onto targets sampled uniformly from `post`: k * n_pre synapses.

    Parameters
    ----------
    k : int
        Synapses per source, >= 0.
    autapses, multapses : bool, default True
        Whether a cell may be its own target, and whether a target may be sampled more than once for a source.

    Raises
    ------
    TypeError, ValueError
        If k is not a whole number >= 0 or a flag is not a bool; by `check` if `post` has too few cells.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.FixedOutdegree(10, multapses=False)
    FixedOutdegree(10, multapses=False)
    """

    k: int

    def check(self, pre: SomeCells, post: SomeCells) -> None:
        """Raise ValueError if `post` does not have k targets for each cell of `pre`."""
        self._check_pool(post, "targets", pre.in_common(post))

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Return k * n_pre."""
        return float(self.k * n_pre)


@answers_calls
@dataclass(frozen=True, repr=False)
class FixedTotal(_Counted):
    """Exactly n synapses, whose pairs are sampled uniformly from all pairs.

    Parameters
    ----------
    n : int
        The number of synapses, >= 0.
    autapses, multapses : bool, default True
        Whether a cell may be connected to itself, and whether a pair may be sampled more than once.

    Raises
    ------
    TypeError, ValueError
        If n is not a whole number >= 0 or a flag is not a bool; by `check` if there are fewer than n pairs.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.FixedTotal(500).expected(100, 100)
    500.0
    """

    n: int

    def check(self, pre: SomeCells, post: SomeCells) -> None:
        """Raise ValueError if there are not enough pairs."""
        pairs, both = self._candidates(pre.n, post.n, pre.in_common(post)), f"{pre.name!r} and {post.name!r}"
        if self.n > 0 and pairs == 0:
            self._reject("n", f"{both} are one and the same cell; allow autapses=True")
        if not self.multapses and self.n > pairs:
            hint = f"allow multapses=True or take n <= {pairs}"
            self._reject("n", f"{self.n} synapses are required, but {both} have only {pairs} pairs; {hint}")

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        """Return n."""
        return float(self.n)
