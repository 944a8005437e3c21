"""The figure of a memory in facilitated synapses compared with a key-value memory, which is computed here."""

import numpy as np
from matplotlib.patches import Patch

from brainsim.core.contexts import within
from brainsim.examples.working_memory import CUE, CUED, EXCITATORY, POOL, POOLS, READOUT, RULE
from brainsim.plot.elements.page_layout import shade, side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style
from brainsim.plot.rasters import raster

STEP, BIN, SHOWN = 1.0, 10.0, 80  # ms: of the memory; of rates; cells of a pool in the raster
GIVEN = "#d08a00"


def key_value(times, written, tau):
    """Return the content of a memory under each key over time, shape (T, keys): ``m = m*e^(-t/tau) + input``.

    Times are in equal steps [ms]; `written` has what is written in each. Schmidhuber (1992), doi:10.1162/neco.1992.4.1.131
    (fast weights); Katharopoulos et al. (2020), arXiv:2006.16236 (the same without decay, as attention).
    """
    content, m = np.zeros(written.shape), np.zeros(written.shape[1])
    decay = np.exp(-(times[1] - times[0]) / tau)
    for k, given in enumerate(written):
        m = decay * m + given
        content[k] = m
    return content


def release(spikes, times, rule=RULE):
    """Return the mean of u, the part that a spike would release, over cells: shape (T,), from their spikes."""
    step = times[1] - times[0]
    u, means = np.zeros(spikes.n), np.zeros(len(times))
    which = np.floor((spikes.times - times[0]) / step).astype(int)
    cuts = np.searchsorted(which, np.arange(len(times) + 1))
    for k in range(len(times)):
        u *= np.exp(-step / rule.tau_fac)
        fired = spikes.ids[cuts[k] : cuts[k + 1]]
        u[fired] += rule.U * (1.0 - u[fired])
        means[k] = rule.U + (1.0 - rule.U) * u.mean()
    return means


def pools_of(spikes):
    size = spikes.n * POOL // EXCITATORY
    return [spikes.of(slice(k * size, (k + 1) * size)) for k in range(POOLS)]


@within(style)
def memory_figure(result, window):
    """Return the figure of a key-value memory compared with cells whose synapses facilitate."""
    spikes, times = result.spikes["excitatory"], np.arange(result.start, result.stop, STEP)
    pools = pools_of(spikes)
    u = np.array([release(pool, times) for pool in pools])
    cue = (times >= CUE[0]) & (times < CUE[1])
    written = np.zeros((len(times), POOLS))
    written[cue, CUED] = STEP / (CUE[1] - CUE[0])
    content = key_value(times, written, RULE.tau_fac)
    query = np.where((times >= READOUT[0]) & (times < READOUT[1]), 1.0, 0.0)
    answer = query[:, None] * content
    edges = np.arange(result.start, result.stop + 0.5 * BIN, BIN)
    rates = np.array([np.histogram(pool.times, edges)[0] / (0.001 * BIN * pool.n) for pool in pools])
    figure, (machine, neurons, both) = side_by_side(
        "key-value memory", "spiking network", caption=_caption(result, pools, rates, edges)
    )
    _lines(machine[0], times, content.T, MACHINE, window, "content m of each key")
    _lines(machine[1], times, answer.T, MACHINE, window, "answer to a query")
    _raster(neurons[0], pools, window)
    _lines(neurons[1], edges[:-1] + 0.5 * BIN, rates, NEURON, window, "rate of each pool [Hz]")
    _decay(both[0], times, content, u)
    _answers(both[1], answer, rates, edges)
    return figure


def readout(rates, edges):
    """Return the highest rate of each pool during the readout, nan if it was not reached."""
    within = (edges[:-1] >= READOUT[0]) & (edges[:-1] < READOUT[1])
    return rates[:, within].max(axis=1) if within.any() else np.full(len(rates), np.nan)


