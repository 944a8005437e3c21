"""Rates, bars, traces and overviews; nothing leaks into the settings of matplotlib."""

import os
import subprocess
import sys
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import brainsim as bs
from brainsim import plot
from brainsim.plot.elements.styles import PALETTE
from brainsim.plot.traces import round_number
from brainsim.results.result import Result, Spikes, Traces
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import labels, made, random_spikes

pytestmark = pytest.mark.filterwarnings("error")


class TestRate:
    def test_a_line_per_population(self):
        result = made()
        ax = plot.rate(result, sigma=None, bin=2.0)
        for line, name in zip(ax.lines, "ab", strict=True):
            times, rates = result.spikes[name].population_rate(2.0)
            np.testing.assert_array_equal(line.get_xdata(), times)
            np.testing.assert_array_equal(line.get_ydata(), rates)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
        assert ax.get_ylabel() == "rate [Hz]"
        assert ax.get_ylim()[0] == 0.0

    def test_one_population_needs_no_legend(self):
        ax = plot.rate(random_spikes(100), window=(10.0, 20.0))
        assert ax.get_legend() is None
        assert ax.lines[0].get_xdata().tolist() == [10.5 + k for k in range(10)]


class TestBars:
    def test_a_bar_per_population_the_first_on_top(self):
        result = made()
        ax = plot.bars(result, Spikes.rate, reference=[200.0, np.nan], label="rate [Hz]")
        assert [bar.get_width() for bar in ax.patches] == [one.rate() for one in result.spikes.values()]
        assert [to_hex(bar.get_facecolor()) for bar in ax.patches] == list(PALETTE[:2])
        heights = [ax.transData.transform((0.0, bar.get_y()))[1] for bar in ax.patches]
        assert heights[0] > heights[1]
        assert labels(ax) == ["a", "b"]
        assert ax.get_xlabel() == "rate [Hz]"
        assert ax.collections[0].get_segments()[0][:, 0].tolist() == [200.0, 200.0]

    def test_nan_has_no_bar(self):
        ax = plot.bars(made(), [np.nan, 2.0], color="k")
        assert [bar.get_width() for bar in ax.patches] == [0.0, 2.0]
        assert len(ax.collections) == 0


