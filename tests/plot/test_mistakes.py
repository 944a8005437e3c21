"""What a picture answers to mistakes: the function that was called, the argument, what came, and what to type."""

import numpy as np
import pytest

import brainsim as bs
from brainsim import plot
from brainsim.results.result import Result, Spikes, Traces, Weights
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import random_spikes

pytestmark = pytest.mark.filterwarnings("error")
SPIKES = random_spikes(500, 10)
SHORT = Spikes([1.0, 2.0, 3.0], [0, 0, 1], n=2, duration=10.0, name="short")
TRACES = Traces("cells", "v", "mV", np.arange(1.0, 101.0), [0, 1, 2, 3], np.zeros((100, 4)))
RESULT = Result(spikes={"cells": SPIKES}, duration=100.0, dt=0.1, seed=1, traces={("cells", "v"): TRACES})
WEIGHTS = Weights("a->b", "w", "nS", [1.0, 2.0], range(3), range(3), range(3), np.ones((2, 3)))
PLACES = bs.positions.grid((2, 5))
NOWHERE = np.full((10, 2), np.nan)

test_of_places = mistakes(
    (lambda: plot.space_time(SPIKES, PLACES, axis=5), ValueError, "space_time.axis: must be one of 'x', 'y' (got 5)"),
    (lambda: plot.space_time(SPIKES, PLACES, axis="xy"), ValueError, "space_time.axis: must be one of 'x', 'y' (got 'xy')"),
    (lambda: plot.space_time(SPIKES, PLACES, axis="z"), ValueError, "space_time.axis: must be one of 'x', 'y' (got 'z')"),
    (lambda: plot.space_time(SPIKES, "grid"), TypeError, "space_time.positions: must be a number in um (got 'grid')"),
    (lambda: plot.space_time(SPIKES, NOWHERE), ValueError, "space_time.positions: must be finite (got nan)"),
    (lambda: plot.snapshots(SPIKES, 5.0, positions=NOWHERE), ValueError, "snapshots.positions: must be finite (got nan)"),
    (lambda: plot.snapshots(SPIKES, "a", grid=(2, 5)), TypeError, "snapshots.times: must be a number in ms (got 'a')"),
)

test_of_colours = mistakes(
    (lambda: plot.raster(SPIKES, color="nonsense"), ValueError, "raster.color: must be one colour", "(got 'nonsense')"),
    (
        lambda: plot.raster([SPIKES, SHORT], color=["red", "no"]),
        ValueError,
        "raster.color: must be",
        "(got 'no' among them)",
    ),
    (lambda: plot.raster([SPIKES, SHORT], color=["red"]), ValueError, "one for each of 2 parts (got 1)"),
    (lambda: plot.raster(SPIKES, color=5), TypeError, "raster.color: must be one colour", "such as 'red'", "(got 5)"),
    (lambda: plot.trace(TRACES, color="nonsense"), ValueError, "trace.color: must be one colour or one for each of 4 cells"),
    (lambda: plot.weights(WEIGHTS, color="nonsense"), ValueError, "weights.color: must be a colour", "(got 'nonsense')"),
    (lambda: plot.weight_histogram([1.0, 2.0], color="no"), ValueError, "weight_histogram.color: must be a colour"),
)

