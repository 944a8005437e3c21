"""What a run returns: spikes, traces, the state to continue from, and how long it took; on rank 0 of an MPI run."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.arrays import checked_names, plural
from brainsim.core.checks import integer, number
from brainsim.core.docstrings import needs
from brainsim.core.doors import load, optional, show_by, through
from brainsim.core.hints import Answering, answers_calls
from brainsim.results.lookup import Lookup, SpikesLookup, TracesLookup, WeightsLookup
from brainsim.results.spikes import ENOUGH, Spikes
from brainsim.rng.streams import checked_seed

if TYPE_CHECKING:
    from brainsim.results.traces import Traces
    from brainsim.results.weights import Weights

__all__ = ["Result", "Spikes", "State", "Traces", "Weights"]
LATER = {"Traces": "brainsim.results.traces:Traces", "Weights": "brainsim.results.weights:Weights"}  # most results have none

ALONG_TIME = ("times", "ids", "values", "counts")  # the fields of what was recorded that grow with time
PHASES = ("build", "compile", "run")  # keys of `Result.stats` that hold seconds


def __getattr__(name: str) -> Any:
    if name not in LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load(LATER[name])


@dataclass(eq=False)
class State:
    """Everything that a run needs to continue, as arrays and numbers; ``state["cells"]["v"]`` is a variable of a population.

    Parameters
    ----------
    step : int
        Number of steps taken so far; the time is ``step * dt``.
    dt : float
        Length of a step [ms].
    seed : int
        Seed of the run.
    variables : dict of str to dict of str to array
        population -> variable -> values, one per cell.
    refractory : dict of str to array of int32
        population -> number of steps for which the frozen variables of each cell stay clamped.
    pending : dict of str to (array of int64, array of int64)
        population -> steps and cells of the spikes that have not yet arrived everywhere.
    arriving : dict of str to dict of str to array
        population -> receptor -> sum of the weights that arrive at each cell at the end of the next step.
    network : dict of str to str
        Fingerprint of each part of the network that the state belongs to: populations, inputs, projections.
    extra : dict of str to array
        What operators and kinds of synapses keep that are not built in, by name.
    """

    step: int
    dt: float
    seed: int
    variables: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    refractory: dict[str, np.ndarray] = field(default_factory=dict)
    pending: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    arriving: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    network: dict[str, str] = field(default_factory=dict)
    extra: dict[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Mapping[str, np.ndarray]:
        """Return the variables of a population by name, as ``sim.state[name]`` does: ``state["cells"]["v"]``."""
        return Lookup(Lookup(self.variables, "state")[name], f"state[{name!r}]")

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def with_seed(self, seed: int | None) -> State:
        """Return this state, from which a run continues with other random numbers: what it holds itself is not changed.

        Parameters
        ----------
        seed : int or None
            Seed of the runs that continue from it, >= 0; None for a fresh one.

        Returns
        -------
        State
            A copy. The arrays are those of this state.

        Raises
        ------
        TypeError, ValueError
            If it is not a whole number >= 0.

        Examples
        --------
        Two futures of one past:

        >>> import brainsim as bs
        >>> cells, net = bs.Population(10, bs.LIF(), name="cells"), bs.Network(seed=1)
        >>> net.stimulate(cells, bs.NoiseInput(100.0, mean=150.0))
        >>> past = bs.simulate(net, 50.0, seed=2)
        >>> one, two = (bs.simulate(net, 50.0, state=past.state.with_seed(seed)) for seed in (3, 4))
        >>> bool((one.state["cells"]["v"] == two.state["cells"]["v"]).any())
        False
        """
        return replace(self, seed=checked_seed(seed, "State.with_seed"))

    def __repr__(self) -> str:
        names = ", ".join(repr(name) for name in self.variables)
        return f"State at {self.step * self.dt:,.6g} ms (step {self.step:,} of {self.dt:g} ms) of {names or 'no population'}"


@answers_calls
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Result(Answering):
    """The outcome of one run.

    Parameters
    ----------
    spikes : dict of str to Spikes
        Spikes by population. A population, a view of one and the name of a view in `views` are keys too:
        ``result.spikes[exc]``, ``result.spikes["exc"]``.
    duration : float
        Simulated time [ms].
    dt : float
        Length of a step [ms].
    seed : int
        Seed of the run.
    start : float
        Time at which the run began [ms].
    traces : dict of (str, str) to Traces
        Traces by population and variable.
    weights : dict of (str, str) to Weights
        Recorded weights by projection and variable; ``result.weights[wires]`` finds those of a projection.
    populations : dict of str to int
        Number of cells of each population.
    state : State, optional
        State at the end of the run, to continue from.
    stats : dict
        What the run cost: seconds as ``"build"``, ``"compile"``, ``"run"``, and anything else that JSON can represent.
    views : dict of str to list of (str, int, int)
        Named parts of populations as (name, first cell, one past the last cell); plots give each its own colour.
    thresholds : dict of str to float or None
        Voltage at which the cells of a population fire [mV], for plots.
    resets : dict of str to list of str
        Variables of a population that a spike resets, for plots: none in a Hodgkin-Huxley model.
    names : dict of str to array of str
        What the cells of a population are called, if they have names: ``result.names["brain"][7]``.

    Raises
    ------
    TypeError
        If a number is not a number or `stats` holds what JSON cannot represent.
    ValueError
        If `duration` is negative, `dt` is not positive, or a population has a negative number of cells.

    Examples
    --------
    >>> import brainsim as bs
    >>> spikes = bs.Spikes([1.0, 3.0, 5.0, 9.0], [0, 1, 0, 0], n=2, duration=10.0, name="cells")
    >>> result = bs.Result(spikes={"cells": spikes}, duration=10.0, dt=0.1, seed=1, populations={"cells": 2})
    >>> result
    Result: 10 ms from 0 ms, dt = 0.1 ms, seed 1
    population  cells  spikes  rate [Hz]  CV
    cells           2       4        200   -
    CV: needs 20 spikes of at least half of the cells that fired
    """

    spikes: Mapping[Any, Spikes]
    duration: float
    dt: float
    seed: int
    start: float = 0.0
    traces: Mapping[Any, Traces] = field(default_factory=dict)
    weights: Mapping[Any, Weights] = field(default_factory=dict)
    populations: dict[str, int] = field(default_factory=dict)
    state: State | None = None
    stats: dict[str, Any] = field(default_factory=dict)
    views: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    thresholds: dict[str, float | None] = field(default_factory=dict)
    resets: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        spikes = dict(self.spikes)
        views = {
            name: [(str(part), int(start), int(stop)) for part, start, stop in parts] for name, parts in self.views.items()
        }
        vars(self).update(
            spikes=SpikesLookup(spikes, "Result.spikes", views),
            traces=TracesLookup(dict(self.traces), "Result.traces"),
            weights=WeightsLookup(dict(self.weights), "Result.weights"),
            duration=number(self.duration, "Result.duration", "ms", at_least=0.0),
            dt=number(self.dt, "Result.dt", "ms", above=0.0),
            start=number(self.start, "Result.start", "ms"),
            seed=integer(self.seed, "Result.seed"),
            populations={str(k): integer(n, f"Result.populations[{k!r}]", at_least=0) for k, n in self.populations.items()}
            or {name: of_population.n for name, of_population in spikes.items()},
            stats=_jsonable(self.stats, "Result.stats"),
            views=views,
            thresholds={name: None if v is None else float(v) for name, v in self.thresholds.items()},
            resets={name: list(variables) for name, variables in self.resets.items()},
        )
        names = {k: checked_names(v, self.populations.get(k, 0), f"Result.names[{k!r}]") for k, v in self.names.items()}
        vars(self).update(names=names)

    @property
    def stop(self) -> float:
        """Time at which the run ended [ms]."""
        return self.start + self.duration

    def _rows(self):
        """Return the table of populations as text, heading first."""
        rows = [("population", "cells", "spikes", "rate [Hz]", "CV")]
        for name, cells in self.populations.items():
            spikes = self.spikes.get(name)
            columns = ("-",) * 3 if spikes is None else (f"{len(spikes):,}", f"{spikes.rate():.3g}", f"{spikes.cv():.2f}")
            rows.append((name, f"{cells:,}", *(text.replace("nan", "-") for text in columns)))
        return rows

    def _heading(self):
        return f"{self.duration:,.6g} ms from {self.start:,.6g} ms, dt = {self.dt:g} ms, seed {self.seed}"

    def _footer(self):
        lines = [f"{traces.name}.{traces.variable}: {plural(traces.ids.size, 'cell')}" for traces in self.traces.values()]
        lines = ["traces: " + ", ".join(lines)] if lines else []
        if any(math.isnan(spikes.cv()) and not math.isnan(spikes.cv(3)) for spikes in self.spikes.values()):
            lines.insert(0, f"CV: needs {ENOUGH} spikes of at least half of the cells that fired")
        # a line each, since the names of projections are long
        for w in self.weights.values():
            lines.append(f"weights: {w.name}.{w.variable}: {plural(w.synapses.size, 'synapse')}")
        times = [f"{phase} {self.stats[phase]:.3g} s" for phase in PHASES if phase in self.stats]
        return lines + ([", ".join(times)] if times else [])

    def __repr__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [
            "  ".join([row[0].ljust(widths[0]), *(text.rjust(w) for text, w in zip(row[1:], widths[1:], strict=True))])
            for row in rows
        ]
        return "\n".join([f"Result: {self._heading()}", *table, *self._footer()])

    _repr_html_ = show_by("HTML of a result")

    def view(
        self,
        path: str | os.PathLike = "result.html",
        *,
        title: str | None = None,
        names: Mapping[str, Sequence[str]] | None = None,
    ) -> Path:
        """Write the result to one HTML file to be looked at in a browser, and return its path; see `brainsim.plot.view`.

        As the last line of a cell of a notebook it shows the page there.

        Examples
        --------
        >>> import brainsim as bs  # doctest: +SKIP
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
        >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
        >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
        >>> result.view("run.html")  # doctest: +SKIP
        >>> result.view("run.html", names={"cells": [f"cell {k}" for k in range(100)]})  # doctest: +SKIP
        """
        return through("view")(self, path, title=title, names=names)

    def save(self, path: str | os.PathLike, *, compress: bool = False) -> Path:
        """Write the result to one file and return its path: an ``.npz`` without pickles, or what the suffix says.

        ``.h5`` is HDF5 in the layout of SONATA, which also holds the state; ``.parquet`` is a folder of Parquet files.
        ``.nwb`` is Neurodata Without Borders, without the state; see `to_nwb`.

        Parameters
        ----------
        path : str or Path
            File to write: ``.npz``, ``.h5``, ``.hdf5``, ``.nwb`` or ``.parquet``. As by `numpy.savez`, an existing file is
            replaced, but only when the new one is complete; ``simulate(..., to=)``, which writes at the end of a run that
            may have taken days, replaces one only with ``overwrite=True``. If it is a symbolic link, the file it points to
            is replaced.
        compress : bool
            Whether to compress the file: it is smaller, but many times slower to write.

        Raises
        ------
        ValueError
            If the suffix is that of no format.
        FileNotFoundError
            If the folder does not exist.
        OSError
            If `path` is a folder, a device or a pipe.
        ImportError
            If the format needs a package that is not installed.

        Examples
        --------
        >>> import brainsim as bs, tempfile
        >>> folder = tempfile.mkdtemp()  # or one of yours
        >>> net = bs.Network()
        >>> cells = net.add(bs.Population(2, bs.SpikeTrains([[1.0], [2.0, 3.0]]), name="cells"))
        >>> result = bs.simulate(net, 5.0)
        >>> file = result.save(folder + "/run.npz")
        >>> bs.Result.load(file).spikes["cells"].counts()
        array([1, 2])
        """
        return through("save")(self, path, compress)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Result:
        """Return the result that `save`, or ``simulate(..., to=)``, wrote, equal to the last bit; ``.nwb`` lacks the state.

        Parameters
        ----------
        path : str or Path
            File to read, or the folder ``FILE.part`` of a run that did not end: it holds what was recorded until then, and
            no state. Spikes in ``.h5`` and in folders are read when they are looked at.

        Raises
        ------
        FileNotFoundError
            If the file does not exist.
        ValueError
            If the file is damaged, truncated, not a result of brainsim, or unfolds to arrays larger than its numbers of
            cells and steps allow.
        """
        return through("load")(path)

    @needs("neo")
    def to_neo(self) -> Any:
        """Return a ``neo.Block`` of one segment with the spike trains of all populations and all traces.

        Examples
        --------
        >>> import neo  # doctest: +SKIP
        >>> import brainsim as bs  # doctest: +SKIP
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
        >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
        >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
        >>> neo.io.PickleIO("run.pkl").write(result.to_neo())  # doctest: +SKIP
        """
        neo = optional("neo", "Result.to_neo")
        block = neo.Block(name="brainsim", dt=self.dt, seed=self.seed, duration=self.duration, start=self.start)
        segment = neo.Segment(name="run")
        segment.spiketrains.extend([train for spikes in self.spikes.values() for train in spikes.to_neo()])
        for traces in self.traces.values():
            signal = traces.to_neo()
            regular = type(signal).__name__ == "AnalogSignal"
            (segment.analogsignals if regular else segment.irregularlysampledsignals).append(signal)
        block.segments.append(segment)
        return block

    @needs("pynwb")
    def to_nwb(self, **given: Any) -> Any:
        """Return a ``pynwb.NWBFile`` in memory, to which a subject and so on can be added; `save` writes one to a file.

        Spikes are a ``Units`` table with the columns population and cell; traces and weights are ``TimeSeries``. Times are
        in seconds. The state is left out.

        Parameters
        ----------
        **given
            Fields of NWBFile, such as ``session_description``, ``experimenter`` and ``session_start_time``; by default a
            description of the run, and now.

        Examples
        --------
        >>> import brainsim as bs  # doctest: +SKIP
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
        >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
        >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
        >>> file = result.to_nwb(experimenter="Hodgkin, Alan")  # doctest: +SKIP
        >>> result.save("run.nwb")  # doctest: +SKIP

        References
        ----------
        Rübel et al. (2022), doi:10.7554/eLife.78362.
        """
        return through("nwb")(self, given)


def _jsonable(stats, label):
    try:
        return json.loads(json.dumps(stats, default=lambda value: value.tolist()))
    except (TypeError, ValueError, AttributeError):
        raise TypeError(f"{label}: must contain only what JSON can represent (got {stats!r})") from None


def join(earlier: Result, later: Result) -> Result:
    """Return `later` with what `earlier`, of the same requests, recorded before it; the result covers the time of both."""
    kinds: dict[str, Any] = {}
    for name in ("spikes", "traces", "weights"):
        before, after = dict(getattr(earlier, name)), getattr(later, name)
        if before.keys() != after.keys():
            wanted, got = (", ".join(map(str, keys)) or "nothing" for keys in (after, before))
            raise ValueError(f"{name}: must be of {wanted} (got {got})")
        kinds[name] = {key: _join(before[key], part) for key, part in after.items()}
    return replace(later, **kinds)


def _join(before, after):
    """Return what two parts of one kind hold, one after the other."""
    same = () if isinstance(after, Spikes) else ("ids",)  # the cells
    growing = [field.name for field in fields(after) if field.name in ALONG_TIME and field.name not in same]
    return replace(after, **{name: np.concatenate([getattr(before, name), getattr(after, name)]) for name in growing})
