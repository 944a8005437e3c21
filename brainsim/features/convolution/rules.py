"""Connection rules of networks that see: `Convolution` and `Pooling`."""

from __future__ import annotations

import math
import typing
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from brainsim.core.checks import MAX_INDEX, integer, one_of, plain
from brainsim.core.hints import answers_calls
from brainsim.models.pair_lists import _PairList

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.rules import SomeCells

    Sizes = int | tuple[int, ...]


class _Sliding(_PairList):
    """Cells with a shape (channels, places...), over which a kernel is moved."""

    shape: tuple[int, ...]
    target_shape: tuple[int, ...]

    def __repr__(self) -> str:
        """Return the shapes of both ends, and the number of pairs."""
        return f"{type(self).__name__}({self.shape} to {self.target_shape}, {self.pairs} pairs)"

    def check(self, pre: SomeCells, post: SomeCells) -> None:
        """Raise ValueError unless the views have as many cells as the shapes say."""
        for name, view in (("shape", pre), ("target_shape", post)):
            if view.n != math.prod(shape := getattr(self, name)):
                self._reject(name, f"{shape} has {math.prod(shape)} cells, but {view.name!r} has {view.n}")

    def _slide(self, kernel, groups, stride, padding, dilation):
        """Set the pairs that a kernel (outputs, inputs of a group, places...) connects, and the shape of the targets."""
        channels, *places = self.shape
        stride, dilation = (self._sizes(name, of, 1) for name, of in (("stride", stride), ("dilation", dilation)))
        span = dilation * (np.array(kernel.shape[2:]) - 1)
        named = {"same": span, "valid": 0 * span}
        if isinstance(padding, str):
            before, added = (share := named[one_of(padding, named, self._label("padding"))]) // 2, share
        else:
            added = 2 * (before := self._sizes("padding", padding, 0))
        size = (np.array(places) + added - span - 1) // stride + 1
        if size.min() < 1:
            self._reject("shape", f"is {self.shape}, too small for a kernel that spans {tuple((span + 1).tolist())} places")
        if len(kernel) * math.prod(size.tolist()) > MAX_INDEX:
            self._reject("padding", f"makes targets of the shape {(len(kernel), *size.tolist())}, more than {MAX_INDEX:,}")
        targets = np.indices(size, np.int32).reshape(size.size, -1)
        out = np.arange(len(kernel), dtype=np.int32)[:, None]
        into = out // (len(kernel) // groups) * (channels // groups) + np.arange(channels // groups, dtype=np.int32)
        found, n_pre, n_post = [], math.prod(self.shape), len(kernel) * math.prod(size.tolist())
        for offset in np.ndindex(kernel.shape[2:]):
            sources = targets * stride[:, None] + (dilation * offset - before)[:, None]
            inside = np.flatnonzero(((sources >= 0) & (sources < np.array(places)[:, None])).all(axis=0))
            here = np.ravel_multi_index(tuple(sources[:, inside]), places)
            o, c = np.nonzero(kernel[(..., *offset)])
            pre = into[o, c, None] * math.prod(places) + here
            post = o[:, None] * math.prod(size.tolist()) + inside
            weight = np.broadcast_to(kernel[(o, c, *offset)][:, None], pre.shape)
            found.append([np.ravel(part) for part in (pre.astype(np.int32), post.astype(np.int32), weight)])
        pre, post, weight = map(np.concatenate, zip(*found, strict=True))
        ordered = csr_array((weight, (pre, post)), (n_pre, n_post))
        ordered.sort_indices()
        pre = np.repeat(np.arange(n_pre, dtype=np.int32), np.diff(ordered.indptr))
        self.__dict__["target_shape"] = (len(kernel), *size.tolist())
        self._set(f"{type(self).__name__}.{{}}", pre, ordered.indices, weight=ordered.data)

    def _label(self, name):
        return f"{type(self).__name__}.{name}"

    def _set_shape(self):
        shape = [integer(n, self._label("shape"), at_least=1) for n in np.ravel(np.asarray(self.shape, object))]
        if len(shape) < 2:
            self._reject("shape", f"must be the channels and at least one size, such as (1, 28, 28) (got {self.shape})")
        self.__dict__["shape"] = tuple(shape)

    def _sizes(self, name, value, at_least):
        """Return a whole number for each direction."""
        each = [integer(n, self._label(name), at_least=at_least) for n in np.ravel(np.asarray(value, object))]
        if len(each) not in (1, len(self.shape) - 1):
            self._reject(name, f"must be a number or one for each of the {len(self.shape) - 1} directions (got {value!r})")
        return np.broadcast_to(np.array(each), len(self.shape) - 1)


