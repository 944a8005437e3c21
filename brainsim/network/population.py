"""Populations of cells, and views: chosen cells of one population or of several.

A population is the view of all its cells, so whatever takes a view takes a population.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from brainsim.core.arrays import freeze
from brainsim.core.checks import MAX_INDEX, integer, nearest, reject_masked
from brainsim.models.values import checked_value


class View:
    """Chosen cells, in a fixed order. Views are made from populations, by the ways of NumPy, and are frozen.

    ``cells[3]``, ``cells[-1]``, ``cells[:10]``, ``cells[5:100:2]``, ``cells[mask]`` (n bools), ``cells[[1, 2, 3]]``; a view
    can be cut again. ``a + b`` joins two that have no cell in common; ``view.named("exc")`` is the same cells under a name.
    Views are equal where they are the same cells in the same order; ``cells[1] in view`` asks whether all of them are in it.

    Attributes
    ----------
    name : str
        What messages, plots and default names of projections call it; ``cells[0:10]`` unless it was named.
    n : int
        Number of cells, also ``len(view)``.
    is_named : bool
        Whether somebody gave it its name: a population, or what `named` returned; not cuts and joins of these.
    parts : tuple of (Population, ndarray of int64)
        The cells, as read-only indices into their populations; several parts where a view joins populations.

    Raises
    ------
    IndexError
        Where there is no such cell; a slice, too, must not reach beyond the cells.
    ValueError
        Where no cell or one cell twice is chosen, or joined views overlap.
    TypeError
        Where the brackets hold something else.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(12_500, bs.LIF(), name="cells")
    >>> cells[:10_000]
    View('cells[0:10000]', 10000 cells)
    >>> (cells[:5] + cells[7]).ids
    array([0, 1, 2, 3, 4, 7])
    """

    def __init__(self, parts, name, base=None, is_named=False):
        # `base` is how a cut of this view is called where it is not called after its population
        n = sum(ids.size for _, ids in parts)
        self.__dict__.update(parts=parts, name=name, n=n, is_named=is_named, _base=base)

    def __setattr__(self, key, value):
        """Refuse: views are frozen."""
        raise AttributeError(f"{self.name!r} is frozen and {key!r} cannot be set; make a new one")

    def __delattr__(self, key):
        """Refuse: views are frozen."""
        raise AttributeError(f"{self.name!r} is frozen and {key!r} cannot be deleted; make a new one")

    def __len__(self) -> int:
        """Return the number of cells."""
        return self.n

    def __repr__(self):
        """Return name and size."""
        return f"View({self.name!r}, {self.n} cell{'s' * (self.n != 1)})"

    def __eq__(self, other):
        """Compare cells: the same ones of the same populations in the same order, whatever the views are called."""
        if self is other:
            return True
        if not isinstance(other, View):
            return NotImplemented
        pairs = zip(self.parts, other.parts, strict=False)
        return len(self.parts) == len(other.parts) and all(p is q and np.array_equal(i, j) for (p, i), (q, j) in pairs)

    def __hash__(self):
        """Return a hash of populations, sizes, first and last cells."""
        return hash(tuple((id(population), ids.size, int(ids[0]), int(ids[-1])) for population, ids in self.parts))

    def __contains__(self, cells) -> bool:
        """Return whether all cells of another view are in this one."""
        if not isinstance(cells, View):
            raise TypeError(f"{self.name!r}: is asked for a view, e.g. cells[5] in cells[:10] (got {cells!r})")
        return self.in_common(cells) == cells.n

    def __iter__(self) -> Iterator[View]:
        """Return an iterator over the cells, each a view of one."""
        return (self[i] for i in range(self.n))

    def __getitem__(self, key) -> View:
        """Return a view of the cells that `key` stands for."""
        places = _chosen(key, self.n, self.name)
        parts = _cut(self.parts, places)
        if self._base is not None:
            return View(parts, _label(self._base, places, self.n))
        population, ids = parts[0]
        return View(parts, _label(population.name, ids, population.n))

    def __add__(self, other) -> View:
        """Return a view of these cells and of those of `other`, in this order."""
        if not isinstance(other, View):
            return NotImplemented
        if shared := self.in_common(other):
            raise ValueError(f"{self.name!r} + {other.name!r}: {shared} cells are in both; join views that do not overlap")
        name = f"{self.name}+{other.name}"
        return View(_joined(self.parts + other.parts), name, f"({name})")

    def __radd__(self, other) -> View:
        """Return this view for ``0 + view``, with which ``sum([a, b])`` begins."""
        return self if type(other) is int and other == 0 else NotImplemented

    def named(self, name: str) -> View:
        """Return the same cells under another name; cuts of it are called after that name.

        Parameters
        ----------
        name : str
            The name, for messages, plots and the default names of projections.

        Raises
        ------
        TypeError
            Where it is no text, or empty.

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
        """The population that the cells belong to; ValueError where there are several."""
        if len(self.parts) > 1:
            raise ValueError(self._several())
        return self.parts[0][0]

    @property
    def ids(self) -> np.ndarray:
        """Indices of the cells in their population, int64; ValueError where there are several populations."""
        if len(self.parts) > 1:
            raise ValueError(self._several())
        return self.parts[0][1]

    @property
    def contiguous(self) -> tuple[int, int] | None:
        """The stretch (first, stop) of one population that the cells are, in ascending order; else None."""
        if len(self.parts) > 1:
            return None
        ids = self.parts[0][1]
        return (int(ids[0]), int(ids[-1]) + 1) if np.all(np.diff(ids) == 1) else None

    def in_common(self, other: View) -> int:
        """Return how many cells are in this view and in `other`."""
        count = 0
        for population, ids in self.parts:
            inside = np.zeros(population.n, dtype=bool)
            inside[ids] = True
            count += sum(np.count_nonzero(inside[others]) for theirs, others in other.parts if theirs is population)
        return int(count)

    def _several(self):
        names = ", ".join(dict.fromkeys(population.name for population, _ in self.parts))
        return f"{self.name!r}: joins cells of {names}; take .parts, which has the cells of each"