class TestTrace:
    def test_one_cell_with_threshold_and_spikes(self):
        result = made()
        traces, spikes = result.traces["a", "v"].of(7), result.spikes["a"]
        ax = plot.trace(traces, threshold=20.0, spikes=spikes)
        threshold, line, strokes = ax.lines
        assert set(threshold.get_ydata()) == {20.0}
        assert threshold.is_dashed()
        np.testing.assert_array_equal(line.get_ydata(), traces.values[:, 0])
        fired = spikes.times[(spikes.ids == 7) & (spikes.times >= 1.0)]
        np.testing.assert_array_equal(strokes.get_xdata()[::3], fired)
        assert (strokes.get_ydata()[1::3] > 20.0).all()
        assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim()) == ("time [ms]", "v [mV]", (0.0, 100.0))

    def test_a_result_provides_threshold_and_spikes(self):
        result = made()
        ax = plot.trace(result, ("a", "v"), cells=7)
        threshold, _, strokes = ax.lines
        assert set(threshold.get_ydata()) == {20.0}
        assert strokes.get_xdata().size > 0
        plt.figure()
        assert set(plot.trace(result, ("a", "v"), cells=7, threshold=25.0).lines[0].get_ydata()) == {25.0}
        plt.figure()
        assert len(plot.trace(result, ("a", "w")).lines) == 1

    def test_many_cells_get_lanes_and_colours(self):
        ax = plot.trace(made().traces["a", "v"])
        curves = [line for line in ax.lines if line.get_label().startswith("cell")]
        assert len({line.get_color() for line in curves}) == 4
        assert labels(ax) == ["cell 0", "cell 1", "cell 7", "cell 9"]
        tops = [line.get_ydata().max() for line in curves]
        lows = [line.get_ydata().min() for line in curves]
        assert all(low > top for low, top in zip(lows[:-1], tops[1:], strict=True))
        assert any("mV" in text.get_text() for text in ax.texts)

    def test_offsets(self):
        traces = made().traces["a", "v"]
        overlaid = plot.trace(traces, offset=False, cells=[0, 9])
        assert [text.get_text() for text in overlaid.get_legend().get_texts()] == ["cell 0", "cell 9"]
        np.testing.assert_array_equal(overlaid.lines[1].get_ydata(), traces.of(9).values[:, 0])
        plt.figure()
        shifted = plot.trace(traces, offset=50.0)
        np.testing.assert_allclose(shifted.lines[1].get_ydata(), traces.values[:, 1] - 50.0)

    def test_constant_and_unknown_values(self):
        flat = Traces("a", "v", "mV", [1.0, 2.0], [0, 1, 2], [[5.0, 5.0, np.nan], [5.0, 5.0, np.nan]])
        plot.trace(flat).figure.canvas.draw()

    def test_data_that_are_there_stay_in_view(self):
        high, low = (Traces("a", "v", "mV", np.arange(1.0, 101.0), [0], np.full((100, 1), v)) for v in (50.0, -50.0))
        for ways in ({"sharey": True}, {}):
            _, axes = plt.subplots(2, **ways)
            one = axes if ways else [axes[0], axes[0]]
            for traces, ax in zip((high, low), one, strict=True):
                plot.trace(traces, ax=ax)
            bottom, top = axes[0].get_ylim()
            assert bottom < -50.0 < 50.0 < top

    def test_a_second_part_of_a_run_is_drawn_beside_the_first(self):
        for start in (1.0, 101.0):
            ax = plot.trace(Traces("a", "v", "mV", start + np.arange(100.0), [0], np.zeros((100, 1))))
        assert ax.get_xlim() == (0.0, 200.0)
        plot.trace(Traces("a", "v", "mV", start + np.arange(100.0), [0], np.zeros((100, 1))), window=(150.0, 160.0))
        assert ax.get_xlim() == (149.0, 160.0)

    def test_marks_of_the_user_do_not_widen_limits(self):
        _, ax = plt.subplots()
        ax.axvspan(20.0, 40.0)
        plot.trace(Traces("a", "v", "mV", np.arange(1.0, 101.0), [0], np.full((100, 1), -50.0)), ax=ax)
        assert ax.get_xlim() == (0.0, 100.0)
        assert ax.get_ylim()[1] < -49.0

    def test_scale_bars_have_round_lengths(self):
        assert [round_number(value) for value in (1.0, 1.9, 4.99, 5.0, 73.0, 0.03)] == pytest.approx([1, 1, 2, 5, 50, 0.02])


class TestOverview:
    def test_rows_for_what_there_is(self):
        result = made(views={"a": [("exc", 0, 40), ("inh", 40, 60)]})
        figure = plot.overview(result)
        figure.canvas.draw()
        raster, rate, voltage, current = figure.axes
        assert labels(raster) == ["exc", "inh", "b"]
        assert len(rate.lines) == 3
        assert labels(voltage) == ["cell 0", "cell 1", "cell 7"]
        assert current.get_ylabel() == "w [pA]"
        assert raster.get_title(loc="left").startswith("100 cells   450 Hz   CV ")
        assert raster.get_title(loc="right") == "100 ms, simulated in 1.5 s"
        assert [ax.get_xlabel() for ax in figure.axes] == ["", "", "", "time [ms]"]
        assert {ax.get_xlim() for ax in figure.axes} == {(0.0, 100.0)}

    def test_it_says_that_sources_do_not_count(self):
        sources, cells = bs.Population(80, bs.Poisson(rate=30.0), name="s"), bs.Population(20, bs.LIF(), name="c")
        net = bs.Network(seed=1)
        net.connect(sources, cells, bs.AllToAll(), weight=0.2, delay=1.0, synapse=bs.Delta())
        figure = plot.overview(bs.simulate(net, 50.0, seed=1, progress=False))
        assert figure.axes[0].get_title(loc="left") == "20 cells   0 Hz   (without 80 sources)"
        assert [ax.get_title(loc="left") for ax in figure.axes[1:]] == ["without sources"]
        alone = bs.Network(seed=1)
        alone.add(sources)
        figure = plot.overview(bs.simulate(alone, 50.0, seed=1, progress=False))
        assert "without" not in "".join(ax.get_title(loc="left") for ax in figure.axes)

    def test_window_and_cells(self):
        figure = plot.overview(made(), window=(20.0, 50.0), cells=[9, 0])
        assert {ax.get_xlim() for ax in figure.axes} == {(20.0, 50.0)}
        names = [line.get_label() for line in figure.axes[2].lines]
        assert [name for name in names if name.startswith("cell")] == ["cell 9", "cell 0"]
        assert len(figure.axes) == 3
        with pytest.raises(IndexError, match="must be recorded cells"):
            plot.overview(made(), cells=[33])

    def test_spikes_alone_and_traces_alone(self):
        full = made()
        spikes = Result(spikes=dict(full.spikes), duration=100.0, dt=0.1, seed=0)
        assert len(plot.overview(spikes).axes) == 2
        traces = Result(spikes={}, duration=100.0, dt=0.1, seed=0, traces=dict(full.traces))
        assert len(plot.overview(traces).axes) == 2
        with pytest.raises(ValueError, match="overview: must be the result of a run that recorded"):
            plot.overview(Result(spikes={}, duration=100.0, dt=0.1, seed=0))

    def test_silence(self):
        silent = Result(spikes={"a": Spikes([], [], 10, 50.0, name="a")}, duration=50.0, dt=0.1, seed=0)
        figure = plot.overview(silent)
        figure.canvas.draw()
        assert figure.axes[0].get_title(loc="left") == "10 cells   0 Hz"

    def test_the_current_figure_of_the_user_is_left_alone(self):
        ax = plt.gca()
        plot.overview(made())
        assert not ax.lines