test_under_its_own_name = mistakes(
    (lambda: plot.psth(SPIKES, "a"), TypeError, "psth.events: must be a number in ms (got 'a')"),
    (lambda: plot.psth(SPIKES, []), ValueError, "psth.events: must be a list of times, at least one"),
    (lambda: plot.psth(SPIKES, [50.0], window=(1.0, -1.0)), ValueError, "psth.window: must have its stop after its start"),
    (lambda: plot.psth(SPIKES, [50.0], window=(-9.0, 9.0), sigma="a"), TypeError, "psth.sigma: must be a number in ms"),
    (lambda: plot.correlogram(SPIKES, window=-1.0), ValueError, "correlogram.window: must be >= 0 ms (got -1.0)"),
    (lambda: plot.correlogram(SPIKES, SPIKES, window=1e4), ValueError, "correlogram.window: must be shorter than"),
    (lambda: plot.correlogram(SPIKES, SHORT), ValueError, "correlogram: a and b must be recordings of the same time"),
    (lambda: plot.rate(SPIKES, sigma=0.0), ValueError, "rate.sigma: must be > 0 ms (got 0.0)"),
    (lambda: plot.rate(SPIKES, bin=-1.0), ValueError, "rate.bin: must be > 0 ms (got -1.0)"),
    (lambda: plot.trace(TRACES, cells=99), IndexError, "trace.cells: must be recorded cells, 0, 1, 2, 3 (got 99)"),
    (lambda: plot.overview(RESULT, cells=99), IndexError, "overview.cells: must be recorded cells, 0, 1, 2, 3 (got 99)"),
    (lambda: plot.overview(RESULT, window="a"), ValueError, "overview.window: must be (start, stop) in ms (got 'a')"),
    (lambda: plot.cv_rate(SPIKES, least=1), ValueError, "cv_rate.least: must be >= 3 (got 1)"),
    (lambda: plot.spectrum(SPIKES, bin=-1.0), ValueError, "spectrum.bin: must be > 0 ms (got -1.0)"),
    (lambda: plot.spectrum(SPIKES, max_frequency=1.0), ValueError, "spectrum.max_frequency: must be >= 10 Hz (got 1.0)"),
    (lambda: plot.synchrony(SPIKES, bins=[0.0]), ValueError, "synchrony.bins: must be > 0 ms (got 0.0)"),
    (lambda: plot.raster(SPIKES, size=-1.0), ValueError, "raster.size: must be > 0 (got -1.0)"),
    (lambda: plot.bars(SPIKES, lambda spikes: "x"), TypeError, "bars.values: must be numbers (got ['x'])"),
    (lambda: plot.bars(SPIKES, [np.inf]), ValueError, "bars.values: must be finite (got inf); write NaN"),
)


@pytest.mark.parametrize(("call", "label"), [
    (lambda path: RESULT.view(path), "view.path"), (lambda path: plot.animate(SPIKES, path), "animate.path"),
])  # fmt: skip
def test_files_that_cannot_be_written(call, label, tmp_path):
    (tmp_path / "a.gif").mkdir()
    with pytest.raises(FileNotFoundError, match=f"{label}: there is no folder '.*missing'"):
        call(tmp_path / "missing" / "x.gif")
    with pytest.raises(IsADirectoryError, match=rf"{label}: '.*a\.gif' is a folder; name a file in it"):
        call(tmp_path / "a.gif")
    with pytest.raises(TypeError, match=rf"{label}: must be the path of a file \(got 5\)"):
        call(5)


@pytest.mark.parametrize("times", [[], [1.0], [0.5, 1.0]])
@pytest.mark.parametrize("duration", [2.0, 20.0, 2000.0])
@pytest.mark.parametrize("draw", [plot.spectrum, plot.rate, plot.raster])
def test_silence_and_short_recordings_are_drawn(draw, duration, times):
    draw(Spikes(times, [0] * len(times), n=2, duration=duration, name="cells")).figure.canvas.draw()


@pytest.mark.parametrize("duration", [2.0, 20.0, 2000.0])
def test_synchrony_of_few_spikes_is_drawn_and_that_of_none_answered(duration):
    plot.synchrony(Spikes([0.5, 1.0], [0, 0], n=2, duration=duration)).figure.canvas.draw()
    with pytest.raises(ValueError, match=r"synchrony.bins: no width fits twice into a recording with spikes"):
        plot.synchrony(Spikes([], [], n=2, duration=duration))


def test_traces_without_a_value_are_drawn():
    unknown = Traces("cells", "v", "mV", [1.0, 2.0], [0, 1], np.full((2, 2), np.nan))
    plot.snapshots(unknown, [1.0], grid=(1, 2)).figure.canvas.draw()


def test_a_silent_population_has_no_line_in_a_spectrum_of_several():
    silent = Spikes([], [], n=10, duration=100.0, name="silent")
    ax = plot.spectrum([SPIKES, silent])
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["silent"].get_xdata().size == 0
    assert lines["cells"].get_xdata().size > 0
