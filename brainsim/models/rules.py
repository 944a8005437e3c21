"""Connection rules: which cell of `pre` is connected with which cell of `post`.

A rule is a description. It draws nothing: the engine draws the pairs, from the seed of the network and the name of the
projection. An **autapse** is a synapse of a cell onto itself, a **multapse** is one of several from one cell to another.
"""

from dataclasses import KW_ONLY, InitVar, dataclass, fields

import numpy as np

from brainsim.core.checks import check_elements, indices, integer, nearest, number, plain, read_only

MOST = 2**53  # synapses, which are counted in float64 too
COUNTING = "FixedIndegree, FixedOutdegree and FixedTotal"
TAKEN_BY = {"autapses": f"AllToAll, FixedProbability, {COUNTING}", "multapses": COUNTING}  # flag -> rules that have it


class Rule:
    """Base of the connection rules; ``isinstance(x, Rule)`` tells them from populations, inputs and numbers.

    `pairs` is the number of synapses where the rule is a list of them, else None; `autapses` and `multapses` say whether a
    cell may be connected with itself, and a pair more than once.
    """

    autapses = True
    multapses = False
    pairs = None

    def __new__(cls, *values, **named):
        """Refuse words that the rule does not know, where `dataclass` would only say that they were unexpected."""
        known = vars(cls).get("__dataclass_fields__", named)
        for name in (name for name in named if name not in known):
            if name in TAKEN_BY:
                raise TypeError(f"{cls.__name__}.{name}: must be left out; only {TAKEN_BY[name]} take it")
            raise TypeError(f"{cls.__name__}: has no {name!r}{nearest(name, known)}")
        return super().__new__(cls)

    def __post_init__(self):
        """Check the flags, which are keyword-only, and what the rule is about."""
        for f in fields(self):
            value, where = getattr(self, f.name), f"{type(self).__name__}.{f.name}"
            if not f.kw_only:
                self.__dict__[f.name] = self._checked(value, where)
            elif not isinstance(value, (bool, np.bool_)):
                raise TypeError(f"{where}: must be True or False (got {value!r})")

    def __repr__(self):
        """Return the rule as it is typed, without flags that are as by default."""
        shown = [repr(getattr(self, f.name)) for f in fields(self) if not f.kw_only]
        shown += [f"{f.name}={v}" for f in fields(self) if f.kw_only and (v := getattr(self, f.name)) != f.default]
        return f"{type(self).__name__}({', '.join(shown)})"

    def check(self, pre, post):
        """Raise ValueError where the rule does not fit the views `pre` and `post`."""

    def expected(self, n_pre, n_post, shared=0):
        """Return the expected number of synapses between `n_pre` and `n_post` cells, of which `shared` are in both."""
        raise NotImplementedError

    def value_shape(self, n_pre, n_post):
        """Return the shape that an array of weights or delays must have, or None where the pairs are drawn."""

    def _candidates(self, n_pre, n_post, shared):
        """Return the number of pairs that the rule may connect."""
        return n_pre * n_post - (0 if self.autapses else shared)

    def _refuse(self, name, message):
        raise ValueError(f"{type(self).__name__}.{name}: {message}")


@dataclass(frozen=True, repr=False)
class AllToAll(Rule):
    """Every cell of `pre` to every cell of `post`, once: n_pre * n_post synapses. Arrays of weights have that shape.

    Parameters
    ----------
    autapses : bool, default True
        Whether a cell that is in both views is connected with itself; TypeError is raised where it is no bool.

    Examples
    --------
    >>> AllToAll().expected(3, 4)
    12.0
    """

    _: KW_ONLY
    autapses: bool = True

    def expected(self, n_pre, n_post, shared=0):
        """Return n_pre * n_post, less the autapses where there are none."""
        return float(self._candidates(n_pre, n_post, shared))

    def value_shape(self, n_pre, n_post):
        """Return (n_pre, n_post)."""
        return n_pre, n_post


@dataclass(frozen=True, repr=False)
class OneToOne(Rule):
    """Cell i of `pre` to cell i of `post`, counted within the views: n synapses; the views must be equally large.

    Arrays of weights and delays have the shape (n,). `check` raises ValueError where the sizes differ.

    Examples
    --------
    >>> OneToOne().expected(5, 5)
    5.0
    """

    def check(self, pre, post):
        """Raise ValueError unless both views have the same number of cells."""
        if pre.n != post.n:
            raise ValueError(
                f"OneToOne: {pre.name!r} has {pre.n} cells but {post.name!r} has {post.n}; "
                f"take views of equal size, e.g. [:{min(pre.n, post.n)}] of the larger one"
            )

    def expected(self, n_pre, n_post, shared=0):
        """Return n."""
        return float(n_post)

    def value_shape(self, n_pre, n_post):
        """Return (n,)."""
        return (n_post,)


