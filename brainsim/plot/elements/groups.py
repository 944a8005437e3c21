"""What is drawn in one colour: a population, or a named view of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matplotlib.typing import ColorType

from brainsim.core.checks import number
from brainsim.plot.elements.colours import chosen_colours
from brainsim.plot.elements.names import shown
from brainsim.plot.elements.styles import colour, shades
from brainsim.results.places import parts_of, place_of
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

    @property
    def shown(self) -> str:
        """The label as a picture shows it."""
        return shown(self.label)


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
        raise ValueError(f"{caller}: there are no spikes of any population to draw")
    if colours is None:
        return groups
    colours = chosen_colours(colours, len(groups), f"{caller}.color", "parts")
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


def family_of(traces, groups):
    """Return a colour for each cell of traces: a shade of that of its population or view, one of `groups`."""
    groups = [group for group in groups if group.population == traces.name]
    owners = [
        next((group.colour for group in groups if 0 <= cell - group.first < group.spikes.n), colour(0))
        for cell in traces.ids
    ]
    colours = [None] * len(owners)
    for owner in dict.fromkeys(owners):
        cells = [k for k, colour in enumerate(owners) if colour == owner]
        for k, shade in zip(cells, shades(owner, len(cells)), strict=True):
            colours[k] = shade
    return colours


def _of_list(data, caller):
    if isinstance(data, Spikes):
        data = [data]
    elif isinstance(data, Mapping):
        data = list(data.values())
    try:
        data = list(data)
        wrong = [item for item in data if not isinstance(item, Spikes)]
    except TypeError:
        wrong = [data]
    if wrong:
        raise TypeError(f"{caller}: must be Spikes, a list of them or a Result (got {type_name(wrong[0])})")
    places = [place_of(spikes) for spikes in data]
    if None in places or len(set(places)) < len(places):  # of several runs, or made by hand: in the order of the list
        places = range(len(data))
    for place, spikes in zip(places, data, strict=True):
        yield Group(spikes.name, spikes, colour(place), spikes.name)


def _of_result(result):
    sizes = {name: spikes.n for name, spikes in result.spikes.items()}
    for label, name, start, stop, place in parts_of(sizes, result.views):
        spikes = result.spikes[name]
        part = spikes if stop - start == spikes.n else spikes.of(slice(start, stop))
        yield Group(label, part, colour(place), name, start)
