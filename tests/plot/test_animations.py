"""Films: as many frames as steps, each with the rates of its time."""

import shutil

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import brainsim as bs
from brainsim import plot
from brainsim.plot.animations import _of_cells, _write_mp4
from brainsim.plot.elements.places import fade_rates
from brainsim.results.result import Spikes, Traces
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import made, random_spikes

GRID = Spikes([10.0, 20.0, 30.0], [0, 4, 5], 6, 40.0, name="sheet")


def frames(path):
    with Image.open(path) as film:
        return film.n_frames, film.size, film.info["duration"]


def test_of_populations(tmp_path):
    before = len(plt.get_fignums())
    path = plot.animate(made(), tmp_path / "a.gif", window=(0.0, 50.0), step=5.0, fps=25.0, figsize=(3.0, 2.0))
    assert path == tmp_path / "a.gif"
    assert frames(path) == (10, (270, 180), 40)
    assert len(plt.get_fignums()) == before


def test_of_cells_on_a_grid(tmp_path):
    path = plot.animate(GRID, tmp_path / "a.gif", grid=(2, 3), step=10.0, figsize=(2.0, 2.0))
    assert frames(path)[0] == 4
    with Image.open(path) as film:
        shades = []
        for k in range(4):
            film.seek(k)
            shades.append(np.asarray(film.convert("RGB")).astype(int))
    assert all(np.abs(shades[k + 1] - shades[k]).sum() > 1000 for k in range(3))


def test_each_frame_has_the_values_of_its_time():
    figure, (image, clock), steps = _of_cells(GRID, (2, 3), None, None, 10.0, 5.0, None)
    expected = list(fade_rates(GRID, np.array([10.0, 20.0, 30.0, 40.0]), 10.0, 5.0))
    for k in steps:
        np.testing.assert_array_equal(np.asarray(image.get_array()).ravel(), expected[k])
        assert clock.get_text() == f"{10 * (k + 1)} ms"
        assert k == 3 or np.argmax(expected[k]) == (0, 4, 5)[k]
    assert figure.axes[1].get_ylabel() == "rate [Hz]"


def test_rates_of_regular_cells_settle_at_their_rate():
    spikes = Spikes(np.arange(10.0, 1001.0, 10.0), np.zeros(100, int), 1, 1000.0)
    *_, last = fade_rates(spikes, np.arange(10.0, 1001.0, 10.0), 10.0, 50.0)
    assert last == pytest.approx([100.0], rel=1e-6)


def test_at_positions_and_of_traces(tmp_path):
    where = np.random.default_rng(0).random((6, 2))
    assert frames(plot.animate(GRID, tmp_path / "a.gif", positions=where, step=20.0, figsize=(2.0, 2.0)))[0] == 2
    times = np.arange(1.0, 11.0)
    traces = Traces("sheet", "v", "mV", times, [0, 1, 2, 3], np.outer(times, [1.0, 2.0, 3.0, 4.0]))
    figure, (image, _), steps = _of_cells(traces, (2, 2), None, (0.0, 10.0), 3.0, None, None)
    for k, expected in zip(steps, (4.0, 7.0, 10.0), strict=True):
        np.testing.assert_array_equal(
            np.asarray(image.get_array()), [[expected, 2 * expected], [3 * expected, 4 * expected]]
        )
        assert k < 3
    assert figure.axes[1].get_ylabel() == "v [mV]"


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_mp4(tmp_path):
    path = plot.animate(GRID, tmp_path / "a.mp4", grid=(2, 3), step=10.0, figsize=(2.13, 2.13))
    assert path.read_bytes()[4:8] == b"ftyp"


def test_without_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ValueError, match=r"an MP4 needs the program ffmpeg, which is not installed; a \.gif needs nothing"):
        plot.animate(GRID, tmp_path / "a.mp4", grid=(2, 3))


NOWHERE = bs.Population(6, bs.LIF(), name="sheet")
test_mistakes = mistakes(
    (lambda: plot.animate(GRID, "a.gif", positions=NOWHERE), ValueError, "animate.positions: 'sheet' has no positions"),
    (lambda: plot.animate(GRID, "a.avi", grid=(2, 3)), ValueError, "animate.path: must end in .gif or .mp4", "a.avi"),
    (lambda: plot.animate(GRID, "no/where/a.gif"), FileNotFoundError, "animate.path: there is no folder"),
    (
        lambda: plot.animate(GRID, "a.gif", grid=(2, 2)),
        ValueError,
        "animate.grid: must have a field for each of 6 cells",
        "= 4",
    ),
    (
        lambda: plot.animate(GRID, "a.gif", grid=(2, 3), positions=NOWHERE),
        TypeError,
        "animate: give either grid= or positions=, not both",
    ),
    (
        lambda: plot.animate(made().traces["a", "v"], "a.gif", grid=(1, 2), tau=5.0),
        TypeError,
        "animate.tau: applies to the rates",
    ),
    (lambda: plot.animate(GRID, "a.gif", grid=6), ValueError, "animate.grid: must be (rows, columns)"),
    (lambda: plot.animate(GRID, "a.gif", positions=[[1.0]]), ValueError, "animate.positions: must have the shape (6, 1)"),
    (lambda: plot.animate(GRID, "a.gif", step=0.001), ValueError, "animate.step: must give 1 to 2,000 frames", "40,000"),
    (lambda: plot.animate(GRID, "a.gif", step=100.0), ValueError, "animate.step: must give 1 to 2,000 frames"),
    (lambda: plot.animate(GRID, "a.gif", fps=0.0), ValueError, "animate.fps: must be > 0"),
    (lambda: plot.animate(GRID, "a.gif", tau=-1.0), ValueError, "animate.tau: must be > 0 ms"),
    (
        lambda: plot.animate(made(), "a.gif", grid=(10, 10)),
        ValueError,
        "animate: on a grid must be the spikes of one population",
        "got 2",
    ),
    (
        lambda: plot.animate(made().traces["a", "v"], "a.gif"),
        TypeError,
        "animate: traces are drawn at the positions of their cells; give grid= or positions=",
    ),
    (
        lambda: plot.animate([1.0], "a.gif", grid=(1, 1)),
        TypeError,
        "animate: on a grid must be Spikes or Traces",
        "got list",
    ),
    (lambda: plot.animate(random_spikes(9), "a.gif", grid=(10, 10), window=(200.0, 300.0)), ValueError, "animate.window"),
)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_a_film_that_cannot_be_written(tmp_path):
    """What can be known before is checked before; a disk may still be full."""
    pictures = [np.zeros((4, 4, 3), np.uint8)]
    with pytest.raises(OSError, match="ffmpeg could not write '.*a.mp4': .*No such file or directory"):
        _write_mp4(tmp_path / "no folder" / "a.mp4", pictures, fps=10.0)
