"""Rhythms: the spectrum of the population rate, and how it changes over time; synchrony at each time scale."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import ArrayLike

from brainsim.analysis import spectrum as density_of
from brainsim.analysis.counting import bin_spikes
from brainsim.core.checks import number, plain
from brainsim.core.hints import answers_calls
from brainsim.plot.elements.axes import add_scale, axes_of, drawing, label_time
from brainsim.plot.elements.groups import Colours, SpikesLike, groups_of, report_as
from brainsim.plot.elements.styles import FAINT, legend_above
from brainsim.plot.intervals import legend_with_law
from brainsim.plot.weights import MAPS

FLOOR = 1e-3  # of the strongest power: weaker parts of a spectrogram are white
SILENT = 0.1, 10.0  # Hz²/Hz: limits of a spectrum that is 0
WIDTHS = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, 100.0)  # of bins [ms]


@answers_calls
@drawing
def spectrum(
    spikes: SpikesLike,
    *,
    ax: Axes | None = None,
    bin: float = 1.0,
    segment: float = 1000.0,
    max_frequency: float | None = None,
    color: Colours | None = None,
) -> Axes:
    """Draw the power spectral density of the population rate, on logarithmic scales.

    Parameters
    ----------
    bin : float
        Width of the bins in which spikes are counted [ms]; the highest frequency is ``500/bin`` Hz.
    segment : float
        Length of the segments that are averaged [ms]; the resolution is ``1000/segment`` Hz. A shorter recording is one
        segment, whose values scatter by 100 %; the scatter shrinks with the square root of the number of segments.

    Returns
    -------
    Axes
        Dashed lines are independent Poisson processes of the same rates, ``2*rate/n``.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.spectrum(result, max_frequency=200.0)  # doctest: +SKIP
    """
    groups = groups_of(spikes, "spectrum", color)
    with report_as("spectrum", "analysis.spectrum"):
        curves = [density_of(group.spikes, bin, segment) for group in groups]
    first = curves[0][0][1]
    stop = (
        curves[0][0][-1] if max_frequency is None else number(max_frequency, "spectrum.max_frequency", "Hz", at_least=first)
    )
    ax = axes_of(ax, "spectrum")
    for group, (frequencies, power) in zip(groups, curves, strict=True):
        shown = (frequencies > 0.0) & (frequencies <= stop) & (power > 0.0)  # what a logarithm can show
        ax.plot(frequencies[shown], power[shown], color=group.colour, linewidth=1.2, label=group.shown)
        if len(group.spikes):
            law = 2.0 * group.spikes.rate() / group.spikes.n
            ax.axhline(law, color=group.colour, linewidth=0.9, linestyle=(0, (4, 2.5)), label="_poisson")
    if not any(power.any() for _, power in curves):
        ax.set_ylim(SILENT)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(first, stop if stop > first else 10.0 * first)
    ax.set_xlabel("frequency [Hz]")
    ax.set_ylabel("power [Hz²/Hz]")
    legend_with_law(ax, len(groups) > 1, "Poisson processes")
    return ax


@answers_calls
@drawing
def spectrogram(
    spikes: SpikesLike,
    *,
    ax: Axes | None = None,
    bin: float = 1.0,
    segment: float = 250.0,
    max_frequency: float | None = None,
    colorbar: bool = True,
) -> Axes:
    """Draw the power spectral density of the population rate over time.

    Parameters
    ----------
    spikes : Spikes, or Result with one population
    segment : float
        Length of the segments [ms], which overlap by three quarters and have a Hann window; their means are removed.
    colorbar : bool
        Whether to draw the scale of colours, which is logarithmic over three decades.

    Raises
    ------
    ValueError
        If there are several populations, or the recording is shorter than a segment.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.spectrogram(result.spikes["cells"], max_frequency=100.0)  # doctest: +SKIP
    """
    groups = groups_of(spikes, "spectrogram")
    if len(groups) > 1:
        raise ValueError(
            f"spectrogram: draws one population; choose one, such as result.spikes[{groups[0].label!r}] (got {len(groups)})"
        )
    times, frequencies, power = _over_time(groups[0].spikes, bin, segment)
    stop = frequencies[-1] if max_frequency is None else number(max_frequency, "spectrogram.max_frequency", "Hz", above=0.0)
    ax = axes_of(ax, "spectrogram")
    top = power[frequencies <= stop].max() or 1.0
    norm = LogNorm(FLOOR * top, top, clip=True)
    image = ax.pcolormesh(times, frequencies, power, cmap=MAPS[False, True], norm=norm, shading="nearest", rasterized=True)
    ax.set_xlim(groups[0].spikes.start, groups[0].spikes.stop)
    ax.set_ylim(0.0, stop)
    label_time(ax)
    ax.set_ylabel("frequency [Hz]")
    if colorbar:
        add_scale(ax, image, "power [Hz²/Hz]", shrink=1.0)
    return ax


def _over_time(spikes, bin, segment):
    """Return middles of segments [ms], frequencies [Hz] and the density of power of each segment, [frequency, time]."""
    from scipy.signal import spectrogram as density

    spikes, _, index, bins = bin_spikes(spikes, bin, "spectrogram")
    length = round(number(segment, "spectrogram.segment", "ms", at_least=2.0 * bin) / bin)
    if length > bins:
        raise ValueError(f"spectrogram.segment: must fit into the recording of {spikes.duration:g} ms (got {segment:g})")
    rate = np.bincount(index, minlength=bins) * (1000.0 / (max(spikes.n, 1) * bin))
    options = {"fs": 1000.0 / bin, "window": "hann", "nperseg": length, "noverlap": length - max(length // 4, 1)}
    frequencies, seconds, power = density(rate, detrend="constant", **options)
    return spikes.start + 1000.0 * seconds, frequencies, power


@answers_calls
@drawing
def synchrony(spikes: SpikesLike, *, ax: Axes | None = None, bins: ArrayLike = WIDTHS, color: Colours | None = None) -> Axes:
    """Draw how much more the number of spikes of all cells varies than for independent cells, for bins of several widths.

    Parameters
    ----------
    bins : array of float
        Widths of the bins [ms].

    Returns
    -------
    Axes
        Variance over mean, as `Spikes.synchrony`; the dashed line is independent Poisson processes: 1, and a little less
        if few bins fit into the recording, see there.

    Raises
    ------
    ValueError
        If a width is not > 0, or none fits twice into the recording.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.synchrony(result)  # doctest: +SKIP
    """
    groups = groups_of(spikes, "synchrony", color)
    widths = np.atleast_1d(plain(bins, "ms", "synchrony.bins"))
    with report_as("synchrony.bins", "Spikes.synchrony.bin"):
        values = [[group.spikes.synchrony(width) for width in widths] for group in groups]
    if not np.isfinite(values).any():
        raise ValueError("synchrony.bins: no width fits twice into a recording with spikes; choose narrower bins")
    ax = axes_of(ax, "synchrony")
    duration = max(group.spikes.duration for group in groups)
    law = 1.0 - 1.0 / np.maximum(np.floor(duration / widths * (1 + 1e-9)), 1.0)
    law[law == 0.0] = np.nan
    ax.plot(widths, law, color=FAINT, linewidth=0.9, linestyle=(0, (4, 2.5)), label="_poisson", zorder=1)
    for group, line in zip(groups, values, strict=True):
        ax.plot(widths, line, "o-", color=group.colour, markersize=3.5, label=group.shown)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("width of bins [ms]")
    ax.set_ylabel("variance / mean of counts")
    if len(groups) > 1:
        legend_above(ax, len(groups))
    return ax