@answers_calls
@dataclass(frozen=True, repr=False, eq=False)
class Convolution(_Sliding):
    """Cells of an image or a series to those of its convolution: a kernel is moved over them, as in a convolutional network.

    Target (o, y, x) gets from source (c, ``y*stride + i*dilation - padding``, ``x*stride + j*dilation - padding``) the
    weight ``kernel[o, c, i, j]``, as in PyTorch: the kernel is not mirrored. Cells count through the last axis first, as
    ``array.ravel()`` does. There may be any number of directions.

    Parameters
    ----------
    kernel : array, shape (outputs, channels // groups, size, ...)
        The weights, in the unit of the synapse, which are used unless `connect` is given another weight. Elements that are 0
        make no synapses.
    shape : tuple of int, (channels, size, ...)
        The shape of the cells of `pre`. That of the cells of `post` follows: ``rule.target_shape``.
    stride, dilation : int or tuple of int, default 1
        Steps between the places of the kernel, and between its elements; one number or one for each direction.
    padding : int, tuple of int, "same" or "valid", default 0
        How far the kernel goes beyond the border, where no cells are. ``"same"``: as far as is needed for as many places to
        come out as went in.
    groups : int, default 1
        Parts into which the channels are divided, each of which is connected to its part of the outputs.

    Raises
    ------
    TypeError, ValueError
        If a value is not of this kind, or the kernel does not fit; by `check` if a view has another number of cells.

    Examples
    --------
    >>> import math
    >>> import numpy as np
    >>> import brainsim as bs
    >>> edges = np.array([[[[-1.0, 0.0, 1.0]] * 3]])
    >>> rule = bs.Convolution(edges, (1, 28, 28), stride=2, padding=1)
    >>> rule
    Convolution((1, 28, 28) to (1, 14, 14), 1107 pairs)
    >>> image = bs.Population(28 * 28, bs.Poisson(rate=50.0), name="image")
    >>> cells = bs.Population(math.prod(rule.target_shape), bs.LIF(), name="cells")
    >>> wires = bs.Network(seed=1).connect(image, cells, rule, delay=1.0, synapse=bs.Delta())
    >>> wires.weight.shape
    (1107,)

    References
    ----------
    Dumoulin & Visin (2016), arXiv:1603.07285.
    """

    kernel: InitVar[Any]
    shape: tuple[int, ...]
    stride: InitVar[Any] = 1
    padding: InitVar[Any] = 0
    dilation: InitVar[Any] = 1
    groups: InitVar[int] = 1
    target_shape: tuple[int, ...] = field(init=False)
    pre: np.ndarray = field(init=False)
    post: np.ndarray = field(init=False)
    weight: np.ndarray = field(init=False)

    if typing.TYPE_CHECKING:

        def __init__(
            self,
            kernel: ArrayLike,
            shape: tuple[int, ...],
            stride: Sizes = 1,
            padding: Sizes | str = 0,
            dilation: Sizes = 1,
            groups: int = 1,
        ) -> None: ...

    def __post_init__(self, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> None:
        """List the pairs; the kernel is not kept."""
        self._set_shape()
        kernel, groups = (
            np.asarray(plain(kernel, "", self._label("kernel"))),
            integer(groups, self._label("groups"), at_least=1),
        )
        if kernel.ndim != len(self.shape) + 1 or kernel.shape[1] * groups != self.shape[0] or len(kernel) % groups:
            wanted = f"(outputs, {self.shape[0] // groups}{', size' * (len(self.shape) - 1)})"
            parts = f" in {groups} groups" if groups > 1 else ""
            self._reject("kernel", f"must have the shape {wanted} for cells {self.shape}{parts} (got {kernel.shape})")
        self._slide(kernel, groups, stride, padding, dilation)


@answers_calls
@dataclass(frozen=True, repr=False, eq=False)
class Pooling(_Sliding):
    """Cells of an image or a series to fewer: each target gets the mean, or the sum, of the cells in its window.

    Parameters
    ----------
    shape : tuple of int, (channels, size, ...)
        The shape of the cells of `pre`. That of the cells of `post` follows: ``rule.target_shape``, with as many channels.
    size : int or tuple of int
        The size of the window; one number or one for each direction.
    stride : int or tuple of int, optional
        Steps between windows; by default they lie side by side.
    padding : int or tuple of int, default 0
        How far windows go beyond the border, where no cells are.
    kind : {"mean", "sum"}
        Whether all weights are 1 over the cells of a window, or 1, in the unit of the synapse. They are used unless
        `connect` is given another weight.

    Raises
    ------
    TypeError, ValueError
        If a value is not of this kind, or the window does not fit; by `check` if a view has another number of cells.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Pooling((2, 8, 8), 2)
    Pooling((2, 8, 8) to (2, 4, 4), 128 pairs)
    """

    shape: tuple[int, ...]
    size: InitVar[Any]
    stride: InitVar[Any] = None
    padding: InitVar[Any] = 0
    kind: InitVar[str] = "mean"
    target_shape: tuple[int, ...] = field(init=False)
    pre: np.ndarray = field(init=False)
    post: np.ndarray = field(init=False)
    weight: np.ndarray = field(init=False)

    if typing.TYPE_CHECKING:

        def __init__(
            self, shape: tuple[int, ...], size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, kind: str = "mean"
        ) -> None: ...

    def __post_init__(self, size: Any, stride: Any, padding: Any, kind: str) -> None:
        """List the pairs."""
        self._set_shape()
        size = self._sizes("size", size, 1)
        share = {"mean": 1.0 / size.prod(), "sum": 1.0}[one_of(kind, ("mean", "sum"), self._label("kind"))]
        kernel = np.full((self.shape[0], 1, *size.tolist()), share)
        self._slide(kernel, self.shape[0], size if stride is None else stride, padding, 1)
