"""Connection rules that list their pairs: `FromArrays`, `FromFrame` and `FromSparse`."""

import typing
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np

from brainsim.core.arrays import freeze, is_frozen
from brainsim.core.checks import check_elements, indices, plain, read_only
from brainsim.core.hints import answers_calls
from brainsim.models.packed import WORTH, Ascending, Packed, Unpacked, as_kept, of_values, pack
from brainsim.models.rules import Rule

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.rules import SomeCells


# names of the columns in networkx, SONATA, igraph and tables of other tools
OTHER_NAMES = (("source", "target"), ("source_node_id", "target_node_id"), ("from", "to"), ("src", "dst"), ("i", "j"))


class _PairList(Rule):
    """A list of pairs, `pre` and `post`, with one weight or delay for each, in the order of the list."""

    multapses = True
    pre: Any = Unpacked()
    post: np.ndarray
    weight: Any = Unpacked(None)  # what `connect` takes if it is given none
    delay: Any = Unpacked(None)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Fill an unpickled rule; NumPy's pickles forget that arrays are read-only, and a simulation may read these."""
        vars(self).update(state)
        for value in state.values():
            if isinstance(value, np.ndarray):
                freeze(value)

    @property
    def pairs(self) -> int:
        """The number of pairs."""
        return self.post.size

    def expected(self, n_pre: int, n_post: int, shared: int = 0) -> float:
        return float(self.pairs)

    def value_shape(self, n_pre: int, n_post: int) -> tuple[int, ...] | None:
        return (self.pairs,)

    def _set(self, label, pre, post, **values):
        """Set the columns, checked; ``label.format(name)`` is what messages call them. Long ones are packed."""
        fields, labels = vars(self), (label.format("pre"), label.format("post"))
        fields["pre"] = pre if isinstance(pre, Packed) else self._ascending(pre) or self._indices(pre, labels[0])
        fields["post"] = self._indices(post, labels[1])
        if fields["pre"].size != self.pairs:
            self._reject("post", f"must be as long as pre, {fields['pre'].size} (got {self.pairs})")
        for name, given in values.items():
            where = label.format(name)
            fields[name] = of_values(lambda some, where=where: read_only(plain(some, "", where)), pack(given))

    def _ascending(self, value):
        return Ascending.of(value) if type(value) is np.ndarray and value.ndim == 1 and value.size >= WORTH else None

    def _indices(self, value, label):
        shared = isinstance(value, np.ndarray) and value.dtype == np.int32 and value.ndim == 1 and is_frozen(value)
        if shared and value.min(initial=0) >= 0:
            return value  # a copy of the 15 million edges of a mapped brain would take 60 MB
        return freeze(indices(value, label, np.int32))

    def _check_within(self, pre, post):
        for name, ids, view in (("pre", as_kept(self, "pre"), pre), ("post", self.post, post)):
            if ids.size and ids.max() >= view.n:
                self._reject(name, f"{ids.max()} is beyond {view.name!r}, whose {view.n} cells are 0 to {view.n - 1}")


@answers_calls
@dataclass(frozen=True, repr=False, eq=False)
class FromArrays(_PairList):
    """Cell pre[s] to cell post[s] for each s, counted within the views: a list of pairs, in which a pair may be repeated.

    Parameters
    ----------
    pre, post : array of int, shape (k,)
        Indices into the view of the sources and into that of the targets, from 0; kept as read-only copies (int32).
        Arrays of weights and delays have the shape (k,), in the order of the pairs.

    Raises
    ------
    TypeError, ValueError
        If they are not whole numbers >= 0 or differ in length; by `check` if an index is beyond its view.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.FromArrays([0, 0, 1], [2, 3, 3])
    FromArrays(3 pairs)
    """

    pre: np.ndarray
    post: np.ndarray

    if typing.TYPE_CHECKING:

        def __init__(self, pre: ArrayLike, post: ArrayLike) -> None: ...

    def __post_init__(self) -> None:
        """Check the indices, and that there is a target for each source."""
        self._set("FromArrays.{}", as_kept(self, "pre"), self.post)

    def __repr__(self) -> str:
        return f"FromArrays({self.pairs} pairs)"

    def check(self, pre: "SomeCells", post: "SomeCells") -> None:
        """Raise ValueError if an index is beyond its view."""
        self._check_within(pre, post)


