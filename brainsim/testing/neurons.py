"""Checks of models of cells."""

import functools
import warnings
from collections.abc import Collection
from typing import Any

import numpy as np

from brainsim.engine.simulation.simulate import simulate
from brainsim.equations.expressions import language as lang
from brainsim.explore.single_cells import LADDER
from brainsim.models.base import Neuron
from brainsim.models.inputs import CurrentInput
from brainsim.models.values import Distribution
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.network.probes import Trace
from brainsim.results.result import Result
from brainsim.testing.properties import SEED, check_bits, check_properties, explained, make, require, require_read

DURATION, ONSET = 200.0, 20.0  # ms, and when the current begins
EXTREMES = 0.0, 3.0, -1.0  # times the usual current


@explained
def check_neuron(
    model: Neuron | type[Neuron], *, current: float | None = None, dt: float = 0.1, only: Collection[str] | None = None
) -> None:
    """Check a model of cells as the built-in ones are checked.

    Parameters
    ----------
    model : Neuron or class
        The model; a class is made with its defaults.
    current : float, optional
        Current [pA] under which the cells are checked, if they take one. By default the lowest of 0.1, 0.2, 0.5, 1, ...
        pA under which a cell fires repetitively within 180 ms; for a model that never fires, the highest up to 100 pA under
        which it stays finite.
    only : collection of str, optional
        The properties to check, all by default:

        - "alive": under the current all variables stay finite for 200 ms, and the cells fire, or at least move if the model
          has no threshold.
        - "extreme": nothing becomes NaN without a current, under three times the current, and under the opposite one.
        - "bits": the same seed gives the same bits on any number of threads, in any pieces, after a restore and a reset.
        - "cells": cells with parameters of their own behave, to the last bit, as cells that all have these parameters.
        - "reset": spikes set the variables as the reset says, and none comes within the refractory time.
        - "single": in single precision the cells fire about as often.
        - "read": one of its texts reads each parameter that the class declares.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.testing.check_neuron(bs.LIF(tau_m=10.0), only=["alive", "bits"])
    """
    check_properties(PROPERTIES, _Cells(make(model, Neuron, "check_neuron.model"), model, current, dt), only)


class _Cells:
    """A model under test, and the current at which it works."""

    def __init__(self, model, given, current, dt):
        self.model, self.kind, self.label, self.dt, self.current = model, type(model), type(model).__name__, dt, current
        self._given = given
        if current is None and model.cell_equations.uses_current:
            self.current = working_current(model, dt)

    def make(self, **changes):
        """Return a new model with some other parameters."""
        if isinstance(self._given, type):
            return self._given(**changes)
        return self.kind(**{name: getattr(self.model, name) for name in self.model.parameters} | changes)

    def network(self, n, model=None, times=1.0):
        """Return n cells of a model under the current, or some times as much."""
        cells, net = Population(n, self.make() if model is None else model, name="cells"), Network(seed=1)
        net.add(cells)
        if self.current is not None:
            net.stimulate(cells, CurrentInput(times * self.current, start=ONSET))
        return net

    def run(self, n=2, model=None, times=1.0, **options):
        """Return (Result, variable -> values at each step) of such a network."""
        net = self.network(n, model, times)
        record = [Trace(net.populations["cells"], name) for name in self.kind.initials]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*was rounded")  # a refractory time a tenth longer
            result = simulate(net, DURATION, dt=self.dt, seed=SEED, record=record, progress=False, **options)
        return result, {name: result.traces["cells", name].values for name in self.kind.initials}


def _check_alive(cells: _Cells) -> None:
    faster = {"rate": 40.0} if cells.kind.spiking_source and "rate" in cells.kind.parameters else {}
    result, traces = cells.run(model=cells.make(**faster))
    for variable, values in traces.items():
        require(np.isfinite(values).all(), f"{cells.label}: {variable} must stay finite under {_phrase(cells.current)}")
    if cells.kind.threshold:
        require(len(result.spikes["cells"]) >= 2, f"{cells.label}: must fire under {_phrase(cells.current)}")
    else:
        moves = any(np.ptp(values) > 0.0 for values in traces.values())
        require(moves, f"{cells.label}: a variable must change under {_phrase(cells.current)}")


def _check_extreme(cells: _Cells) -> None:
    for times in EXTREMES if cells.current is not None else (1.0,):
        _, traces = cells.run(times=times)
        for variable, values in traces.items():
            where = _phrase(None if cells.current is None else times * cells.current)
            require(not np.isnan(values).any(), f"{cells.label}: {variable} must not become NaN under {where}")


def _check_bits(cells: _Cells) -> None:
    check_bits(lambda: cells.network(7), duration=DURATION, dt=cells.dt, label=cells.label)


