"""The figure of a spiking associative memory compared with a Hopfield network, which is simulated here."""

import numpy as np
from matplotlib.patches import Rectangle

from brainsim.core.checks import integer
from brainsim.core.contexts import within
from brainsim.examples.memory import half_erased, hebbian, stored
from brainsim.plot.elements.page_layout import AXES, note, shade, side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style
from brainsim.plot.rasters import raster

CAPACITY = 0.138  # patterns per unit: Amit, Gutfreund & Sompolinsky (1985), doi:10.1103/PhysRevLett.55.1530
SHOWN, BEYOND = 0.05, 0.25  # patterns per unit: loads that are drawn, the second above the capacity
MAX_SWEEPS, LOOKS = 20, 10  # updates of each unit, and states that are kept per sweep
ROUNDING = 1e-9  # a sum that is exactly 0 is 1e-17 or -1e-17 in floats, as the processor adds; both mean +1
LATE = 200.0  # ms: recall of the spiking network is measured by its last spikes


def recall(weights, state, sweeps=MAX_SWEEPS, seed=0, looks=1):
    """Return the states of a Hopfield network from an initial one: ``s_i = sign(sum_j W_ij s_j)``, units in random order.

    Values of `state` are +1 and -1, or 0 if unknown. The sign of 0 is +1. There are at most `sweeps` updates
    of each unit, and `looks` states of each sweep are returned. Hopfield (1982), doi:10.1073/pnas.79.8.2554.

    Examples
    --------
    >>> patterns = np.random.default_rng(1).choice([-1.0, 1.0], (3, 100))
    >>> overlap(recall(hebbian(patterns), half_erased(patterns[0]))[-1], patterns[0])
    np.float64(1.0)
    """
    rng, state = np.random.default_rng(seed), np.array(state, dtype=np.float64)
    states = [state.copy()]
    for _ in range(integer(sweeps, "recall.sweeps", at_least=1)):
        before = state.copy()
        for some in np.array_split(rng.permutation(state.size), looks):
            for unit in some:
                state[unit] = 1.0 if weights[unit] @ state > -ROUNDING else -1.0
            states.append(state.copy())
        if np.array_equal(before, state):
            break
    return np.array(states)


def overlap(state, pattern):
    """Return ``1/n sum_i s_i x_i``: 1 if the state is the pattern, near 0 if they are unrelated.

    `state` may have more axes before the last, which is that of the units.
    """
    return (state * pattern).mean(axis=-1)


def hopfield_overlaps(pattern, load, copies=8, seed=1):
    """Return the overlap of Hopfield networks with a half-erased pattern that they complete, shape (copies, states).

    The states are the cue and those after each tenth of an update of all units; each copy has other patterns, as `stored`.
    """
    overlaps = np.empty((copies, MAX_SWEEPS * LOOKS + 1))
    for copy in range(copies):
        states = recall(hebbian(stored(pattern, load, copy, seed)), half_erased(pattern), seed=copy, looks=LOOKS)
        of_states = overlap(states, pattern)
        overlaps[copy] = np.append(of_states, np.full(overlaps.shape[1] - of_states.size, of_states[-1]))
    return overlaps


def spiking_overlaps(spikes, pattern, start, stop):
    """Return the overlap of copies of a network of cells with a pattern, shape (copies,), by their spikes in (start, stop].

    A cell that fires more than the mean of its copy counts as +1, any other as -1.
    """
    counts = spikes.between(start, stop).counts().reshape(-1, pattern.size)
    return overlap(np.where(counts > counts.mean(axis=1, keepdims=True), 1.0, -1.0), pattern)


