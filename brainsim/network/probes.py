"""What a run records: `Trace` a variable of some cells, `SpikeRecord` spikes, `WeightTrace` weights of some synapses."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from brainsim.core.arrays import as_array
from brainsim.core.checks import check_name, choice, indices, integer, number, plain
from brainsim.core.hints import answers_calls
from brainsim.network.population import View
from brainsim.network.projection import Projection, find_projection

REDUCTIONS = ("mean", "sum", "std")


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """Record a variable of some cells.

    Parameters
    ----------
    cells : Population or View
        The cells, which must belong to one population.
    variable : str
        A variable of the neuron (``"v"``) or of a synapse on it (``"ampa.g"``: the synapse's name, or its class in lower
        case, and its variable). A line of the equations without d/dt (``"alpha_m"``, ``"nmda.block"``). A current: that of a
        synapse (``"ampa.current"``), the injected one (``"I_ext"``, in the step that ends at the sample), and the sum of all
        (``"I"``). Or the name of an input: its rate or current in the step that begins at the sample, but of a
        `VoltageClamp` its current in the step that ends there. Of a source, a parameter that may change in time (``"rate"``
        of `Poisson`), in the step that begins at the sample.
    every : float, optional
        Interval between samples [ms]; by default every time step.
    start, stop : float, optional
        Record only from `start` to `stop`, both included [ms], by default always.
    reduce : {"mean", "sum", "std"}, optional
        Record one number a sample instead of one for each cell: the mean, sum or standard deviation over the cells (which
        divides by their number), computed during the run. It takes 8 bytes a sample however many cells there are.

    The samples are the values at ``0, every, 2*every, ...``, including 0. After the run they are in
    ``result.traces[population, variable]``. Two traces of one variable are joined; they must have the same `every`, `start`
    and `stop`. A mean is in ``result.traces[population, "mean(v)"]``, as one column of index 0; if the cells are not a whole
    population, it is found by the name of the view, or by the view: ``result.traces[cells[:100], "mean(v)"]``.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> bs.Trace(cells[:3], "v", every=1.0)
    Trace(cells[0:3], 'v', every=1.0)

    The synaptic current, and an input:

    >>> net = bs.Network(seed=1)
    >>> ampa = bs.ExponentialConductance(tau=5.0, e_rev=0.0, name="ampa")
    >>> wires = net.connect(cells, cells, bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=ampa)
    >>> net.stimulate(cells, bs.CurrentInput("400 + 100*sin(t/5)"), name="wave")
    >>> traces = [bs.Trace(cells[:3], "ampa.current"), bs.Trace(cells[:3], "wave")]
    >>> bs.simulate(net, 10.0, seed=2, record=traces).traces["cells", "wave"]
    Traces of 'cells'.wave: 3 cells, 101 values each, 0 to 10 ms, in pA

    The rate of a source:

    >>> waves = bs.Population(5, bs.Poisson(rate="20 + 15*sin(2*pi*8*t/1000)"), name="waves")
    >>> net.add(waves)
    >>> bs.simulate(net, 10.0, seed=2, record=bs.Trace(waves, "rate", every=1.0)).traces["waves", "rate"]
    Traces of 'waves'.rate: 5 cells, 11 values each, 0 to 10 ms, in Hz

    The mean potential of all cells in the last second of a run of ten:

    >>> bs.Trace(cells, "v", start=9_000.0, reduce="mean")
    Trace(cells, 'v', start=9000.0, reduce='mean')
    """

    cells: View
    variable: str
    every: float | None = None
    start: float | None = None
    stop: float | None = None
    reduce: Literal["mean", "sum", "std"] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.cells, View):
            raise TypeError(
                f"Trace.cells: must be a population or a view of one, e.g. Trace(cells[:3], 'v') (got {self.cells!r})"
            )
        if len(self.cells.parts) != 1:
            raise ValueError("Trace.cells: must be of one population; write one Trace for each")
        if not isinstance(self.variable, str):
            raise TypeError(f"Trace.variable: must be the name of a variable such as 'v' (got {self.variable!r})")
        if self.every is not None:
            object.__setattr__(self, "every", number(self.every, "Trace.every", "ms", above=0.0))
        _check_window(self, "Trace")
        choice(self.reduce, (None, *REDUCTIONS), "Trace.reduce")
        if self.reduce and not self.cells.n:
            raise ValueError(f"Trace.cells: {self.cells.name} has no cells of which {self.reduce!r} could be taken")

    def __repr__(self) -> str:
        return f"Trace({self.cells.name}, {self.variable!r}{_list_options(self, 'every', 'start', 'stop', 'reduce')})"

    @property
    def key(self) -> tuple[str, str]:
        """Where it is in the results."""
        if self.reduce is None:
            return self.population, self.variable
        whole = self.cells.n == self.cells.parts[0][0].n
        return self.population if whole else self.cells.name, f"{self.reduce}({self.variable})"

    @property
    def population(self) -> str:
        """Name of the population."""
        return self.cells.parts[0][0].name

    @property
    def ids(self) -> np.ndarray:
        """Indices of the cells in the population."""
        return self.cells.parts[0][1]

    @property
    def columns(self) -> int:
        """How many numbers a sample has."""
        return 1 if self.reduce else self.ids.size


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class SpikeRecord:
    """Record the spikes of some cells, or of a part of the run.

    Parameters
    ----------
    cells : Population or View, optional
        Whose spikes; None means all populations of the network.
    start, stop : float, optional
        Record only the spikes in (start, stop] [ms], by default all. ``result.spikes`` then begins and ends there, so its
        rates are those of this window.

    It is given to `simulate` or `Simulation` as ``spikes=``, alone or in a list with populations and views. Spikes that
    nobody asked for take no memory.

    Examples
    --------
    The last second of a run of ten:

    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cells, bs.CurrentInput(400.0))
    >>> result = bs.simulate(net, 10_000.0, seed=2, spikes=bs.SpikeRecord(start=9_000.0))
    >>> result.spikes["cells"]
    Spikes of 'cells': 8,700 spikes of 100 cells in 1,000 ms, 87 Hz
    """

    cells: View | None = None
    start: float | None = None
    stop: float | None = None

    def __post_init__(self) -> None:
        if self.cells is not None and not isinstance(self.cells, View):
            raise TypeError(f"SpikeRecord.cells: must be a population or a view (got {self.cells!r})")
        _check_window(self, "SpikeRecord")

    def __repr__(self) -> str:
        cells = "" if self.cells is None else self.cells.name
        return f"SpikeRecord({(cells + _list_options(self, 'start', 'stop')).removeprefix(', ')})"


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class WeightTrace:
    """Record the weights of a projection with plasticity, or a variable of its rule: of some synapses, or as histograms.

    Parameters
    ----------
    projection : Projection or str
        What `Network.connect` returned, or its name.
    variable : str
        ``"w"``, the weight, or a variable of the rule: one that each synapse has, or a trace of its cells such as x of
        `TsodyksMarkram`, as the synapse reads it, or a modulator.
    synapses : int, array of int, or None
        Which ones: their indices in ``sim.synapses(projection)``; a number chooses that many at random, the same in each
        run of the network; None records all of them.
    every : float
        Interval between samples [ms].
    bins : int or array of float, optional
        Record histograms of all synapses as well: the number of bins between the bounds of the rule, or the edges of the
        bins. Values beyond the edges are not counted, and the last bin includes its upper edge.
    start, stop : float, optional
        Record only from `start` to `stop`, both included [ms], by default always. There is a sample at `stop` also if that
        is not a multiple of `every`.

    The samples are the values at ``0, every, 2*every, ...``, including 0; a trace of the target is as it was before spikes
    of the target at that time. After the run they are in ``result.weights[projection]``, and of x in
    ``result.weights[projection, "x"]``. Recording changes no bit of the run. To sample a few synapses takes equally long
    however many there are; histograms go through all synapses.

    **The clock.** A synapse is shown as its target feels it: after all spikes of the source that have arrived at the target
    by then, and over a `Delta` synapse also those of the next step unless times are exact. So with a ``dendritic_delay`` D
    it is shown as it was D earlier: a change at the synapse is seen D later, and a spike of the target 2 D after it.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind.

    Examples
    --------
    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
    >>> wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=0.5, delay=1.5, synapse=bs.Delta(),
    ...                     plasticity=bs.STDP(w_max=1.0))
    >>> net.stimulate(cells, bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta()))
    >>> result = bs.simulate(net, 300.0, seed=2, record=bs.WeightTrace(wires, synapses=5, every=100.0, bins=20))
    >>> result.weights[wires]
    Weights of 'cells->cells'.w: 5 synapses, 4 samples, 0 to 300 ms, histograms of 20 bins, in mV
    >>> result = bs.simulate(net, 300.0, seed=2, record=bs.WeightTrace(wires, "x", synapses=5, every=1.0))
    >>> result.weights[wires, "x"].values.shape
    (301, 5)
    """

    projection: Projection | str
    variable: str = "w"
    synapses: Any = 100
    every: float = 100.0
    bins: Any = None
    start: float | None = None
    stop: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.projection, Projection | str):
            message = "must be what Network.connect returned, or its name"
            raise TypeError(f"WeightTrace.projection: {message} (got {self.projection!r})")
        if not isinstance(self.variable, str):
            raise TypeError(f"WeightTrace.variable: must be 'w' or the name of a variable (got {self.variable!r})")
        object.__setattr__(self, "every", number(self.every, "WeightTrace.every", "ms", above=0.0))
        _check_window(self, "WeightTrace")
        for key, checked, of in (("synapses", indices, "whole numbers"), ("bins", _edges, "numbers")):
            value, label = getattr(self, key), f"WeightTrace.{key}"
            if value is not None:
                whole = as_array(value, label, of).ndim == 0
                value = integer(value, label, at_least=int(key == "bins")) if whole else checked(value, label)
                object.__setattr__(self, key, value)

    def __repr__(self) -> str:
        synapses = self.synapses if np.ndim(self.synapses) == 0 else f"[{np.size(self.synapses)} indices]"
        bins = "" if self.bins is None else f", bins={self.bins if np.ndim(self.bins) == 0 else '[...]'}"
        limits = _list_options(self, "start", "stop")
        name = self.projection if isinstance(self.projection, str) else self.projection.name
        return f"WeightTrace({name!r}, {self.variable!r}, synapses={synapses}, every={self.every!r}{bins}{limits})"

    @property
    def columns(self) -> int:
        """About how many numbers a sample has; it must be known of which projection."""
        expected = typing.cast(Projection, self.projection).expected
        n = self.synapses if np.ndim(self.synapses) == 0 else np.size(self.synapses)
        bins = self.bins or 0 if np.ndim(self.bins) == 0 else np.size(self.bins) - 1
        return int((expected if n is None else min(n, expected)) + bins)


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class EventRecord:
    """Record when a condition becomes true for a cell: events other than spikes.

    Parameters
    ----------
    cells : Population or View
        The cells, which must belong to one population.
    condition : str
        A condition on variables, lines and parameters of the neuron, its currents ``I`` and ``I_ext``, and the time ``t``.
    name : str, optional
        What the events are called in ``result.spikes``; by default ``"NAME OF THE CELLS: condition"``.

    An event is at each step at which the condition is true but was not true one step before. It is tested after the spikes
    of the step, so what a reset changes at once is not seen. They are in ``result.spikes[name]``, as `Spikes` of these
    cells, which are numbered from 0; what `Spikes` calls spikes are then these events.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cells, bs.CurrentInput(400.0))
    >>> half = bs.EventRecord(cells[:10], "v > (v_rest + v_th)/2", name="half way")
    >>> bs.simulate(net, 100.0, seed=2, record=half).spikes["half way"]
    Spikes of 'half way': 90 spikes of 10 cells in 100 ms, 90 Hz
    """

    cells: View
    condition: str
    name: str | None = None

    columns = 0  # numbers that a sample keeps
    every = None

    def __post_init__(self) -> None:
        if not isinstance(self.cells, View):
            raise TypeError(f"EventRecord.cells: must be a population or a view of one (got {self.cells!r})")
        if len(self.cells.parts) != 1:
            raise ValueError("EventRecord.cells: must be of one population; write one EventRecord for each")
        if not isinstance(self.condition, str):
            raise TypeError(f"EventRecord.condition: must be a string, e.g. 'v > v_half' (got {self.condition!r})")
        if self.name is not None:
            check_name(self.name, "EventRecord.name")

    def __repr__(self) -> str:
        return f"EventRecord({self.cells.name}, {self.condition!r}{_list_options(self, 'name')})"

    @property
    def label(self) -> str:
        """Where the events are in the results."""
        return f"{self.cells.name}: {self.condition}" if self.name is None else self.name


@runtime_checkable
class OwnRequest(Protocol):
    """What else ``record=`` takes: an object with a recorder of its own, see `brainsim.engine.recorders.recorder`.

    `Network.estimate` reads how many numbers a sample has (``columns``) and their interval (``every`` [ms], None for each
    step), if it has these attributes.
    """

    def recorder(self, layout: Any) -> Any:
        """Return a `Recorder` for a network that is laid out."""
        ...


Request = Trace | WeightTrace | EventRecord | OwnRequest
Kept = View | SpikeRecord  # whose spikes


def _check_window(request, label):
    """Check `start` and `stop`, and keep them as numbers."""
    for name in ("start", "stop"):
        if getattr(request, name) is not None:
            object.__setattr__(request, name, number(getattr(request, name), f"{label}.{name}", "ms", at_least=0.0))
    if request.start is not None and request.stop is not None and not request.stop > request.start:
        raise ValueError(f"{label}.stop: must be > start, {request.start:g} ms (got {request.stop:g} ms)")


def _list_options(request, *names):
    return "".join(f", {name}={value!r}" for name in names if (value := getattr(request, name)) is not None)


def _edges(value, label):
    edges = plain(value, "", label)
    if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"{label}: must be a number of bins, or two or more edges in increasing order (got {value!r})")
    return edges


def check_traces(record: Request | Sequence[Request], projections: Sequence[Projection], label: str) -> list[Request]:
    """Return what to record of a network with these projections, as a list in which no projection is a name."""
    traces: list[Any] = list(record) if isinstance(record, list | tuple) else [record]
    for trace in traces:
        if isinstance(trace, type) and hasattr(trace, "recorder"):
            raise TypeError(f"{label}: {trace.__name__} is a class; write {trace.__name__}(...)")
        if not isinstance(trace, Trace | WeightTrace | EventRecord | OwnRequest):
            raise TypeError(
                f"{label}: must be a list of bs.Trace(cells, 'v'), bs.WeightTrace(projection) and the like (got {trace!r})"
            )
    return [
        replace(trace, projection=find_projection(projections, trace.projection, f"{label}: WeightTrace"))
        if isinstance(trace, WeightTrace) and isinstance(trace.projection, str)
        else trace
        for trace in traces
    ]
