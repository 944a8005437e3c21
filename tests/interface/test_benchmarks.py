"""The benchmarks' own arithmetic, and mistakes that must show before hours of measuring."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def report(monkeypatch):
    """Return the module that compares, as the benchmarks import it."""
    monkeypatch.syspath_prepend(str(FOLDER))
    from harness import report

    return report


def test_rates_of_few_spikes_are_not_told_apart(report):
    # 0.8 Hz of 400 cells in 0.2 s are 64 spikes: 0.55 Hz are 1.8 standard deviations of their difference away
    assert report.close(0.55, 0.8, 0.25, 400 * 0.2)
    assert not report.close(0.1, 0.8, 0.25, 400 * 0.2)


def test_rates_of_many_spikes_are(report):
    assert report.close(0.61, 0.8, 0.25, 20_000 * 10.0)
    assert not report.close(0.55, 0.8, 0.25, 20_000 * 10.0)
    assert not report.close(0.0, 0.8, 0.25, 1.0)  # silence is another state, however few spikes are expected


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scaling.py", "--out", "nowhere/a.png"], "argument --out: there is no folder 'nowhere'"),
        (["scaling.py", "--out", "a.txt"], "argument --out: must end in one of .png, .svg, .pdf, .jpg"),
        (["scaling.py", "--save", "nowhere/a.json"], "argument --save: there is no folder 'nowhere'"),
        (["scaling.py", "--from", "missing.json"], "argument --from: 'missing.json' cannot be read: No such file"),
        (["scaling.py", "--from", "other.json"], "argument --from: 'other.json' was not written by --save"),
        (["cuba.py", "--save", "nowhere/a.json"], "argument --save: there is no folder 'nowhere'"),
    ],
)
def test_a_file_that_cannot_be_read_or_written_is_an_error_before_measuring(arguments, said, tmp_path):
    (tmp_path / "other.json").write_text(json.dumps({"rows": []}))
    script, *options = arguments
    run, environment = [sys.executable, str(FOLDER / script), *options], os.environ | {"PYTHONPATH": str(FOLDER.parent)}
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
