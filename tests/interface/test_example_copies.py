"""``brainsim copy``: a script of one's own that does what the example does."""

import runpy
from pathlib import Path

import pytest

from brainsim.commands import cli
from brainsim.commands.examples import EXAMPLES, example_names

pytestmark = pytest.mark.usefixtures("folder")


def test_the_copy_runs_and_draws(capsys):
    assert cli.main(["copy", "single"]) == 0
    assert "python single.py" in capsys.readouterr().out
    runpy.run_path("single.py", run_name="__main__")
    assert "Result: 800 ms" in capsys.readouterr().out
    assert Path("single.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", example_names())
def test_every_example_can_be_copied(name):
    """Names of scripts must not hide modules that the scripts import; `test_a_network_can_be_copied` looks at the text."""
    assert cli.main(["copy", name, "--out", f"my_{name}.py"]) == 0
    assert Path(f"my_{name}.py").read_text(encoding="utf-8") == (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["singel"], "there is no example 'singel'; did you mean 'single'?"),
        (["single", "--out", "a.txt"], "--out: must end in .py (got 'a.txt')"),
        (["single", "--out", "no/a.py"], "--out: there is no folder 'no'"),
        (["single", "--out", "there.py"], "there is a file 'there.py' already; --out FILE.py names another"),
    ],
)
def test_mistakes(line, message, capsys):
    Path("there.py").write_text("mine", encoding="utf-8")
    try:
        code = cli.main(["copy", *line])
    except SystemExit as stopped:
        code = stopped.code
    assert code == 2
    assert message in capsys.readouterr().err
    assert Path("there.py").read_text(encoding="utf-8") == "mine"
