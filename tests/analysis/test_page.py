"""The page on statistics: all its code runs."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "analysis.md"


@pytest.mark.skipif(not PAGE.exists(), reason="an installed package has no pages")
@pytest.mark.filterwarnings("ignore")
def test_its_python_runs(tmp_path, monkeypatch):
    for package in ("elephant", "pynapple", "pandas", "pynwb"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)):
        exec(compile(block, f"analysis.md, block {number + 1}", "exec"), names)
    assert names["spikes"].rate() > 1.0
    assert names["again"].spikes["cells"] == names["spikes"]
    np.testing.assert_array_equal(names["again"].traces["cells", "v"].values, names["result"].traces["cells", "v"].values)
