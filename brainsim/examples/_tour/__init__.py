"""The tour: ten pictures from one neuron to a network that reads a digit in spikes, beside the artificial one."""

from brainsim.core.checks import integer
from brainsim.examples._tour.picture import Picture

__all__ = ["Picture", "pictures"]


def pictures(seed=1, small=False):
    """Simulate and draw the pictures of the tour, one after the other.

    Parameters
    ----------
    seed : int
        Of all that is random.
    small : bool
        Fewer cells, trials and epochs: there sooner, with less to be seen.

    Yields
    ------
    Picture
        ``(title, figure, caption)``; the numbers in a caption are those of this run.

    Raises
    ------
    ValueError, TypeError
        Where seed is no whole number >= 0.

    Examples
    --------
    >>> first = next(pictures())
    >>> first.title
    '1. A neuron charges and fires'
    """
    from brainsim.examples._tour.stations import STATIONS

    seed = integer(seed, "tour.seed", at_least=0)
    for place, station in enumerate(STATIONS, 1):
        title, figure, caption = station(seed, small)
        yield Picture(f"{place}. {title}", figure, caption)
