"""What panels of several figures do alike."""

AXES = "axes fraction"  # coordinates from 0 to 1


def note(ax, text, at, offset=(0, 0), *, x="data", y="data", **look):
    """Write a note in grey at a point, moved by `offset` [points]; `x` and `y` may be coordinates of the axes, `AXES`."""
    look = {"color": "#444444", "fontsize": 9} | look
    ax.annotate(text, at, offset, xycoords=(x, y), textcoords="offset points", **look)
