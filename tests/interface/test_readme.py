"""The README: its code runs, block after block, and its commands are in their sections."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2].joinpath("README.md")
pytestmark = pytest.mark.skipif(not README.exists(), reason="an installed package has no README")


def section(title):
    """Return the text under a heading."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README.read_text(encoding="utf-8"), re.M | re.S).group(1)


def commands(title):
    """Return the indented lines under a heading."""
    return [line.strip() for line in section(title).splitlines() if line.startswith("    ")]


def test_its_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", README.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) >= 4
    assert any(output for _, output in blocks)
    names = {"__name__": "readme"}
    for number, (block, output) in enumerate(blocks):
        exec(compile(block, f"README.md, block {number + 1}", "exec"), names)
        assert capsys.readouterr().out == output or not output
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"network.png", "network.npz", "recorded.npz", "run.ckpt", "long.ckpt", "cells.png", "digit.png"}
    assert names["spikes"].rate() > 1.0
    assert abs(names["piece"].spikes["cells"].rate() - 30.0) < 10.0


def test_one_line_sets_up_and_runs():
    assert commands("Start") == ["python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/brainsim run balanced"]
    (test,) = commands("Test")
    assert test.count(".venv-test") == 3
    assert test.endswith("-m pytest -n 2")


def test_every_example_and_rule_it_names_is_there():
    import brainsim as bs
    from brainsim.commands.examples import example_names
    from brainsim.models.catalogue import catalogue

    text = README.read_text(encoding="utf-8")
    assert set(re.findall(r"brainsim run ([a-z]+)", text)) <= set(example_names())
    quoted = " ".join(re.findall(r"`([^`]+)`", section("Models, inputs and rules")))
    named = set(re.findall(r"[A-Z][A-Za-z]+\d?", quoted)) - {"False"}
    assert all(hasattr(bs, name) for name in named), named - set(dir(bs))
    models = {name for name in catalogue() if not re.fullmatch(r"GLIF[234]", name)}  # written as GLIF1 to GLIF5
    assert models <= named
