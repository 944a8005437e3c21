"""What `brainsim verify` compares, as tests that a machine of wrong lines runs until the first fails.

``python -m tests.mutations --room rng --number 40 --seed 1 --tests tests/mutations/verified.py``. The seed of the networks
and their number stay, so that a trial can be repeated; `brainsim verify` compares as many as there is time for.
"""

from itertools import islice

from brainsim.testing.properties import any_threads
from brainsim.testing.verification import laws, stored
from brainsim.testing.verification.comparisons import golden_bits
from brainsim.testing.verification.random_runs import (
    ITSELF,
    TOLERANCES,
    compare,
    compare_changing,
    compare_network,
    lines_of_networks,
    plans,
)
from brainsim.testing.verification.twice import described_twice

SEED, NETWORKS = 20261210, 19


def failures(lines):
    """Return what differs."""
    return [text for line in lines for text in line.failures]


def test_random_networks():
    lines = lines_of_networks()
    with any_threads():
        for plan in islice(plans(SEED), NETWORKS):
            compare_network(plan, lines)
            assert failures(lines.values()) == []
        compare_changing(SEED, lines, lines[ITSELF], compare, TOLERANCES)
        assert failures(lines.values()) == []


def test_closed_forms_and_laws():
    assert failures([*laws.closed_forms(), laws.random_laws(SEED), described_twice(SEED)]) == []


def test_stored_spikes_and_bits():
    assert failures([*stored.compared_with_nest(2), stored.compared_with_brian2(2), golden_bits()]) == []
