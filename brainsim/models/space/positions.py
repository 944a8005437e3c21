"""Places of cells in space, as arrays for ``Population(positions=...)``: grids, and places at random.

A function returns an array of shape (n, dimensions) in um. Random places depend on the seed alone.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence

import numpy as np

from brainsim.core.checks import integer, number, plain, read_only
from brainsim.core.hints import answer_in, answers_calls
from brainsim.rng.streams import stream_key

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ball", "box", "grid"]

MAX_DIMENSIONS = 3
__getattr__ = answer_in("bs.positions", __all__)


@answers_calls
def grid(shape: int | Sequence[int], spacing: float | Sequence[float] = 1.0, *, center: bool = False) -> np.ndarray:
    """Return the points of a regular grid.

    Parameters
    ----------
    shape : int or sequence of 1 to 3 int
        Number of points along each axis; the first axis, x, varies slowest, so that ``values.reshape(shape)`` of an array
        with a value for each cell has the axes x, y, z.
    spacing : float or sequence of float
        Distance between neighbours along each axis [um], > 0. On a periodic sheet, the period is ``shape*spacing``.
    center : bool
        Whether the grid is centred on the origin; by default its first point is there.

    Returns
    -------
    ndarray of float64, shape (product of `shape`, dimensions)

    Raises
    ------
    TypeError, ValueError
        If `shape` has more than 3 axes or is not made of whole numbers >= 1, or a spacing is not > 0.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.positions.grid((2, 3), spacing=10.0).tolist()
    [[0.0, 0.0], [0.0, 10.0], [0.0, 20.0], [10.0, 0.0], [10.0, 10.0], [10.0, 20.0]]
    """
    axes = (shape,) if np.ndim(shape) == 0 else tuple(shape)  # type: ignore[arg-type]
    if not 1 <= len(axes) <= MAX_DIMENSIONS:
        raise ValueError(f"grid.shape: must have 1 to {MAX_DIMENSIONS} axes (got {len(axes)})")
    axes = tuple(integer(n, "grid.shape", at_least=1) for n in axes)
    steps = _per_axis(spacing, len(axes), "grid.spacing")
    points = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in axes), indexing="ij"), axis=-1)
    points = points.reshape(-1, len(axes)) * steps
    return points - (np.array(axes) - 1) * steps / 2 if center else points


@answers_calls
def box(n: int, size: float | Sequence[float], *, seed: int) -> np.ndarray:
    """Return n points that are uniformly distributed in an interval, a rectangle or a box, with one corner at the origin.

    Parameters
    ----------
    n : int
        Number of points, >= 1.
    size : float or sequence of 1 to 3 float
        Length of each side [um], > 0.
    seed : int
        Seed, >= 0: the same one gives the same points.

    Returns
    -------
    ndarray of float64, shape (n, dimensions)

    Raises
    ------
    TypeError, ValueError
        If `n`, a side or the seed is not of its kind.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.positions.box(1000, (500.0, 200.0), seed=1).shape
    (1000, 2)
    """
    n = integer(n, "box.n", at_least=1)
    sides = _per_axis(size, None, "box.size")
    return _uniform(n, sides.size, seed, "box") * sides


@answers_calls
def ball(n: int, radius: float, *, dimensions: int = 2, seed: int) -> np.ndarray:
    """Return n points that are uniformly distributed in a disc, or in a ball of 3 dimensions, around the origin.

    Parameters
    ----------
    n : int
        Number of points, >= 1.
    radius : float
        Radius [um], > 0.
    dimensions : {1, 2, 3}
        2, by default, is a disc; 1 is the interval from -radius to radius.
    seed : int
        Seed, >= 0: the same one gives the same points.

    Returns
    -------
    ndarray of float64, shape (n, dimensions)

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> disc = bs.positions.ball(1000, 250.0, seed=1)
    >>> bool((np.hypot(*disc.T) <= 250.0).all())
    True
    """
    n = integer(n, "ball.n", at_least=1)
    radius = number(radius, "ball.radius", "um", above=0.0)
    dimensions = integer(dimensions, "ball.dimensions", at_least=1, at_most=MAX_DIMENSIONS)
    u = _uniform(n, dimensions, seed, "ball")
    if dimensions == 1:
        return radius * (2.0 * u - 1.0)
    from brainsim.jit.functions import FUNCTIONS as EXACT  # NumPy's last bits differ between processors

    # inverse distributions: of the distance, of the angle around the axis, and in a ball of the height on a sphere
    r = radius * (np.sqrt(u[:, 0]) if dimensions == 2 else EXACT["**"](u[:, 0], 1.0 / 3.0))
    around = np.stack([EXACT["cos"](2.0 * np.pi * u[:, 1]), EXACT["sin"](2.0 * np.pi * u[:, 1])], axis=1)
    if dimensions == 2:
        return r[:, None] * around
    height = 2.0 * u[:, 2:] - 1.0
    return r[:, None] * np.hstack([np.sqrt(1.0 - height**2) * around, height])


def checked_positions(positions: ArrayLike, n: int, label: str) -> np.ndarray:
    """Return positions as a read-only array of shape (n, dimensions); a list of n numbers is on a line."""
    array = np.asarray(plain(positions, "um", label), dtype=np.float64)
    if array.ndim == 1 and array.size == n:
        array = array[:, None]
    if array.ndim != 2 or array.shape[0] != n or not 1 <= array.shape[1] <= MAX_DIMENSIONS:
        raise ValueError(
            f"{label}: must have the shape ({n}, dimensions), a row for each cell with 1 to {MAX_DIMENSIONS} coordinates "
            f"(got the shape {np.shape(positions)})"
        )
    return read_only(array)


def _per_axis(value, axes, label):
    values = np.atleast_1d(np.asarray(plain(value, "um", label), dtype=np.float64))
    if values.ndim != 1 or not 1 <= values.size <= MAX_DIMENSIONS or (axes and values.size not in (1, axes)):
        wanted = f"{axes}" if axes else f"1 to {MAX_DIMENSIONS}"
        raise ValueError(f"{label}: must be a number, or one for each axis, {wanted} (got {value!r})")
    for each in values:
        number(each, label, "um", above=0.0)
    return np.broadcast_to(values, axes) if axes else values


def _uniform(n, columns, seed, name):
    """Return n rows of numbers in [0, 1), the same ones for the same seed."""
    seed = integer(seed, f"{name}.seed", at_least=0)
    key = int(stream_key(seed, "positions", name))
    # a stream of NumPy's whose numbers are fixed by its policy; it loads no compiler
    bits = np.random.Philox(key=key).random_raw(n * columns)
    return (bits >> np.uint64(11)).astype(np.float64).reshape(n, columns) * 2.0**-53