@dataclass(frozen=True, repr=False)
class FixedProbability(Rule):
    """Each pair is connected with the probability p, independently of all others: p * n_pre * n_post synapses on average.

    Parameters
    ----------
    p : float
        The probability, 0 to 1.
    autapses : bool, default True
        Whether a cell may be connected with itself. There are no multapses by nature.

    Raises
    ------
    TypeError, ValueError
        Where p is no number from 0 to 1, or `autapses` is no bool.

    Examples
    --------
    >>> FixedProbability(0.1, autapses=False)
    FixedProbability(0.1, autapses=False)
    """

    p: float
    _: KW_ONLY
    autapses: bool = True

    def expected(self, n_pre, n_post, shared=0):
        """Return p times the number of pairs."""
        return self.p * self._candidates(n_pre, n_post, shared)

    def _checked(self, value, where):
        return number(value, where, at_least=0, at_most=1)


@dataclass(frozen=True, repr=False)
class _Counted(Rule):
    """A rule with one count, which a subclass declares, and the two flags."""

    _: KW_ONLY
    autapses: bool = True
    multapses: bool = True

    def _checked(self, value, where):
        return integer(value, where, at_least=0, at_most=MOST)

    def _check_pool(self, pool, what, shared):
        """Raise ValueError where `pool` cannot offer k cells to each cell at the other end."""
        offered = pool.n - (1 if shared and not self.autapses else 0)
        if self.multapses and offered == 0 and self.k > 0:
            self._refuse("k", f"{pool.name!r} has no cell but the one to be connected; allow autapses=True")
        if not self.multapses and self.k > offered:
            only = f"{pool.n} cells" if pool.n == offered else f"{offered} besides the cell itself"
            self._refuse(
                "k", f"{self.k} {what} wanted but {pool.name!r} has only {only}; allow multapses=True or take k <= {offered}"
            )


@dataclass(frozen=True, repr=False)
class FixedIndegree(_Counted):
    """Each cell of `post` gets k synapses, whose sources are drawn evenly from `pre`: k * n_post synapses.

    Parameters
    ----------
    k : int
        Synapses per target, >= 0.
    autapses, multapses : bool, default True
        Whether a cell may be its own source, and whether a source may be drawn more than once for a target.

    Raises
    ------
    TypeError, ValueError
        Where k is no whole number >= 0 or a flag no bool; by `check` where `pre` has fewer than k cells to offer.

    Examples
    --------
    >>> FixedIndegree(1000).expected(10_000, 12_500)
    12500000.0
    """

    k: int

    def check(self, pre, post):
        """Raise ValueError where `pre` does not have the k sources that a cell of `post` needs."""
        self._check_pool(pre, "sources", pre.in_common(post))

    def expected(self, n_pre, n_post, shared=0):
        """Return k * n_post."""
        return float(self.k * n_post)


@dataclass(frozen=True, repr=False)
class FixedOutdegree(_Counted):
    """Each cell of `pre` gives k synapses, whose targets are drawn evenly from `post`: k * n_pre synapses.

    Parameters
    ----------
    k : int
        Synapses per source, >= 0.
    autapses, multapses : bool, default True
        Whether a cell may be its own target, and whether a target may be drawn more than once for a source.

    Raises
    ------
    TypeError, ValueError
        Where k is no whole number >= 0 or a flag no bool; by `check` where `post` has fewer than k cells to offer.

    Examples
    --------
    >>> FixedOutdegree(10, multapses=False)
    FixedOutdegree(10, multapses=False)
    """

    k: int

    def check(self, pre, post):
        """Raise ValueError where `post` does not have the k targets that a cell of `pre` needs."""
        self._check_pool(post, "targets", pre.in_common(post))

    def expected(self, n_pre, n_post, shared=0):
        """Return k * n_pre."""
        return float(self.k * n_pre)


@dataclass(frozen=True, repr=False)
class FixedTotal(_Counted):
    """Exactly n synapses, whose pairs are drawn evenly from all pairs.

    Parameters
    ----------
    n : int
        The number of synapses, >= 0.
    autapses, multapses : bool, default True
        Whether a cell may be connected with itself, and whether a pair may be drawn more than once.

    Raises
    ------
    TypeError, ValueError
        Where n is no whole number >= 0 or a flag no bool; by `check` where there are fewer than n pairs.

    Examples
    --------
    >>> FixedTotal(500).expected(100, 100)
    500.0
    """

    n: int

    def check(self, pre, post):
        """Raise ValueError where there are not enough pairs."""
        pairs = self._candidates(pre.n, post.n, pre.in_common(post))
        if self.n > 0 and pairs == 0:
            self._refuse("n", f"{pre.name!r} and {post.name!r} are one and the same cell; allow autapses=True")
        if not self.multapses and self.n > pairs:
            self._refuse(
                "n",
                f"{self.n} synapses wanted but {pre.name!r} and {post.name!r} have only {pairs} pairs; "
                f"allow multapses=True or take n <= {pairs}",
            )

    def expected(self, n_pre, n_post, shared=0):
        """Return n."""
        return float(self.n)


