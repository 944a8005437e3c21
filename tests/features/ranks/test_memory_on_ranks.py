"""The memory of a rank falls with their number."""

import pytest

from tests.helpers.runs import ranked, ranked_memory

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not ranked_memory.PEAK.exists(), reason="only Linux tells the most memory of a part of a run"),
]


@pytest.mark.parametrize("ranks", [2, *(pytest.param(number, marks=pytest.mark.slow) for number in (1, 4))])
def test_a_rank_needs_its_share_of_the_estimate(ranks):
    """The microcircuit with a tenth of the cells, 30 million synapses."""
    ranked.mpi_or_skip()
    estimate, needed, synapses = ranked.on_ranks(ranks, "ranked_memory:microcircuit_at", 0.1, 1.0)
    print(
        f"{ranks} ranks, {synapses:,} synapses: estimate {estimate / 1e6:.0f} MB, ranks {[round(b / 1e6) for b in needed]}"
    )
    assert max(needed) <= 1.3 * estimate / ranks
