"""A step of any length becomes the time that a user would write."""

import numpy as np
import pytest

from brainsim.core.arrays import times_of


@pytest.mark.parametrize(("dt", "times"), [(0.1, [0.1, 0.2, 0.3]), (0.25, [0.25, 0.5, 0.75]), (4.0, [4.0, 8.0, 12.0])])
def test_steps_that_divide_a_millisecond_or_are_whole_give_decimal_times(dt, times):
    assert times_of(np.arange(1, 4), dt).tolist() == times


@pytest.mark.parametrize("dt", [0.3, 0.7, 1.5])
def test_other_steps_are_multiples(dt):
    np.testing.assert_allclose(times_of(np.arange(1, 100), dt), dt * np.arange(1, 100), rtol=1e-15)