class _Explicit(Rule):
    """A list of pairs, `pre` and `post`; one weight or delay for each, in the order of the list."""

    multapses = True
    pairs = property(lambda self: self.pre.size)

    def expected(self, n_pre, n_post, shared=0):
        return float(self.pairs)

    def value_shape(self, n_pre, n_post):
        return (self.pairs,)

    def _checked(self, value, where):
        return read_only(indices(value, where).astype(np.int32))


@dataclass(frozen=True, repr=False, eq=False)
class FromArrays(_Explicit):
    """Cell pre[s] to cell post[s], for each s: a list of pairs, each counted within its view; a pair may come repeatedly.

    Parameters
    ----------
    pre, post : array of int, shape (k,)
        Places in the view of the sources and in that of the targets, from 0; kept as read-only copies (int32).
        Arrays of weights and delays have the shape (k,), in the order of the pairs.

    Raises
    ------
    TypeError, ValueError
        Where they are no whole numbers >= 0 or differ in length; by `check` where a place is beyond its view.

    Examples
    --------
    >>> FromArrays([0, 0, 1], [2, 3, 3])
    FromArrays(3 pairs)
    """

    pre: np.ndarray
    post: np.ndarray

    def __post_init__(self):
        """Check that there is a target for each source."""
        super().__post_init__()
        if self.pre.size != self.post.size:
            self._refuse("post", f"must be as long as pre, {self.pre.size} (got {self.post.size})")

    def __repr__(self):
        """Return the number of pairs, not the pairs."""
        return f"FromArrays({self.pairs} pairs)"

    def check(self, pre, post):
        """Raise ValueError where a place is beyond its view."""
        for field, places, view in (("pre", self.pre, pre), ("post", self.post, post)):
            if places.size and places.max() >= view.n:
                self._refuse(field, f"{places.max()} is beyond {view.name!r}, whose {view.n} cells are 0 to {view.n - 1}")


@dataclass(frozen=True, repr=False, eq=False)
class FromSparse(_Explicit):
    """The stored elements of a sparse matrix: element (i, j) is the weight of cell i of `pre` onto cell j of `post`.

    Parameters
    ----------
    matrix : scipy.sparse matrix or array, shape (n_pre, n_post)
        Any format. Zeros that are stored are kept as synapses of weight 0, elements stored twice as two synapses.
        `pre`, `post` (int32) and `weight` (float64) hold the stored elements in the order of ``matrix.tocoo()``; they are
        the weights, in the unit of the synapse, unless `connect` is given others.

    Raises
    ------
    TypeError, ValueError
        Where it is no sparse matrix, or holds NaN or infinity; by `check` where its shape is not (n_pre, n_post).

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> FromSparse(csr_array([[0.0, 1.5], [0.5, 0.0]]))
    FromSparse(2x2 matrix, 2 stored)
    """

    matrix: InitVar[object]

    def __post_init__(self, matrix):
        """Take the elements out of the matrix, which is not kept."""
        if not hasattr(matrix, "tocoo"):
            raise TypeError(
                f"FromSparse.matrix: must be a scipy.sparse matrix (got {type(matrix).__name__}); "
                "scipy.sparse.csr_array(matrix) makes one"
            )
        where = "FromSparse.matrix"
        check_elements(matrix, where)
        coo = matrix.tocoo()
        if len(coo.shape) != 2:
            self._refuse("matrix", f"must have two dimensions (got the shape {coo.shape})")
        self.__dict__.update(
            shape=tuple(coo.shape),
            pre=self._checked(coo.row, where),
            post=self._checked(coo.col, where),
            weight=read_only(plain(coo.data, "", where)),
        )

    def __repr__(self):
        """Return the shape and the number of elements."""
        return f"FromSparse({self.shape[0]}x{self.shape[1]} matrix, {self.pairs} stored)"

    def check(self, pre, post):
        """Raise ValueError unless the matrix has a row per cell of `pre` and a column per cell of `post`."""
        if self.shape != (pre.n, post.n):
            hint = "; pass matrix.T" if self.shape == (post.n, pre.n) else ""
            self._refuse(
                "matrix",
                f"must have the shape ({pre.n}, {post.n}), a row per cell of {pre.name!r} and a column "
                f"per cell of {post.name!r} (got {self.shape}){hint}",
            )
