"""The figures of mapped brains: one of which some cells are activated, and a worm that is touched."""

import numpy as np

from brainsim.connectomes.experiments import layers
from brainsim.core.contexts import within
from brainsim.examples.worm import BACKWARD, FORWARD, LASTS, TOUCHES, groups
from brainsim.plot.elements.page_layout import AXES, DARK, note, page, shade
from brainsim.plot.elements.styles import PALETTE, REST, style
from brainsim.plot.rasters import raster
from brainsim.plot.weights import weight_matrix
from brainsim.results.spikes import Spikes

CLASSES, ROWS, CELLS, LAYERS, LINES = 8, 40, 14, 6, 40  # most classes, rows of each, bars, layers, lines from each layer
LEAST = 5  # synapses of an edge of a path, as in many analyses of this wiring
IN_LAYER = 16  # cells of a layer that are drawn
WEIGHT = 0.275  # mV


@within(style)
def brain_figure(brain, spikes, active, window, ends=None, by="super_class", weight=WEIGHT, trials=None):
    """Return the figure of a brain.

    Parameters
    ----------
    brain : Brain
        With the wiring that was simulated. Rates in an annotation ``"published"`` [Hz] are drawn next to those found.
    spikes : Spikes
        Those of the run, which are drawn as a raster.
    active : array of int
        The activated cells.
    window : tuple of float
        The time that the raster shows [ms].
    ends : array of int, optional
        Cells at which paths end, such as motor cells.
    by : str
        The annotation by which cells are grouped.
    weight : float
        Weight of a synapse [mV].
    trials : list of Spikes, optional
        The parts of the run whose rates are averaged; by default the whole run.
    """
    trials = [spikes] if trials is None else trials
    rates = np.mean([trial.rates() for trial in trials], axis=0)
    spread = np.std([trial.rates() for trial in trials], axis=0, ddof=1) if len(trials) > 1 else None
    names, member = _classes(brain, rates, by)
    figure = page(11.0, 7.6, brain.title)
    upper, lower = figure.subfigures(2)
    left, right = upper.subplots(1, 2, width_ratios=(1.3, 1.0))
    _spikes(left, spikes, rates, names, member, window)
    _rates(right, brain, rates, spread, active, member)
    left, right = lower.subplots(1, 2, width_ratios=(1.0, 1.3))
    _matrix(left, brain, rates * weight, names, member)
    _path(right, brain, rates, active, member, ends)
    return figure


def _classes(brain, rates, by):
    """Return the names of the classes with most spikes, and to which of them each cell belongs; the last are the others."""
    known = brain.annotations.get(by, np.full(brain.n, "", dtype=object)).astype(str)
    found, code = np.unique(np.where(known == "", "other", known), return_inverse=True)
    spikes = np.bincount(code, rates, found.size)
    order = [k for k in np.argsort(-spikes, kind="stable") if spikes[k] > 0.0 and found[k] != "other"][: CLASSES - 1]
    place = np.full(found.size, len(order))
    place[order] = np.arange(len(order))
    member = place[code]
    return [*found[order].tolist(), *["other"] * bool(rates[member == len(order)].any() or not order)], member


def _colour(k):
    return PALETTE[k] if k < len(PALETTE) else REST


def _spikes(ax, spikes, rates, names, member, window):
    groups = []
    for k, name in enumerate(names):
        cells = np.flatnonzero((member == k) & (rates > 0.0))
        if cells.size:
            most = cells[np.argsort(-rates[cells], kind="stable")][:ROWS]
            part = spikes.of(most)
            groups.append(Spikes(part.times, part.ids, part.n, part.duration, part.start, f"{name} ({cells.size:,})"))
    colours = [_colour(k) for k in range(len(names))]
    if groups:
        raster(groups, ax=ax, window=window, color=colours[: len(groups)])
    ax.set_title(
        f"{np.count_nonzero(rates):,} of {rates.size:,} cells fire; at most {ROWS} of a class are drawn", loc="left"
    )


def _rates(ax, brain, rates, spread, active, member):
    """Draw the rates of the most active cells that were not activated, with published ones if there are any."""
    others = rates.copy()
    others[active] = 0.0
    most = np.argsort(-others, kind="stable")[:CELLS]
    most = most[others[most] > 0.0][::-1]
    error = None if spread is None else spread[most]
    colours = [_colour(k) for k in member[most]]
    ax.barh(np.arange(most.size), rates[most], xerr=error, color=colours, height=0.7, ecolor=DARK, error_kw={"lw": 0.9})
    published = brain.annotations.get("published")
    if published is not None:
        ax.plot(published[most], np.arange(most.size), "D", color="black", markersize=4.0, label="published")
        ax.legend(loc="lower right")
    ax.set_yticks(np.arange(most.size), brain.ids[most], fontsize=7.5)
    ax.set(xlabel="rate [Hz]", ylim=(-0.7, max(most.size, 1) - 0.3))
    ax.set_title("most active, without activated cells", loc="left")


