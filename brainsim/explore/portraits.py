"""The portrait of a model: what a neuron does under a step of current, or what one event of a synapse does."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from brainsim.core.hints import answers_calls
from brainsim.engine.simulation.simulate import simulate
from brainsim.equations.expressions import language as lang
from brainsim.explore.responses import step_response
from brainsim.explore.single_cells import (
    LADDER,
    LENGTH,
    NAME,
    ONSET,
    check_model,
    check_one_number,
    current_unit,
    find_firing_current,
    limit_of,
    resting_state,
    run_cells,
)
from brainsim.models.base import Neuron, Synapse
from brainsim.models.neurons.nonspiking import LI
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.rules import AllToAll
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.network.probes import Trace
from brainsim.plot import raster
from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.groups import add_unit
from brainsim.plot.elements.styles import FAINT, PALETTE, legend_above, style

DURATION, DT = 260.0, 0.05  # ms, of the run with a step of current
QUIET = 100.0  # pA, for cells that do not fire
APART = 20.0  # variables of one unit whose sizes differ by this factor get separate axes
SOURCES, SHOWN, RECORDING = 20, 1000.0, 20_000.0  # cells, ms drawn and ms simulated, of a source
WEIGHTS = {"mV": 1.0, "pA": 100.0, "pA*ms": 500.0, "nS": 5.0, "": 0.0135}
HELD = (-80.0, -40.0, 0.0, 40.0)  # mV, of clamped cells
CLAMP = 1e9  # pF: no current moves such a cell
EVENT, GAP, BURST = 10.0, 5.0, 10  # ms, ms, events: of a burst, for synapses of which one event does little


@answers_calls
def portrait(model: Neuron | Synapse) -> Figure:
    """Draw the portrait of a model, with its parameters as they are.

    A neuron with a current is drawn under a step to the lowest current at which it fires repetitively: its potential with
    the threshold and, below, the other variables that change, one panel per unit. It settles without input first; if it
    fires without input, the title gives its rate. A neuron that only sends is drawn as a raster. A synapse is drawn by one
    event, or ten if its weights have no unit: the current into clamped cells, and the potential of a leaky cell.

    Parameters
    ----------
    model : Neuron or Synapse
        With one number per parameter.

    Returns
    -------
    Figure
        A new figure, not shown.

    Raises
    ------
    TypeError, ValueError
        If it is not a model, or a parameter is not the same in all cells.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.explore.portrait(bs.AdEx()).savefig("adex.png")                                          # doctest: +SKIP
    """
    with style():
        if isinstance(model, Synapse):
            check_one_number(model, "portrait")
            return _of_synapse(model)
        check_model(model, "portrait", current=False)
        return _of_cell(model) if model.cell_equations.uses_current else _of_source(model)


# --------------------------------------------------------------------------------------------------------- neurons


def _of_cell(model):
    rest, spontaneous = resting_state(model, DT)
    amplitude = _firing_current(model, rest)
    response = step_response(model, amplitude, onset=ONSET, length=LENGTH, duration=DURATION, dt=DT, initial=rest)
    main = "v" if "v" in model.initials else next(iter(model.initials))
    rows = _rows(response, main)
    heights = [2.4] + [1.0] * len(rows)
    figure, axes = plt.subplots(
        len(heights),
        sharex=True,
        squeeze=False,
        layout="constrained",
        FigureClass=ShownOnce,
        figsize=(7.0, 1.1 + 1.25 * sum(heights)),
        height_ratios=heights,
    )
    response.plot(axes[0, 0], variable=main)
    for ax, names in zip(axes[1:, 0], rows, strict=True):
        for name, colour in zip(names, PALETTE, strict=False):
            ax.plot(response.times, response[name][:, 0], color=colour, linewidth=1.1, label=name)
        unit = model.initials[names[0]].unit
        ax.set_ylabel(add_unit(names[0], unit) if len(names) == 1 else f"[{unit}]" if unit else "")
        if len(names) > 1:
            legend_above(ax, len(names))
    axes[-1, 0].set_xlabel("time [ms]")
    size = f"{amplitude:g} {current_unit(model)}".strip()
    alone = f" (without current, the cell fires at {spontaneous:.3g} Hz)" if spontaneous else ""
    figure.suptitle(f"{type(model).__name__}: step of current to {size}{alone}", fontsize="medium", x=0.01, ha="left")
    figure.align_ylabels()
    return figure


def _rows(response, main):
    """Return the names of the other variables that change, one list for each row of the picture."""
    rows, limit = [], limit_of(response.model)
    for name, spec in response.model.initials.items():
        values = response[name]
        if name == main or np.ptp(values) == 0.0 or name == getattr(limit, "id", None):  # a threshold is drawn with v
            continue
        for row in rows:
            peaks = [np.abs(response[other]).max() for other in (name, row[0])]
            if spec.unit == response.model.initials[row[0]].unit and max(peaks) < APART * min(peaks):
                row.append(name)
                break
        else:
            rows.append([name])
    return rows


def _firing_current(model, rest):
    """Return the lowest current of the ladder at which a neuron fires repetitively from rest [pA]; `QUIET` if none."""
    firing = find_firing_current(model, DT, initial=rest)
    return QUIET if firing is None else float(LADDER[firing[1]])


def _of_source(model):
    spikes = run_cells(model, RECORDING, 0.1, n=SOURCES).spikes[NAME]
    figure, ax = plt.subplots(layout="constrained", figsize=(7.0, 2.6), FigureClass=ShownOnce)
    raster(spikes, ax=ax, window=(0.0, SHOWN))
    facts = f"{SOURCES} cells, {spikes.rate():.3g} Hz, CV of the intervals {spikes.cv():.2f}"
    ax.set_title(f"{type(model).__name__}: {facts}", fontsize="medium", loc="left")
    return figure


# -------------------------------------------------------------------------------------------------------- synapses


def _of_synapse(synapse):
    """Draw what one event of a synapse does: the current into clamped cells, and the potential of a leaky one."""
    flows = synapse.receptor_equations.current is not None
    result = _events(synapse)
    figure, axes = plt.subplots(
        1 + flows, sharex=True, squeeze=False, layout="constrained", FigureClass=ShownOnce, figsize=(7.0, 2.2 + 1.8 * flows)
    )
    times = result.traces["leaky", "v"].times
    if flows:
        _draw_currents(synapse, result, times, axes[0, 0])
    bottom = axes[-1, 0]
    bottom.plot(times, result.traces["leaky", "v"].values[:, 0], color=PALETTE[0], linewidth=1.2)
    bottom.set_ylabel(add_unit("v, leaky cell", "mV"))
    bottom.set_xlabel("time [ms]")
    bottom.set_xlim(0.0, result.duration)
    bottom.ticklabel_format(axis="y", useOffset=False)
    size = f"{WEIGHTS.get(synapse.weight_unit, 1.0):g} {synapse.weight_unit or '(weights have no unit)'}"
    what = f"{BURST} events of {size}, {GAP:g} ms apart" if _in_burst(synapse) else f"one event of {size}"
    figure.suptitle(f"{type(synapse).__name__}: {what}", fontsize="medium", x=0.01, ha="left")
    figure.align_ylabels()
    return figure


def _in_burst(synapse):
    return synapse.weight_unit == ""


def _events(synapse):
    """Return the result of an event of a synapse, or a burst, onto clamped cells and a leaky one."""
    times = [getattr(synapse, name) for name, spec in synapse.parameters.items() if spec.unit == "ms"]
    times += [1.0 / getattr(synapse, name) for name, spec in synapse.parameters.items() if spec.unit == "1/ms"]
    duration = float(np.ceil(np.clip(EVENT + 5.0 * max(times, default=20.0), 80.0, 1500.0)))
    clamped = Population(len(HELD), LI(c_m=CLAMP, v_rest=np.array(HELD)), name="clamped")
    leaky = Population(1, LI(), name="leaky")
    sent = EVENT - 1.0 + GAP * np.arange(BURST if _in_burst(synapse) else 1)
    source = Population(1, SpikeTrains(sent, np.zeros(sent.size, dtype=int)), name="source")
    net, weight = Network(seed=1), WEIGHTS.get(synapse.weight_unit, 1.0)
    for cells in (clamped, leaky):
        net.connect(source, cells, AllToAll(), weight=weight, delay=1.0, synapse=synapse)
    title = synapse.name or type(synapse).__name__.lower()
    record = [Trace(leaky, "v"), *(Trace(clamped, f"{title}.{variable}") for variable in synapse.variables)]
    return simulate(net, duration, dt=0.1, seed=1, record=record, progress=False)


def _draw_currents(synapse, result, times, ax):
    """Draw the current into clamped cells: one line if it does not depend on the potential."""
    receptor, title = synapse.receptor_equations, synapse.name or type(synapse).__name__.lower()
    known = {name: getattr(synapse, name) for name in synapse.parameters}
    known |= {name: result.traces["clamped", f"{title}.{name}"].values for name in synapse.variables}
    known["v"] = np.array(HELD)
    for name, tree in receptor.algebraic.items():
        known[name] = lang.evaluate(tree, known)
    current = lang.evaluate(receptor.current, known)
    depends_on_v = "v" in lang.names_in(lang.expand(receptor.current, receptor.algebraic, "portrait"))
    for cell, held in enumerate(HELD if depends_on_v else HELD[:1]):
        ax.plot(times, current[:, cell], color=PALETTE[cell], linewidth=1.2, label=f"at {held:g} mV")
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=1)
    ax.set_ylabel(add_unit("current", "pA"))
    if depends_on_v:
        legend_above(ax, len(HELD))
