"""Selections by text, networks in which cells are activated, silent cells, shuffled wiring, and layers."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.connectomes import Brain, Edges, activate, layers, select, shuffle, silence

NOTES = {"super_class": ["sensory", "central", "central", "motor", "motor"], "size": [1.5, 2.0, 3.0, 2.0, 4.0]}
NOTES["complete"] = [True, False, True, True, True]


@pytest.fixture
def brain():
    edges = Edges([0, 0, 1, 2, 3], [1, 2, 3, 4, 4], count=[5, 12, 3, 7, 2405], sign=[1, 1, -1, 1, -1])
    return Brain("abcde", NOTES, edges, Edges([0, 2], [1, 3], [4, 4], [1, 1]), title="Five cells")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("super_class=motor", [3, 4]),
        ("super_class = motor|sensory, size=2", [3]),
        ("size=2.0|3", [1, 2, 3]),
        ("complete=False", [1]),
        ("d, a", [3, 0]),
        ("d a\n", [3, 0]),
    ],
)
def test_cells_are_chosen_by_a_text(brain, text, cells):
    assert select(brain, text).tolist() == cells


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (" ", ValueError, "name cells by annotations"),
        ("a, super_class=motor", ValueError, "write annotation=value, annotation=value .got 'a'"),
        ("super_class=", ValueError, "got 'super_class='"),
        ("clas=motor", bs.MissingName, "no annotation 'clas'"),
        ("size=large", ValueError, "values of 'size' are numbers .got 'large'"),
        ("complete=1x", ValueError, "values of 'complete' are True or False .got '1x'"),
        ("f", bs.MissingName, "has no cell 'f'"),
    ],
)
def test_a_text_that_names_no_cells(brain, text, error, message):
    with pytest.raises(error, match=message):
        select(brain, text)


def test_a_silent_cell_sends_nothing(brain):
    silent = silence(brain, [0, 3])
    assert silent.edges.pre.tolist() == [1, 2]
    assert silent.edges.count.tolist() == [3, 7]
    assert len(silent.junctions) == 0
    assert silence(brain, []).edges.count.tolist() == brain.edges.count.tolist()
    assert len(brain.edges) == 5


def test_shuffled_cells_keep_their_degrees():
    brain = bs.connectomes.synthetic(cells=500, edges=20_000, seed=1)
    first, again, other = (shuffle(brain, seed=seed) for seed in (1, 1, 2))
    for end in ("pre", "post"):
        assert np.array_equal(np.bincount(getattr(first.edges, end)), np.bincount(getattr(brain.edges, end)))
    assert np.array_equal(first.edges.weights(), brain.edges.weights())
    assert np.array_equal(first.edges.post, again.edges.post)
    assert (first.edges.post == other.edges.post).mean() < 0.05
    assert (first.edges.post == brain.edges.post).mean() < 0.05
    assert brain.title in first.title


def test_activated_cells_fire_at_each_event_and_others_by_their_synapses(brain):
    net = activate(brain, brain.where(super_class="sensory"), 200.0, weight=5.0)
    model, (stimulus,) = net.populations["brain"].model, net.inputs
    assert model.t_ref.tolist() == [0.0, 2.2, 2.2, 2.2, 2.2]
    assert stimulus.name == "activation"
    rates = bs.simulate(net, 1000.0, seed=1, threads=1).spikes["brain"].rates()
    assert rates[0] == pytest.approx(200.0, abs=60.0)  # four standard deviations
    assert rates[1] > 0.0
    assert rates[3] == 0.0  # its only input inhibits
    assert rates[4] > 0.0


@pytest.mark.parametrize(
    ("cells", "error", "message"),
    [
        ([], ValueError, "activate.cells: must be at least one"),
        ([5], ValueError, r"activate.cells: the cells of the brain are 0 to 4 \(got 5\)"),
        (["a"], TypeError, r"activate.cells: must be indices of cells, as brain\[...\]"),
    ],
)
def test_cells_that_cannot_be_activated(brain, cells, error, message):
    with pytest.raises(error, match=message):
        activate(brain, cells)


def test_layers_are_shortest_paths(brain):
    assert layers(brain, [0], least=1).tolist() == [0, 1, 1, 2, 2]
    assert layers(brain, [0]).tolist() == [0, 1, 1, -1, 2]
    assert layers(brain, [0], least=1, among=[0, 1, 3, 4]).tolist() == [0, 1, -1, 2, 3]
    assert layers(brain, [4, 2], least=1).tolist() == [-1, -1, 0, -1, 0]
