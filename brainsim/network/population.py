"""Populations of cells, and views: some cells of one population or of several.

A population is a view of all its cells, so a population can be used in place of a view.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping

import numpy as np

from brainsim.core.arrays import freeze
from brainsim.core.checks import MAX_INDEX, integer, nearest, reject_masked
from brainsim.core.html import shown_by
from brainsim.models.positions import checked_positions
from brainsim.models.values import checked_value

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.base import Neuron
    from brainsim.models.neurons.sources import SpikeTrains
    from brainsim.models.values import Distribution, ValueLike


class View:
    """Some cells, in a fixed order. Views are made by indexing a population as in NumPy, and are frozen.

    ``cells[3]``, ``cells[-1]``, ``cells[:10]``, ``cells[5:100:2]``, ``cells[mask]`` (n bools), ``cells[[1, 2, 3]]``; a view
    can be indexed again. ``a + b`` joins two views without common cells; ``view.named("exc")`` gives the cells a name. Views
    are equal if they have the same cells in the same order; ``a in b`` tells whether all cells of a are in b.

    Attributes
    ----------
    name : str
        The name in messages, plots and default names of projections; ``cells[0:10]`` unless it was named.
    n : int
        Number of cells, also ``len(view)``.
    is_named : bool
        Whether the name was given: of populations, and of what `named` returns, but not of their parts and joins.
    parts : tuple of (Population, ndarray of int64)
        The cells, as read-only indices into their populations; several parts if a view joins populations.

    Raises
    ------
    IndexError
        If there is no such cell; the ends of a slice must lie within the cells, too.
    ValueError
        If no cell is selected, a cell is selected twice, or joined views overlap.
    TypeError
        If the index is of another kind.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(12_500, bs.LIF(), name="cells")
    >>> cells[:10_000]
    View('cells[0:10000]', 10000 cells)
    >>> (cells[:5] + cells[7]).ids
    array([0, 1, 2, 3, 4, 7])
    """

    parts: tuple[tuple[Population, np.ndarray], ...]
    name: str
    n: int
    is_named: bool
    _base: str | None

    def __init__(
        self, parts: tuple[tuple[Population, np.ndarray], ...], name: str, base: str | None = None, is_named: bool = False
    ) -> None:
        # `base` begins the names of parts of this view; by default they begin with the name of the population
        n = sum(ids.size for _, ids in parts)
        self.__dict__.update(parts=parts, name=name, n=n, is_named=is_named, _base=base)

    def __setattr__(self, key: str, value: object) -> None:
        """Raise AttributeError: views are frozen."""
        raise AttributeError(f"{self.name!r} is frozen and {key!r} cannot be set; make a new one")

    def __delattr__(self, key: str) -> None:
        """Raise AttributeError: views are frozen."""
        raise AttributeError(f"{self.name!r} is frozen and {key!r} cannot be deleted; make a new one")

    def __len__(self) -> int:
        """Return the number of cells."""
        return self.n

    def __repr__(self) -> str:
        """Return name and size."""
        return f"View({self.name!r}, {self.n} cell{'s' * (self.n != 1)})"

    _repr_html_ = shown_by("brainsim.network.html", "html_of_view")

    def __eq__(self, other: object) -> bool:
        """Return whether both views have the same cells in the same order, whatever their names."""
        if self is other:
            return True
        if not isinstance(other, View):
            return NotImplemented
        pairs = zip(self.parts, other.parts, strict=False)
        return len(self.parts) == len(other.parts) and all(p is q and np.array_equal(i, j) for (p, i), (q, j) in pairs)

    def __hash__(self) -> int:
        """Return a hash of populations, sizes, first and last cells."""
        return hash(tuple((id(population), ids.size, int(ids[0]), int(ids[-1])) for population, ids in self.parts))

    def __contains__(self, cells: View) -> bool:
        """Return whether all cells of another view are in this one."""
        if not isinstance(cells, View):
            raise TypeError(f"{self.name!r}: can only contain a view, e.g. cells[5] in cells[:10] (got {cells!r})")
        return self.in_common(cells) == cells.n

    def __iter__(self) -> Iterator[View]:
        """Return an iterator over the cells, each a view of one."""
        return (self[i] for i in range(self.n))

    def __getitem__(self, key: int | slice | ArrayLike) -> View:
        """Return a view of the cells that `key` selects."""
        indices = _selected(key, self.n, self.name)
        parts = _cut(self.parts, indices)
        if self._base is not None:
            return View(parts, _name_of_cut(self._base, indices, self.n))
        population, ids = parts[0]
        return View(parts, _name_of_cut(population.name, ids, population.n))

    def __add__(self, other: View) -> View:
        """Return a view of these cells followed by those of `other`."""
        if not isinstance(other, View):
            return NotImplemented
        if shared := self.in_common(other):
            raise ValueError(f"{self.name!r} + {other.name!r}: {shared} cells are in both; join views that do not overlap")
        name = f"{self.name}+{other.name}"
        return View(_joined(self.parts + other.parts), name, f"({name})")

    def __radd__(self, other: int) -> View:
        """Return this view for ``0 + view``, the first step of ``sum([a, b])``."""
        return self if type(other) is int and other == 0 else NotImplemented

    def named(self, name: str) -> View:
        """Return the same cells under another name, with which the names of its parts begin.

        Parameters
        ----------
        name : str
            The name, for messages, plots and the default names of projections.

        Raises
        ------
        TypeError
            If the name is not a str, or is empty.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.Population(100, bs.LIF(), name="cells")[:80].named("exc")
        View('exc', 80 cells)
        """
        name = checked_name(name, "View.named")
        return View(self.parts, name, name, is_named=True)

    @property
    def population(self) -> Population:
        """The population that the cells belong to; ValueError if there are several."""
        if len(self.parts) > 1:
            raise ValueError(self._several())
        return self.parts[0][0]

    @property
    def ids(self) -> np.ndarray:
        """Indices of the cells in their population, int64; ValueError if there are several populations."""
        if len(self.parts) > 1:
            raise ValueError(self._several())
        return self.parts[0][1]

    @property
    def positions(self) -> np.ndarray | None:
        """Places of the cells [um], shape (n, dimensions), read-only; None if any population of the view has none."""
        places = [population.positions[ids] for population, ids in self.parts if population.positions is not None]
        return freeze(np.concatenate(places)) if len(places) == len(self.parts) else None

    @property
    def contiguous(self) -> tuple[int, int] | None:
        """The interval (start, stop) of one population, if the cells are exactly that in ascending order; else None."""
        if len(self.parts) > 1:
            return None
        ids = self.parts[0][1]
        return (int(ids[0]), int(ids[-1]) + 1) if np.all(np.diff(ids) == 1) else None

    def in_common(self, other: View) -> int:
        """Return how many cells are in both this view and `other`."""
        count = 0
        for population, ids in self.parts:
            inside = np.zeros(population.n, dtype=bool)
            inside[ids] = True
            count += sum(int(np.count_nonzero(inside[theirs])) for owner, theirs in other.parts if owner is population)
        return count

    def _several(self):
        names = ", ".join(dict.fromkeys(population.name for population, _ in self.parts))
        return f"{self.name!r}: joins cells of {names}; use .parts, which has the cells of each"


class Population(View):
    """Cells of one model.

    Parameters
    ----------
    n : int
        Number of cells, >= 1.
    model : Neuron or SpikeTrains
        The model of the cells, e.g. ``LIF(tau_m=10.0)``; a parameter may be a number, an array of n, or a distribution.
    name : str, optional
        The name in results and messages; by default the name of the model's class in lower case. Random numbers depend on
        it, so that other populations do not change those of this one.
    initial : dict, optional
        Values of state variables at t = 0: ``{"v": value}`` with a number, an array of shape (n,), or a distribution, in
        the unit of the variable. By default those of the model. ``"ampa.g"`` is the variable g of the synapse named ampa,
        as in `Trace`; it is 0 by default. Whether there is such a synapse is checked when a run begins.
    positions : array of float, shape (n, dimensions), optional
        Where the cells are [um], in 1 to 3 dimensions; ``bs.positions`` makes grids and random places. `DistanceRule`, and
        weights and delays that depend on the distance, need them. Views have them, too: ``cells.positions[:, 0] < 100``
        selects cells.

    Attributes
    ----------
    n, model, name, initial, positions
        As above; `initial` is a dict, empty by default.
    parts, ids, contiguous, population, is_named
        As for a `View`: all cells.

    Raises
    ------
    TypeError, ValueError
        If n is not a whole number >= 1, the model is not a model or is a class, an array does not have n values, or
        `initial` names a variable that the model does not have.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(12_500, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    Population('cells', 12500 LIF)
    """

    model: Neuron | SpikeTrains
    _initial: dict[str, float | np.ndarray | Distribution]
    _positions: np.ndarray | None

    def __init__(
        self,
        n: int,
        model: Neuron | SpikeTrains,
        *,
        name: str | None = None,
        initial: Mapping[str, ValueLike] | None = None,
        positions: ArrayLike | None = None,
    ) -> None:
        n = integer(n, "Population.n", at_least=1, at_most=MAX_INDEX)
        _check_model(model)
        name = checked_name(type(model).__name__.lower() if name is None else name, "Population.name")
        model.check_cells(n, name)
        initial = _checked_initial({} if initial is None else initial, model, n)
        places = None if positions is None else checked_positions(positions, n, "Population.positions")
        super().__init__(((self, freeze(np.arange(n))),), name, is_named=True)
        self.__dict__.update(model=model, _initial=initial, _positions=places)

    def __repr__(self) -> str:
        """Return name, size and model."""
        return f"Population({self.name!r}, {self.n} {type(self.model).__name__})"

    @property
    def positions(self) -> np.ndarray | None:
        """Places of the cells [um], shape (n, dimensions), read-only; None if none were given."""
        return self._positions

    @property
    def initial(self) -> dict[str, float | np.ndarray | Distribution]:
        """The given values at t = 0, as a new dict: name of a variable -> number, array or distribution."""
        return dict(self._initial)


def checked_name(name, label):
    """Return `name` if it is a str that is not blank."""
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f"{label}: must be a name such as 'exc' (got {name!r})")
    return name


def _check_model(model):
    """Raise TypeError unless `model` is an instance of a model of cells."""
    if isinstance(model, type):
        short = f"bs.{model.__name__}" if model.__module__.startswith("brainsim.") else model.__name__
        raise TypeError(f"Population.model: {model.__name__} is a class; write {short}()")
    if not (hasattr(model, "check_cells") and hasattr(model, "spiking_source")):
        raise TypeError(
            "Population.model: must be a model of cells such as bs.LIF(), bs.Poisson(rate=8.0) or "
            f"bs.SpikeTrains(times, ids) (got {model!r})"
        )


def _checked_initial(initial, model, n):
    """Return the initial values, checked, as a new dict."""
    if not isinstance(initial, dict):
        raise TypeError(f"Population.initial: must be a dict such as {{'v': -65.0}} (got {initial!r})")
    checked = {}
    for name, value in initial.items():
        of_synapse = isinstance(name, str) and "." in name
        if name not in model.initials and not of_synapse:
            raise ValueError(
                f"Population.initial: {type(model).__name__} has no variable {name!r}{nearest(name, model.initials)}"
            )
        label = f"Population.initial[{name!r}]"
        checked[name] = checked_value(value, "" if of_synapse else model.initials[name].unit, label)
        if isinstance(checked[name], np.ndarray) and checked[name].shape != (n,):
            raise ValueError(
                f"{label}: must be one number or an array of shape ({n},), one for each cell "
                f"(got shape {checked[name].shape})"
            )
    return checked


def _selected(key, n, name):
    """Return the indices, 0 to n - 1, that `key` selects."""
    if isinstance(key, slice):
        indices = _sliced(key, n, name)
    else:
        reject_masked(key, repr(name))
        array = np.asarray(key)
        if array.size and array.dtype == bool and array.shape != (n,):
            raise IndexError(f"{name!r}: a mask must have one entry for each of its {n} cells (got shape {array.shape})")
        if isinstance(key, tuple) or array.ndim > 1 or (array.size and array.dtype.kind not in "iub"):
            raise TypeError(f"{name!r}: takes a whole number, a slice, a mask or a list of whole numbers (got [{key!r}])")
        indices = np.flatnonzero(array) if array.dtype == bool else np.atleast_1d(array)
    bad = indices[(indices < -n) | (indices >= n)]
    if bad.size:
        raise IndexError(f"{name!r}: has {n} cells, 0 to {n - 1} (got {bad[0]})")
    indices = indices.astype(np.int64)
    if indices.size == 0:
        raise ValueError(f"{name!r}: no cell is selected; a view needs at least one of its {n} cells")
    indices = np.where(indices < 0, indices + n, indices)
    values, counts = np.unique(indices, return_counts=True)
    if values.size < indices.size:
        raise ValueError(f"{name!r}: selects cell {values[counts > 1][0]} twice; name each cell once, e.g. np.unique(ids)")
    return indices


def _sliced(key, n, name):
    """Return the indices of a slice, whose ends, unlike those of a slice of a list, must lie within the cells."""
    for end in (key.start, key.stop):
        if end is not None and not -n <= integer(end, f"{name!r}: end of a slice") <= n:
            raise IndexError(f"{name!r}: has {n} cells, the slice reaches to {end}")
    if key.step is not None:
        integer(key.step, f"{name!r}: step of a slice")
    return np.arange(n)[key]


def _cut(parts, indices):
    """Return the parts of a view that hold the cells at `indices` of the view."""
    if len(parts) == 1:
        population, ids = parts[0]
        return ((population, freeze(ids[indices])),)
    stops = np.cumsum([ids.size for _, ids in parts])
    starts = np.concatenate([[0], stops[:-1]])
    part_of = np.searchsorted(stops, indices, side="right")
    pieces = []
    for piece in np.split(np.arange(indices.size), np.flatnonzero(np.diff(part_of)) + 1):
        part = part_of[piece[0]]
        population, ids = parts[part]
        pieces.append((population, ids[indices[piece] - starts[part]]))
    return _joined(pieces)


def _joined(pieces):
    """Return the parts, with adjacent pieces of one population merged."""
    lists = []
    for population, ids in pieces:
        if lists and lists[-1][0] is population:
            lists[-1][1].append(ids)
        else:
            lists.append((population, [ids]))
    return tuple((population, freeze(np.concatenate(ids))) for population, ids in lists)


def _name_of_cut(base, indices, n):
    """Return the name of some cells: ``base``, ``base[3]``, ``base[0:10]``, ``base[0:10:2]`` or ``base[37 cells]``."""
    if indices.size == 1:
        return base if n == 1 else f"{base}[{indices[0]}]"
    steps = np.diff(indices)
    step = steps[0]
    if step < 1 or np.any(steps != step):
        return f"{base}[{indices.size} cells]"
    stop = min(indices[-1] + step, n)
    if step == 1:
        return base if indices.size == n else f"{base}[{indices[0]}:{stop}]"
    return f"{base}[{indices[0]}:{stop}:{step}]"
