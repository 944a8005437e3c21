"""The time axis that pictures share."""


def label_time(ax):
    """Label the time axis, unless other axes share it and show its numbers: then the label belongs there."""
    if ax.xaxis.get_tick_params().get("labelbottom", True):
        ax.set_xlabel("time [ms]")
