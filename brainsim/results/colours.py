"""Which colour a population has in all pictures: the number of its place among those of its network.

Spikes that come from a Result know their place, so ``result.spikes["inh"]`` alone is drawn in the colour that it has
next to the other populations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

MAX_PARTS = 8  # unnamed views of a population that pictures distinguish, the number of colours
# Cool and warm colours alternate, as excitatory and inhibitory populations usually do. On white each has a contrast of at
# least 3 to 1; with red-green blindness any two are at least 15 apart in CIELAB, the first four 19; neighbours differ in
# lightness, for prints in grey. tests/plot/test_palette.py holds these numbers.
PALETTE = ("#1a5ca6", "#d3594c", "#2f9ad8", "#a35a06", "#0b2e57", "#70281c", "#24837c", "#b38f16")
REST = "#8c8c8c"  # cells outside every named view


class ColouredCells(NamedTuple):
    """Cells `start` to `stop` of a population, drawn in one colour; the place is None for cells outside every view."""

    label: str
    population: str
    start: int
    stop: int
    place: int | None


def parts_of(sizes: Mapping[str, int], views: Mapping[str, Iterable[tuple[str, int, int]]]) -> list[ColouredCells]:
    """Return the parts that have a colour each: the populations or, of a population with named views, the views.

    `sizes` are the numbers of cells, and `views` the named parts (name, first cell, one past the last) as in `Result.views`.

    Examples
    --------
    >>> parts = parts_of({"cells": 10, "more": 5}, {"cells": [("exc", 0, 8)]})
    >>> [(part.label, part.place) for part in parts]
    [('exc', 0), ('other cells', None), ('more', 1)]
    """
    parts, place = [], 0
    for name, n in sizes.items():
        for label, start, stop in _cut(views.get(name, ()), name, n):
            named = label is not None
            parts.append(ColouredCells(label if named else f"other {name}", name, start, stop, place if named else None))
            place += named
    return parts


def place_among(parts: Iterable[ColouredCells], population: str, start: int, stop: int) -> int | None:
    """Return the place of the part that holds cells `start` to `stop` of a population; None if no part holds them all."""
    holding = (part for part in parts if part.population == population)
    return next((part.place for part in holding if part.start <= start and stop <= part.stop), None)


def set_place(thing: Any, place: int | None) -> Any:
    """Note the place of spikes, or of what is made of them, and return them."""
    if place is not None:
        object.__getattribute__(thing, "__dict__")["_place"] = place  # builds nothing that is deferred
    return thing


def place_of(thing: Any) -> int | None:
    """Return the noted place, or None."""
    return vars(thing).get("_place")


def colour(place: int | None) -> str:
    """Return the colour of the population at a place among those of its network; grey for None."""
    return REST if place is None else PALETTE[place % len(PALETTE)]


def tile(parts: Iterable[tuple[str, int, int]], n: int) -> bool:
    """Return whether a few parts (name, start, stop) cover n cells, each once."""
    spans = sorted(part[1:] for part in parts)
    return len(spans) <= MAX_PARTS and [0, *(stop for _, stop in spans)] == [*(start for start, _ in spans), n]


def _cut(views, name, n):
    """Return (label, start, stop) that cover cells 0 to n once: views that overlap no earlier one, and None between them.

    Of views that start with the same cell the largest is taken: ``exc[:50]``, which got a stimulus, is a part of exc.
    """
    done, parts = 0, []
    for label, start, stop in sorted(views, key=lambda view: (view[1], -view[2])):
        if start >= done and start < min(stop, n) and stop - start < n:
            parts += [(None, done, start)] if start > done else []
            parts.append((label, start, min(stop, n)))
            done = min(stop, n)
    if not parts:
        return [(name, 0, n)]
    return parts + ([(None, done, n)] if done < n else [])
