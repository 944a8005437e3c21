"""Mappings of a result, which find spikes and traces by name or by the population or view itself."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from brainsim.core.checks import MissingName, nearest


class Lookup(Mapping):
    """A read-only dict whose missing names are answered with what was probably meant."""

    def __init__(self, items, label):
        self._items, self._label = dict(items), label

    def __getitem__(self, key):
        """Return the item, or raise MissingName."""
        try:
            return self._items[key]
        except (KeyError, TypeError):
            raise MissingName(f"{self._label}: has no {key!r}{nearest(key, self._items)}") from None

    def __iter__(self):
        """Go through the keys."""
        return iter(self._items)

    def __len__(self):
        """Return the number of items."""
        return len(self._items)

    def __repr__(self):
        """Return the items as a dict shows them."""
        return "{" + ", ".join(f"{key!r}: {item!r}" for key, item in self._items.items()) + "}"


class SpikesLookup(Lookup):
    """Spikes by the name of a population or of a named view, by a population, or by a view of one population.

    `views` has for each population its named parts, (label, first cell, one past the last); a population's name goes before
    a label, and labels do not appear when one goes through the keys.

    Examples
    --------
    >>> result.spikes["cells"]                                          # doctest: +SKIP
    >>> result.spikes[cells[:100]]                                      # doctest: +SKIP
    """

    def __init__(self, items, label, views=None):
        super().__init__(items, label)
        named = [(view_name, name, lo, hi) for name, parts in (views or {}).items() for view_name, lo, hi in parts]
        self._labels = {view_name: at for view_name, *at in named if at[0] in self._items}

    def __getitem__(self, key):
        """Return the spikes of a population or view; those of a view are renumbered from 0."""
        if not hasattr(key, "parts"):
            return self._called(key)
        name, ids = only_part(key, self._label)
        view_name = str(getattr(key, "name", ""))
        if name not in self._items and view_name in self._items and self._items[view_name].n == len(ids):
            return self._items[view_name]  # only this view's spikes were kept
        spikes = self._called(name)
        if np.array_equal(ids, np.arange(spikes.n)):
            return spikes
        return replace(spikes.of(ids), name=str(getattr(key, "name", None) or name))

    def _called(self, key):
        """Return the spikes of what has this name: a population, else a view."""
        if isinstance(key, str) and key in self._items:
            return self._items[key]
        if isinstance(key, str) and key in self._labels:
            name, lo, hi = self._labels[key]
            return replace(self._items[name].of(slice(lo, hi)), name=key)
        raise MissingName(f"{self._label}: has no {key!r}{nearest(key, [*self._items, *self._labels])}")


class TracesLookup(Lookup):
    """Traces by (population, variable); the population may be given by name, by itself or by a view of it.

    Examples
    --------
    >>> result.traces["cells", "v"]                                     # doctest: +SKIP
    >>> result.traces[cells[:3], "v"]                                   # doctest: +SKIP
    """

    def __getitem__(self, key):
        """Return the traces of a population or view, whose cells keep their numbers."""
        if not (isinstance(key, tuple) and len(key) == 2):
            hint = "; ".join(f"{name!r}, {variable!r}" for name, variable in self._items) or "there is none"
            raise MissingName(f"{self._label}: is asked by population and variable (got {key!r}); there is {hint}")
        owner, variable = key
        if not hasattr(owner, "parts"):
            return self._found(owner, variable)
        name, ids = only_part(owner, self._label)
        traces = self._found(name, variable)
        recorded = np.intersect1d(ids, traces.ids)
        if recorded.size == 0:
            raise MissingName(f"{self._label}: has no {variable!r} of these cells of {name!r}; there is {traces!r}")
        return traces if recorded.size == traces.ids.size else traces.of(recorded)

    def _found(self, name, variable):
        if (name, variable) in self._items:
            return self._items[name, variable]
        there = [v for n, v in self._items if n == name]
        if there:
            raise MissingName(f"{self._label}: has no {variable!r} of {name!r}{nearest(variable, there)}")
        names = dict.fromkeys(n for n, _ in self._items)
        raise MissingName(f"{self._label}: has no traces of {name!r}{nearest(name, names)}")


def only_part(view, label):
    """Return (name of the population, ids) of a view; raise ValueError for a view of several populations."""
    parts = view.parts
    if len(parts) != 1:
        names = ", ".join(repr(population.name) for population, _ in parts)
        raise ValueError(f"{label}: must be asked for one population at a time (got a view of {names}); ask for each")
    population, ids = parts[0]
    return population.name, np.asarray(ids)
