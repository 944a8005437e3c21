"""A picture of the tour: a figure, what it is called, and what is to be seen in it."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # drawing is loaded by who draws
    from matplotlib.figure import Figure


class Picture(NamedTuple):
    """One picture with its caption.

    Parameters
    ----------
    title : str
        A few words.
    figure : Figure
    caption : str
        What is to be seen, with the numbers of this run.
    """

    title: str
    figure: "Figure"
    caption: str
