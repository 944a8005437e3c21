"""English text as letters: a novel that comes with brainsim, or files of the user; and how well n-grams predict it."""

from __future__ import annotations

import bz2
import re
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from brainsim.core.checks import integer
from brainsim.core.files import check_path

ALPHABET = " abcdefghijklmnopqrstuvwxyz"
HELD_OUT = 10  # one of this many parts of a text is for testing
PART = 10_000  # letters in a part of a text of the user
LONGEST = 12  # of the contexts of n-grams: a context is one whole number


class Letters(NamedTuple):
    """A text as whole numbers, 0 for a space and 1 to 26 for a to z: one array for each part of the text."""

    train: list[np.ndarray]
    test: list[np.ndarray]


def letters(path: str | PathLike[str] | None = None) -> Letters:
    """Return an English text as letters, every tenth part of it held out for testing.

    Letters become lower case; everything else between two words becomes one space, and apostrophes vanish.

    Parameters
    ----------
    path : str or Path, optional
        A text file, or a folder whose ``.txt`` files are read in the order of their names; parts have 10,000 letters. By
        default the text is Jane Austen's *Pride and Prejudice* (1813), which comes with brainsim; parts are its 61 chapters.

    Returns
    -------
    Letters
        ``train`` and ``test``: lists of arrays of whole numbers, 0 for a space, 1 to 26 for a to z.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no ``.txt`` file in the folder.
    ValueError
        If there is too little text for ten parts.

    Examples
    --------
    >>> import brainsim as bs
    >>> text = bs.ann.datasets.letters()
    >>> len(text.train), len(text.test), sum(map(len, text.train)) + sum(map(len, text.test))
    (55, 6, 657965)
    >>> "".join(" abcdefghijklmnopqrstuvwxyz"[k] for k in text.train[0][:40])
    'it is a truth universally acknowledged t'
    """
    parts = _read_included() if path is None else _read_files(check_path(path, "letters.path"))
    coded = [np.frombuffer(part.encode(), np.uint8).astype(np.int64) for part in parts]
    coded = [np.where(part == ord(" "), 0, part - ord("a") + 1) for part in coded]
    return Letters(
        [part for k, part in enumerate(coded) if k % HELD_OUT != HELD_OUT - 1],
        [part for k, part in enumerate(coded) if k % HELD_OUT == HELD_OUT - 1],
    )


def ngram_bits(text: Letters, n: int) -> list[float]:
    """Return the bits per letter with which 1-grams to n-grams of the training text predict the test text.

    The probability of a letter after a context of n - 1 letters is that of the training text, mixed with that after a
    context one letter shorter, whose share grows with the number of different letters after the context (Witten & Bell 1991,
    doi:10.1109/18.87000, method C).

    Parameters
    ----------
    text : Letters
        From `letters`.
    n : int
        From 1 to 12.

    Examples
    --------
    >>> import brainsim as bs
    >>> [round(bits, 2) for bits in bs.ann.datasets.ngram_bits(bs.ann.datasets.letters(), 4)]
    [4.11, 3.31, 2.56, 1.98]
    """
    n = integer(n, "ngram_bits.n", at_least=1, at_most=LONGEST)
    size, bits = len(ALPHABET), list[float]()
    known = np.full(sum(max(len(part) - n + 1, 0) for part in text.test), 1.0 / size)
    for order in range(1, n + 1):
        seen, wanted = (_contexts(parts, order, first) for parts, first in ((text.train, order), (text.test, n)))
        grams, counts = np.unique(seen[0] * size + seen[1], return_counts=True)
        contexts, place = np.unique(grams // size, return_inverse=True)
        total, kinds = np.bincount(place, counts), np.bincount(place)
        count = _look_up(grams, counts, wanted[0] * size + wanted[1])
        all_of, kinds_of = _look_up(contexts, total, wanted[0]), _look_up(contexts, kinds, wanted[0])
        mixed = (count + kinds_of * known) / np.maximum(all_of + kinds_of, 1)
        known = np.where(all_of > 0, mixed, known)
        bits.append(float(-np.log2(known).mean()))
    return bits


def _contexts(parts, order, first):
    """Return the contexts of ``order - 1`` letters as whole numbers, and the letters after them, from letter `first` on."""
    codes, after = [], []
    for part in parts:
        code = np.zeros(max(len(part) - first + 1, 0), np.int64)
        for k in range(order - 1, 0, -1):
            code = code * len(ALPHABET) + part[first - 1 - k : len(part) - k]
        codes.append(code)
        after.append(part[first - 1 :])
    return np.concatenate(codes), np.concatenate(after)


def _look_up(keys, values, wanted):
    """Return the values of keys, which are sorted, and 0 for a key that does not exist."""
    at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    return np.where(keys[at] == wanted, values[at], 0)


def _read_included():
    return bz2.decompress(Path(__file__).with_name("english.txt.bz2").read_bytes()).decode().split("\n")


def _read_files(path):
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"letters.path: there is no .txt file in {str(path)!r}")
    text = " ".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    text = re.sub(r"[^a-z]+", " ", re.sub("['\u2019]", "", text.lower())).strip()
    if len(text) < HELD_OUT * PART:
        raise ValueError(f"letters.path: must have at least {HELD_OUT * PART:,} letters (got {len(text):,})")
    return [text[k : k + PART] for k in range(0, len(text) - PART + 1, PART)]
