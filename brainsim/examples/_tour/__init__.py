"""The tour: eleven pictures from one neuron to a network that reads a digit in spikes, compared with the artificial one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from brainsim.core.checks import integer

if TYPE_CHECKING:  # matplotlib is loaded with the first picture
    from matplotlib.figure import Figure

__all__ = ["Picture", "pictures"]


class Picture(NamedTuple):
    """A picture of the tour.

    Parameters
    ----------
    title : str
        A few words.
    figure : Figure
    caption : str
        With the numbers of this run.
    """

    title: str
    figure: "Figure"
    caption: str


def pictures(seed: int = 1, small: bool = False) -> Iterator[Picture]:
    """Simulate and draw the pictures of the tour, one after the other.

    Parameters
    ----------
    seed : int
        Of all random numbers.
    small : bool
        Whether to use fewer cells, trials and epochs, which is faster and shows less.

    Yields
    ------
    Picture
        ``(title, figure, caption)``; the numbers in a caption are those of this run.

    Raises
    ------
    ValueError, TypeError
        If seed is not a whole number >= 0.

    Examples
    --------
    >>> import brainsim as bs
    >>> first = next(bs.ann.tour.pictures())
    >>> first.title
    '1. A neuron charges and fires'
    """
    from brainsim.examples._tour import cells, networks

    seed = integer(seed, "tour.seed", at_least=0)
    makers = (
        cells.charging,
        cells.rates,
        cells.noise,
        cells.synapses,
        cells.kinds,
        networks.balance,
        networks.memory,
        networks.decision,
        networks.staircase,
        networks.digit,
        networks.learning,
    )
    for k, make in enumerate(makers, 1):
        title, figure, caption = make(seed, small)
        yield Picture(f"{k}. {title}", figure, caption)
