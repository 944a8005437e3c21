"""Potentials that were recorded: their features by name, as in eFEL, and how far one is from another beside the spikes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from brainsim.analysis.feature_table import FEATURES
from brainsim.analysis.irregularity import check_spikes
from brainsim.analysis.waveform import Waveform
from brainsim.core.arrays import interval_of, order_by_cell
from brainsim.core.checks import number, one_of, plain, true_or_false
from brainsim.core.hints import answers_calls
from brainsim.results.spikes import Spikes
from brainsim.results.traces import Traces


@answers_calls
def voltage_features(
    v: ArrayLike | Traces | None,
    names: str | Sequence[str],
    *,
    stimulus: tuple[float, float],
    dt: float = 0.1,
    spikes: Spikes | None = None,
    threshold: float = -20.0,
    slope: float = 10.0,
    each: bool = False,
) -> dict[str, Any]:
    """Return features of recorded potentials by their names in eFEL, such as ``"AP_amplitude"`` or ``"ISI_CV"``.

    Parameters
    ----------
    v : array, shape (samples,) or (samples, cells), or Traces
        Potentials [mV], the first at t = 0. None if `spikes` are given and all features are of their times.
    names : str or sequence of str
        Features of spike times:

        {times}

        Features of the potential:

        {shapes}
    stimulus : (float, float)
        When the stimulus begins and ends [ms].
    dt : float
        Interval of the samples of `v`, unless it is Traces [ms].
    spikes : Spikes, optional
        The spikes, a cell for each column of `v`, in place of the peaks: those of integrate-and-fire cells, of which the
        potential has none.
    threshold : float
        A spike is what is above it [mV].
    slope : float
        dv/dt where a spike begins [mV/ms].
    each : bool
        Whether to return all values of a cell, one for each spike, and not their mean.

    Returns
    -------
    dict of str to float or array
        Of one cell a number for each name, of several an array, shape (cells,); with `each` an array, or a list of them.
        A number is NaN if the cell does not have the feature, such as the second spike.

    Raises
    ------
    TypeError, ValueError
        If there is no feature of a name, a feature needs the potential at spikes and `spikes` were given, or arguments do
        not match.

    Notes
    -----
    The values are those of eFEL for the same samples; eFEL puts others on a grid of 0.1 ms first.

    Examples
    --------
    >>> import brainsim as bs
    >>> cell = bs.Population(1, bs.WangBuzsaki(), name="cell")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cell, bs.CurrentInput(bs.signals.pulses(100.0, start=50.0, width=100.0, period=1000.0)))
    >>> v = bs.simulate(net, 200.0, record=[bs.Trace(cell, "v")]).traces["cell", "v"]
    >>> found = bs.analysis.voltage_features(v, ["Spikecount", "spike_half_width"], stimulus=(50.0, 150.0))
    >>> {{name: value.round(2).tolist() for name, value in found.items()}}
    {{'Spikecount': [6.0], 'spike_half_width': [0.6]}}

    References
    ----------
    The electrophysiology feature extraction library: doi:10.5281/zenodo.593869.
    """
    label = "analysis.voltage_features"
    names = [names] if isinstance(names, str) else list(names)
    chosen = {name: FEATURES[one_of(name, FEATURES, f"{label}.names")] for name in names}
    if spikes is not None and (shapes := [name for name, one in chosen.items() if one.of_spikes]):
        raise ValueError(f"{label}.spikes: {shapes[0]!r} is read from the potential of a spike; leave spikes= out")
    start, end = _checked_stimulus(stimulus, label)
    threshold, slope = number(threshold, f"{label}.threshold", "mV"), number(slope, f"{label}.slope", above=0.0)
    each = true_or_false(each, f"{label}.each")
    t, columns, alone = _checked_potentials(v, dt, label)
    trains = _checked_trains(spikes, columns, label)
    if columns is None:
        if spikes is None or not all(one.by_times for one in chosen.values()):
            raise ValueError(f"{label}.v: may be None only with spikes=, and for features of spike times")
        columns, alone = [None] * len(trains), len(trains) == 1
    waves = [Waveform(t, one, start, end, threshold, slope, train) for one, train in zip(columns, trains, strict=True)]
    found = {}
    for name, feature in chosen.items():
        values = [feature.values(wave) for wave in waves]
        means = values if each else np.array([_mean_of(one) for one in values])
        found[name] = means[0] if alone else means
    return found


def _mean_of(values):
    """Return the mean of the values that are numbers; NaN without any."""
    values = values[~np.isnan(values)]
    return values.mean() if values.size else np.nan


def _list_of(chosen):
    """Return lines about some features, for the docstring."""
    lines = [f"``{name}``{f' [{one.unit}]' if one.unit else ''}: {one.meaning};" for name, one in chosen]
    return "\n\n        ".join([*lines[:-1], lines[-1].rstrip(";") + "."])


if voltage_features.__doc__:
    voltage_features.__doc__ = voltage_features.__doc__.format(
        times=_list_of([(name, one) for name, one in FEATURES.items() if one.by_times]),
        shapes=_list_of([(name, one) for name, one in FEATURES.items() if not one.by_times]),
    )


@answers_calls
def trace_error(
    v: ArrayLike | Traces,
    target: ArrayLike | Traces,
    *,
    spikes: Spikes | ArrayLike | None = None,
    mask: tuple[float, float] = (2.0, 5.0),
    dt: float = 0.1,
) -> Any:
    """Return the root of the mean squared difference of two potentials, without what is near a spike.

    A spike that comes 0.2 ms late makes a difference of 100 mV, which says nothing of the potential between spikes: how
    well these agree is asked of `coincidence_factor` and the like.

    Parameters
    ----------
    v : array, shape (samples,) or (samples, cells), or Traces
        Potentials of a model or of several [mV], the first at t = 0.
    target : array, shape (samples,) or (samples, cells), or Traces
        What was recorded [mV]; one column is compared with all of `v`.
    spikes : Spikes or array of float, optional
        The times of the spikes [ms]: of all columns, or Spikes with a cell for each. None: nothing is left out.
    mask : (float, float)
        How long before and after each spike samples are left out [ms].
    dt : float
        Interval of the samples, unless `v` is Traces [ms].

    Returns
    -------
    float or array, shape (cells,)
        In mV; NaN if nothing is left.

    Raises
    ------
    TypeError, ValueError
        If lengths or numbers of cells differ, or a value is out of its range.

    Examples
    --------
    >>> import numpy as np, brainsim as bs
    >>> target, v = np.full(1000, -60.0), np.full(1000, -59.0)
    >>> v[500] = 20.0
    >>> float(bs.analysis.trace_error(v, target, spikes=[50.0]))
    1.0

    References
    ----------
    Rossant, Goodman, Fontaine, Platkiewicz, Magnusson & Brette (2011), doi:10.3389/fnins.2011.00009.
    """
    label = "analysis.trace_error"
    t, columns, alone = _checked_potentials(v, dt, label)
    _, recorded, _ = _checked_potentials(target, dt, f"{label}.target", "")
    if columns is None or recorded is None:
        raise TypeError(f"{label}: v and target must be potentials (got None)")
    if recorded[0].size != t.size or len(recorded) not in (1, len(columns)):
        raise ValueError(
            f"{label}.target: must have {t.size:,} samples as v has, of one cell or of {len(columns)} "
            f"(got {recorded[0].size:,} of {len(recorded)})"
        )
    before, after = (number(one, f"{label}.mask", "ms", at_least=0.0) for one in mask)
    trains = _checked_trains(spikes, columns, label, shared=True)
    found = []
    for k, one in enumerate(columns):
        kept = _beside(t, trains[k], before, after)
        apart = one[kept] - recorded[k if len(recorded) > 1 else 0][kept]
        found.append(np.sqrt(np.mean(apart**2)) if apart.size else np.nan)
    return float(found[0]) if alone else np.array(found)


def _beside(t, train, before, after):
    """Return which times are not within `before` and `after` of a spike."""
    if train is None:
        return np.ones(t.size, bool)
    edges = np.zeros(t.size + 1, np.int64)
    np.add.at(edges, np.searchsorted(t, train - before - 1e-9), 1)
    np.add.at(edges, np.searchsorted(t, train + after + 1e-9), -1)
    return np.cumsum(edges[:-1]) == 0


def _checked_stimulus(stimulus, label):
    if not isinstance(stimulus, Sequence | np.ndarray) or len(stimulus) != 2:
        raise TypeError(f"{label}.stimulus: must be (start, end), such as (100.0, 600.0) (got {stimulus!r})")
    start, end = (number(one, f"{label}.stimulus", "ms", at_least=0.0) for one in stimulus)
    if end <= start:
        raise ValueError(f"{label}.stimulus: must end after it begins (got {start:g} to {end:g} ms)")
    return start, end


def _checked_potentials(v, dt, label, field=".v"):
    """Return times, the columns of potentials, and whether `v` is one of them alone; no columns of None."""
    if v is None:
        return np.empty(0), None, False
    if isinstance(v, Traces):
        if interval_of(v.times) is None:
            raise ValueError(f"{label}{field}: must have at least two times at regular intervals")
        return v.times, list(v.values.T), False
    values, dt = np.asarray(plain(v, "mV", f"{label}{field}"), float), number(dt, f"{label}.dt", "ms", above=0.0)
    if values.ndim not in (1, 2) or values.shape[0] < 2:
        raise ValueError(f"{label}{field}: must have the shape (samples,) or (samples, cells) (got {values.shape})")
    return dt * np.arange(values.shape[0]), list(np.atleast_2d(values.T)), values.ndim == 1


def _checked_trains(spikes, columns, label, shared=False):
    """Return the sorted times of the spikes of each column, None for each without `spikes`."""
    if spikes is None:
        return [None] * len(columns or [])
    if shared and not isinstance(spikes, Spikes):
        times = np.atleast_1d(np.asarray(plain(spikes, "ms", f"{label}.spikes"), float))
        return [times] * len(columns)
    check_spikes(spikes, f"{label}.spikes")
    if columns is not None and spikes.n != len(columns):
        raise ValueError(f"{label}.spikes: must have a cell for each of the {len(columns)} potentials (got {spikes.n})")
    order = order_by_cell(spikes.ids, spikes.n)
    sizes = np.cumsum(np.bincount(spikes.ids, minlength=spikes.n))[:-1]
    return [np.sort(train) for train in np.split(spikes.times[order], sizes)] if spikes.n else []
