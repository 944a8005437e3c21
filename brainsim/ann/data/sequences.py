"""Synthetic sequences whose class depends only on their order."""

import itertools

import numpy as np

from brainsim.ann.data.samples import Dataset
from brainsim.core.arithmetic import default_arithmetic
from brainsim.core.checks import integer, number
from brainsim.core.contexts import within

VOWELS = {"a": (730.0, 1090.0, 2440.0), "i": (270.0, 2290.0, 3010.0), "u": (300.0, 870.0, 2240.0)}  # formants [Hz]
NEUTRAL = (500.0, 1500.0, 2500.0)  # Hz, of a uniform tube: every word begins and ends with it
LOUDNESS = np.array([1.0, 0.7, 0.4])  # of the three formants
MOMENTS = (0.0, 0.2, 0.45, 0.7, 1.0)  # of neutral, three vowels and neutral again within a word
WORDS = tuple("".join(order) for order in itertools.permutations(VOWELS))
WIDTH = 0.12  # of a formant, in units of log(frequency)


def vowel_words(
    train: int = 300, test: int = 300, *, frames: int = 40, channels: int = 16, noise: float = 0.3, seed: int = 0
) -> Dataset:
    """Return words of three vowels as the output of a filter bank: aiu, aui, iau, iua, uai, uia.

    All words contain the same vowels and end alike, so the last frame says nothing and the mean of all frames little: to
    recognise the word, one must remember the order. The formants of a, i and u glide into each other; voice (6 %), times of
    the vowels and duration (70 to 100 % of the frames; a shorter word has silence before it) differ from sample to sample.

    Parameters
    ----------
    train, test : int
        Number of samples, >= 1; the words are equally frequent in all samples together.
    frames, channels : int
        Length of a sample, >= 10, and number of filters, from 200 to 3,600 Hz.
    noise : float
        Standard deviation of the noise on each value, >= 0; a single formant gives at most 1.
    seed : int
        Of everything that is random.

    Returns
    -------
    Dataset
        X of shape (samples, frames, channels). y: the word, from 0 to 5.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range.

    Examples
    --------
    >>> data = vowel_words(train=12, test=6)
    >>> data.X_train.shape, np.bincount(np.r_[data.y_train, data.y_test]).tolist()
    ((12, 40, 16), [3, 3, 3, 3, 3, 3])

    References
    ----------
    Peterson & Barney (1952), doi:10.1121/1.1906875 (mean formants of men).
    """
    integer(train, "vowel_words.train", at_least=1)
    integer(test, "vowel_words.test", at_least=1)
    integer(frames, "vowel_words.frames", at_least=10)
    integer(channels, "vowel_words.channels", at_least=1)
    number(noise, "vowel_words.noise", at_least=0.0)
    rng = np.random.default_rng(integer(seed, "vowel_words.seed", at_least=0))
    y = rng.permutation(np.arange(train + test) % len(WORDS))
    X = noise * rng.standard_normal((y.size, frames, channels))
    for sample, word in zip(X, y, strict=True):
        length = int(rng.integers(int(0.7 * frames), frames + 1))
        sample[frames - length :] += _filtered(WORDS[word], length, channels, rng)
    return Dataset(X[:train], y[:train], X[train:], y[train:])


@within(default_arithmetic)
def _filtered(word, length, channels, rng):
    """Return the output of the filters, shape (length, channels), for one utterance of a word."""
    voice = 1.0 + 0.06 * rng.standard_normal()
    moments = np.array(MOMENTS) + np.r_[0.0, rng.uniform(-0.06, 0.06, 3), 0.0]
    targets = np.log(voice * np.array([NEUTRAL, *(VOWELS[vowel] for vowel in word), NEUTRAL]))
    time = np.linspace(0.0, 1.0, length)
    formants = np.column_stack([np.interp(time, moments, formant) for formant in targets.T])
    filters = np.log(np.geomspace(200.0, 3600.0, channels))
    return np.exp(-0.5 * ((filters[:, None] - formants[:, None, :]) / WIDTH) ** 2) @ LOUDNESS
