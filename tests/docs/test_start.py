"""The start in ten minutes: its code runs and prints what the page says, and its commands are those of brainsim."""

import re
from pathlib import Path

import pytest

from brainsim.commands import cli
from brainsim.commands.examples import example_names
from tests.interface.test_readme import commands, run

START = Path(__file__).parents[2] / "docs" / "start.md"
pytestmark = pytest.mark.skipif(not START.exists(), reason="an installed package has no pages")


def test_the_code_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(START, {"__name__": "start"}, capsys) == 5
    assert {path.name for path in tmp_path.iterdir()} == {"cell.png", "network.png", "intervals.png", "network.npz"}


def test_it_installs_as_the_readme_does():
    lines = re.search(r"```bash\n(python3 -m venv.*?)```", START.read_text(encoding="utf-8"), re.S)[1].splitlines()
    assert lines[:2] == [part.replace("-q ", "") for part in commands("Start")[0].split(" && ")[:2]]


def test_the_commands_are_there(capsys):
    text = START.read_text(encoding="utf-8")
    assert set(re.findall(r"brainsim run (\w+)", text)) <= set(example_names())
    for words in ({"list"}, {"models", "LIF"}):
        assert cli.main(sorted(words, reverse=True) if len(words) > 1 else list(words)) == 0
    assert "cuba" in capsys.readouterr().out
