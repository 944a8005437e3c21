"""The mappings of a result: they find spikes and traces by the name of a population or view, or by the object itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.checks import MissingName, nearest
from brainsim.results.colours import parts_of, place_among, set_place

if TYPE_CHECKING:
    from brainsim.results.spikes import Spikes
    from brainsim.results.traces import Traces
    from brainsim.results.weights import Weights


class Lookup(Mapping):
    """A read-only dict that answers a missing name with what was probably meant; messages begin with `label`."""

    def __init__(self, items: Mapping, label: str):
        self._items, self._label = dict(items), label

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._items[key]
        except (KeyError, TypeError):
            raise MissingName(f"{self._label}: has no {key!r}{nearest(key, self._items)}") from None

    def __iter__(self) -> Iterator:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{key!r}: {item!r}" for key, item in self._items.items()) + "}"


class SpikesLookup(Lookup):
    """Spikes by the name of a population or of a named view, by a population, or by a view of one population.

    Parameters
    ----------
    items : dict of str to Spikes
        Spikes by population.
    label : str
        How messages begin.
    views : dict of str to list of (str, int, int), optional
        Named parts of each population: name, first cell, one past the last cell. If a population has the same name, it
        comes first. Iteration is over populations only.

    Examples
    --------
    >>> result.spikes["cells"]                                          # doctest: +SKIP
    >>> result.spikes[cells[:100]]                                      # doctest: +SKIP
    """

    def __init__(
        self, items: Mapping[str, Spikes], label: str, views: Mapping[str, Iterable[tuple[str, int, int]]] | None = None
    ):
        super().__init__(items, label)
        self._views = {
            view: (name, start, stop)
            for name, parts in (views or {}).items()
            for view, start, stop in parts
            if name in self._items
        }
        self._parts = parts_of({name: spikes.n for name, spikes in self._items.items()}, views or {})
        for part in self._parts:
            if part.stop - part.start == self._items[part.population].n:
                set_place(self._items[part.population], part.place)

    def __getitem__(self, key: Any) -> Spikes:
        """Return the spikes of a population or view; the cells of a view are renumbered from 0."""
        if not hasattr(key, "parts"):
            return self._find(key)
        name, ids = only_part(key, self._label)
        view_name = str(getattr(key, "name", ""))
        if name not in self._items and view_name in self._items and self._items[view_name].n == len(ids):
            return self._items[view_name]  # only the spikes of this view were recorded
        spikes = self._find(name)
        if np.array_equal(ids, np.arange(spikes.n)):
            return spikes
        chosen = replace(spikes.of(ids), name=str(getattr(key, "name", None) or name))
        return set_place(chosen, place_among(self._parts, name, int(ids.min()), int(ids.max()) + 1))

    def _find(self, key):
        """Return the spikes of the population with this name, or else of the view."""
        if isinstance(key, str) and key in self._items:
            return self._items[key]
        if isinstance(key, str) and key in self._views:
            name, start, stop = self._views[key]
            chosen = replace(self._items[name].of(slice(start, stop)), name=key)
            return set_place(chosen, place_among(self._parts, name, start, stop))
        raise MissingName(f"{self._label}: has no {key!r}{nearest(key, [*self._items, *self._views])}")


class TracesLookup(Lookup):
    """Traces by (population, variable); the population is a name, a population or a view of one.

    Examples
    --------
    >>> result.traces["cells", "v"]                                     # doctest: +SKIP
    >>> result.traces[cells[:3], "v"]                                   # doctest: +SKIP
    """

    def __getitem__(self, key: Any) -> Traces:
        """Return the traces of a population or view; the cells keep their indices."""
        if not (isinstance(key, tuple) and len(key) == 2):
            fits = [k for k in self._items if key in k or getattr(key, "name", None) in k] or list(self._items)
            keys = " or ".join(f"{self._label.rpartition('.')[2]}[{name!r}, {variable!r}]" for name, variable in fits)
            hint = f"write {keys}" if keys else "no traces were recorded"
            raise MissingName(f"{self._label}: the key must be a population and a variable (got {key!r}); {hint}")
        owner, variable = key
        if not hasattr(owner, "parts"):
            return self._find(owner, variable)
        if (owner.name, variable) in self._items and isinstance(variable, str) and variable.endswith(")"):
            return self._items[owner.name, variable]  # a mean over the cells of a view
        name, ids = only_part(owner, self._label)
        traces = self._find(name, variable)
        recorded = np.intersect1d(ids, traces.ids)
        if recorded.size == 0:
            raise MissingName(f"{self._label}: has no {variable!r} of these cells of {name!r}; available: {traces!r}")
        return traces if recorded.size == traces.ids.size else traces.of(recorded)

    def _find(self, name, variable):
        if (name, variable) in self._items:
            return self._items[name, variable]
        raise missing(self._items, self._label, name, variable, "traces", f"bs.Trace({name}, {variable!r})")


class WeightsLookup(Lookup):
    """Weights by projection, or by (projection, variable); the projection is its name or what `Network.connect` returned.

    Examples
    --------
    >>> result.weights["exc->cells"]                                    # doctest: +SKIP
    >>> result.weights[wires, "x"]                                      # doctest: +SKIP
    """

    def __getitem__(self, key: Any) -> Weights:
        """Return what was recorded of a projection; of its weights if no variable is named."""
        owner, variable = key if isinstance(key, tuple) and len(key) == 2 else (key, "w")
        name = owner if isinstance(owner, str) else getattr(owner, "name", owner)
        try:
            return self._items[name, variable]
        except (KeyError, TypeError):
            raise missing(self._items, self._label, name, variable, "weights", "bs.WeightTrace(projection)") from None


def missing(items: Mapping, label: str, name: Any, variable: Any, what: str, request: str) -> MissingName:
    """Return the error if there is no (name, variable) among the keys of items, of which there would be by a request."""
    if recorded := [v for n, v in items if n == name]:
        return MissingName(f"{label}: has no {variable!r} of {name!r}{nearest(variable, recorded)}")
    if not items:
        return MissingName(f"{label}: no {what} were recorded; run with record=[{request}]")
    return MissingName(f"{label}: has no {what} of {name!r}{nearest(name, dict.fromkeys(n for n, _ in items))}")


def only_part(view: Any, label: str) -> tuple[str, np.ndarray]:
    """Return (name of the population, ids) of a view; raise ValueError for a view of several populations."""
    parts = view.parts
    if len(parts) != 1:
        names = ", ".join(repr(population.name) for population, _ in parts)
        raise ValueError(f"{label}: must be a view of one population (got a view of {names}); look up each of them")
    population, ids = parts[0]
    return population.name, np.asarray(ids)
