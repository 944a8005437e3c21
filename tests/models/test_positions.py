"""Positions of cells: grids, and places at random that the seed alone decides."""

import numpy as np
import pytest
from scipy import stats

import brainsim as bs


def test_grids():
    assert bs.positions.grid(4, spacing=2.0).tolist() == [[0.0], [2.0], [4.0], [6.0]]
    places = bs.positions.grid((3, 4, 5), spacing=(1.0, 2.0, 3.0))
    assert places.shape == (60, 3)
    x, y, z = places.reshape(3, 4, 5, 3)[1, 2, 3]
    assert (x, y, z) == (1.0, 4.0, 9.0)
    centred = bs.positions.grid((3, 4), spacing=10.0, center=True)
    assert np.allclose(centred.mean(axis=0), 0.0)
    assert np.ptp(centred, axis=0).tolist() == [20.0, 30.0]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_random_places_are_uniform(dimensions):
    inside = bs.positions.box(4000, [300.0, 20.0, 7.0][:dimensions], seed=5)
    for axis, side in enumerate([300.0, 20.0, 7.0][:dimensions]):
        assert stats.kstest(inside[:, axis] / side, "uniform").pvalue > 1e-4
    ball = bs.positions.ball(4000, 50.0, dimensions=dimensions, seed=5)
    r = np.linalg.norm(ball, axis=1)
    assert r.max() <= 50.0
    assert stats.kstest((r / 50.0) ** dimensions, "uniform").pvalue > 1e-4
    assert np.abs(ball.mean(axis=0)).max() < 4 * 50.0 / np.sqrt(4000)
    if dimensions > 1:
        assert stats.kstest(np.arctan2(ball[:, 1], ball[:, 0]) / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-4


def test_the_seed_decides():
    assert np.array_equal(bs.positions.box(50, (3.0, 4.0), seed=1), bs.positions.box(50, (3.0, 4.0), seed=1))
    assert not np.array_equal(bs.positions.box(50, (3.0, 4.0), seed=1), bs.positions.box(50, (3.0, 4.0), seed=2))
    assert np.array_equal(bs.positions.box(50, 3.0, seed=1)[:20], bs.positions.box(20, 3.0, seed=1))
    # pinned: a change of these numbers changes the networks that users have built
    first = bs.positions.ball(1, 100.0, dimensions=3, seed=1)[0]
    assert first.tolist() == [-62.78097887160836, 74.53596094992088, -7.899325104164557]


def test_positions_of_populations_and_views():
    cells = bs.Population(6, bs.LIF(), name="cells", positions=bs.positions.grid((2, 3), spacing=5.0))
    others = bs.Population(2, bs.LIF(), name="others", positions=[[1.0, 2.0], [3.0, 4.0]])
    assert cells[cells.positions[:, 1] > 4.0].ids.tolist() == [1, 2, 4, 5]
    assert (cells[::-2] + others).positions.tolist() == [[5.0, 10.0], [5.0, 0.0], [0.0, 5.0], [1.0, 2.0], [3.0, 4.0]]
    assert not cells.positions.flags.writeable
    assert bs.Population(2, bs.LIF()).positions is None
    assert bs.Population(3, bs.LIF(), positions=[0.0, 1.0, 2.0]).positions.shape == (3, 1)
