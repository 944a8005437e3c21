"""Activity in space: snapshots and pictures over time hold the rates and values of their cells."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PathCollection

import brainsim as bs
from brainsim import plot
from brainsim.results.result import Spikes, Traces
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import made, random_spikes

SPIKES = Spikes([10.0, 20.0, 30.0], [0, 4, 5], 6, 40.0, name="sheet")
PLACES = bs.positions.grid((3, 2), spacing=10.0)  # x = 0, 10, 20 and y = 0, 10: cell 4 is at (20, 0)
SHEET = bs.Population(6, bs.LIF(), name="sheet", positions=PLACES)
TIMES = np.arange(1.0, 11.0)
TRACES = Traces("sheet", "v", "mV", TIMES, range(6), np.outer(TIMES, np.arange(6.0)))


def values_in(ax):
    """Return the values of the image in each small picture."""
    return [np.asarray(panel.images[0].get_array()) for panel in ax.child_axes]


class TestSnapshots:
    def test_rates_fade_with_tau(self):
        ax = plot.snapshots(SPIKES, [10.0, 15.0, 40.0], grid=(2, 3), tau=5.0)
        first, second, third = values_in(ax)
        np.testing.assert_allclose(first, [[200.0, 0, 0], [0, 0, 0]], rtol=1e-9)
        np.testing.assert_allclose(second, first / np.e, rtol=1e-9)
        np.testing.assert_allclose(third, 200.0 * np.exp([[-6.0, 0, 0], [0, -4.0, -2.0]]) * [[1, 0, 0], [0, 1, 1]])
        assert [panel.get_title() for panel in ax.child_axes] == ["10 ms", "15 ms", "40 ms"]
        assert len({panel.images[0].get_clim() for panel in ax.child_axes}) == 1

    def test_pictures_stand_side_by_side_and_below_each_other(self):
        ax = plot.snapshots(SPIKES, [5.0, 10.0, 15.0, 20.0, 30.0], grid=(2, 3), columns=3)
        outer, boxes = ax.get_position(), [panel.get_axes_locator()(panel, None) for panel in ax.child_axes]
        assert all(outer.x0 <= box.x0 < box.x1 <= outer.x1 and outer.y0 <= box.y0 < box.y1 <= outer.y1 for box in boxes)
        assert all(boxes[k].x1 < boxes[k + 1].x0 and boxes[k].y0 == boxes[k + 1].y0 for k in (0, 1, 3))
        assert all(boxes[k].y1 < boxes[k - 3].y0 and boxes[k].x0 == boxes[k - 3].x0 for k in (3, 4))

    def test_cells_of_a_regular_grid_are_fields_where_they_are(self):
        (panel,) = plot.snapshots(SPIKES, 20.0, positions=SHEET, tau=1.0).child_axes
        image = panel.images[0]
        assert image.get_extent() == [-5.0, 25.0, -5.0, 15.0]
        shown = np.asarray(image.get_array())
        assert shown.shape == (2, 3)  # y, x
        assert np.argmax(shown) == 2
        assert image.origin == "lower"

    def test_cells_elsewhere_are_dots(self):
        where = np.random.default_rng(0).random((6, 2))
        ax = plot.snapshots(SPIKES, [20.0, 30.0], positions=where, colorbar=False)
        for panel in ax.child_axes:
            (dots,) = (one for one in panel.collections if isinstance(one, PathCollection))
            np.testing.assert_allclose(dots.get_offsets(), where)
        assert len(ax.figure.axes) == 1

    def test_a_grid_with_a_missing_cell_is_dots(self):
        (panel,) = plot.snapshots(random_spikes(50, 5), 50.0, positions=PLACES[:5]).child_axes
        assert not panel.images

    def test_on_a_line(self):
        (panel,) = plot.snapshots(SPIKES, 20.0, positions=PLACES[:, :1] + PLACES[:, 1:]).child_axes
        assert panel.get_ylabel() == ""
        assert panel.get_xlabel() == "x [um]"

    def test_of_traces(self):
        ax = plot.snapshots(TRACES, [3.0, 9.5], positions=SHEET)
        np.testing.assert_array_equal(values_in(ax)[1], [[0.0, 18.0, 36.0], [9.0, 27.0, 45.0]])
        assert ax.figure.axes[1].get_ylabel() == "v [mV]"

    def test_of_some_recorded_cells_at_the_positions_of_all(self):
        some = Traces("sheet", "v", "mV", TIMES, [0, 5], np.outer(TIMES, [1.0, 2.0]))
        (panel,) = plot.snapshots(some, 10.0, positions=SHEET).child_axes
        np.testing.assert_allclose(panel.collections[0].get_offsets(), [[0.0, 0.0], [20.0, 10.0]])


class TestSpaceTime:
    def test_rates_of_stripes(self):
        ax = plot.space_time(SPIKES, SHEET, bin=10.0)
        image = ax.images[0]
        assert image.get_extent() == [0.0, 40.0, -5.0, 25.0]
        expected = np.zeros((3, 4))
        expected[0, 0] = expected[2, 1] = expected[2, 2] = 50.0  # one spike of two cells in 10 ms; (0, 10] holds 10.0
        np.testing.assert_allclose(np.asarray(image.get_array()), expected)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time [ms]", "x [um]")
        last = plot.space_time(Spikes([40.0], [0], 6, 40.0, name="sheet"), SHEET, bin=10.0)
        assert np.asarray(last.images[-1].get_array())[0].tolist() == [0.0, 0.0, 0.0, 50.0]

    def test_all_spikes_are_counted(self):
        spikes = random_spikes(5000, 400, duration=200.0, start=100.0)
        where = np.random.default_rng(0).random((400, 3))
        ax = plot.space_time(spikes, where, axis="z", stripes=7, bin=5.0)
        stripe = np.asarray(ax.images[0].get_array())
        edges = np.linspace(*ax.images[0].get_extent()[2:], 8)
        cells = np.histogram(where[:, 2], edges)[0]
        assert (stripe * cells[:, None] * 0.005).sum() == pytest.approx(5000)

    def test_means_of_traces(self):
        ax = plot.space_time(TRACES, SHEET, axis="y", window=(2.0, 4.0))
        np.testing.assert_allclose(np.asarray(ax.images[0].get_array()), [[4.0, 6.0, 8.0], [6.0, 9.0, 12.0]])

    def test_stripes_without_cells_are_left_out(self):
        ax = plot.space_time(SPIKES, [0.0, 1.0, 2.0, 10.0, 11.0, 12.0], stripes=6)
        empty = np.isnan(np.asarray(ax.images[0].get_array(), float)).all(axis=1)
        assert empty.any()
        assert not empty.all()


def test_pictures_do_not_change_with_the_order_of_the_cells():
    order = np.random.default_rng(1).permutation(6)
    moved = Spikes(SPIKES.times, np.argsort(order)[SPIKES.ids], 6, 40.0, name="sheet")
    for draw in (lambda spikes, where: plot.snapshots(spikes, 30.0, positions=where).child_axes[0], plot.space_time):
        pictures = [draw(spikes, where) for spikes, where in ((SPIKES, PLACES), (moved, PLACES[order])) if plt.figure()]
        np.testing.assert_array_equal(*(np.asarray(ax.images[0].get_array()) for ax in pictures))


NOWHERE = bs.Population(6, bs.LIF(), name="sheet")
test_mistakes = mistakes(
    (lambda: plot.snapshots(SPIKES, 50.0, grid=(2, 3)), ValueError, "snapshots.times: must be between 0 and 40 ms", "50"),
    (lambda: plot.snapshots(SPIKES, [], grid=(2, 3)), ValueError, "snapshots.times: must be 1 to 40 times"),
    (lambda: plot.snapshots(SPIKES, [1.0]), TypeError, "snapshots: cells are drawn at their positions"),
    (lambda: plot.snapshots(SPIKES, [1.0], grid=(2, 2)), ValueError, "snapshots.grid: must have a field for each"),
    (lambda: plot.snapshots(SPIKES, [1.0], grid=6), ValueError, "snapshots.grid: must be (rows, columns)"),
    (lambda: plot.snapshots(SPIKES, [1.0], positions=NOWHERE), ValueError, "'sheet' has no positions"),
    (
        lambda: plot.snapshots(SPIKES, [1.0], positions=np.zeros((6, 3))),
        ValueError,
        "must have the shape (6, 1) or (6, 2)",
        "cells.positions[:, :2]",
    ),
    (lambda: plot.snapshots(made(), [1.0], grid=(6, 10)), ValueError, "snapshots: must be the spikes of one population"),
    (lambda: plot.snapshots(SPIKES, [1.0], grid=(2, 3), tau=0.0), ValueError, "snapshots.tau: must be > 0 ms"),
    (lambda: plot.space_time(SPIKES, PLACES, axis="z"), ValueError, "space_time.axis: must be one of 'x', 'y'", "'z'"),
    (lambda: plot.space_time(SPIKES, NOWHERE), ValueError, "'sheet' has no positions"),
    (lambda: plot.space_time(SPIKES, PLACES[:4]), ValueError, "space_time.positions: must have the shape (6, 1)"),
    (lambda: plot.space_time(SPIKES, PLACES, bin=0.0), ValueError, "space_time.bin: must be > 0 ms"),
    (lambda: plot.space_time(SPIKES, PLACES, bin=1e-5), ValueError, "space_time.bin: must give 1 to 20,000 bins"),
    (lambda: plot.space_time(SPIKES, PLACES, stripes=0), ValueError, "space_time.stripes: must be >= 1"),
    (lambda: plot.space_time(SPIKES, PLACES, window=(50.0, 60.0)), ValueError, "space_time.window: must be a part of"),
    (lambda: plot.space_time(TRACES, PLACES, window=(2.2, 2.8)), ValueError, "space_time.window: contains no sample of 'v'"),
)  # fmt: skip
