"""What every function of `bs.plot`, and every picture of `bs.explore`, has in common if it draws into axes."""

import functools
import inspect
import io
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

import brainsim as bs
from brainsim import plot
from brainsim.results.result import Result, Spikes, Traces, Weights
from brainsim.results.synapses import SynapseTable

RNG = np.random.default_rng(0)
# labels without a unit: counts, shares, names, and numbers without one
PLAIN = {
    "",
    "cell",
    "trial",
    "cells",
    "synapses",
    "share of cells",
    "synapses of a cell",
    "CV of intervals",
    "row",
    "column",
}
PLAIN |= {"variance / mean of counts", "source", "target", "source cell", "target cell"}
LARGE = 600_000  # bytes of a vector file
PIXEL = 0.01  # inches


def spikes(name, count=30_000, n=400, duration=2000.0):
    return Spikes(duration * (1.0 - RNG.random(count)), RNG.integers(0, n, count), n, duration, name=name)


def network():
    cells = bs.Population(100, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedIndegree(10), weight=1.0, delay=1.0, synapse=bs.Delta())
    return net


SPIKES = {name: spikes(name) for name in "ab"}
TIMES = np.arange(1, 20_001) * 0.1
TRACES = Traces("a", "v", "mV", TIMES, [0, 1, 2, 3], RNG.normal(size=(TIMES.size, 4)))
RESULT = Result(spikes=SPIKES, duration=2000.0, dt=0.1, seed=1, traces={("a", "v"): TRACES})
PAIRS = RNG.integers(0, 1000, (2, 100_000))
TABLE = SynapseTable(*PAIRS, RNG.normal(size=100_000), np.ones(100_000), 1000, 1000, unit="mV")
SAMPLES = np.linspace(0.0, 1000.0, 200)
WEIGHTS = Weights("a->b", "w", "nS", SAMPLES, range(300), range(300), range(300), RNG.random((200, 300)))
PLACES = bs.positions.grid((20, 20), spacing=10.0)
CALLS = {
    "bars": lambda **ax: plot.bars(RESULT, Spikes.rate, label="rate [Hz]", **ax),
    "connectivity": lambda **ax: plot.connectivity(network(), **ax),
    "correlogram": lambda **ax: plot.correlogram(RESULT, window=20.0, **ax),
    "cv_rate": lambda **ax: plot.cv_rate(RESULT, **ax),
    "degrees": lambda **ax: plot.degrees(TABLE, **ax),
    "graph": lambda **ax: plot.graph(network(), **ax),
    "isi_histogram": lambda **ax: plot.isi_histogram(RESULT, **ax),
    "psth": lambda **ax: plot.psth(RESULT, np.arange(100.0, 1700.0, 50.0), **ax),
    "raster": lambda **ax: plot.raster(RESULT, **ax),
    "raster of dots": lambda **ax: plot.raster(RESULT.spikes["a"].between(0.0, 1000.0), **ax),
    "rate": lambda **ax: plot.rate(RESULT, bin=0.1, sigma=None, **ax),
    "snapshots": lambda **ax: plot.snapshots(RESULT.spikes["a"], [100.0, 200.0, 300.0], positions=PLACES, **ax),
    "space_time": lambda **ax: plot.space_time(RESULT.spikes["a"], PLACES, axis="y", **ax),
    "spectrogram": lambda **ax: plot.spectrogram(RESULT.spikes["a"], **ax),
    "spectrum": lambda **ax: plot.spectrum(RESULT, **ax),
    "synchrony": lambda **ax: plot.synchrony(RESULT, **ax),
    "trace": lambda **ax: plot.trace(RESULT, ("a", "v"), **ax),
    "weight_histogram": lambda **ax: plot.weight_histogram(TABLE, **ax),
    "weight_matrix": lambda **ax: plot.weight_matrix(TABLE, **ax),
    "weights": lambda **ax: plot.weights(WEIGHTS, **ax),
}
EXPLORED = {
    "explore.fi_curve": functools.cache(lambda: bs.explore.fi_curve(bs.LIF(), [100.0, 200.0, 300.0], duration=300.0)),
    "explore.phase_plane": functools.cache(lambda: bs.explore.phase_plane(bs.AdEx(), "v", "w", current=500.0)),
    "explore.step_response": functools.cache(lambda: bs.explore.step_response(bs.LIF(), [100.0, 300.0], duration=100.0)),
    "explore.current_ramp": functools.cache(lambda: bs.explore.current_ramp(bs.LIF(), 400.0, duration=100.0)),
}
EVERY = CALLS | {name: lambda explored=explored, **ax: explored().plot(**ax) for name, explored in EXPLORED.items()}


def beyond(figure):
    """Return how far what is drawn reaches beyond the left, bottom, right and top of a figure [inches]."""
    figure.canvas.draw()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    return [-box.x0, -box.y0, box.x1 - width, box.y1 - height]


def test_all_functions_are_here():
    drawing = {name for name in plot.__all__ if "ax" in inspect.signature(getattr(plot, name)).parameters}
    assert drawing == {name.partition(" ")[0] for name in CALLS}


@pytest.mark.parametrize(("word", "answer"), [
    ("psd", "bs.plot.spectrum"), ("networkx", "bs.plot.graph"), ("movie", "bs.plot.animate"),
    ("rastr", "did you mean 'raster'"), ("phase_plane", "bs.explore"), ("something_else", "help(bs.plot)"),
])  # fmt: skip
def test_an_unknown_name_is_answered(word, answer):
    with pytest.raises(AttributeError, match=re.escape(answer)):
        getattr(plot, word)


@pytest.mark.parametrize("name", EVERY)
class TestEveryPicture:
    def test_draws_into_the_axes_that_it_gets_and_returns_them(self, name):
        before = dict(matplotlib.rcParams)
        _, axes = plt.subplots(1, 2)
        given = axes[0]
        assert EVERY[name](ax=given) is given
        assert not axes[1].has_data()
        assert dict(matplotlib.rcParams) == before
        assert len(plt.get_fignums()) == 1

    def test_draws_into_the_current_axes_by_default(self, name):
        figure, current = plt.subplots()
        figure.subplots_adjust(left=0.3)
        made = EVERY[name]()
        assert isinstance(made, Axes)
        assert made is current
        assert figure.subplotpars.left == 0.3
        assert figure.get_layout_engine() is None

    def test_an_array_of_axes_is_answered(self, name):
        figure, axes = plt.subplots(2)
        with pytest.raises(TypeError, match=r"\.ax: must be one Axes \(got an array of 2\); choose one, such as ax\[0\]"):
            EVERY[name](ax=axes)
        with pytest.raises(TypeError, match=r"\.ax: must be one Axes \(got a Figure\); figure\.subplots\(\)"):
            EVERY[name](ax=figure)
        assert not any(ax.has_data() for ax in axes)

    def test_all_is_within_a_new_figure(self, name):
        assert max(beyond(EVERY[name]().figure)) < PIXEL
        plt.tight_layout()  # as many scripts do: allowed

    @pytest.mark.thorough_but("[trace]", "[raster]")
    def test_axes_have_units(self, name):
        ax = EVERY[name]()
        ax.figure.canvas.draw()
        for one in [*ax.figure.axes, *ax.child_axes]:
            for label in (one.get_xlabel(), one.get_ylabel()):
                assert re.search(r"\[.+\]$", label) or label in PLAIN, label

    @pytest.mark.thorough_but("[trace]", "[raster]")
    def test_vector_files_stay_small(self, name):
        file = io.BytesIO()
        EVERY[name]().figure.savefig(file, format="svg")
        assert file.tell() < LARGE