def test_style_is_a_context():
    before = matplotlib.rcParams["axes.spines.top"]
    with plot.style():
        assert not matplotlib.rcParams["axes.spines.top"]
        cycle = [f"#{one['color'].lstrip('#')}" for one in matplotlib.rcParams["axes.prop_cycle"]]
        assert cycle == list(PALETTE)
    assert matplotlib.rcParams["axes.spines.top"] == before


def test_nothing_is_shown(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("show() was called"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot.overview(made())


def test_loading_leaves_the_settings_alone():
    code = (
        "import matplotlib; before = dict(matplotlib.rcParams)\n"
        "import brainsim.plot\n"
        "assert dict(matplotlib.rcParams) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "MPLBACKEND": "Agg"})


RESULT = made()
TRACES = RESULT.traces["a", "v"]
EACH = "must be one number for each of 2 populations"

test_mistakes = mistakes(
    (lambda: plot.trace(TRACES, spikes=RESULT.spikes["b"]), ValueError, "must be the spikes of 'a'"),
    (lambda: plot.trace(TRACES, window=(200.0, 300.0)), ValueError, "trace.window: must be a part of 1 to 100 ms"),
    (lambda: plot.trace(RESULT), TypeError, "trace.key: missing; ", "('a', 'v')); also available: ('a', 'w')"),
    (lambda: plot.trace(RESULT.spikes["a"]), TypeError, "trace: must be Traces, ", "(got Spikes)"),
    (lambda: plot.trace(TRACES, spikes=RESULT), TypeError, "trace.spikes: must be Spikes, ", "(got Result)"),
    (lambda: plot.trace(TRACES, ("a", "v")), TypeError, "trace.key: applies to a Result only"),
    (lambda: plot.trace(RESULT, ("a", "u")), KeyError, "has no 'u' of 'a'"),
    (lambda: plot.trace(TRACES, window=5), ValueError, "trace.window: must be (start, stop) in ms (got 5)"),
    (lambda: plot.trace(Result(spikes={}, duration=1.0, dt=0.1, seed=0)), ValueError, "no traces were recorded"),
    (lambda: plot.trace(TRACES.of([])), ValueError, "the traces are empty"),
    (lambda: plot.bars(RESULT, [1.0]), ValueError, f"bars.values: {EACH}"),
    (lambda: plot.bars(RESULT, 1.0), ValueError, f"bars.values: {EACH}"),
    (lambda: plot.bars(RESULT, [1.0, 2.0], reference=[1.0, 2.0, 3.0]), ValueError, f"bars.reference: {EACH}"),
)
