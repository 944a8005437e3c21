"""The axis of time that pictures share."""


def label_time(ax):
    """Name the axis of time, unless other axes share it and show its numbers: then the name belongs there, once."""
    if ax.xaxis.get_tick_params().get("labelbottom", True):
        ax.set_xlabel("time [ms]")
