"""The worm that is touched: potentials at rest, and how far a weak touch reaches, against linear algebra."""

import importlib.util

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import worm
from brainsim.examples._figures.brains import changes
from tests.connectomes.files import write

pytestmark = pytest.mark.thorough_but("by_name")

TOUCH = 0.02  # pA: so weak that all is linear


@pytest.fixture(scope="module")
def brain():
    patch = pytest.MonkeyPatch()
    patch.setattr(importlib.util, "find_spec", lambda name: None)  # the package may be installed
    worm.read.cache_clear()
    yield worm.read()
    patch.undo()
    worm.read.cache_clear()


@pytest.fixture(scope="module")
def result(brain):
    network, traces = worm.build(touch=TOUCH)
    return bs.simulate(network, worm.DURATION, seed=2, record=traces, threads=1)


def test_cells_are_at_rest_before_they_are_touched(brain, result):
    v = result.traces["brain", "v"]
    rest = worm.at_rest(brain, worm.OPTIONS["section"])
    assert rest.std() > 1.0
    np.testing.assert_allclose(v.values[v.times == 500.0][0], rest, atol=1e-6)


@pytest.mark.parametrize("touch", worm.TOUCHES)
def test_a_weak_touch_moves_cells_as_the_linear_equations_say(brain, result, touch):
    rest, section, edges = worm.at_rest(brain, worm.OPTIONS["section"]), worm.OPTIONS["section"], brain.edges
    reversal = np.where(edges.sign > 0, worm.REVERSAL[1], worm.REVERSAL[-1])
    matrix = np.diag(np.full(brain.n, worm.C_M / worm.TAU_M))
    np.add.at(matrix, (edges.post, edges.post), worm.TONIC * section * edges.count)
    slope = worm.TONIC * (1.0 - worm.TONIC) / worm.SLOPE
    np.add.at(matrix, (edges.post, edges.pre), -slope * section * edges.count * (reversal - rest[edges.post]))
    for one, other in ((brain.junctions.pre, brain.junctions.post), (brain.junctions.post, brain.junctions.pre)):
        np.add.at(matrix, (one, one), section * brain.junctions.count)
        np.add.at(matrix, (one, other), -section * brain.junctions.count)
    current = np.zeros(brain.n)
    current[worm.groups(brain)[touch]] = TOUCH
    expected = np.linalg.solve(matrix, current)
    np.testing.assert_allclose(changes(result)[touch], expected, atol=0.01 * expected.max())


def test_the_picture_says_that_it_is_synthetic(result):
    figure = worm.draw(result, worm.WINDOW)
    assert figure.get_suptitle().startswith("Synthetic brain")
    assert "AVA" not in {text.get_text() for text in figure.subfigs[0].axes[0].get_legend().get_texts()}


def test_the_bars_and_the_map_are_changes_of_cells(brain, result):
    figure, moved, members = worm.draw(result, worm.WINDOW), changes(result), worm.groups(brain)
    bars, cells = (
        next(ax for ax in figure.axes if words in ax.get_title(loc="left")) for words in ("the same", "all cells")
    )
    heights = np.reshape([bar.get_height() for bar in bars.patches], (5, 3))  # command cells, touches
    for heights_of, name in zip(heights, [*worm.BACKWARD, *worm.FORWARD], strict=True):
        np.testing.assert_allclose(heights_of, [moved[touch][members[name]].mean() for touch in worm.TOUCHES])
    assert [label.get_text() for label in bars.get_xticklabels()] == list(worm.TOUCHES)
    image, first = np.asarray(cells.images[0].get_array()), 0
    for name in (label.get_text() for label in cells.get_xticklabels()):
        of_class = brain.where(super_class=name)
        part = image[:, first : first + of_class.size]
        for row, touch in zip(part, worm.TOUCHES, strict=True):
            np.testing.assert_allclose(np.sort(row), np.sort(moved[touch][of_class]))
        assert np.all(np.diff(part.sum(axis=0)) <= 1e-12)
        first += of_class.size
    assert first == image.shape[1]


def test_cells_that_are_silenced_send_nothing(brain):
    whole, silenced = worm.wire(), worm.wire(silence="cell_class=relay")
    relay = brain.where(cell_class="relay")
    for edges in (silenced.edges, silenced.junctions):
        assert not np.isin(edges.pre, relay).any()
    assert not np.isin(silenced.junctions.post, relay).any()
    assert len(silenced.edges) == np.sum(~np.isin(whole.edges.pre, relay))
    network, _ = worm.build(silence="cell_class=relay")
    kept = sum(projection.expected for projection in network.projections)
    assert kept == len(silenced.edges) + len(silenced.junctions)


def test_cells_by_name(tmp_path):
    names = [cell for cells in worm.FELT.values() for cell in cells.split()]
    names += [name + side for name in (*worm.BACKWARD, *worm.FORWARD) for side in "LR"]
    lines = [f"{one},{other},2,chemical\n" for one, other in zip(names, names[1:], strict=False)]
    write(tmp_path / "herm_full_edgelist.csv", "Source,Target,Weight,Type\n" + "".join(lines) + "AVAL,AVAR,3,electrical\n")
    brain = worm.read(str(tmp_path))
    groups = worm.groups(brain)
    assert brain.ids[groups["front"]].tolist() == ["ALML", "ALMR", "AVM"]
    assert brain.ids[groups["PVC"]].tolist() == ["PVCL", "PVCR"]
    network, _ = worm.build(data=str(tmp_path))
    assert [stimulus.name for stimulus in network.inputs] == list(worm.TOUCHES)
    assert [projection.expected for projection in network.projections] == [len(lines), 0, 1]
