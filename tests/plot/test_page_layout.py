"""Pages of three columns: the two axes of each share its height as they were asked to."""

import pytest

from brainsim import plot
from brainsim.plot.elements.page_layout import side_by_side


def height_of(ax):
    ratios = ax.get_gridspec().get_height_ratios()
    return sum(ratios[row] for row in ax.get_subplotspec().rowspan)


@pytest.mark.parametrize(("last", "share"), [(None, 0.6), ((0.5, 1.5), 0.25)])
def test_the_axes_of_a_column_share_its_height(last, share):
    with plot.style():
        _, columns = side_by_side("machine", "brain", heights=(1.2, 0.8), last=last)
    for (upper, lower), expected in zip(columns, (0.6, 0.6, share), strict=True):
        assert height_of(upper) / (height_of(upper) + height_of(lower)) == pytest.approx(expected, rel=1e-12)