@answers_calls
@dataclass(frozen=True, repr=False, eq=False)
class FromFrame(_PairList):
    """A table with a row for each synapse: columns ``pre`` and ``post``, and, if it has them, ``weight`` and ``delay``.

    Parameters
    ----------
    frame : pandas.DataFrame or any table of columns
        Whatever gives a column by ``frame["pre"]``: a frame of pandas or polars, a table of pyarrow, a dict of arrays. The
        columns are copied: ``pre`` and ``post``, indices into the view of the sources and into that of the targets (int32),
        and ``weight``, in the unit of the synapse, and ``delay`` [ms] (float64). These two are used unless `connect` is
        given others. All other columns are ignored.

    Raises
    ------
    TypeError, ValueError
        If it is not a table, lacks ``pre`` or ``post``, or a column is of the wrong kind, or contains a missing value; by
        `check` if an index is beyond its view.

    Examples
    --------
    >>> import brainsim as bs
    >>> table = {"pre": [0, 0, 1], "post": [2, 3, 3], "weight": [0.5, 1.0, 2.0], "delay": [1.0, 1.5, 1.0]}
    >>> bs.FromFrame(table)
    FromFrame(3 pairs, with weight and delay)
    >>> cells = bs.Population(4, bs.LIF(), name="cells")
    >>> wires = bs.Network(seed=1).connect(cells, cells, bs.FromFrame(table), synapse=bs.Delta())
    >>> wires.weight, wires.delay
    (array([0.5, 1. , 2. ]), array([1. , 1.5, 1. ]))
    """

    frame: InitVar[Any]
    pre: np.ndarray = field(init=False)
    post: np.ndarray = field(init=False)
    weight: np.ndarray | None = field(init=False)
    delay: np.ndarray | None = field(init=False)

    def __post_init__(self, frame: Any) -> None:
        """Copy the columns; the table is not kept."""
        names = names_of(frame, "FromFrame.frame")
        for name in ("pre", "post"):
            if name not in names:
                got = f"must have the columns pre and post (got {', '.join(map(str, names)) or 'none'})"
                self._reject("frame", got + _renaming(names))
        found = {name: _column(frame, name) for name in ("pre", "post", "weight", "delay") if name in names}
        self._set("FromFrame.{}", **found)
        self.__dict__.update({name: None for name in ("weight", "delay") if name not in found})
        for name in found:
            if as_kept(self, name).shape != self.post.shape:
                self._reject(name, f"must be as long as pre, {self.pairs} (got shape {as_kept(self, name).shape})")

    def __repr__(self) -> str:
        more = " and ".join(name for name in ("weight", "delay") if getattr(self, name) is not None)
        return f"FromFrame({self.pairs} pairs{', with ' * bool(more)}{more})"

    def check(self, pre: "SomeCells", post: "SomeCells") -> None:
        """Raise ValueError if an index is beyond its view."""
        self._check_within(pre, post)


