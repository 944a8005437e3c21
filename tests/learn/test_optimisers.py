"""The loop over batches of `brainsim.learn.optimisers`."""

import numpy as np
import pytest

from brainsim.learn.optimisers import descend


@pytest.mark.parametrize(("loss", "slope"), [(np.nan, 1.0), (np.inf, 1.0), (1.0, np.nan), (1.0, np.inf)])
def test_a_batch_whose_loss_or_gradient_is_not_finite_is_skipped(loss, slope):
    given, moved = iter([(loss, slope), (6.0, 0.5)]), []

    def learn(_):
        loss, slope = next(given)
        return loss, [np.array([slope])]

    mean, skipped = descend([np.arange(3), np.arange(3)], learn, lambda parts: moved.append(parts[0][0]), 0.0)
    assert (mean, skipped, moved) == (2.0, 1, [0.5])