@within(style)
def memory_figure(by_load, pattern, cue, window, seed=1):
    """Return the figure of a Hopfield network compared with a spiking attractor network.

    `by_load` has the spikes of copies of the network, one after the other, for each load; `cue` is the end of the cue [ms].
    """
    n, (start, stop) = pattern.size, window
    shown, beyond = (min(by_load, key=lambda load, wanted=wanted: abs(load - wanted)) for wanted in (SHOWN, BEYOND))
    late = (max(start, stop - LATE), stop)
    spiking = {load: spiking_overlaps(spikes, pattern, *late) for load, spikes in by_load.items()}
    hopfield = {load: hopfield_overlaps(pattern, load, by_load[load].n // n, seed) for load in by_load}
    caption = _caption(
        n,
        shown,
        beyond,
        {load: overlaps[:, -1].mean() for load, overlaps in hopfield.items()},
        {load: overlaps.mean() for load, overlaps in spiking.items()},
    )
    figure, (machine, neurons, both) = side_by_side(
        "Hopfield network",
        "spiking attractor network",
        "recall by both",
        caption=caption,
        heights=(0.62, 1.38),
        last=(0.95, 1.05),
    )
    path = recall(hebbian(stored(pattern, shown, 0, seed)), half_erased(pattern), looks=LOOKS)
    spikes = by_load[shown].of(slice(n))
    rates = spikes.between(*late).counts().astype(float)
    _pictures(machine[0], [pattern, half_erased(pattern), path[-1]], "Reds")
    _pictures(neurons[0], [pattern, half_erased(pattern), 2.0 * rates / max(rates.max(), 1.0) - 1.0], "Blues")
    order = np.argsort(2.0 * (pattern < 0) + (np.arange(n) >= n // 2), kind="stable")
    _states(machine[1], path[: 5 * LOOKS + 1, order])
    _raster(neurons[1], spikes.of(order), cue, window)
    _over_time(both[0], {load: by_load[load] for load in (shown, beyond)}, hopfield, pattern, window)
    _against_load(both[1], spiking, hopfield)
    return figure


def _caption(n, shown, beyond, hopfield, spiking):
    return (
        f"{round(shown * n)} patterns are stored in the weights between {n} units, and the same ones between {n} cells: a "
        f"load of {shown:g} patterns per unit. Both get the upper half of one pattern and complete it, to an overlap of "
        f"{hopfield[shown]:.2f} and {spiking[shown]:.2f} (1 is the pattern). At a load of {beyond:g}, above the capacity of "
        f"a large network, {CAPACITY}, the overlaps are {hopfield[beyond]:.2f} and {spiking[beyond]:.2f}: the memory is "
        "lost on both sides. Bars: standard deviation over the copies."
    )


def _pictures(ax, images, colours):
    """Draw the stored pattern, the cue and the recalled pattern side by side; erased pixels are hatched."""
    side = round(np.sqrt(images[0].size))
    wide = np.full((side, 3 * side + 4), np.nan)
    for k, (image, label) in enumerate(zip(images, ("stored", "cue", "recalled"), strict=True)):
        left = k * (side + 2)
        wide[:, left : left + side] = image.reshape(side, side)
        ax.add_patch(Rectangle((left - 0.5, -0.5), side, side, fill=False, edgecolor=FAINT, linewidth=0.6))
        ax.text(left + 0.5 * side - 0.5, side + 2.8, label, ha="center", va="baseline", color="#444444", fontsize=9)
    erased = np.flatnonzero(images[1].reshape(side, side).any(axis=1) == 0)
    wide[erased, side + 2 : 2 * side + 2] = np.nan
    ax.add_patch(
        Rectangle(
            (side + 1.5, erased[0] - 0.5), side, erased.size, fill=False, hatch="////", edgecolor="#c8c8c8", linewidth=0.0
        )
    )
    ax.imshow(wide, cmap=colours, vmin=-1.0, vmax=1.2, interpolation="nearest")
    ax.set_ylim(side + 3.5, -0.7)
    ax.set_title("one of the patterns", fontsize=10)
    ax.set_axis_off()


def _groups(ax, n):
    """Label the quarters of rows, which are sorted by the stored value and by whether the cue contains it."""
    edges = n * np.array([0.25, 0.5, 0.75])
    ax.hlines(edges - 0.5, 0.0, 1.0, transform=ax.get_yaxis_transform(), color=FAINT, linewidth=0.5)
    names = ("+1, in\nthe cue", "+1,\nerased", "\u22121, in\nthe cue", "\u22121,\nerased")
    ax.set_yticks(n * np.array([0.125, 0.375, 0.625, 0.875]), names)
    ax.tick_params(axis="y", length=0)


def _states(ax, states):
    sweeps = (len(states) - 1) / LOOKS
    extent = (-0.5 / LOOKS, sweeps + 0.5 / LOOKS, states.shape[1] - 0.5, -0.5)
    ax.imshow(states.T, cmap="Reds", vmin=-1.0, vmax=1.2, aspect="auto", interpolation="nearest", extent=extent)
    _groups(ax, states.shape[1])
    ax.set_xlabel("updates of each unit")
    ax.set_title("states of the units (dark: +1)", fontsize=10)


def _raster(ax, spikes, cue, window):
    raster(spikes, ax=ax, window=window, color=NEURON)
    ax.set_ylim(spikes.n - 0.5, -0.5)
    ax.set_ylabel("")
    _groups(ax, spikes.n)
    shade(ax, window[0], cue, window)
    ax.set_title("spikes of the cells (grey: during the cue)", fontsize=10)


def _over_time(ax, by_load, hopfield, pattern, window):
    """Draw the overlap of spiking networks over time (lower axis) and of Hopfield networks over updates (upper axis)."""
    (start, stop), width = window, min(50.0, window[1] - window[0])
    edges = np.arange(start, stop - width + 1e-9, 0.5 * width)
    updates = ax.twiny()
    for load, spikes in by_load.items():
        overlaps = [spiking_overlaps(spikes, pattern, t, t + width).mean() for t in edges]
        ax.plot(edges + 0.5 * width, overlaps, color=NEURON)
        updates.plot(np.arange(hopfield[load].shape[1]) / LOOKS, hopfield[load].mean(axis=0), "--", color=MACHINE)
        note(ax, f"load {load:g}", (1.0, overlaps[-1]), (-2, -5), x=AXES, ha="right", va="top")
    ax.set(xlim=window, ylim=(0.0, 1.05), xlabel="time [ms]", ylabel="overlap")
    updates.set_xlim(0.0, 10.0)
    updates.set_xlabel("updates of each unit")
    updates.spines["top"].set_visible(True)
    for axes, colour in ((ax, NEURON), (updates, MACHINE)):
        axes.xaxis.label.set_color(colour)


def _against_load(ax, spiking, hopfield):
    loads = list(spiking)
    final = [hopfield[load][:, -1] for load in loads]
    for values, mark, colour, label in ((final, "s--", MACHINE, "Hopfield"), (spiking.values(), "o-", NEURON, "spiking")):
        means, deviations = zip(*((np.mean(copies), np.std(copies)) for copies in values), strict=True)
        ax.errorbar(loads, means, deviations, fmt=mark, color=colour, markersize=4.5, elinewidth=0.8, label=label)
    ax.axvline(CAPACITY, color=FAINT, linewidth=0.8, zorder=0)
    note(ax, f"capacity, {CAPACITY}", (CAPACITY, 0.0), (4, 5), color="#666666")
    ax.set(ylim=(0.0, 1.08), xlim=(0.0, None), xlabel="load: patterns per unit or cell", ylabel="overlap at the end")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 0.1))
