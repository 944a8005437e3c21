"""Names of populations in pictures: whole or shortened, apart from each other, and never taken for mathematics."""

import itertools

import numpy as np
import pytest
from matplotlib.text import Text

import brainsim as bs
from brainsim import plot
from brainsim.plot.elements.styles import LONGEST, shorten, wrap_name
from brainsim.results.result import Result, Spikes
from tests.helpers.pictures import random_spikes
from tests.plot.test_conventions import PIXEL, beyond

THREE = ["inhibitory interneurons", "layer 5 pyramidal cells", "excitatory cells"]
LONG = [end.rjust(90, "x") for end in "abc"]
MONEY = ["cost $a_{$ x", "$b$", "one $ more"]
MANY = [f"layer {k} of the barrel cortex" for k in range(10)]
EVERY = pytest.mark.parametrize("names", [THREE, LONG, MONEY, MANY], ids=["three", "long", "money", "many"])


def network(names):
    net = bs.Network(seed=1)
    cells = [bs.Population(10 * (k + 1), bs.LIF(), name=name) for k, name in enumerate(names)]
    for target in cells:
        net.connect(cells[0], target, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.Delta())
    return net


def result(names):
    spikes = {name: random_spikes(200, 20, name=name, seed=k) for k, name in enumerate(names)}
    return Result(spikes=spikes, duration=100.0, dt=0.1, seed=1)


PICTURES = {
    "bars": lambda names: plot.bars(result(names), Spikes.rate).figure,
    "connectivity": lambda names: plot.connectivity(network(names)).figure,
    "correlogram": lambda names: plot.correlogram(*list(result(names).spikes.values())[:2]).figure,
    "cv_rate": lambda names: plot.cv_rate(result(names), least=3).figure,
    "graph": lambda names: plot.graph(network(names)).figure,
    "overview": lambda names: plot.overview(result(names)),
    "psth": lambda names: plot.psth(result(names), [50.0], window=(-20.0, 20.0)).figure,
    "raster": lambda names: plot.raster(result(names)).figure,
}


def words(figure):
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


@pytest.mark.thorough_but("raster", "overview", "connectivity")
@EVERY
@pytest.mark.parametrize("picture", PICTURES)
def test_names_are_within_the_figure_and_leave_room(picture, names):
    figure = PICTURES[picture](names)
    assert max(beyond(figure)) < PIXEL
    wide = max(ax.get_window_extent().width for ax in figure.axes)
    assert wide > (0.25 if picture == "connectivity" else 0.5) * figure.bbox.width
    for text in words(figure):
        assert not text._preprocess_math(text.get_text())[1], text.get_text()


@EVERY
def test_names_of_a_matrix_lie_apart(names):
    ax = plot.connectivity(network(names))
    ax.figure.canvas.draw()
    for texts in (ax.get_xticklabels(), ax.get_yticklabels()):
        boxes = [text.get_window_extent() for text in texts]
        assert not [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_ends_of_long_names_stay_different():
    names = [f"inhibitory cells of the second layer, column {k}" for k in range(20)]
    assert len({shorten(name) for name in names}) == len({wrap_name(name) for name in names}) == 20
    assert max(len(shorten(name)) for name in names) <= LONGEST
    lines = [line for name in names for line in wrap_name(name).split("\n")]
    assert max(map(len, lines)) <= 16
    assert len(lines) == 40


def test_a_name_with_dollars_is_drawn_as_it_is():
    ax = plot.raster(result(MONEY))
    texts = [text._preprocess_math(text.get_text())[0] for text in ax.get_yticklabels()]
    assert texts == MONEY


def test_names_of_a_sweep_are_no_mathematics():
    def run(model):
        return {"rate $a$ b": float(len(model))}

    table = bs.sweep(run, {"model": ["$x$", "$y$ and z"]}, progress=False)
    ax = table.plot()
    ax.figure.canvas.draw()
    assert not any(text._preprocess_math(text.get_text())[1] for text in words(ax.figure))
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3.0, 9.0])