class Population(View):
    """Cells of one model.

    Parameters
    ----------
    n : int
        Number of cells, >= 1.
    model : Neuron or SpikeTrains
        What each cell is, e.g. ``LIF(tau_m=10.0)``; a parameter may be a number, an array of n, or a distribution.
    name : str, optional
        What results and messages call it; by default the name of the model's class in lower case. Random numbers are keyed
        by it, so that another population does not change those of this one.
    initial : dict, optional
        Values of state variables at t = 0: ``{"v": value}`` with a number, an array of shape (n,), or a distribution, in
        the unit of the variable. By default those of the model. ``"ampa.g"`` is the variable g of the synapse that is
        called ampa, as in `Trace`; it is 0 by default, and that there is such a synapse is checked when the run begins.

    Attributes
    ----------
    n, model, name, initial
        As above; `initial` is a dict, empty by default.
    parts, ids, contiguous, population, is_named
        As for a `View`: all cells.

    Raises
    ------
    TypeError, ValueError
        Where n is no whole number >= 1, the model is none or a class, an array has not n values, or `initial` names a
        variable that the model does not have.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(12_500, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    Population('cells', 12500 LIF)
    """

    def __init__(self, n: int, model, *, name: str | None = None, initial: dict | None = None):
        n = integer(n, "Population.n", at_least=1, at_most=MAX_INDEX)
        _check_model(model)
        name = checked_name(type(model).__name__.lower() if name is None else name, "Population.name")
        model.check_cells(n, name)
        initial = _checked_initial({} if initial is None else initial, model, n)
        super().__init__(((self, freeze(np.arange(n))),), name, is_named=True)
        self.__dict__.update(model=model, _initial=initial)

    def __repr__(self):
        """Return name, size and model."""
        return f"Population({self.name!r}, {self.n} {type(self.model).__name__})"

    @property
    def initial(self) -> dict:
        """Values at t = 0 that were given, a new dict from names of variables to numbers, arrays or distributions."""
        return dict(self._initial)