def _caption(result, pools, rates, edges):
    delay = [pool.between(CUE[1] + 100.0, READOUT[0]).rate() if result.stop >= READOUT[0] else np.nan for pool in pools]
    highest = readout(rates, edges)
    others = [k for k in range(POOLS) if k != CUED]
    return (
        f"A cue makes one of five pools fire. Then it is nearly silent, at {delay[CUED]:.2f} Hz compared with "
        f"{np.mean([delay[k] for k in others]):.2f} Hz in the other pools, but its synapses continue to release more, for "
        f"{RULE.tau_fac / 1000:g} s. A second later all excitatory cells get a weak input: the cued pool fires together, "
        f"up to {highest[CUED]:.0f} Hz, the others up to {max(highest[k] for k in others):.0f} Hz. A key-value memory keeps "
        "what was written under a key for as long, and answers a query with it. In both, a memory costs no activity."
    )


def _marks(ax, window):
    for (begin, end), alpha in ((CUE, 0.3), (READOUT, 0.13)):
        shade(ax, begin, end, window, GIVEN, alpha)
    ax.set_xlim(window)
    ax.set_xlabel("time [ms]")


def _lines(ax, times, rows, colour, window, label):
    for k, row in sorted(enumerate(rows), key=lambda pair: pair[0] == CUED):
        ax.plot(times, row, color=colour if k == CUED else FAINT, linewidth=1.8 if k == CUED else 0.8)
    _marks(ax, window)
    ax.set_ylim(0.0, 1.25 * max(rows.max(), 1e-9))
    ax.set_ylabel(label)
    ax.plot([], [], color=colour, label="cued")
    ax.plot([], [], color=FAINT, label="others")
    ax.legend(loc="upper right", ncols=2)


def _raster(ax, pools, window):
    raster(
        [pool.of(slice(SHOWN)) for pool in pools],
        ax=ax,
        window=window,
        color=[NEURON if k == CUED else "#666666" for k in range(POOLS)],
    )
    shown = min(SHOWN, pools[0].n)
    ax.set_yticks([(k + 0.5) * shown for k in range(POOLS)], [f"pool {k + 1}" for k in range(POOLS)])
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("")
    _marks(ax, window)
    ax.legend(
        handles=[
            Patch(color=GIVEN, alpha=0.3, label="cue to pool 1"),
            Patch(color=GIVEN, alpha=0.13, label="weak input to all"),
        ],
        loc="lower right",
        bbox_to_anchor=(1.02, 1.0),
        ncols=2,
        fontsize=9,
    )


def _decay(ax, times, content, u):
    after = times >= CUE[1]
    if after.sum() < 2:
        ax.set_axis_off()
        return
    seconds, others = (times[after] - CUE[1]) / 1000.0, np.delete(u, CUED, axis=0).mean(axis=0)
    held = (u[CUED] - others)[after]
    before = seconds < (READOUT[0] - CUE[1]) / 1000.0
    ax.plot(seconds, np.exp(-1000.0 * seconds / RULE.tau_fac), "--", color=MACHINE, label="m, e$^{\u2212t/1.5 s}$")
    ax.plot(seconds[before], held[before] / max(held[0], 1e-9), color=NEURON, linewidth=2.0, label="u, cued minus others")
    ax.set(
        xlim=(0.0, (READOUT[0] - CUE[1]) / 1000.0),
        ylim=(0.0, 1.08),
        xlabel="time after the cue [s]",
        ylabel="part that is left",
    )
    ax.legend(loc="lower left")


def _answers(ax, answer, rates, edges):
    place, highest, given = np.arange(POOLS), readout(rates, edges), answer.max(axis=0)
    ax.bar(place - 0.2, given / max(given.max(), 1e-9), 0.38, color=MACHINE, label="answer")
    ax.bar(
        place + 0.2,
        highest / max(np.nanmax(highest) if not np.isnan(highest).all() else 1.0, 1e-9),
        0.38,
        color=NEURON,
        label="rate",
    )
    ax.set_xticks(place, [f"{k + 1}\n(cued)" if k == CUED else f"{k + 1}" for k in place])
    ax.set(ylim=(0.0, 1.15), xlabel="key or pool", ylabel="readout, over the largest")
    ax.legend(loc="upper right")
