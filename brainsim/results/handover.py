"""Results as objects of other libraries: Neo, pynapple, pandas, xarray and NWB. Each is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.hints import Answering
from brainsim.core.optional import optional

if TYPE_CHECKING:
    import pandas
    import xarray

    from brainsim.results.result import Result
    from brainsim.results.spikes import Spikes
    from brainsim.results.traces import Traces
    from brainsim.results.weights import Weights

REGULAR = 1e-6  # relative: intervals that differ by less are equal up to the rounding of k * dt


class SpikesHandOver(Answering):
    """Conversions of `Spikes` to types of other libraries."""

    def to_frame(self: Spikes) -> pandas.DataFrame:  # type: ignore[misc]
        """Return a pandas DataFrame with a row for each spike, in order of time: columns ``time`` [ms] and ``cell``.

        Its ``attrs`` hold n, duration, start and name.

        Raises
        ------
        ImportError
            Without pandas: ``pip install 'brainsim[frames]'``.

        Examples
        --------
        >>> spikes.to_frame().groupby("cell").time.min()                # doctest: +SKIP
        """
        pandas = optional("pandas", "frames", "Spikes.to_frame")
        frame = pandas.DataFrame({"time": self.times, "cell": self.ids})
        frame.attrs.update(n=self.n, duration=self.duration, start=self.start, name=self.name)
        return frame

    def to_neo(self: Spikes) -> list[Any]:  # type: ignore[misc]
        """Return a list of n ``neo.SpikeTrain`` from `start` to `stop` in ms, one for each cell, as Elephant takes them.

        Each is annotated with ``population`` and ``cell``. Elephant's bins are closed on the left, those of brainsim on the
        right: a spike exactly on an edge falls into the next bin there.

        Raises
        ------
        ImportError
            Without Neo: ``pip install 'brainsim[analysis]'``.

        Examples
        --------
        >>> elephant.spike_train_correlation.spike_time_tiling_coefficient(*spikes.to_neo()[:2])    # doctest: +SKIP

        References
        ----------
        Garcia et al. (2014), doi:10.3389/fninf.2014.00010 (Neo); Denker et al. (2018), doi:10.12751/incf.ni2018.0019
        (Elephant).
        """
        neo = optional("neo", "analysis", "Spikes.to_neo")
        limits = {"t_start": self.start, "t_stop": self.stop, "units": "ms"}
        inside = [np.clip(train, self.start, self.stop) for train in self.per_cell()]  # rounding can put one just outside
        return [
            neo.SpikeTrain(times, **limits, name=f"{self.name}[{cell}]", population=self.name, cell=cell)
            for cell, times in enumerate(inside)
        ]

    def to_pynapple(self: Spikes) -> Any:  # type: ignore[misc]
        """Return a ``pynapple.TsGroup`` of n cells, whose time support is the recording; pynapple's times are in seconds.

        Raises
        ------
        ImportError
            Without pynapple: ``pip install 'brainsim[analysis]'``.

        Examples
        --------
        >>> pynapple.compute_crosscorrelogram(spikes.to_pynapple(), binsize=0.001, windowsize=0.05)    # doctest: +SKIP

        References
        ----------
        Viejo et al. (2023), doi:10.7554/eLife.85786.
        """
        nap = optional("pynapple", "analysis", "Spikes.to_pynapple")
        support = nap.IntervalSet(start=self.start, end=self.stop, time_units="ms")
        seconds = [np.clip(train, self.start, self.stop) / 1000.0 for train in self.per_cell()]
        cells = {cell: nap.Ts(t=times, time_units="s") for cell, times in enumerate(seconds)}
        return nap.TsGroup(cells, time_support=support)


class TracesHandOver(Answering):
    """Conversions of `Traces` to types of other libraries."""

    def to_frame(self: Traces) -> pandas.DataFrame:  # type: ignore[misc]
        """Return a pandas DataFrame: a row for each time [ms], the index, and a column for each recorded cell.

        Raises
        ------
        ImportError
            Without pandas: ``pip install 'brainsim[frames]'``.
        """
        pandas = optional("pandas", "frames", "Traces.to_frame")
        columns = pandas.Index(self.ids, name="cell")
        frame = pandas.DataFrame(self.values, index=pandas.Index(self.times, name="time"), columns=columns)
        frame.attrs.update(name=self.name, variable=self.variable, unit=self.unit)
        return frame

    def to_xarray(self: Traces) -> xarray.DataArray:  # type: ignore[misc]
        """Return an ``xarray.DataArray`` with the dimensions time [ms] and cell; ``attrs["units"]`` is the unit.

        Raises
        ------
        ImportError
            Without xarray: ``pip install 'brainsim[frames]'``.
        """
        xarray = optional("xarray", "frames", "Traces.to_xarray")
        array = xarray.DataArray(
            self.values, {"time": self.times, "cell": self.ids}, ("time", "cell"), self.variable, {"units": self.unit}
        )
        array.attrs["population"] = self.name
        array.time.attrs["units"] = "ms"
        return array

    def to_neo(self: Traces) -> Any:  # type: ignore[misc]
        """Return a ``neo.AnalogSignal`` with a channel for each cell, or an IrregularlySampledSignal if times are irregular.

        Raises
        ------
        ImportError
            Without Neo: ``pip install 'brainsim[analysis]'``.
        """
        neo = optional("neo", "analysis", "Traces.to_neo")
        quantities = optional("quantities", "analysis", "Traces.to_neo")
        try:
            unit = quantities.Quantity(1.0, self.unit or "dimensionless").units
        except LookupError:  # a unit that only the user's equations know
            unit = quantities.dimensionless
        given = {"name": self.variable, "population": self.name, "cells": self.ids.tolist(), "unit": self.unit}
        interval, ms = interval_of(self.times), quantities.ms
        if interval is None:
            return neo.IrregularlySampledSignal(self.times * ms, self.values * unit, **given)
        start = self.times[0] * ms
        return neo.AnalogSignal(self.values * unit, sampling_period=interval * ms, t_start=start, **given)

    def to_pynapple(self: Traces) -> Any:  # type: ignore[misc]
        """Return a ``pynapple.TsdFrame`` with a column for each cell; its times are in seconds.

        Raises
        ------
        ImportError
            Without pynapple: ``pip install 'brainsim[analysis]'``.
        """
        nap = optional("pynapple", "analysis", "Traces.to_pynapple")
        return nap.TsdFrame(t=self.times / 1000.0, d=self.values, columns=self.ids)


class WeightsHandOver(Answering):
    """Conversions of `Weights` to types of other libraries."""

    def to_frame(self: Weights) -> pandas.DataFrame:  # type: ignore[misc]
        """Return a pandas DataFrame: a row for each time [ms], and a column for each synapse, with its pre and post.

        Raises
        ------
        ImportError
            Without pandas: ``pip install 'brainsim[frames]'``.
        """
        pandas = optional("pandas", "frames", "Weights.to_frame")
        columns = pandas.MultiIndex.from_arrays([self.synapses, self.pre, self.post], names=["synapse", "pre", "post"])
        return pandas.DataFrame(self.values, index=pandas.Index(self.times, name="time"), columns=columns)

    def to_xarray(self: Weights) -> xarray.DataArray:  # type: ignore[misc]
        """Return an ``xarray.DataArray`` with the dimensions time [ms] and synapse, and pre and post as coordinates.

        Raises
        ------
        ImportError
            Without xarray: ``pip install 'brainsim[frames]'``.
        """
        xarray = optional("xarray", "frames", "Weights.to_xarray")
        ends = {"pre": ("synapse", self.pre), "post": ("synapse", self.post)}
        coordinates = {"time": self.times, "synapse": self.synapses, **ends}
        return xarray.DataArray(self.values, coordinates, ("time", "synapse"), self.variable, {"units": self.unit})


class ResultHandOver(Answering):
    """Conversions of `Result` to types of other libraries."""

    def to_neo(self: Result) -> Any:  # type: ignore[misc]
        """Return a ``neo.Block`` of one segment with the spike trains of all populations and all traces.

        Raises
        ------
        ImportError
            Without Neo: ``pip install 'brainsim[analysis]'``.

        Examples
        --------
        >>> neo.io.PickleIO("run.pkl").write(result.to_neo())           # doctest: +SKIP
        """
        neo = optional("neo", "analysis", "Result.to_neo")
        block = neo.Block(name="brainsim", dt=self.dt, seed=self.seed, duration=self.duration, start=self.start)
        segment = neo.Segment(name="run")
        segment.spiketrains.extend([train for spikes in self.spikes.values() for train in spikes.to_neo()])
        for traces in self.traces.values():
            signal = traces.to_neo()
            regular = type(signal).__name__ == "AnalogSignal"
            (segment.analogsignals if regular else segment.irregularlysampledsignals).append(signal)
        block.segments.append(segment)
        return block

    def to_nwb(self: Result, **given: Any) -> Any:  # type: ignore[misc]
        """Return a ``pynwb.NWBFile`` in memory, to which a subject and so on can be added; `save` writes one to a file.

        Spikes are a ``Units`` table with the columns population and cell; traces and weights are ``TimeSeries``. Times are
        in seconds. The state is left out.

        Parameters
        ----------
        **given
            Fields of NWBFile, such as ``session_description``, ``experimenter`` and ``session_start_time``; by default a
            description of the run, and now.

        Raises
        ------
        ImportError
            Without pynwb: ``pip install 'brainsim[nwb]'``.

        Examples
        --------
        >>> file = result.to_nwb(experimenter="Hodgkin, Alan")          # doctest: +SKIP
        >>> result.save("run.nwb")                                      # doctest: +SKIP

        References
        ----------
        Rübel et al. (2022), doi:10.7554/eLife.78362.
        """
        from brainsim.results.nwb import nwb_file

        return nwb_file(self, given)


def interval_of(times: np.ndarray) -> float | None:
    """Return the interval [ms] of regular times, or None if they are irregular or fewer than two."""
    if times.size < 2:
        return None
    interval = (times[-1] - times[0]) / (times.size - 1)
    regular = np.abs(np.diff(times) - interval) <= REGULAR * interval
    return float(interval) if interval > 0.0 and regular.all() else None
