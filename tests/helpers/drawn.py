"""What the pictures of tests show, compared with what they showed before: words, limits, and sums over what is drawn.

`clean_matplotlib` in tests/conftest.py compares each figure that a test leaves open with ``tests/data/figures.json``, if the
file knows the test. ``BRAINSIM_FIGURES=write python -m pytest tests/plot tests/examples`` writes what has changed and what
is new: look at the pictures first.
"""

import functools
import json
import os
import re
from pathlib import Path

import numpy as np
from matplotlib.collections import Collection, PathCollection
from matplotlib.colors import to_rgba_array
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

FILE = Path(__file__).parents[1] / "data" / "figures.json"
CLOSE = 1e-5  # of the sum of all sizes; a change of a limit, a label, a colour or a unit is larger
# not stored: what rounding leaves of nothing, and an example that takes measured wires where their package is installed
NOT_STORED = ("test_silence_and_short_recordings_are_drawn[spectrum", "test_builds_runs_and_draws[worm-")
WRITES = os.environ.get("BRAINSIM_FIGURES") == "write"


def check(test, figures):
    """Raise AssertionError if the figures that a test has drawn are not those that it drew before."""
    found = [content(figure) for figure in figures]
    if WRITES and found and not any(part in test for part in NOT_STORED):
        _write(test, found)
    known = stored().get(test)
    if known is None:
        return
    assert len(known) == len(found), f"{len(found)} figures in place of {len(known)}"
    for number, (one, other) in enumerate(zip(found, known, strict=True), 1):
        differences = list(_differences(one, other))
        assert differences == [], f"figure {number}: {'; '.join(differences)}; see tests/helpers/drawn.py"


def gone(tests):
    """Return the stored tests that are not among those of their files any more."""
    files = {test.partition("::")[0] for test in tests}
    return [test for test in stored() if test.partition("::")[0] in files and test not in tests]


def content(figure):
    """Return name of a part -> its words, or (number of values, weighted sum, sum of sizes)."""
    found = {"page": [*figure.get_size_inches().round(3).tolist(), *_words(figure.texts)]}
    for number, ax in enumerate(figure.axes, 1):
        legend = ax.get_legend()
        words = [ax.get_title(), ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale(), ax.get_yscale(), *_words(ax.texts)]
        found[f"{number} words"] = words + (_words(legend.get_texts()) if legend else [])
        found[f"{number} limits"] = _sums([*ax.get_xlim(), *ax.get_ylim()])
        for kind, values in _artists(ax).items():
            found[f"{number} {kind}"] = _sums(values)
    return found


def _words(texts):
    """Return texts without times that a run took."""
    return [re.sub(r"\d+(\.\d+)? (s|ms|µs)\b", "...", text.get_text()) for text in texts]


def _artists(ax):
    found = {}
    for artist in ax.get_children():
        if isinstance(artist, Line2D):
            xy = np.asarray(artist.get_xydata(), float).ravel()
            found.setdefault("lines", []).extend([*xy, artist.get_linewidth(), *_colour(artist.get_color())])
        elif isinstance(artist, AxesImage):
            found.setdefault("images", []).extend([*np.ma.filled(artist.get_array(), 0).ravel(), *artist.get_extent()])
        elif isinstance(artist, Collection):
            found.setdefault("collections", []).extend(_collection(artist))
        elif isinstance(artist, Patch) and artist is not ax.patch:
            path = artist.get_path().vertices
            found.setdefault("patches", []).extend([*np.ravel(artist.get_patch_transform().transform(path))])
            found["patches"].extend(artist.get_facecolor())
    return found


def _collection(artist):
    values = [*np.ravel(artist.get_offsets()), *np.ravel(artist.get_facecolor())]
    if not isinstance(artist, PathCollection):
        values += [x for path in artist.get_paths() for x in path.vertices.ravel()]
    return values if artist.get_array() is None else [*values, *np.ma.filled(artist.get_array(), 0).ravel()]


def _colour(colour):
    return to_rgba_array(colour).ravel()


def _sums(values):
    values = np.asarray(values, float)
    values = np.where(np.isfinite(values), values, 0.0)
    weights = np.cos(np.arange(values.size))  # so that values cannot change places
    return [values.size, float(f"{values @ weights:.9g}"), float(f"{np.abs(values).sum():.9g}")]


def _differences(found, known):
    for part in sorted(found.keys() | known.keys()):
        one, other = found.get(part), known.get(part)
        if one is None or other is None:
            yield f"{part}: {'nothing' if one is None else 'is new'}"
        elif part.endswith(("words", "page")):
            if one != other:
                yield f"{part}: {one} in place of {other}"
        elif one[0] != other[0] or np.abs(np.subtract(one, other)).max() > CLOSE * max(1.0, other[2]):
            yield f"{part}: {one} in place of {other}"


@functools.cache
def stored():
    """Return test -> its figures."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def _write(test, found):
    known = stored()
    known[test] = json.loads(json.dumps(found))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(known[name], ensure_ascii=False)}" for name in sorted(known))
    FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
