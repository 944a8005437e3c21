"""A panel above axes, within the room that they have: what belongs together keeps one axes in, one axes out."""

from matplotlib.transforms import Bbox


class Shortened:
    """A locator that gives axes only the lower part of their position, whatever layout placed them."""

    def __init__(self, ax, share):
        self.before, self.share = ax.get_axes_locator(), share
        self.get_subplotspec = ax.get_subplotspec  # for tight_layout

    def __call__(self, ax, renderer):
        """Return where the axes are drawn."""
        whole = self.before(ax, renderer) if self.before else ax.get_position(original=True)
        return Bbox.from_bounds(whole.x0, whole.y0, whole.width, self.share * whole.height)


def panel_above(ax, label, *, lower, gap=0.06):
    """Return axes above `ax` that share its horizontal axis; the same ones if they exist already.

    Parameters
    ----------
    ax : Axes
    label : str
        By which the panel is found again.
    lower : float
        Share of the height that `ax` keeps.
    gap : float
        Between both, relative to the height that `ax` keeps.
    """
    for panel in ax.child_axes:
        if panel.get_label() == label:
            return panel
    if not isinstance(ax.get_axes_locator(), Shortened):
        ax.set_axes_locator(Shortened(ax, lower))
    panel = ax.inset_axes((0.0, 1.0 + gap, 1.0, 1.0 / lower - 1.0 - gap), sharex=ax, label=label)
    panel.tick_params(labelbottom=False, bottom=False)
    for side in ("top", "right", "bottom"):
        panel.spines[side].set_visible(False)
    return panel