def checked_name(name, where):
    """Return `name` if it is a text that is not empty."""
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f"{where}: must be a name such as 'exc' (got {name!r})")
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
        where = f"Population.initial[{name!r}]"
        checked[name] = checked_value(value, "" if of_synapse else model.initials[name].unit, where)
        if isinstance(checked[name], np.ndarray) and checked[name].shape != (n,):
            raise ValueError(
                f"{where}: must be one number or an array of shape ({n},), one for each cell "
                f"(got shape {checked[name].shape})"
            )
    return checked


def _chosen(key, n, name):
    """Return the places, 0 to n - 1, that `key` stands for, or raise what is wrong with it."""
    if isinstance(key, slice):
        places = _sliced(key, n, name)
    else:
        reject_masked(key, repr(name))
        given = np.asarray(key)
        if given.size and given.dtype == bool and given.shape != (n,):
            raise IndexError(f"{name!r}: a mask must have one entry for each of its {n} cells (got shape {given.shape})")
        if isinstance(key, tuple) or given.ndim > 1 or (given.size and given.dtype.kind not in "iub"):
            raise TypeError(f"{name!r}: takes a whole number, a slice, a mask or a list of whole numbers (got [{key!r}])")
        places = np.flatnonzero(given) if given.dtype == bool else np.atleast_1d(given)
    bad = places[(places < -n) | (places >= n)]
    if bad.size:
        raise IndexError(f"{name!r}: has {n} cells, 0 to {n - 1} (got {bad[0]})")
    places = places.astype(np.int64)
    if places.size == 0:
        raise ValueError(f"{name!r}: no cell is chosen by [{key!r}]; a view needs at least one of its {n} cells")
    places = np.where(places < 0, places + n, places)
    values, counts = np.unique(places, return_counts=True)
    if values.size < places.size:
        raise ValueError(f"{name!r}: cell {values[counts > 1][0]} is chosen twice; name each once, e.g. np.unique(ids)")
    return places


def _sliced(key, n, name):
    """Return the places of a slice; unlike a list's, its ends must lie within the cells."""
    for end in (key.start, key.stop):
        if end is not None and not -n <= integer(end, f"{name!r}: end of a slice") <= n:
            raise IndexError(f"{name!r}: has {n} cells, the slice reaches to {end}")
    if key.step is not None:
        integer(key.step, f"{name!r}: step of a slice")
    return np.arange(n)[key]


def _cut(parts, places):
    """Return the parts of those cells of a view that stand at `places`."""
    if len(parts) == 1:
        population, ids = parts[0]
        return ((population, freeze(ids[places])),)
    ends = np.cumsum([ids.size for _, ids in parts])
    part = np.searchsorted(ends, places, side="right")
    stretches = np.split(np.arange(places.size), np.flatnonzero(np.diff(part)) + 1)
    starts = np.concatenate([[0], ends[:-1]])
    pieces = []
    for stretch in stretches:
        k = part[stretch[0]]
        population, ids = parts[k]
        pieces.append((population, ids[places[stretch] - starts[k]]))
    return _joined(pieces)


def _joined(pieces):
    """Return the parts, with neighbours of one population made one."""
    lists = []
    for population, ids in pieces:
        if lists and lists[-1][0] is population:
            lists[-1][1].append(ids)
        else:
            lists.append((population, [ids]))
    return tuple((population, freeze(np.concatenate(ids))) for population, ids in lists)


def _label(base, places, n):
    """Return how a cut is called: ``base``, ``base[3]``, ``base[0:10]``, ``base[0:10:2]`` or ``base[37 cells]``."""
    if places.size == 1:
        return base if n == 1 else f"{base}[{places[0]}]"
    steps = np.diff(places)
    step = steps[0]
    if step < 1 or np.any(steps != step):
        return f"{base}[{places.size} cells]"
    stop = min(places[-1] + step, n)
    if step == 1:
        return base if places.size == n else f"{base}[{places[0]}:{stop}]"
    return f"{base}[{places[0]}:{stop}:{step}]"
