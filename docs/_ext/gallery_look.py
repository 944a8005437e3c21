"""How the gallery is ordered, what its scripts start with, and how films get into it."""

from pathlib import Path

from sphinx_gallery.scrapers import figure_rst
from sphinx_gallery.sorting import ExplicitOrder, FileNameSortKey

SECTIONS = (
    "live", "comparisons", "classics", "start", "spikes", "networks", "cells", "synapses", "plasticity", "space", "learning",
    "examples",
)  # fmt: skip
ORDER = ExplicitOrder([f"gallery/{section}" for section in SECTIONS])
BESIDE, LARGE = 0.6, 0.6  # of the width of a figure: a narrower panel has others next to it; of the area of the largest one


class TourFirst(FileNameSortKey):
    """Order the scripts of a section by their names, with the tour before all others.

    The one that trains for 80 s comes next: another process runs the rest meanwhile. Among the last, it ran alone.
    """

    first = ("plot_tour.py", "plot_language.py")

    def __call__(self, filename):
        """Return what a script is sorted by."""
        name = Path(filename).name
        place = self.first.index(name) if name in self.first else len(self.first)
        return f"{place} {name}"


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


def panels(block, variables, configuration):
    """Let the thumbnail of a figure with panels side by side show one that can be read: a large one, of several the last."""
    import matplotlib.pyplot as plt

    settings, drawn = variables["file_conf"], plt.get_fignums()
    if drawn and not {"thumbnail_path", "thumbnail_number"} & set(settings):
        figure = plt.figure(drawn[0])
        figure.canvas.draw()  # the layout
        sizes = {ax: ax.bbox.width * ax.bbox.height for ax in figure.axes if ax.axison}
        large = [ax for ax, size in sizes.items() if size > LARGE * max(sizes.values())]
        if large and large[-1].bbox.width < BESIDE * figure.bbox.width:
            box = large[-1].get_tightbbox().transformed(figure.dpi_scale_trans.inverted()).padded(0.04)
            script = Path(variables["target_file"])
            path = script.parent / "images" / f"{script.stem}_panel.png"
            path.parent.mkdir(exist_ok=True)
            figure.savefig(path, bbox_inches=box, dpi=200)
            settings["thumbnail_path"] = str(path.relative_to(configuration["src_dir"]))
    return ""


def films(block, variables, configuration):
    """Find the films that a script wrote, and return the text that shows them."""
    moved = []
    for film in sorted(Path(variables["src_file"]).parent.glob("*.gif")):
        place = Path(next(variables["image_path_iterator"])).with_suffix(".gif")
        film.replace(place)
        moved.append(place)
    return figure_rst([str(place) for place in moved], configuration["src_dir"])
