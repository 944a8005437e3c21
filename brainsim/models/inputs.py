"""What reaches cells from outside the network: Poisson spikes, currents, and lists of spikes.

`PoissonInput` and `CurrentInput` are given to ``Network.stimulate``. `SpikeTrains` is the model of a population of sources.
All are frozen; arrays are kept as read-only copies.
"""

from dataclasses import KW_ONLY, dataclass, fields

import numpy as np

from brainsim.core.checks import MAX_INDEX, in_range, indices, integer, nearest, plain, read_only
from brainsim.models.values import Distribution, checked_value
from brainsim.results.spikes import Spikes


class Input:
    """Base of what ``Network.stimulate`` takes."""

    def __repr__(self):
        """Return the input as it is typed, long arrays by their shape."""
        values = ", ".join(f"{f.name}={_short(v)}" for f in fields(self) if (v := getattr(self, f.name)) is not None)
        return f"{type(self).__name__}({values})"

    def check(self, view):
        """Raise ValueError where an array does not have one value for each cell of `view`."""
        raise NotImplementedError

    def replaced(self, **changes):
        """Return a copy with other values: ``drive.replaced(rate=0.0)``."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in changes:
            if name not in given:
                raise TypeError(f"{type(self).__name__}: has no {name!r}{nearest(name, given)}")
        return type(self)(**(given | changes))

    def _check_cells(self, name, length, view):
        if length != view.n:
            raise ValueError(
                f"{type(self).__name__}.{name}: {length} values do not fit {view.name!r}, which has {view.n} "
                f"cells; give one number or {view.n} of them"
            )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PoissonInput(Input):
    """Spikes at random times: each cell of the target gets a Poisson train of its own, independent of all others.

    The number of events in a step of dt has the Poisson law of mean rate * dt; each acts as one event of the synapse. It
    stands for any number of sources that fire independently at rates that sum to `rate`.

    Parameters
    ----------
    rate : float or array of shape (n,)
        Events per cell, Hz, >= 0; one for all cells of the target or one for each.
    weight : float, array of shape (n,), or distribution
        What an event does, in the unit of the synapse (pA, nS or mV). A distribution gives each cell one weight, which all
        of its events share.
    synapse : Synapse
        The synapse that the events arrive at, e.g. ``Delta()``.

    Raises
    ------
    TypeError, ValueError
        Where a value is no number, negative or not finite; by `check` where an array does not fit the target.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta())
    PoissonInput(rate=20000.0, weight=0.1, synapse=Delta())
    """

    rate: object
    weight: object
    synapse: object

    def __post_init__(self):
        """Check the values and copy arrays."""
        rate = _flat(read_only(plain(self.rate, "Hz", "PoissonInput.rate")), "PoissonInput.rate")
        in_range(rate, "PoissonInput.rate", "Hz", at_least=0)
        synapse = checked_synapse(self.synapse, "PoissonInput.synapse")
        weight = _flat(checked_weight(self.weight, synapse, "PoissonInput.weight"), "PoissonInput.weight")
        self.__dict__.update(rate=rate, weight=weight)

    def check(self, view):
        """Raise ValueError where rates or weights are an array of another length than `view`."""
        for name in ("rate", "weight"):
            if isinstance(value := getattr(self, name), np.ndarray):
                self._check_cells(name, value.size, view)


@dataclass(frozen=True, eq=False, repr=False)
class CurrentInput(Input):
    """A current into each cell of the target, constant or piecewise constant; it adds to the term ``I`` of the equations.

    With `times`, amplitude[m] flows from times[m] until times[m + 1], the last one for ever; before times[0] it is 0 pA.
    The step from t_k to t_k + dt takes the value at t_k.

    Parameters
    ----------
    amplitude : float or array
        The current, pA. Without `times`: a number, or shape (n,) for the n cells of the target. With m times: shape (m,),
        the same for all cells, or (m, n).
    times : array of shape (m,), optional
        When the current changes, ms, increasing, >= 0.

    Raises
    ------
    TypeError, ValueError
        Where a value is no finite number, times do not increase, or shapes differ; by `check` where n does not fit.

    Examples
    --------
    >>> import brainsim as bs
    >>> step = bs.CurrentInput([300.0, 0.0], times=[100.0, 400.0])
    >>> step
    CurrentInput(amplitude=[300.0, 0.0], times=[100.0, 400.0])
    """

    amplitude: object
    _: KW_ONLY
    times: object = None

    def __post_init__(self):
        """Check the values and copy arrays."""
        amplitude = read_only(plain(self.amplitude, "pA", "CurrentInput.amplitude"))
        if self.times is None:
            self.__dict__["amplitude"] = _flat(amplitude, "CurrentInput.amplitude")
            return
        times = read_only(np.atleast_1d(plain(self.times, "ms", "CurrentInput.times")))
        _check_times(times, "CurrentInput.times")
        if np.any(np.diff(times) <= 0):
            raise ValueError(
                "CurrentInput.times: must increase (got "
                f"{times[1:][np.diff(times) <= 0][0]:g} ms after an equal or later time)"
            )
        amplitude = read_only(np.atleast_1d(amplitude))
        if amplitude.ndim > 2 or amplitude.shape[0] != times.size:
            raise ValueError(
                f"CurrentInput.amplitude: must have the shape ({times.size},) or ({times.size}, cells), "
                f"one row per time (got {amplitude.shape})"
            )
        self.__dict__.update(times=times, amplitude=amplitude)

    def check(self, view):
        """Raise ValueError where the amplitudes are for another number of cells than `view` has."""
        per_cell = 1 if self.times is None else 2
        if np.ndim(self.amplitude) == per_cell:
            self._check_cells("amplitude", self.amplitude.shape[-1], view)


@dataclass(frozen=True, eq=False, repr=False)
class SpikeTrains:
    """Sources that send a given list of spikes: the model of a population, not of cells with a membrane.

    Spike number s is sent by cell ids[s] at times[s] and reaches its targets after the delay of the connection. A time is
    rounded to the grid of dt.

    Parameters
    ----------
    times : array of shape (k,), list of arrays, dict, or Spikes
        When the spikes are sent, ms, >= 0, in ascending order. Without `ids`: a list with the times of each cell, a dict
        {cell: times}, each in any order, or recorded spikes, as in ``SpikeTrains(result.spikes["cells"])``.
    ids : array of int, shape (k,), optional
        Which cell of the population sends them, from 0.

    Raises
    ------
    TypeError, ValueError
        Where times are negative, not finite or not sorted, ids are no whole numbers >= 0, or lengths differ; by
        `check_cells`, which Population calls, where there is no such cell.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(3, bs.SpikeTrains(times=[1.0, 2.5, 2.5], ids=[0, 2, 1]), name="input")
    Population('input', 3 SpikeTrains)
    >>> by_cell = bs.SpikeTrains([[1.0], [2.5], [2.5]])
    >>> by_cell.times.tolist(), by_cell.ids.tolist()
    ([1.0, 2.5, 2.5], [0, 1, 2])
    >>> bs.SpikeTrains({7: [3.0, 1.0]}).times.tolist()
    [1.0, 3.0]
    """

    times: object
    ids: object = None

    spiking_source = True
    equations = ""
    parameters = {}
    initials = {}

    def __post_init__(self):
        """Check the values and copy arrays."""
        times, ids = self._given()
        times = read_only(np.atleast_1d(plain(times, "ms", "SpikeTrains.times")))
        _check_times(times, "SpikeTrains.times")
        ids = indices(ids, "SpikeTrains.ids")
        if np.any(np.diff(times) < 0):
            raise ValueError(
                "SpikeTrains.times: must be in ascending order; sort them, e.g. order = np.argsort(times), "
                "then SpikeTrains(times[order], ids[order])"
            )
        if ids.shape != times.shape:
            raise ValueError(f"SpikeTrains.ids: must be as many as times, {times.size} (got shape {ids.shape})")
        self.__dict__.update(times=times, ids=read_only(ids))

    def _given(self):
        """Return times and cells as they were given, those of a `Spikes` too."""
        if isinstance(self.times, Spikes):
            if self.ids is not None:
                raise TypeError("SpikeTrains.ids: must be left out where Spikes are given, which have their cells")
            return self.times.times, self.times.ids
        if self.ids is None and _by_cell(self.times):
            return _in_order(self.times)
        if self.ids is None:
            hint = "one cell per time: SpikeTrains(times, ids); or write lists, one a cell: SpikeTrains([[1.0, 7.5], [2]])"
            raise TypeError(f"SpikeTrains.ids: must be given, {hint}")
        return self.times, self.ids

    def __repr__(self):
        """Return the number of spikes."""
        return f"SpikeTrains({self.times.size} spikes)"

    def check_cells(self, n, name):
        """Raise ValueError where a spike is of a cell that the population `name` of `n` cells does not have."""
        if self.ids.size and self.ids.max() >= n:
            raise ValueError(f"SpikeTrains.ids: {self.ids.max()} is beyond {name!r}, whose {n} cells are 0 to {n - 1}")


def _by_cell(times):
    """Return whether times are a dict or a list with the times of each cell."""
    if isinstance(times, dict):
        return True
    some = times if isinstance(times, (list, tuple)) or getattr(times, "ndim", 0) else ()
    return len(some) > 0 and all(isinstance(one, (list, tuple)) or getattr(one, "ndim", 0) == 1 for one in some)


def _in_order(times):
    """Return times and cells of a dict or a list with the times of each cell, in the order of the times."""
    found, cells = [np.empty(0)], [np.empty(0, np.int64)]
    for cell, some in times.items() if isinstance(times, dict) else enumerate(times):
        found.append(np.atleast_1d(plain(some, "ms", f"SpikeTrains.times[{cell!r}]")))
        if found[-1].ndim != 1:
            raise ValueError(f"SpikeTrains.times[{cell!r}]: must be a list of times (got shape {found[-1].shape})")
        cells.append(np.full(found[-1].size, integer(cell, "SpikeTrains.times: a cell", at_least=0, at_most=MAX_INDEX)))
    together = np.concatenate(found)
    order = np.argsort(together, kind="stable")
    return together[order], np.concatenate(cells)[order]


def checked_synapse(synapse, where):
    """Return `synapse` if it is one, or raise TypeError saying what to write instead."""
    if isinstance(synapse, type) and hasattr(synapse, "weight_unit"):
        raise TypeError(f"{where}: {synapse.__name__} is a class; write {synapse.__name__}()")
    if isinstance(synapse, Distribution):
        raise TypeError(f"{where}: {synapse} is a distribution; the synapse of that kind is bs.Exponential(tau=5.0)")
    if not (hasattr(synapse, "weight_unit") and hasattr(synapse, "equations")):
        raise TypeError(f"{where}: must be a synapse such as Delta() or Exponential(tau=5.0) (got {synapse!r})")
    return synapse


def checked_weight(weight, synapse, where):
    """Return a weight as number, array or distribution in the unit of `synapse`; conductances must not be negative."""
    weight = checked_value(weight, synapse.weight_unit, where)
    lowest = weight.support[0] if isinstance(weight, Distribution) else np.min(weight, initial=0.0)
    if synapse.weight_unit == "nS" and lowest < 0:
        hint = f"; write Clipped({weight!r}, low=0.0)" if isinstance(weight, Distribution) else ""
        raise ValueError(
            f"{where}: a conductance cannot be negative; inhibition comes from e_rev below rest "
            f"(got {weight if hint or np.ndim(weight) == 0 else lowest} for {synapse!r}){hint}"
        )
    return weight


def _flat(value, where):
    """Refuse arrays of two and more dimensions, and empty ones."""
    if np.ndim(value) > 1 or np.size(value) == 0:
        raise ValueError(f"{where}: must be one number or one per cell (got an array of shape {value.shape})")
    return value


def _check_times(times, where):
    if times.ndim != 1:
        raise ValueError(f"{where}: must be a list of times (got an array of shape {times.shape})")
    in_range(times, where, "ms", at_least=0)


def _short(value):
    """Return the repr of a number, of a short array as a list, and of a long array as its shape."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    return repr(value.tolist()) if value.size <= 4 else f"<array of shape {value.shape}>"
