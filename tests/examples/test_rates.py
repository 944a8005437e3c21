"""Rate units, pools of spiking cells and an artificial layer with the same weights have the same activity."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import rates as example
from brainsim.examples._figures import rates as figures

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def found():
    network, traces = example.build(cells=20)
    result = bs.simulate(network, example.DURATION, seed=2, record=traces, threads=1)
    return figures.activities(result)


def test_the_bumps_are_the_same(found):
    layer, units, pools = (figures.profiles(activity, example.DURATION) for activity in found.values())
    for k, angle in enumerate(example.SHOWN.values()):
        assert abs(example.ANGLES[np.argmax(layer[k])] - angle) <= 6.0
        assert np.abs(units[k] - layer[k]).max() < 0.02 * layer[k].max()
        assert np.sqrt(np.mean((pools[k] - layer[k]) ** 2)) < 0.1 * layer[k].max()


def test_the_connections_sharpen_what_the_input_hardly_tells(found):
    slope, i_min = example.line()
    alone = slope * (example.inputs(i_min)[1][1] - i_min)
    bump = figures.profiles(found["rate units"], example.DURATION)[0]
    assert alone.min() > 0.75 * alone.max()
    assert 0.3 < (bump < 0.05 * bump.max()).mean() < 0.6


def test_the_line_is_close_to_the_measured_rate():
    (current, rate), (slope, i_min) = example.measure(), example.line()
    fitted = (rate >= example.FITTED[0]) & (rate <= example.FITTED[1])
    assert np.abs(slope * (current - i_min) - rate)[fitted].max() < 3.0
