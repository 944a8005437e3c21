"""How many threads each rank of a machine has."""

import numpy as np
import pytest

from brainsim.features.ranks.ranks import share_of


@pytest.mark.parametrize(
    ("usable", "quotas", "share"),
    [
        ([range(8)] * 2, [np.inf] * 2, 4),
        ([range(4), range(4, 8)], [np.inf] * 2, 4),
        ([range(8)] * 2, [3.0] * 2, 1),
        ([range(64)] * 4, [16.0] * 4, 4),
        ([range(2)] * 3, [np.inf] * 3, 1),
        ([range(8)], [2.5], 2),
    ],
)
def test_ranks_divide_the_processors_and_the_quota_of_their_machine(usable, quotas, share):
    assert share_of([set(numbers) for numbers in usable], quotas) == share