def _matrix(ax, brain, drive, names, member):
    """Draw how much a cell of each class gets from each class: the sum of weights times rates [mV/s]."""
    edges, n = brain.edges, len(names)
    sent = np.flatnonzero(drive[edges.pre])
    given = drive[edges.pre[sent]] * edges.count[sent] * edges.sign[sent]
    place = member[edges.pre[sent]] * (n + 1) + member[edges.post[sent]]  # classes that are silent are not drawn
    sums = np.bincount(place, given, (n + 1) ** 2).reshape(n + 1, n + 1)[:n, :n]
    sums = sums / np.maximum(np.bincount(member, minlength=n)[:n], 1)
    weight_matrix(sums, ax=ax, colorbar=False)
    ax.figure.colorbar(ax.images[0], ax=ax, label="mV/s for each cell")
    ax.set_xticks(range(n), names, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(n), names)
    ax.set(xlabel="", ylabel="")
    ax.set_title("drive from rows to columns", loc="left")


def _path(ax, brain, rates, active, member, ends):
    """Draw the active cells by the number of edges from the activated ones, and the strongest way to the most active end."""
    layer, edges = layers(brain, active, least=LEAST, among=np.flatnonzero(rates > 0.0)), brain.edges
    layer[layer >= LAYERS] = -1
    forward = edges.chosen((layer[edges.pre] >= 0) & (layer[edges.post] == layer[edges.pre] + 1) & (edges.count >= LEAST))
    sent = rates[forward.pre] * forward.count
    way = _way(forward, sent * forward.sign, layer, rates, ends)
    shown, place = _places(layer, rates, way)
    _lines(ax, forward, sent, layer, place)
    ringed = np.isin(shown, [] if ends is None else ends)
    size = 10.0 + 110.0 * rates[shown] / max(rates[shown].max(initial=0.0), 1e-12)
    colours, rings = [_colour(k) for k in member[shown]], np.where(ringed, "black", "white")
    ax.scatter(layer[shown], place[shown], size, colours, zorder=3, edgecolor=rings, lw=0.9)
    ax.plot(layer[way], place[way], color=DARK, lw=1.8, zorder=2)
    box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0.0, "pad": 0.8}
    for cell in way:
        at = {"xytext": (7, 5), "textcoords": "offset points", "fontsize": 7.5}
        ax.annotate(brain.ids[cell], (layer[cell], place[cell]), zorder=4, bbox=box, **at)
    last = max(layer.max(), 1)
    ax.set_xticks(range(last + 1), [f"{k}\n{np.count_nonzero(layer == k):,} cells" for k in range(last + 1)])
    ax.set(
        xlim=(-0.3, last + 0.5),
        ylim=(-0.08, 1.12),
        yticks=[],
        xlabel=f"edges of {LEAST} or more synapses from activated cells",
    )
    ax.spines["left"].set_visible(False)
    ax.set_title(f"the way{' to ringed cells' * bool(way)}: blue excites, red inhibits", loc="left")


def _lines(ax, forward, sent, layer, place):
    """Draw the edges over which most is sent from each layer to the next."""
    both = np.isfinite(place[forward.pre]) & np.isfinite(place[forward.post])
    for k in range(LAYERS):
        drawn = np.flatnonzero(both & (layer[forward.pre] == k))
        drawn = drawn[np.argsort(-sent[drawn], kind="stable")][:LINES]
        for e in drawn[::-1]:
            pair, colour = [forward.pre[e], forward.post[e]], PALETTE[0] if forward.sign[e] > 0 else PALETTE[1]
            width = 0.4 + 1.6 * sent[e] / sent[drawn[0]]
            ax.plot(layer[pair], place[pair], color=colour, alpha=0.45, zorder=1, solid_capstyle="round", lw=width)


def _places(layer, rates, way):
    """Return which cells are drawn, and the height of each, 0 to 1, NaN for the others: the way, and the most active."""
    place, shown, first = np.full(layer.size, np.nan), [], np.zeros(layer.size, dtype=bool)
    first[way] = True
    for k in range(layer.max(initial=-1) + 1):
        cells = np.flatnonzero(layer == k)
        cells = cells[np.lexsort((-rates[cells], ~first[cells]))][:IN_LAYER]
        place[cells] = 1.0 - (np.arange(cells.size) + 0.5) / cells.size
        shown.append(cells)
    return np.concatenate([np.zeros(0, dtype=np.int64), *shown]), place


def _way(forward, sent, layer, rates, ends):
    """Return the cells of the way back from the most active end, each time to the cell that excites it most."""
    ends = np.asarray([] if ends is None else ends, dtype=np.int64)
    reached = ends[layer[ends] > 0]
    if reached.size == 0:
        return []
    way = [reached[np.argmax(rates[reached])]]
    while layer[way[-1]] > 0:
        into = np.flatnonzero(forward.post == way[-1])
        way.append(forward.pre[into[np.argmax(sent[into])]])
    return way[::-1]


