"""What is drawn in one colour: a population, or a named view of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matplotlib.colors import is_color_like
from matplotlib.typing import ColorType

from brainsim.core.checks import number
from brainsim.plot.styles import REST, colour
from brainsim.results.result import Result, Spikes

SpikesLike = Spikes | Result | Sequence[Spikes] | Mapping[str, Spikes]
Colours = ColorType | Sequence[ColorType]


@dataclass(frozen=True)
class Group:
    """Spikes that share a colour; `first` is the index of its first cell in `population`."""

    label: str
    spikes: Spikes
    colour: str
    population: str
    first: int = 0


def groups_of(data, caller, colours=None):
    """Turn a Spikes, a Result, or a list or dict of Spikes into a list of groups, one for each colour.

    Error messages begin with `caller`, the name of the public function.

    Raises
    ------
    TypeError
        If `data` is anything else.
    ValueError
        If it holds no population, or there are too few colours.
    """
    groups = list(_of_result(data)) if isinstance(data, Result) else list(_of_list(data, caller))
    if not groups:
        raise ValueError(f"{caller}: must hold the spikes of a population (got none)")
    if colours is None:
        return groups
    colours = [colours] * len(groups) if is_color_like(colours) else list(colours)
    if len(colours) < len(groups):
        raise ValueError(f"{caller}.color: must be one colour or one for each of {len(groups)} parts (got {len(colours)})")
    return [replace(group, colour=colour) for group, colour in zip(groups, colours, strict=False)]


def type_name(thing):
    """Return what a message calls an object of the wrong type: its type only, since its repr may be long."""
    return f"the class {thing.__name__}" if isinstance(thing, type) else "None" if thing is None else type(thing).__name__


def edges_of(window, caller):
    """Return start and stop [ms] of a window; raise ValueError or TypeError if it is not a pair of numbers."""
    try:
        start, stop = window
    except (TypeError, ValueError):
        raise ValueError(f"{caller}.window: must be (start, stop) in ms (got {window!r})") from None
    return number(start, f"{caller}.window", "ms"), number(stop, f"{caller}.window", "ms")


def _of_list(data, caller):
    if isinstance(data, Spikes):
        data = [data]
    elif isinstance(data, Mapping):
        data = list(data.values())
    try:
        wrong = [item for item in data if not isinstance(item, Spikes)]
    except TypeError:
        wrong = [data]
    if wrong:
        raise TypeError(f"{caller}: must be Spikes, a list of them or a Result (got {type_name(wrong[0])})")
    for i, spikes in enumerate(data):
        yield Group(spikes.name, spikes, colour(i), spikes.name)


def _of_result(result):
    i = 0
    for name, spikes in result.spikes.items():
        for label, start, stop in _cut(result.views.get(name, ()), name, spikes.n):
            part = spikes if stop - start == spikes.n else spikes.of(slice(start, stop))
            named = label is not None
            yield Group(label if named else f"other {name}", part, colour(i) if named else REST, name, start)
            i += named


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
