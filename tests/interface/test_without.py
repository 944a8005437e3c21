"""Features and public rooms can be deleted: a network that does not need them has the same spikes and state, to the bit."""

import pytest

from tests.without import NEEDED, cases, what_is_printed_without


@pytest.fixture(scope="module")
def whole():
    return what_is_printed_without([])[0]


@pytest.mark.parametrize("name", cases())
def test_a_network_runs_without(name, whole):
    printed, _, answer = what_is_printed_without(cases()[name], NEEDED.get(name))
    assert int(whole.split()[0]) > 1000
    assert printed == whole
    if name in NEEDED:
        assert "this copy of brainsim lacks" in answer
        assert answer.startswith("ImportError: ")
