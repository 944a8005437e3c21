"""The start in ten minutes: its code runs and prints what the page says, and its commands are those of brainsim."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure
from PIL import Image

from brainsim.commands import cli
from brainsim.commands.examples import example_names
from tests.interface.test_readme import commands, run

START = Path(__file__).parents[2] / "docs" / "start.md"
pytestmark = pytest.mark.skipif(not START.exists(), reason="an installed package has no pages")


def test_the_code_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plt.close("all")
    drawn, savefig = {}, Figure.savefig

    def noted(figure, path):
        drawn[path] = [ax.get_xlabel() for ax in figure.axes]
        savefig(figure, path)

    monkeypatch.setattr(Figure, "savefig", noted)
    names = {"__name__": "start"}
    assert run(START, names, capsys) == 5
    plt.close("all")
    assert {path.name for path in tmp_path.iterdir()} == {*drawn, "network.npz"}
    assert drawn == {"cell.png": ["time [ms]"], "network.png": ["", "", "time [ms]"], "intervals.png": ["interval [ms]"]}
    for name in ("network.png", "intervals.png"):  # those that the page shows
        with Image.open(tmp_path / name) as written, Image.open(START.parent / "images" / "start" / name) as shown:
            assert shown.size == written.size, f"{name}: copy it again to docs/images/start"
    table = str(names["result"]).rsplit("\n", 1)[0]  # without the seconds
    assert f"```text\n{table}\nbuild " in START.read_text(encoding="utf-8")


def test_it_installs_as_the_readme_does():
    lines = re.search(r"```bash\n(python3 -m venv.*?)```", START.read_text(encoding="utf-8"), re.S)[1].splitlines()
    assert lines[:2] == [part.replace("-q ", "") for part in commands("Start")[0].split(" && ")[:2]]


def test_the_commands_are_there(capsys):
    text = START.read_text(encoding="utf-8")
    assert set(re.findall(r"brainsim run (\w+)", text)) <= set(example_names())
    for words in ({"list"}, {"models", "LIF"}):
        assert cli.main(sorted(words, reverse=True) if len(words) > 1 else list(words)) == 0
    assert "cuba" in capsys.readouterr().out
