"""The figure of one recurrent network three ways: an artificial layer, rate units, and pools of cells that spike."""

import numpy as np

from brainsim.core.contexts import within
from brainsim.examples.rates import ANGLES, FITTED, SHOWN, STEP, UNITS, artificial, inputs, line, measure
from brainsim.plot.elements.page_layout import AXES, BOTH, note, page
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style

NAMES = ("artificial layer", "rate units", "spiking cells")
COLOURS, WIDTHS = (MACHINE, BOTH, NEURON), (3.2, 1.4, 1.0)
BIN, WINDOW, DOTS = 20.0, 100.0, 4  # ms: of the rates of pools; ms before a change, in which profiles are taken; cells a dot
TICKS = (-90, -45, 0, 45, 90)


def activities(result):
    """Return for each network the times [ms] and the rates of all units [Hz], shape (times, units)."""
    layer = artificial(result.stop)
    trace, spikes = result.traces["rate units", "r"], result.spikes["cells"]
    bins = max(round(result.stop / BIN), 1)
    unit, bin = spikes.ids // (spikes.n // UNITS), np.minimum((spikes.times / BIN).astype(int), bins - 1)
    counts = np.bincount(bin * UNITS + unit, minlength=bins * UNITS).reshape(bins, UNITS)
    pools = counts * 1000.0 / (BIN * spikes.n // UNITS)
    return dict(
        zip(
            NAMES,
            (
                (STEP * np.arange(1, len(layer) + 1), layer),
                (trace.times, trace.values),
                (BIN * (np.arange(bins) + 0.5), pools),
            ),
            strict=True,
        )
    )


def profiles(activity, stop):
    """Return the mean rates of the units for each orientation that was shown, over the last 100 ms in which it was [Hz]."""
    times, rates = activity
    ends = np.minimum([*list(SHOWN)[1:], stop], stop)
    return [rates[(times > end - WINDOW) & (times <= end)].mean(axis=0) for end in ends]


@within(style)
def rates_figure(result):
    """Return the figure of the result of `rates`."""
    found = activities(result)
    figure = page(10.4, 6.2)
    axes = figure.subplots(2, 3, height_ratios=(1.0, 1.1))
    top = max(rates.max() for _, rates in found.values()) or 1.0
    for ax, name, colour in zip(axes[0, :2], NAMES, COLOURS, strict=False):
        image = _map(ax, found[name], result.stop, top)
        ax.set_title(name, loc="left", color=colour)
    figure.colorbar(image, ax=axes[0, 1], label="rate [Hz]", aspect=15)
    _raster(axes[0, 2], result)
    axes[0, 0].set_ylabel("preferred orientation [°]")
    _profiles(axes[1, 0], found, result.stop)
    _unit(axes[1, 1], found, result.stop)
    _gain(axes[1, 2])
    return figure


def _orientations(ax, stop):
    ax.set(xlim=(0.0, stop), ylim=(-90.0, 90.0), yticks=TICKS, xlabel="time [ms]")


def _map(ax, activity, stop, top):
    times, rates = activity
    image = ax.pcolormesh(times, ANGLES, rates.T, cmap="viridis", vmin=0.0, vmax=top, rasterized=True)
    _orientations(ax, stop)
    return image


def _raster(ax, result):
    spikes = result.spikes["cells"]
    few = spikes.ids % DOTS == 0
    ax.plot(spikes.times[few], -90.0 + 180.0 * spikes.ids[few] / spikes.n, ",", color=NEURON, alpha=0.7, rasterized=True)
    _orientations(ax, result.stop)
    ax.set_title(f"{NAMES[2]}: one in {DOTS} of {spikes.n:,}", loc="left", color=NEURON)


def _profiles(ax, found, stop):
    """Draw the bumps of all networks, and the current that caused the last one, as the rate without connections."""
    slope, i_min = line()
    alone = slope * np.maximum(inputs(i_min)[1][1:] - i_min, 0.0)
    for k in range(len(SHOWN)):
        ax.plot(ANGLES, alone[k], color=FAINT, linewidth=1.0, linestyle="--")
    note(ax, "without connections", (-86.0, 1.12 * alone.max()))
    for activity, colour, width in zip(found.values(), COLOURS, WIDTHS, strict=True):
        for profile in profiles(activity, stop):
            ax.plot(ANGLES, profile, color=colour, linewidth=width)
    ax.set(
        xlim=(-90.0, 90.0),
        xticks=TICKS,
        ylim=(0.0, 1.25 * alone.max()),
        xlabel="preferred orientation [°]",
        ylabel="rate [Hz]",
    )
    ax.set_title("both bumps", loc="left")


def _unit(ax, found, stop):
    unit = int(np.argmin(np.abs(ANGLES - list(SHOWN.values())[-1])))
    for (name, (times, rates)), colour, width in zip(found.items(), COLOURS, WIDTHS, strict=True):
        ax.plot(times, rates[:, unit], color=colour, linewidth=width, label=name)
    for time, angle in ((time, angle) for time, angle in SHOWN.items() if time < stop):
        ax.axvline(time, color=FAINT, linestyle=":", linewidth=0.9, zorder=0)
        note(ax, f"{angle:g}°".replace("-", "−"), (time, 1.0), (3, -2), y=AXES, va="top")  # noqa: RUF001 - a minus sign
    ax.set(xlim=(0.0, stop), ylim=(0.0, None), xlabel="time [ms]", ylabel="rate [Hz]")
    ax.set_title(f"the unit that prefers {ANGLES[unit]:g}°", loc="left")
    ax.legend(loc="center left", fontsize=8)


def _gain(ax):
    """Draw the rate of a cell against its current, and the straight line of the units."""
    (current, rate), (slope, i_min) = measure(), line()
    ax.plot(current, slope * np.maximum(current - i_min, 0.0), color=BOTH, label="rate units, and the ReLU")
    ax.plot(current, rate, "o", color=NEURON, markersize=3.5, label="measured rate of a cell")
    ax.axhspan(*FITTED, color=FAINT, alpha=0.2, linewidth=0.0, zorder=0)
    ax.set(xlim=(0.0, 350.0), ylim=(0.0, 100.0), xlabel="current [pA]", ylabel="rate [Hz]")
    ax.set_title("one gain for all (grey: fitted part)", loc="left")
    ax.legend(loc="upper left", fontsize=8)
