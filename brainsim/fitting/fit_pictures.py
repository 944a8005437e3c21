"""Pictures of a fit: the model over the recording, how it was found, pairs of parameters, and the profile of one."""

import numpy as np

from brainsim.core.checks import MissingName, nearest
from brainsim.fitting.descent import descend
from brainsim.fitting.generations import Generations
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.styles import FAINT, PALETTE

SHOWN = 500.0  # ms that are shown by default, around the end of the part that was fitted
VALUES, REACH = 13, 3.0  # of a profile: how many values, to how many standard deviations
MOST = 4000  # candidates that are drawn


def draw_recording(fit, ax, number, window):
    """Draw potential and spikes of the model over those of a recording."""
    ax = axes_of(ax, f"{type(fit).__name__}.plot")
    saw, result = fit._saw, fit.response(number, repeats=fit._repeats)
    one, (_, end) = saw.recordings[number], saw.windows[number]
    low, high = window or (max(end - SHOWN / 2, 0.0), min(max(end - SHOWN / 2, 0.0) + SHOWN, one.duration))
    (traces,), spikes = result.traces.values(), next(iter(result.spikes.values()))
    shown, values = (traces.times >= low) & (traces.times <= high), traces.values[:, :1]
    if one.v is not None:
        times = np.arange(one.v.size) * one.dt
        inside = (times >= low) & (times <= high)
        ax.plot(times[inside], one.v[inside], color=FAINT, linewidth=1.0, label="recorded")
        at = np.minimum((traces.times / one.dt + 1e-6).astype(int), one.current.size - 1)
        values = fit._recorded(values, one.current[at])
    ax.plot(traces.times[shown], values[shown, 0], color=PALETTE[0], linewidth=0.9, label="fitted")
    if one.trains is not None:
        fitted = [spikes.times[spikes.ids == k] for k in range(spikes.n)]
        _draw_trains(ax, fitted, one.trains, (low, high), "recorded" if one.v is None else None)
    if saw.unseen != saw.windows and low < end < high:
        ax.axvline(end, color=FAINT, linewidth=0.8, linestyle=(0, (5, 3)))
        ax.annotate("not fitted", (end, 1.0), xycoords=("data", "axes fraction"), xytext=(4, 4), textcoords="offset points")
    ax.set(xlim=(low, high), xlabel="time [ms]", ylabel="v [mV]")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False)
    return ax


def _draw_trains(ax, fitted, recorded, window, label):
    """Draw spikes above what is drawn: a row for each train of the model, and above them one for each that was recorded."""
    bottom, top = ax.get_ylim()
    height = 0.05 * (top - bottom)
    rows = [*((PALETTE[0], None, train) for train in fitted), *((FAINT, label, train) for train in recorded)]
    for k, (colour, said, train) in enumerate(rows):
        own = train[(train >= window[0]) & (train <= window[1])]
        said = said if k == len(fitted) else None
        ax.vlines(own, top + (k + 0.2) * height, top + (k + 1) * height, color=colour, linewidth=1.0, label=said)
    ax.set_ylim(bottom, top + (len(rows) + 0.5) * height)


def draw_history(fit, ax):
    """Draw the least loss over the runs, and that of each run."""
    ax = axes_of(ax, "Fit.plot_history")
    each = np.array([losses.min() for _, losses in fit._log])
    runs = np.arange(1, each.size + 1)
    ax.plot(runs, each, ".", color=FAINT, markersize=4, label="best of the run")
    ax.plot(runs, fit.history, color=PALETTE[0], label="best so far")
    if each.min() > 0.0 and each.max() > 20.0 * each.min():
        ax.set_yscale("log")
    ax.set(xlabel="run", ylabel=f"loss{' [mV$^2$]' if fit._problem.loss == 'trace' else ''}")
    ax.legend(frameon=False)
    return ax


def draw_pair(fit, ax, x, y):
    """Draw the candidates by two parameters, the best ones darkest, and the interval of both."""
    ax = axes_of(ax, "Fit.plot_pair")
    names = fit._problem.space.names
    first, second = checked_name(x or names[0], names, "plot_pair"), checked_name(y or names[-1], names, "plot_pair")
    if first == second:
        raise ValueError(f"Fit.plot_pair: needs two parameters (got {first!r} twice)")
    found = fit.candidates
    order = np.argsort(found["loss"], kind="stable")[:MOST][::-1]
    rank = np.linspace(1.0, 0.0, order.size)
    points = ax.scatter(found[first][order], found[second][order], c=rank, s=6, cmap="viridis", linewidths=0)
    ax.figure.colorbar(points, ax=ax, label="rank of the loss, 0 is the best")
    ax.plot(fit.parameters[first], fit.parameters[second], "+", color="black", markersize=10)
    if fit.intervals:
        (a, b), (c, d) = fit.intervals[first], fit.intervals[second]
        ax.plot([a, b, b, a, a], [c, c, d, d, c], color="black", linewidth=0.8)
    ax.set(xlabel=labelled(fit, first), ylabel=labelled(fit, second))
    return ax


def draw_profile(fit, ax, name):
    """Draw the least loss at values of one parameter, with the others as good as they can be."""
    ax = axes_of(ax, "Fit.plot_profile")
    problem, names = fit._problem, fit._problem.space.names
    k = names.index(checked_name(name, names, "plot_profile"))
    values, losses = smooth_profile(fit, k) if problem.is_smooth else envelope(fit, name)
    ax.plot(values, losses, "o-", color=PALETTE[0], markersize=3)
    ax.axvline(fit.parameters[name], color="black", linewidth=0.8)
    if fit.intervals:
        ax.axvspan(*fit.intervals[name], color=PALETTE[0], alpha=0.15, linewidth=0)
    ax.set(xlabel=labelled(fit, name), ylabel="least loss")
    return ax


def smooth_profile(fit, k):
    """Return values of a free parameter, and the loss at each after a descent in all others: all in the same runs."""
    problem, place = fit._problem, fit._place
    low, high = (problem.space.free[k].place(edge) for edge in fit.intervals[problem.space.names[k]])
    half = max(high - low, 1e-6) / 2 * REACH / 1.96
    at = np.linspace(max(place[k] - half, 0.0), min(place[k] + half, 1.0), VALUES)
    places = np.repeat(place[None], VALUES, axis=0)
    places[:, k] = at
    _, losses = descend(Generations(problem), places, fixed=(k,))
    return problem.space.free[k].value(at), losses


def envelope(fit, name):
    """Return values of a parameter, and the least loss of all candidates near each."""
    found = fit.candidates
    edges = np.linspace(found[name].min(), found[name].max(), VALUES * 2 + 1)
    bins = np.clip(np.searchsorted(edges, found[name], "right") - 1, 0, edges.size - 2)
    inside = [own for j in range(edges.size - 1) if (own := np.flatnonzero(bins == j)).size]
    best = [own[found["loss"][own].argmin()] for own in inside]
    return found[name][best], found["loss"][best]


def labelled(fit, name):
    """Return the name of a parameter with its unit."""
    unit = next(one.unit for one in fit._problem.space.free if one.name == name)
    return f"{name} [{unit}]" if unit else name


def checked_name(name, names, method):
    """Return the name of a free parameter."""
    if name not in names:
        raise MissingName(f"Fit.{method}: {name!r} is not free{nearest(name, names)}; these are: {', '.join(names)}")
    return name
