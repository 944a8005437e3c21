"""What is drawn in one colour: a population, or a named view of one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from matplotlib.colors import is_color_like

from brainsim.core.checks import number
from brainsim.plot.styles import REST, colour
from brainsim.results.result import Result, Spikes


@dataclass(frozen=True)
class Group:
    """Spikes that share a colour; `first` is the number of its first cell in `population`."""

    label: str
    spikes: Spikes
    colour: str
    population: str
    first: int = 0


def groups_of(data, where, colours=None):
    """Turn a Spikes, a Result, or a list or dict of Spikes into a list of groups, one for each colour.

    Raises
    ------
    TypeError
        For anything else.
    ValueError
        If there is nothing in it, or too few colours.
    """
    groups = list(_of_result(data)) if isinstance(data, Result) else list(_of_list(data, where))
    if not groups:
        raise ValueError(f"{where}: must hold the spikes of a population (got none)")
    if colours is None:
        return groups
    colours = [colours] * len(groups) if is_color_like(colours) else list(colours)
    if len(colours) < len(groups):
        raise ValueError(f"{where}.color: must be one colour or one for each of {len(groups)} parts (got {len(colours)})")
    return [replace(group, colour=one) for group, one in zip(groups, colours, strict=False)]


def kind_of(thing):
    """Return how a thing that is none of what is asked for is called in a message: by its type, since it may be large."""
    return f"the class {thing.__name__}" if isinstance(thing, type) else "None" if thing is None else type(thing).__name__


def edges_of(window, where):
    """Return the begin and end [ms] of a window; raise ValueError or TypeError where it is none."""
    try:
        t0, t1 = window
    except (TypeError, ValueError):
        raise ValueError(f"{where}.window: must be (begin, end) in ms (got {window!r})") from None
    return number(t0, f"{where}.window", "ms"), number(t1, f"{where}.window", "ms")


def _of_list(data, where):
    if isinstance(data, Spikes):
        data = [data]
    elif isinstance(data, Mapping):
        data = list(data.values())
    try:
        wrong = [one for one in data if not isinstance(one, Spikes)]
    except TypeError:
        wrong = [data]
    if wrong:
        raise TypeError(f"{where}: must be Spikes, a list of them or a Result (got {kind_of(wrong[0])})")
    for place, one in enumerate(data):
        yield Group(one.name, one, colour(place), one.name)


def _of_result(result):
    place = 0
    for name, spikes in result.spikes.items():
        for label, lo, hi in _cut(result.views.get(name, ()), name, spikes.n):
            part = spikes if hi - lo == spikes.n else spikes.of(slice(lo, hi))
            known = label is not None
            yield Group(label if known else f"other {name}", part, colour(place) if known else REST, name, lo)
            place += known


def _cut(views, name, n):
    """Return (label, lo, hi) that cover 0 to n once: the views that do not overlap an earlier one, and None between.

    Of views that begin with the same cell the largest counts: ``exc[:50]``, which somebody kicked, is a part of exc.
    """
    done, parts = 0, []
    for label, lo, hi in sorted(views, key=lambda view: (view[1], -view[2])):
        if lo >= done and lo < min(hi, n) and hi - lo < n:
            parts += [(None, done, lo)] if lo > done else []
            parts.append((label, lo, min(hi, n)))
            done = min(hi, n)
    if not parts:
        return [(name, 0, n)]
    return parts + ([(None, done, n)] if done < n else [])