COLOURS = dict(zip((*BACKWARD, *FORWARD), (PALETTE[1], PALETTE[5], PALETTE[3], PALETTE[0], PALETTE[2]), strict=True))
KINDS = ("sensory", "inter", "central", "motor", "muscle")
MEASURED = 100.0  # ms: the last part of a touch, which is compared with the time before it
SHARP = 0.5  # mV: changes up to this are in proportion to their colour, larger ones by their logarithm


@within(style)
def worm_figure(brain, result, window):
    """Return the figure of the result of `worm`; the potentials are drawn in `window`."""
    members, moved, real = groups(brain), changes(result), "AVAL" in brain
    names = {name: name if real else f"relay {k + 1}" for k, name in enumerate(COLOURS)}
    figure = page(10.5, 7.0, brain.title)
    upper, lower = figure.subfigures(2, height_ratios=(1.2, 1.0))
    ax = upper.subplots()
    _potentials(ax, result.traces["brain", "v"], members, names, window)
    if real:
        ax.set_title("command cells: AVA, AVD, AVE drive the worm backward, AVB, PVC forward", loc="left")
    if moved:
        left, right = lower.subplots(1, 2, width_ratios=(1.0, 1.3))
        _bars(left, members, moved)
        _cells(right, brain, moved)
    return figure


def changes(result):
    """Return how much each touch has moved each cell [mV], as name -> array of shape (cells,)."""
    v, found = result.traces["brain", "v"], {}
    for name, start in TOUCHES.items():
        early, late = ((v.times > end - MEASURED) & (v.times <= end) for end in (start, start + LASTS))
        if late.any():
            found[name] = v.values[late].mean(axis=0) - v.values[early].mean(axis=0)
    return found


def _potentials(ax, v, members, names, window):
    """Draw the potentials of command cells, from that before the first touch."""
    before = np.flatnonzero(v.times <= min(TOUCHES.values()))[-1]
    shown = (v.times >= window[0]) & (v.times <= window[1])
    for name, colour in COLOURS.items():
        values = v.values[:, members[name]] - v.values[before, members[name]]
        ax.plot(v.times[shown], values[shown].mean(axis=1), color=colour, label=names[name], lw=1.4)
    for name, start in TOUCHES.items():
        shade(ax, start, start + LASTS, window)
        if window[0] <= start < window[1]:
            note(ax, name, (start, 1.0), (4, -4), y=AXES, va="top")
    ax.margins(y=0.16)  # room for the names
    ax.set(xlim=window, xlabel="time [ms]", ylabel="change of potential [mV]")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _bars(ax, members, moved):
    """Draw how much each touch moves the command cells."""
    width = 0.8 / len(COLOURS)
    for k, (name, colour) in enumerate(COLOURS.items()):
        heights = [change[members[name]].mean() for change in moved.values()]
        ax.bar(np.arange(len(moved)) + width * (k - 0.5 * (len(COLOURS) - 1)), heights, width, color=colour)
    ax.axhline(0.0, color=DARK, linewidth=0.6)
    ax.set_xticks(range(len(moved)), list(moved))
    ax.set(xlabel="touch", ylabel="change [mV]")
    ax.set_title("the same cells at the end of a touch", loc="left")


def _cells(ax, brain, moved):
    """Draw the change of each cell, cells of a class by its sum."""
    from matplotlib.colors import SymLogNorm

    values = np.array(list(moved.values()))
    super_class = brain.annotations["super_class"].astype(str)
    names = [name for name in KINDS if np.any(super_class == name)]
    parts = [np.flatnonzero(super_class == name) for name in names]
    parts = [cells[np.argsort(-values[:, cells].sum(axis=0), kind="stable")] for cells in parts]
    high = max(np.abs(values).max(), 2.0 * SHARP)
    norm = SymLogNorm(SHARP, vmin=-high, vmax=high)
    image = ax.imshow(values[:, np.concatenate(parts)], cmap="RdBu_r", norm=norm, aspect="auto", interpolation="nearest")
    ends = np.cumsum([cells.size for cells in parts])
    for end in ends[:-1]:
        ax.axvline(end - 0.5, color=DARK, linewidth=0.8)
    ax.set_xticks(ends - np.array([cells.size for cells in parts]) / 2.0, names)
    ax.set_yticks(range(len(moved)), list(moved))
    ticks = [sign * mark for sign, mark in ((-1, high), (-1, SHARP), (1, 0.0), (1, SHARP), (1, high))]
    ax.figure.colorbar(image, ax=ax, label="change [mV]", ticks=ticks, format="{x:.2g}")
    ax.set_title("all cells: what a touch moves", loc="left")
