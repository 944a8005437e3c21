"""The guide names what users choose from: each recorder, reader, code and check has a place on the page about it."""

import inspect
import re
from pathlib import Path

import pytest

import brainsim as bs
from brainsim.connectomes import formats
from brainsim.engine.recorders.requested import RECORDERS
from brainsim.models.inputs import Input
from brainsim.testing.random_networks import __path__ as random_networks

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
pytestmark = pytest.mark.skipif(not GUIDE.exists(), reason="an installed package has no pages")


def words(*pages):
    return set(re.findall(r"\w+", "".join(page.read_text(encoding="utf-8") for page in pages)))


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("recording.md", ["SpikeRecord", *(request.__name__ for request in RECORDERS)]),
        ("connectomes.md", [of.reader.__name__ for of in formats.FORMATS.values()]),
        ("inputs.md", bs.encode.__all__),
        ("models.md", bs.testing.__all__),
    ],
)
def test_a_page_names_all(page, names):
    missing = set(names) - words(GUIDE / page)
    assert not missing, f"docs/guide/{page}: does not name {', '.join(sorted(missing))}"


def test_each_input_is_in_the_random_networks():
    inputs = {name for name in bs.__all__ if inspect.isclass(kind := getattr(bs, name)) and issubclass(kind, Input)}
    missing = inputs - words(*Path(random_networks[0]).glob("*.py"))
    assert not missing, f"brainsim/testing/random_networks: have no {', '.join(sorted(missing))}"


def test_contributing_names_all_checks():
    text = (GUIDE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [name for name in bs.testing.__all__ if f"`{name}`" not in text] == []
