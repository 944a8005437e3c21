"""What pictures accept: groups of spikes that share a colour, and tables of synapses; messages about anything else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.typing import ColorType
from numpy.typing import ArrayLike

from brainsim.core.checks import number, warn_user
from brainsim.plot.elements.styles import choose_colours, colour, shades, shorten
from brainsim.results.colours import parts_of, place_of
from brainsim.results.result import Result, Spikes, Weights
from brainsim.results.synapses import SynapseTable

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
        return shorten(self.label)


def groups_of(data, caller, colours=None):
    """Turn a Spikes, a Result, or a list or dict of Spikes into a list of groups, one for each colour.

    Raise TypeError or ValueError, beginning with `caller`, for anything else, if there is no population, or too few colours.
    """
    groups = list(_of_result(data)) if isinstance(data, Result) else list(_of_list(data, caller))
    if not groups:
        raise ValueError(f"{caller}: there are no spikes of any population to draw")
    if colours is None:
        return groups
    colours = choose_colours(colours, len(groups), f"{caller}.color", "parts")
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


def warn_of_seconds(start, stop, last):
    """Warn of a window of less than 1 ms that lies within the recording if it is in seconds."""
    if stop - start < 1.0 and 0.0 < 1000.0 * stop <= last:
        meant = f"did you mean ({1000.0 * start:g}, {1000.0 * stop:g})?"
        warn_user(f"window: ({start:g}, {stop:g}) ms looks like a window in seconds; times are in ms: {meant}")


def part_of(window, first, last, caller):
    """Return start and stop of a window within the recording [ms]; all of it by default."""
    if window is None:
        return first, last
    start, stop = edges_of(window, caller)
    warn_of_seconds(start, stop, last)
    if not (start < stop and start < last and stop > first):
        raise ValueError(f"{caller}.window: must be a part of {first:g} to {last:g} ms (got {window!r})")
    return max(start, first), min(stop, last)


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


WeightsLike = SynapseTable | Weights | ArrayLike
ACCEPTED = "sim.synapses(projection), recorded Weights, a sparse matrix or an array"


@dataclass(frozen=True)
class Listed:
    """Synapses as arrays: `pre` and `post` are None if only weights are known."""

    weight: np.ndarray
    pre: np.ndarray | None
    post: np.ndarray | None
    shape: tuple[int, int]
    unit: str
    name: str
    variable: str = "weight"


def list_synapses(data, caller, at=None):
    """Return the synapses in `data`; of recorded weights those of the last sample at or before `at` [ms]."""
    if isinstance(data, SynapseTable):
        return Listed(data.weight, data.pre, data.post, (data.n_pre, data.n_post), data.unit, data.name)
    if isinstance(data, Weights):
        shape = tuple(int(cells.max()) + 1 if cells.size else 0 for cells in (data.pre, data.post))
        now = data.values[sample_at(data, at, caller)] if data.times.size else np.array([])
        variable = "weight" if data.variable == "w" else data.variable
        return Listed(now, data.pre, data.post, shape, data.unit, data.name, variable)
    if hasattr(data, "tocoo"):
        coo = data.tocoo()
        return Listed(np.asarray(coo.data, float), coo.row, coo.col, coo.shape, "", "")
    return _of_array(data, caller)


def sample_at(weights, at, caller):
    """Return the index of the last sample of recorded weights at or before `at` [ms], by default the last one."""
    if at is None:
        return weights.times.size - 1
    at = number(at, f"{caller}.at", "ms")
    found = int(np.searchsorted(weights.times, at * (1 + 1e-12) + 1e-9, side="right")) - 1
    if found < 0:
        raise ValueError(f"{caller}.at: must be >= {weights.times[0]:g} ms, the first sample (got {at:g})")
    return found


def _of_array(data, caller):
    if isinstance(data, (str, bytes)) or not (isinstance(data, (np.ndarray, Sequence))):
        raise TypeError(f"{caller}: must be {ACCEPTED} (got {type_name(data)})")
    try:
        values = np.asarray(data, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{caller}: must be {ACCEPTED} (got {type_name(data)})") from None
    if values.ndim == 2:
        pre, post = np.nonzero(values)
        return Listed(values[pre, post], pre, post, values.shape, "", "")
    return Listed(values.ravel(), None, None, (0, 0), "", "")


def locate_synapses(data, caller, at=None):
    """Return the synapses in `data`, which must tell their cells."""
    found = list_synapses(data, caller, at)
    if found.pre is None:
        raise ValueError(f"{caller}: must tell who is connected to whom: sim.synapses(projection) or a matrix (got a list)")
    return found


def add_unit(name, unit):
    """Return the label of an axis: a name with its unit."""
    return f"{name} [{unit}]" if unit else name


@contextmanager
def report_as(caller: str, *callees: str) -> Iterator[None]:
    """Let messages that begin with one of `callees` begin with `caller` instead.

    Examples
    --------
    >>> with report_as("rate", "Spikes.population_rate"):
    ...     raise ValueError("Spikes.population_rate.bin: must be > 0 ms (got 0)")
    Traceback (most recent call last):
    ...
    ValueError: rate.bin: must be > 0 ms (got 0)
    """
    try:
        yield
    except (TypeError, ValueError, IndexError) as error:
        text = str(error)
        for callee in callees:
            if text.startswith(callee):
                raise type(error)(caller + text.removeprefix(callee)) from None
        raise
