"""Populations of cells, and views: some cells of one population or of several.

A population is a view of all its cells, so a population can be used in place of a view.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from brainsim.core.arrays import checked_names, freeze
from brainsim.core.checks import MAX_INDEX, check_name, integer, nearest
from brainsim.core.doors import show_by
from brainsim.core.hints import Answering, answers_calls
from brainsim.core.identity import Identified
from brainsim.models.changing import check_text
from brainsim.models.values import checked_value
from brainsim.network.indexing import cut, join, name_of_cut, select

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.base import Neuron
    from brainsim.models.neurons.sources import SpikeTrains
    from brainsim.models.values import Distribution, ValueLike


class View(Answering):
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

    def __getstate__(self) -> dict:
        """Return what is pickled: neighbouring cells as start and stop."""
        packed = [(population, _as_interval(ids)) for population, ids in self.parts]
        return {**vars(self), "parts": packed}

    def __setstate__(self, state: dict) -> None:
        parts = tuple((population, freeze(_from_interval(ids))) for population, ids in state["parts"])
        vars(self).update({**state, "parts": parts})

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"{self.name!r} is frozen and {key!r} cannot be set; make a new one")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"{self.name!r} is frozen and {key!r} cannot be deleted; make a new one")

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"View({self.name!r}, {self.n} cell{'s' * (self.n != 1)})"

    _repr_html_ = show_by("HTML of cells")

    def __eq__(self, other: object) -> bool:
        """Return whether both views have the same cells in the same order, whatever their names."""
        if self is other:
            return True
        if not isinstance(other, View):
            return NotImplemented
        pairs = zip(self.parts, other.parts, strict=False)
        return len(self.parts) == len(other.parts) and all(p is q and np.array_equal(i, j) for (p, i), (q, j) in pairs)

    def __hash__(self) -> int:
        return hash(tuple((id(population), ids.size, int(ids[0]), int(ids[-1])) for population, ids in self.parts))

    def __contains__(self, cells: View) -> bool:
        """Return whether all cells of another view are in this one."""
        if not isinstance(cells, View):
            raise TypeError(f"{self.name!r}: `in` compares views, as in cells[5] in cells[:10] (got {cells!r})")
        return self.in_common(cells) == cells.n

    def __iter__(self) -> Iterator[View]:
        """Return an iterator over the cells, each a view of one."""
        return (self[i] for i in range(self.n))

    def __getitem__(self, key: int | slice | ArrayLike) -> View:
        indices = select(key, self.n, self.name)
        parts = cut(self.parts, indices)
        if self._base is not None:
            return View(parts, name_of_cut(self._base, indices, self.n))
        population, ids = parts[0]
        return View(parts, name_of_cut(population.name, ids, population.n))

    def __add__(self, other: View) -> View:
        """Return a view of these cells followed by those of `other`."""
        if not isinstance(other, View):
            return NotImplemented
        if shared := self.in_common(other):
            raise ValueError(f"{self.name!r} + {other.name!r}: {shared} cells are in both; join views that do not overlap")
        name = f"{self.name}+{other.name}"
        return View(join(self.parts + other.parts), name, f"({name})")

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
        name = check_name(name, "View.named")
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


@answers_calls
class Population(Identified, View):
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
    names : sequence of str, shape (n,), optional
        What the cells are called, such as their identifiers in a mapped brain. Results and their files keep them, and
        `Result.view` shows them.

    Attributes
    ----------
    n, model, name, initial, positions, names
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
    names: np.ndarray | None

    def __init__(
        self,
        n: int,
        model: Neuron | SpikeTrains,
        *,
        name: str | None = None,
        initial: Mapping[str, ValueLike] | None = None,
        positions: ArrayLike | None = None,
        names: Sequence[str] | np.ndarray | None = None,
    ) -> None:
        if hasattr(n, "spiking_source"):  # a model
            raise TypeError(f"Population.n: must be a whole number (got {n!r}); the order is Population(n, model)")
        n = integer(n, "Population.n", at_least=1, at_most=MAX_INDEX)
        _check_model(model)
        name = check_name(type(model).__name__.lower() if name is None else name, "Population.name")
        model.check_cells(n, name)
        initial = _check_initial({} if initial is None else initial, model, n)
        places = None
        if positions is not None:
            from brainsim.models.space.positions import checked_positions

            places = checked_positions(positions, n, "Population.positions")
        called = None if names is None else checked_names(names, n, "Population.names")
        super().__init__(((self, freeze(np.arange(n))),), name, is_named=True)
        self.__dict__.update(model=model, _initial=initial, _positions=places, names=called)
        for key, spec in model.parameters.items():
            if isinstance(text := getattr(model, key), str):
                check_text(text, f"{type(model).__name__}.{key}", spec.unit, self)

    def _pack(self):
        return {name: value for name, value in super()._pack().items() if name != "parts"}

    def _unpack(self, state):
        return {**state, "parts": ((self, freeze(np.arange(state["n"]))),)}

    def __repr__(self) -> str:
        return f"Population({self.name!r}, {self.n} {type(self.model).__name__})"

    @property
    def positions(self) -> np.ndarray | None:
        """Places of the cells [um], shape (n, dimensions), read-only; None if none were given."""
        return self._positions

    @property
    def initial(self) -> dict[str, float | np.ndarray | Distribution]:
        """The given values at t = 0, as a new dict: name of a variable -> number, array or distribution."""
        return dict(self._initial)


def _as_interval(ids):
    """Return (start, stop) of neighbouring cells, other ids unchanged."""
    return (int(ids[0]), int(ids[-1]) + 1) if ids.size > 1 and np.all(np.diff(ids) == 1) else ids


def _from_interval(ids):
    return np.arange(*ids) if isinstance(ids, tuple) else ids.copy()


def _check_model(model):
    if isinstance(model, type):
        short = f"bs.{model.__name__}" if model.__module__.startswith("brainsim.") else model.__name__
        raise TypeError(f"Population.model: {model.__name__} is a class; write {short}()")
    if not (hasattr(model, "check_cells") and hasattr(model, "spiking_source")):
        raise TypeError(
            "Population.model: must be a model of cells such as bs.LIF(), bs.Poisson(rate=8.0) or "
            f"bs.SpikeTrains(times, ids) (got {model!r})"
        )


def _check_initial(initial, model, n):
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
        if isinstance(value, str):
            hint = f"give an array, such as -65.0 + np.arange({n}), or a distribution, such as bs.Uniform(-65.0, -50.0)"
            raise TypeError(f"{label}: a text is not read here (got {value!r}); {hint}")
        checked[name] = checked_value(value, "" if of_synapse else model.initials[name].unit, label)
        if isinstance(checked[name], np.ndarray) and checked[name].shape != (n,):
            raise ValueError(
                f"{label}: must be one number or an array of shape ({n},), one for each cell "
                f"(got shape {checked[name].shape})"
            )
    return checked
