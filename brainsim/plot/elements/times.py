"""The time axis that pictures share."""


def label_time(ax):
    """Label the time axis, unless other axes share it and show its numbers: then the label belongs there."""
    shown = ax.xaxis.get_tick_params()
    # before version 3.10, matplotlib names the sides of every axis as those of a y axis
    if shown.get("labelbottom", shown.get("labelleft", True)):
        ax.set_xlabel("time [ms]")
