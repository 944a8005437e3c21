"""The sheet of cells: patches of activity that wide inhibition separates."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import sheet

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def found():
    """Width of inhibition -> the correlations over the distance."""
    results = {width: bs.simulate(sheet.build(side=80, width=width)[0], 500.0, seed=2) for width in (80.0, 40.0)}
    return {width: sheet.correlations(result.spikes["exc"], (200.0, 500.0)) for width, result in results.items()}


@pytest.mark.slow
def test_near_cells_fire_together(found):
    for distances, values in found.values():
        assert distances[:3].tolist() == [0.0, 50.0, 100.0]
        assert values[0] == 1.0
        assert values[1] > 0.4 > values[3]
        assert np.all(np.diff(values[:4]) < 0.0)


@pytest.mark.slow
def test_wide_inhibition_silences_a_ring(found):
    ring = slice(5, 7)  # 0.25 to 0.3 mm
    assert found[80.0][1][ring].mean() < -0.01
    assert found[40.0][1][ring].mean() > 0.0
    assert found[80.0][1][1] > found[40.0][1][1]  # and patches are larger


def test_correlations_of_counts_that_are_known():
    """Two squares that fire in the same bins are correlated, and others are not."""
    side, rng = 20, np.random.default_rng(1)
    times, ids = [], []
    for k in range(40):
        if rng.random() < 0.5:
            times += [10.0 * k + 5.0] * 2
            ids += [0, 10 * side]  # 100 um apart along x
    spikes = bs.Spikes(np.array(times), np.array(ids), n=side**2, duration=400.0)
    distances, values = sheet.correlations(spikes, (0.0, 400.0))
    assert distances.tolist() == [0.0, 50.0, 100.0]
    assert values[0] == 1.0
    assert values[1] == pytest.approx(0.0, abs=1e-12)
    # of the squares at a distance of about 100 um, that opposite along x is equal
    assert values[2] > 0.05
