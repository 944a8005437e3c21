"""How the gallery is ordered, what its scripts start with, and how films get into it."""

from pathlib import Path

from sphinx_gallery.scrapers import figure_rst
from sphinx_gallery.sorting import ExplicitOrder, FileNameSortKey

SECTIONS = ("comparisons", "start", "spikes", "networks", "cells", "synapses", "plasticity", "space", "learning", "examples")
ORDER = ExplicitOrder([f"gallery/{section}" for section in SECTIONS])


class TourFirst(FileNameSortKey):
    """Order the scripts of a section by their names, with the tour before all others."""

    def __call__(self, filename):
        """Return what a script is sorted by."""
        name = Path(filename).name
        return f"{name != 'plot_tour.py':d} {name}"


def reset(configuration, script):
    """Give a script default settings and a file as its screen, and no figures that another one left."""
    import matplotlib
    import matplotlib.pyplot as plt

    from brainsim.plot.elements.styles import _sheet

    plt.close("all")
    matplotlib.rcdefaults()
    matplotlib.use("Agg")
    matplotlib.rcParams.update(_sheet())  # ticks are made when a figure is saved, after the `with` of the script
    matplotlib.rcParams["savefig.dpi"] = 130


def films(block, variables, configuration):
    """Find the films that a script wrote, and return the text that shows them."""
    moved = []
    for film in sorted(Path(variables["src_file"]).parent.glob("*.gif")):
        place = Path(next(variables["image_path_iterator"])).with_suffix(".gif")
        film.replace(place)
        moved.append(place)
    return figure_rst([str(place) for place in moved], configuration["src_dir"])
