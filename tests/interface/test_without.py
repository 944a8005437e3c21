"""Features and public rooms can be deleted: other networks have the same bits, and other features still work."""

import ast
from pathlib import Path

import pytest

from tests.without import (
    FEATURES,
    NEEDED,
    OF_CORE,
    PACKAGE,
    PACKAGES,
    SENTENCE,
    SILENT,
    cases,
    deleted_with,
    failing,
    run_tests,
    what_is_printed_without,
)

PLACES = {place for places in FEATURES.values() for place in places.split()}


@pytest.fixture(scope="module")
def whole():
    printed, _, answers = what_is_printed_without([])
    assert failing(answers, None) == ""
    return printed


@pytest.mark.parametrize(
    "name", [name for name, (folder, *_) in cases().items() if name in FEATURES and (PACKAGE / folder).exists()]
)
def test_the_tests_and_the_page_of_a_feature_are_deleted_with_it(name):
    folder = FEATURES[name].split()[0]
    assert {f"tests/{folder}", f"brainsim/{folder}/README.md"} <= {*deleted_with(name)}


def test_tests_import_from_modules_that_can_be_deleted_and_not_the_modules_from_their_package():
    """The latter is an ImportError that does not say that something was deleted, and no test is collected after it."""
    found = []
    for file in Path(__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("brainsim."):
                places = {f"{node.module}.{name.name}".removeprefix("brainsim.").replace(".", "/") for name in node.names}
                found += [(file.name, place) for place in places & {place.removesuffix(".py") for place in PLACES}]
    assert found == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", cases())
def test_a_network_runs_without(name, whole):
    printed, _, answers = what_is_printed_without(cases()[name], name)
    assert int(whole.split()[0]) > 1000
    assert printed == whole
    if name in NEEDED.keys() - SILENT - PACKAGES.keys():
        assert answers[name].startswith("ImportError: ")
        assert SENTENCE in answers[name]
    if name != "all":
        assert failing(answers, name) == ""


@pytest.mark.thorough
def test_the_tests_that_are_left_pass_without_all():
    assert run_tests("all", "--collect-only", "-m", "") == 0
    assert run_tests("all", "tests/core", "tests/build", "tests/network", "tests/engine/simulation") == 0


@pytest.mark.slow  # two to four minutes each
@pytest.mark.parametrize("name", cases())
def test_the_tests_that_are_left_pass_without(name):
    assert run_tests(name, "--collect-only", "-m", "") == 0
    assert run_tests(name, *OF_CORE) == 0
