"""Features and public rooms can be deleted: other networks have the same bits, and other features still work."""

import pytest

from tests.without import NEEDED, PACKAGES, SILENT, cases, failing, what_is_printed_without

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def whole():
    printed, _, answers = what_is_printed_without([])
    assert failing(answers, None) == ""
    return printed


@pytest.mark.parametrize("name", cases())
def test_a_network_runs_without(name, whole):
    printed, _, answers = what_is_printed_without(cases()[name], name)
    assert int(whole.split()[0]) > 1000
    assert printed == whole
    if name in NEEDED.keys() - SILENT - PACKAGES.keys():
        assert answers[name].startswith("ImportError: ")
        assert "this copy of brainsim lacks" in answers[name]
    if name != "all":
        assert failing(answers, name) == ""
