"""The bits of small networks are those that are pinned, for any number of threads and pieces.

They are stored in ``brainsim/testing/data/golden.json``, and the same on every processor, operating system and version of
Python and of the libraries. So a difference means that brainsim computes something else than before. That is a decision: it
belongs in the changelog, and the new bits are pinned by

    python -m tests.golden --write

which without ``--write`` only shows the differences. Numba compiles for an older processor where it is told to:

    NUMBA_CPU_NAME=x86-64 NUMBA_CPU_FEATURES= python -m tests.golden
"""

import pytest

from brainsim.testing import golden

pytestmark = pytest.mark.usefixtures("more_partitions")

PINNED = golden.pinned()
ADVICE = "If this change of bits is intended, say so in the changelog and pin the new bits: python -m tests.golden --write"


def check(name, **run):
    found = {name: golden.hashes(golden.ran(name, **run))}
    assert not (lines := golden.differences(found, PINNED, [name])), "\n".join([*lines, ADVICE])


def test_all_networks_are_pinned_and_no_others():
    assert list(PINNED) == list(golden.NETWORKS), ADVICE
    # no two are the same, and all but those without a threshold fire
    assert len({numbers["state"] for numbers in PINNED.values()}) == len(PINNED)
    assert [name for name, numbers in PINNED.items() if numbers["count"] < 100] == ["values_and_functions", "plastic_rates"]


@pytest.mark.thorough_only(
    "[channels",
    "[couplings",
    "[distances",
    "[inputs_over_time",
    "[noise_and",
    "[plastic_modulated",
    "[plastic_others",
    "[plastic_rates",
    "[plastic_voltage",
    "[rules_procedural",
    "[single_pre",
    "[sources",
    "[tables_events",
    "[values_and",
)
@pytest.mark.parametrize("name", golden.NETWORKS)
def test_the_bits_are_those_that_are_pinned(name):
    check(name)


@pytest.mark.slow_but("[plastic", "[couplings", "[inputs]")
@pytest.mark.thorough_but("[conductances]", "[rules_stored]", "[plastic_pairs]")
@pytest.mark.parametrize("name", golden.NETWORKS)
def test_any_number_of_threads_and_pieces(name):
    check(name, threads=3, pieces=5)


def test_a_difference_is_named():
    old = {"a": {"count": 3, "spikes": "1", "state": "2"}, "gone": {"count": 3, "spikes": "1", "state": "3"}}
    new = {"a": {"count": 4, "spikes": "5", "state": "6"}, "new": {"count": 3, "spikes": "1", "state": "2"}}
    assert golden.differences(new, old) == [
        "gone: is pinned but no longer among the networks",
        "a: spikes and state differ (4 spikes, 3 before)",
        "new: is not pinned yet",
    ]
    new = {"a": {"count": 3, "spikes": "1", "state": "6"}}
    assert golden.differences(new, old, ["a"]) == ["a: state differs (the same spikes)"]