@answers_calls
@dataclass(frozen=True, repr=False, eq=False)
class FromSparse(_PairList):
    """The stored elements of a sparse matrix: element (i, j) is the weight of cell i of `pre` onto cell j of `post`.

    Parameters
    ----------
    matrix : scipy.sparse matrix or array, shape (n_pre, n_post)
        Any format. Stored zeros become synapses of weight 0, and elements stored twice become two synapses. `pre`, `post`
        (int32) and `weight` (float64) hold the stored elements in the order of ``matrix.tocoo()``; `weight`, in the unit of
        the synapse, is used unless `connect` is given another weight.

    Raises
    ------
    TypeError, ValueError
        If it is not a sparse matrix, or contains NaN or infinity; by `check` if its shape is not (n_pre, n_post).

    Examples
    --------
    >>> import brainsim as bs
    >>> from scipy.sparse import csr_array
    >>> bs.FromSparse(csr_array([[0.0, 1.5], [0.5, 0.0]]))
    FromSparse(2x2 matrix, 2 stored)

    A directed graph of networkx:

    >>> import networkx as nx  # doctest: +SKIP
    >>> graph = nx.gnp_random_graph(100, 0.1, seed=1, directed=True)  # doctest: +SKIP
    >>> bs.FromSparse(nx.to_scipy_sparse_array(graph))  # doctest: +SKIP
    """

    matrix: InitVar[Any]
    shape: tuple[int, int] = field(init=False)
    pre: np.ndarray = field(init=False)
    post: np.ndarray = field(init=False)
    weight: np.ndarray = field(init=False)

    def __post_init__(self, matrix: Any) -> None:
        """Copy the elements of the matrix, which is not kept."""
        if not hasattr(matrix, "tocoo"):
            raise TypeError(
                f"FromSparse.matrix: must be a scipy.sparse matrix (got {type(matrix).__name__}); "
                "scipy.sparse.csr_array(matrix) makes one"
            )
        label = "FromSparse.matrix"
        check_elements(matrix, label)
        coo = matrix.tocoo()
        if len(coo.shape) != 2:
            self._reject("matrix", f"must have two dimensions (got the shape {coo.shape})")
        self.__dict__["shape"] = tuple(coo.shape)
        self._set(label, coo.row, coo.col, weight=coo.data)

    def __repr__(self) -> str:
        return f"FromSparse({self.shape[0]}x{self.shape[1]} matrix, {self.pairs} stored)"

    def check(self, pre: "SomeCells", post: "SomeCells") -> None:
        """Raise ValueError unless the matrix has a row per cell of `pre` and a column per cell of `post`."""
        if self.shape != (pre.n, post.n):
            hint = "; pass matrix.T" if self.shape == (post.n, pre.n) else ""
            self._reject(
                "matrix",
                f"must have the shape ({pre.n}, {post.n}), a row per cell of {pre.name!r} and a column "
                f"per cell of {post.name!r} (got {self.shape}){hint}",
            )


def _renaming(names):
    """Return a hint about columns with the names that other tools give them."""
    for pre, post in OTHER_NAMES:
        if pre in names and post in names:
            renamed = f"{{{pre!r}: 'pre', {post!r}: 'post'}}"
            return f"; rename {pre} to pre and {post} to post, in pandas by frame.rename(columns={renamed})"
    return ""


def names_of(frame: Any, label: str) -> list[Any]:
    """Return the names of the columns of a table in memory; TypeError, beginning with `label`, if it is not one."""
    for attribute in ("column_names", "columns", "keys"):  # of pyarrow, of pandas and polars, of a dict
        if (names := getattr(frame, attribute, None)) is not None:
            return list(names() if callable(names) else names)
    names = getattr(getattr(frame, "dtype", None), "names", None)  # of a structured array
    if names is None:
        raise TypeError(
            f"{label}: must be a table with columns, such as a pandas.DataFrame (got a {type(frame).__name__})"
            + "; bs.FromArrays takes two arrays" * label.startswith("FromFrame")
        )
    return list(names)


def _column(frame, name):
    column = frame[name]
    column = np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)
    if column.dtype == object and all(isinstance(value, float | int | np.number) for value in column):
        column = column.astype(np.float64)
    missing = np.flatnonzero(column != column) if column.dtype.kind == "f" else []
    if len(missing):
        raise ValueError(f"FromFrame.{name}: must not contain missing values (got one in row {missing[0]})")
    return column
