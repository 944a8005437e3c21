"""How many synapses cells get and give."""

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import binom, poisson

from brainsim.core.arithmetic import default_arithmetic
from brainsim.core.contexts import within
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.styles import PALETTE, legend_above
from brainsim.plot.elements.tables import WeightsLike, located

LEAST = 1e-4  # smaller shares of a random network are not drawn
MAX_BARS = 60  # more different degrees are drawn in bins of several


@within(default_arithmetic)
def degrees(synapses: WeightsLike, *, ax: Axes | None = None, random: bool = True) -> Axes:
    """Draw how many synapses the targets of a projection get and its sources give.

    Parameters
    ----------
    synapses : SynapseTable, sparse matrix or array of shape (n_pre, n_post)
        As `Simulation.synapses` returns them.
    ax : Axes, optional
        Where to draw; the current axes by default.
    random : bool
        Whether to draw, as dots, the binomial distributions of the same means: each pair of cells is then connected with the
        same probability, independently of all others.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If `synapses` is not a table of synapses, or does not tell who is connected to whom.

    Examples
    --------
    >>> bs.plot.degrees(sim.synapses(wires))                                # doctest: +SKIP
    """
    found = located(synapses, "degrees")
    if not min(found.shape):
        raise ValueError("degrees: there are no sources or no targets, so there is nothing to draw")
    ax = axes_of(ax, "degrees")
    counts = [np.bincount(cells, minlength=n) for cells, n in ((found.post, found.shape[1]), (found.pre, found.shape[0]))]
    low, high = min(int(c.min()) for c in counts), max(int(c.max()) for c in counts)
    width = max(-(-(high - low + 1) // MAX_BARS), 1)
    edges = np.arange(low - width, high + 2 * width, width) - 0.5
    for degree, name, colour, partners in zip(counts, ("in-degree", "out-degree"), PALETTE, found.shape, strict=False):
        share = np.histogram(degree, edges)[0] / degree.size
        label = f"{name}, mean {degree.mean():.4g}"
        ax.stairs(share, edges, color=colour, fill=True, alpha=0.25, linewidth=0.0)
        ax.stairs(share, edges, color=colour, linewidth=1.3, label=label)
        if random and degree.mean():
            _draw_random(ax, degree.mean(), partners, edges, colour)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("synapses of a cell")
    ax.set_ylabel("share of cells")
    legend_above(ax, 2)
    return ax


def _draw_random(ax, mean, partners, edges, colour):
    """Draw the share of cells in each bin if synapses were drawn at random."""
    chance = mean / partners
    law = binom(partners, chance) if chance <= 1.0 else poisson(mean)  # several synapses of a pair
    share = np.diff(law.cdf(edges))
    seen = share > LEAST
    ax.plot((edges[1:] + edges[:-1])[seen] / 2, share[seen], ".", color=colour, markersize=3.5, label="_random")
