"""Optional packages: what messages tell users to install."""

import re
import tomllib
from pathlib import Path

import pytest

import brainsim as bs
from brainsim.core.doors import to_install

PACKAGE = Path(bs.__file__).parent
PROJECT = PACKAGE.parent
NAMED = re.compile(r'(?:optional|to_install)\(f?["\'](\w+)|package(?:, \w+)* = (?:\(.*\), )?"(\w+)')
PLACES = ("brainsim", "docs", "tests", "benchmarks", "README.md", "CHANGELOG.md", "pyproject.toml")
BY_NAME = re.compile("brain" + r"sim\\?\[(\w+,?)+\\?\]['\"`]|pip install (-\S+ )*brain" + r"sim\b")


@pytest.mark.parametrize("place", PLACES)
def test_nothing_installs_brainsim_by_its_name(place):
    """In the public index, the name belongs to another project, so pip would install the code of strangers."""
    if not (path := PROJECT / place).exists():
        pytest.skip("an installed package has neither docs nor tests beside it")
    paths = [path] if path.is_file() else [p for ending in ("py", "md", "js") for p in path.rglob(f"*.{ending}")]
    found = [(p.name, match[0]) for p in paths for match in BY_NAME.finditer(p.read_text(encoding="utf-8"))]
    assert found == []


def test_what_messages_install_is_in_an_extra():
    if not (PROJECT / "pyproject.toml").exists():
        pytest.skip("an installed package has no pyproject.toml")
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    known = {re.match(r"[\w-]+", text)[0] for texts in extras.values() for text in texts}
    known |= {"quantities"}  # which Neo brings
    modules = {a or b for path in PACKAGE.rglob("*.py") for a, b in NAMED.findall(path.read_text(encoding="utf-8"))}
    needed_by = {"bokeh": "plot", "mpi4py": "features/ranks", "pynestml": "nestml"}
    needed_by |= {"h5py": "features/formats", "pynwb": "features/formats"}
    assert {"pandas", *(name for name, folder in needed_by.items() if (PACKAGE / folder).is_dir())} <= modules
    for module in sorted(modules):
        words = to_install(module).removeprefix("pip install ").replace("--no-deps ", "").split()
        assert {re.match(r"'?([\w-]+)", word)[1] for word in words} <= known, module
