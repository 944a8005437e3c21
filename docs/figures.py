"""Write what the figures in docs/live take from Python: weights at the start, a picture, and how models guess letters.

python docs/figures.py    # trains the networks of lesson 12, half a minute

The figures are HTML with a few lines of script each. `_ext/live_pages.py` puts `figure.css`, `figure.js` and these files
into each, so that it is one file; `tests/docs/test_figures.py` compares what they compute with the Python of the lessons.
"""

import json
import re
from pathlib import Path

import numpy as np

DOCS = Path(__file__).parent
FOLDER = DOCS / "live"
SHOWN = (3, 11, 24, 40)  # of the pieces of text that lesson 12 tries
GIVEN = 6  # letters that the reader sees before the first guess


def names_of(lesson, until=None):
    """Return what the code of a lesson leaves, up to the block with a text."""
    import matplotlib

    matplotlib.use("Agg")
    names = {"__name__": lesson}
    text = (DOCS / "course" / f"{lesson}.md").read_text(encoding="utf-8")
    with matplotlib.rc_context():
        for block in re.findall(r"^```python\n(.*?)^```\n", text, re.M | re.S):
            exec(compile(block, lesson, "exec"), names)
            if until is not None and until in block:
                break
    return names


def xor():
    """Return the 17 weights and biases with which ten networks of lesson 5 begin."""
    start = names_of("5-how-a-machine-learns", "def start(")["start"]
    return [np.concatenate([part.ravel() for part in start((2, 3, 2), seed)]).tolist() for seed in range(10)]


def hopfield():
    """Return the picture of lesson 8."""
    from brainsim.examples import memory

    return memory.rings(20).astype(int).tolist()


def counted(names, piece):
    """Return the probabilities of the next letter after each letter of a piece, from pairs and from three letters before."""
    pairs = names["pairs"][piece[:-1]]
    counts = np.zeros((27, 27, 27, 27))
    for chapter in names["book"].train:
        np.add.at(counts, (chapter[:-3], chapter[1:-2], chapter[2:-1], chapter[3:]), 1.0)
    after = pairs.copy()
    for t in range(2, len(piece) - 1):
        seen = counts[piece[t - 2], piece[t - 1], piece[t]]
        after[t] = (seen + 2.0 * pairs[t]) / (seen.sum() + 2.0)  # what was never seen follows the pairs
    return {"one letter before, counted": pairs, "three letters before, counted": after}


def shannon():
    """Return pieces of text, and for each model by letter the probability of the right one and its rank, from 1."""
    names = names_of("12-language", "grams = ")
    found = []
    for k in SHOWN:
        piece = names["tried"][k]
        guesses = counted(names, piece)
        guesses |= {name: p[k] for name, p in names["guesses"].items()}
        right = {name: p[np.arange(len(piece) - 1), piece[1:]] for name, p in guesses.items()}
        ranks = {name: 1 + (p > right[name][:, None]).sum(axis=1) for name, p in guesses.items()}
        found.append({
            "text": "".join(names["LETTERS"][letter] for letter in piece),
            "given": GIVEN,
            "models": {
                name: {"p": np.round(right[name][GIVEN - 1 :], 12).tolist(), "ranks": ranks[name][GIVEN - 1 :].tolist()}
                for name in guesses
            },
        })  # fmt: skip
    return found


if __name__ == "__main__":
    for made in (xor, hopfield, shannon):
        (FOLDER / f"{made.__name__}.json").write_text(json.dumps(made()) + "\n", encoding="utf-8")
