"""Rasters: every spike is there, in its place, in the colour of its group."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from brainsim import plot
from brainsim.plot.elements.groups import groups_of
from brainsim.plot.elements.marks import DOTS, STROKES, SpikeImage
from brainsim.plot.elements.styles import PALETTE, REST
from brainsim.plot.rasters import apart
from brainsim.results.result import Spikes
from tests.helpers.pictures import drawn, labels, made, random_spikes

pytestmark = pytest.mark.filterwarnings("error")


class TestRaster:
    @pytest.mark.parametrize("count", [0, 1, STROKES, STROKES + 1, DOTS, DOTS + 1])
    def test_every_spike_is_marked(self, count):
        spikes = random_spikes(count)
        ax = plot.raster(spikes)
        ax.figure.canvas.draw()
        assert ax is plt.gca()
        assert drawn(ax) == count
        assert ax.get_xlim() == (0.0, 100.0)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time [ms]", "cell")

    def test_marks_are_at_the_spikes(self):
        spikes = random_spikes(50)
        (line,) = plot.raster(spikes).lines
        np.testing.assert_array_equal(line.get_xdata(), spikes.times)
        np.testing.assert_array_equal(line.get_ydata(), spikes.ids)
        assert line.get_marker() == "|"

    def test_window_and_max_cells(self):
        spikes = random_spikes(1000)
        ax = plot.raster(spikes, window=(20.0, 60.0), max_cells=10)
        assert drawn(ax) == np.count_nonzero((spikes.times > 20.0) & (spikes.times <= 60.0) & (spikes.ids % 10 == 0))
        assert ax.get_xlim() == (20.0, 60.0)

    def test_sorted_by_rate(self):
        spikes = Spikes([1.0, 2.0, 3.0, 4.0], [2, 2, 0, 2], n=3, duration=5.0)
        (line,) = plot.raster(spikes, sort="rate").lines
        assert line.get_ydata().tolist() == [0, 0, 1, 0]

    def test_populations_are_stacked_coloured_and_named(self):
        result = made()
        _, ax = plt.subplots()
        assert plot.raster(result, ax=ax) is ax
        first, second = ax.lines
        assert [to_hex(line.get_color()) for line in ax.lines] == list(PALETTE[:2])
        assert labels(ax) == ["a", "b"]
        assert first.get_ydata().max() < 60 <= second.get_ydata().min()
        assert ax.yaxis_inverted()

    def test_views_have_a_colour_each_and_the_rest_is_grey(self):
        result = made(views={"a": [("exc", 0, 40), ("inh", 40, 50), ("both", 30, 50)]})
        ax = plot.raster(result)
        assert labels(ax) == ["exc", "inh", "other a", "b"]
        assert [to_hex(line.get_color()) for line in ax.lines] == [PALETTE[0], PALETTE[1], REST, PALETTE[2]]
        assert drawn(ax) == 4500
        a = result.spikes["a"]
        expected = [a.counts()[lo:hi].sum() for lo, hi in ((0, 40), (40, 50), (50, 60))]
        assert [line.get_xdata().size for line in ax.lines[:3]] == expected

    def test_a_view_of_all_cells_is_the_population(self):
        assert [group.label for group in groups_of(made(views={"a": [("all", 0, 60)]}), "raster")] == ["a", "b"]

    def test_colours(self):
        pair = [random_spikes(5, name="a"), random_spikes(5, name="b")]
        assert {to_hex(line.get_color()) for line in plot.raster(pair, color="k").lines} == {"#000000"}
        plt.figure()
        ax = plot.raster(pair, color=["r", (0.0, 0.0, 1.0)])
        assert [to_hex(line.get_color()) for line in ax.lines] == ["#ff0000", "#0000ff"]

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"sort": "rates"}, r"raster.sort: must be 'id' or 'rate' \(got 'rates'\); did you mean 'rate'\?"),
            ({"window": (200.0, 300.0)}, "must be a part of 0 to 100 ms"),
            ({"window": 5.0}, r"must be \(start, stop\) in ms"),
            ({"max_cells": 0}, "raster.max_cells: must be >= 1"),
            ({"color": []}, "one for each of 1 parts"),
        ],
    )
    def test_rejects(self, options, text):
        with pytest.raises(ValueError, match=text):
            plot.raster(random_spikes(5), **options)

    def test_rejects_other_things(self):
        with pytest.raises(TypeError, match=r"raster: must be Spikes, a list of them or a Result \(got int\)"):
            plot.raster([3])
        with pytest.raises(ValueError, match="raster: there are no spikes of any population"):
            plot.raster([])


class TestSpikeImage:
    """Millions of spikes, counted into pixels."""

    def image(self, spikes, **limits):
        _, ax = plt.subplots()
        ax.set(**limits)
        return ax.add_artist(SpikeImage(spikes.times, spikes.ids, "k", 1.0, 0.7))

    def test_counts_every_spike_once(self):
        spikes = random_spikes(5000)
        image = self.image(spikes, xlim=(0.0, 100.0), ylim=(-0.5, 99.5))
        counts = image.counts((100, 20))
        assert counts.sum() == 5000
        np.testing.assert_array_equal(counts.sum(axis=1), spikes.counts())
        np.testing.assert_array_equal(counts[:, 3], spikes.between(15.0, 20.0).counts())

    def test_counts_follow_zoom_and_inverted_axes(self):
        spikes = random_spikes(5000)
        zoomed = self.image(spikes, xlim=(20.0, 30.0), ylim=(49.5, 9.5))
        counts = zoomed.counts((40, 7))
        assert counts.sum() == len(spikes.between(20.0, 30.0).of(slice(10, 50)))
        np.testing.assert_array_equal(counts.sum(axis=1), spikes.between(20.0, 30.0).counts()[10:50][::-1])

    @pytest.mark.parametrize("inverted", [False, True])
    def test_ink_is_where_the_spikes_are(self, inverted):
        count = DOTS + 1
        ax = plot.raster(Spikes(np.linspace(1.0, 49.0, count), np.zeros(count, int), 10, 100.0), color="r")
        ax.set_axis_off()
        if inverted:
            ax.invert_yaxis()
        ax.figure.canvas.draw()
        pixels = np.asarray(ax.figure.canvas.buffer_rgba()).astype(int)
        rows, columns = np.nonzero(pixels[..., 0] - pixels[..., 1] > 60)
        box = ax.bbox
        where = (columns.mean() - box.x0) / box.width, 1.0 - (rows.mean() - box.y0) / box.height
        assert where[0] == pytest.approx(0.25, abs=0.01)
        assert where[1] == pytest.approx(0.95 if inverted else 0.05, abs=0.03)

    @pytest.mark.parametrize("format", ["svg", "pdf", "png"])
    def test_every_backend_takes_it(self, format):
        ax = plot.raster(random_spikes(DOTS + 1))
        file = io.BytesIO()
        ax.figure.savefig(file, format=format, dpi=150)
        assert 1000 < file.tell() < 2_000_000

    def test_denser_is_darker(self):
        times = np.concatenate([np.linspace(0.1, 50.0, 1000), np.linspace(50.1, 100.0, 20_000)])
        image = self.image(Spikes(times, np.arange(21_000) % 100, 100, 100.0), xlim=(0.0, 100.0), ylim=(-0.5, 99.5))
        alpha = image.pixels((100, 100), 72.0)[..., 3].astype(float)
        assert 3 * alpha[:, :50].mean() < alpha[:, 50:].mean()


def test_names_are_moved_apart_and_stay_before_the_end():
    assert apart([1.0, 2.0, 9.5], 3.0, 10.0) == [1.0, 4.0, 9.5]
    assert apart([8.0, 9.0, 9.5], 2.0, 10.0) == [6.0, 8.0, 10.0]
    assert apart([1.0, 5.0], 3.0, 10.0) == [1.0, 5.0]