def _check_cells(cells: _Cells) -> None:
    others = {key: value for key in cells.kind.parameters if (value := _change(cells, key)) is not None}
    if not others:
        return
    n, usual = 1 + len(others), {key: getattr(cells.make(), key) for key in others}
    arrays = {key: np.array([usual[key], *(v if key == k else usual[key] for k, v in others.items())]) for key in others}
    together, of_all = cells.run(n, cells.make(**arrays))
    for cell, changes in enumerate([{}, *({key: value} for key, value in others.items())]):
        alone, of_one = cells.run(n, cells.make(**changes))
        message = f"{cells.label}: a cell with {changes or 'the defaults'} must behave as if all cells had them; not so "
        for variable, values in of_all.items():
            same = np.array_equal(values[:, cell], of_one[variable][:, cell], equal_nan=True)
            require(same, f"{message}{variable}")
        times = [spikes.times[spikes.ids == cell] for spikes in (r.spikes["cells"] for r in (together, alone))]
        require(np.array_equal(*times), f"{message}its spikes")


def _check_reset(cells: _Cells) -> None:
    model = cells.make()
    equations = cells.kind.cell_equations
    if equations.threshold is None or cells.kind.spiking_source:
        return
    result, traces = cells.run(model=model)
    known, spikes = {n: getattr(model, n) for n in model.parameters}, result.spikes["cells"]
    at = np.rint(spikes.times / cells.dt).astype(int)
    last = dict(equations.reset)  # of several lines about a variable the last one counts
    for variable, tree in last.items():
        if lang.names_in(tree) <= set(known) and not lang.calls_in(tree) & {"rand", "randn"}:
            wanted = lang.evaluate(tree, known)
            near = np.allclose(traces[variable][at, spikes.ids], wanted, rtol=1e-12, atol=1e-12)
            require(near, f"{cells.label}: {variable} must be {wanted:g} after a spike, as the reset says")
    waits = equations.refractory
    if waits is None or lang.is_condition(waits) or not lang.names_in(waits) <= set(known):
        return
    _check_refractory(cells, round(float(lang.evaluate(waits, known)) / cells.dt), at, spikes.ids, traces)


def _check_refractory(cells, steps, at, ids, traces):
    """Check that no spike comes within the refractory time after another, and that what it holds does not move."""
    equations = cells.kind.cell_equations
    changes = [*equations.each_step, *(change for _, effects in equations.events for change in effects)]
    still = equations.frozen - {variable for variable, _ in changes}
    for cell in np.unique(ids):
        fired = at[ids == cell]
        require(np.all(np.diff(fired) > steps), f"{cells.label}: no spike may come within the refractory time of another")
        for variable in still:
            values = traces[variable][:, cell]
            for start in fired[fired + steps < len(values)]:
                require(
                    np.ptp(values[start : start + steps + 1]) == 0.0,
                    f"{cells.label}: {variable} must not move while the cell is refractory",
                )


def _check_single(cells: _Cells) -> None:
    (double, _), (single, traces) = (cells.run(precision=precision) for precision in ("double", "single"))
    for variable, values in traces.items():
        require(np.isfinite(values).all(), f"{cells.label}: {variable} must stay finite in single precision")
    counts = [len(result.spikes["cells"]) for result in (double, single)]
    near = abs(counts[1] - counts[0]) <= max(5, 0.2 * counts[0])
    require(near, f"{cells.label}: must fire as often in single precision as in double (got {counts[1]} and {counts[0]})")


def _check_read(cells: _Cells) -> None:
    require_read(cells.model, cells.label)


PROPERTIES = {
    "alive": _check_alive,
    "extreme": _check_extreme,
    "bits": _check_bits,
    "cells": _check_cells,
    "reset": _check_reset,
    "single": _check_single,
    "read": _check_read,
}


@functools.cache
def working_current(model: Neuron, dt: float = 0.1) -> float:
    """Return the lowest current [pA] of a ladder under which a cell keeps firing.

    For a cell that does not fire, the highest under which it stays finite, up to 100 pA.
    """
    cells, net = Population(LADDER.size, model, name="cells"), Network(seed=1)
    net.stimulate(cells, CurrentInput(LADDER, start=ONSET))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the highest may be beyond what the model is made for
        record = [Trace(cells, name) for name in model.initials]
        result: Result = simulate(net, DURATION, dt=dt, seed=SEED, record=record, progress=False)
    counts = np.bincount(result.spikes["cells"].ids, minlength=LADDER.size)
    for enough in (4, 3, 2):
        if np.any(counts >= enough):
            return float(LADDER[counts >= enough][0])
    finite = [np.isfinite(result.traces["cells", name].values).all(axis=0) for name in model.initials]
    return float(LADDER[np.logical_and.reduce(finite) & (LADDER <= 100.0)][-1])


def _change(cells: _Cells, key: str) -> Any:
    """Return another value that the class allows for a parameter, or None."""
    spec, value = cells.kind.parameters[key], getattr(cells.model, key)
    if spec.timed or isinstance(value, Distribution) or np.ndim(value) or not isinstance(value, float):
        return None
    for other in (1.1 * value, 0.9 * value, 0.1) if value else (0.1,):
        try:
            cells.make(**{key: other})
        except ValueError:
            continue
        return other
    return None


def _phrase(current):
    return "no current" if not current else f"a current of {current:g} pA"
