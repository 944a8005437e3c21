"""Synthetic tasks: Yin-Yang, random manifolds, one-dimensional digits, and words of three vowels."""

import itertools

import numpy as np
from scipy.ndimage import gaussian_filter1d

from brainsim.core.checks import integer, number
from brainsim.core.contexts import default_arithmetic, within
from brainsim.examples.data.samples import Dataset, split

RADIUS, DOT = 0.5, 0.1  # of Yin-Yang and of its dots
# the strokes of the ten digits, as heights over 12 points: Greydanus & Kobak (2020)
STROKES = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)
PADDING, SCALE, SHIFTS, NOISE, JITTER, SHEAR, LENGTH = (36, 60), 0.4, 48, 0.25, 0.02, 0.75, 40
VOWELS = {"a": (730.0, 1090.0, 2440.0), "i": (270.0, 2290.0, 3010.0), "u": (300.0, 870.0, 2240.0)}  # formants [Hz]
NEUTRAL = (500.0, 1500.0, 2500.0)  # Hz, of a uniform tube: every word begins and ends with it
LOUDNESS = np.array([1.0, 0.7, 0.4])  # of the three formants
MOMENTS = (0.0, 0.2, 0.45, 0.7, 1.0)  # of neutral, three vowels and neutral again within a word
WORDS = tuple("".join(order) for order in itertools.permutations(VOWELS))
WIDTH = 0.12  # of a formant, in units of log(frequency)


def yin_yang(train: int = 5000, test: int = 1000, seed: int = 42) -> Dataset:
    """Return points of the Yin-Yang sign, labelled by the part in which they lie: one of its halves, or a dot.

    The sign has the radius 1/2 and dots of radius 0.1; points are uniform within each class, and classes equally frequent.
    A network without a hidden layer reaches 64 %, a small one with 30 hidden units 97.6 %.

    Parameters
    ----------
    train, test : int
        Number of samples.
    seed : int
        Of the training data; test data use ``seed + 1``.

    Returns
    -------
    Dataset
        X of shape (samples, 4): ``x, y, 1 - x, 1 - y``. y: 0 yin, 1 yang, 2 dot.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.yin_yang(600, 100)
    >>> data.X_train.shape, np.unique(data.y_train)
    ((600, 4), array([0, 1, 2]))

    References
    ----------
    Kriener, Goeltz & Petrovici (2022), doi:10.1145/3517343.3517380.
    """
    sizes = integer(train, "yin_yang.train", at_least=1), integer(test, "yin_yang.test", at_least=1)
    seed = integer(seed, "yin_yang.seed", at_least=0)
    parts = []
    for part, size in enumerate(sizes):
        rng = np.random.default_rng(seed + part)
        labels = rng.integers(0, 3, size)
        points = np.empty((size, 2))
        open_ = np.arange(size)
        while open_.size:
            candidates = rng.random((open_.size, 2))
            fits = _yin_yang_class(*candidates.T) == labels[open_]
            points[open_[fits]] = candidates[fits]
            open_ = open_[~fits]
        parts += [np.hstack([points, 1.0 - points]), labels]
    return Dataset(*parts)


def _yin_yang_class(x, y):
    """Return the class of points of the unit square, -1 outside the sign."""
    right, left = np.hypot(x - 1.5 * RADIUS, y - RADIUS), np.hypot(x - 0.5 * RADIUS, y - RADIUS)
    yang = ((left > DOT) & (left <= 0.5 * RADIUS)) | ((y > RADIUS) & (right > 0.5 * RADIUS))
    classes = np.where((right < DOT) | (left < DOT), 2, np.where(yang, 1, 0))
    return np.where(np.hypot(x - RADIUS, y - RADIUS) <= RADIUS, classes, -1)


def randman(
    classes: int = 10,
    units: int = 20,
    dimensions: int = 1,
    train: int = 4000,
    test: int = 1000,
    alpha: float = 2.0,
    seed: int = 0,
) -> Dataset:
    """Return spike times on smooth random manifolds, one spike per unit: rates say nothing about the class.

    On the manifold of a class, the time of a unit is a product over the `dimensions` of
    ``sum over i < c of a_i (i + 1)**-alpha sin(2 pi (i x f_i + p_i))``, with a, f and p uniform in [0, 1), ``a_0 = 0`` and
    ``c = min(ceil(1e-3**(-1/alpha)), 1000)``, scaled to [0, 1] for each unit over all samples of the class; x is uniform.

    Parameters
    ----------
    classes, units, dimensions : int
        Number of classes, of units, and of dimensions of the manifolds.
    train, test : int
        Number of samples, as equally divided among the classes as possible.
    alpha : float
        Smoothness, > 0: larger is smoother.
    seed : int
        Of manifolds, samples and split.

    Returns
    -------
    Dataset
        X of shape (samples, units): the time of the only spike of each unit, from 0 to 1. y: the class.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.randman(train=80, test=20)
    >>> data.X_train.shape, float(data.X_train.min()) >= 0, float(data.X_train.max()) <= 1
    ((80, 20), True, True)

    References
    ----------
    Zenke & Vogels (2021), doi:10.1162/neco_a_01367.
    """
    sizes = {"classes": classes, "units": units, "dimensions": dimensions, "train": train, "test": test}
    for name, value in sizes.items():
        integer(value, f"randman.{name}", at_least=1)
    alpha = number(alpha, "randman.alpha", above=0.0)
    rng = np.random.default_rng(integer(seed, "randman.seed", at_least=0))
    harmonics = np.arange(min(int(np.ceil(1e-3 ** (-1.0 / alpha))), 1000))
    total = train + test
    times, labels = [], np.arange(total) % classes
    for label in range(classes):
        x = rng.random((int(np.count_nonzero(labels == label)), dimensions))
        amplitude, frequency, phase = rng.random((3, units, dimensions, harmonics.size))
        amplitude[..., 0] = 0.0
        values = np.ones((len(x), units))
        for unit in range(units):
            for d in range(dimensions):
                angle = harmonics * x[:, d, None] * frequency[unit, d] + phase[unit, d]
                values[:, unit] *= np.sin(2.0 * np.pi * angle) @ (amplitude[unit, d] * (harmonics + 1.0) ** -alpha)
        low, high = values.min(axis=0), values.max(axis=0)
        times.append((values - low) / np.where(high > low, high - low, 1.0))
    return split(np.concatenate(times), np.sort(labels, kind="stable"), test, seed, "randman")


def mnist1d(samples: int = 5000, test: int = 1000, seed: int = 42) -> Dataset:
    """Return digits as one-dimensional strokes that are stretched, scaled, shifted, sheared and buried in noise.

    With 4,000 training samples, logistic regression reaches 32 %, a perceptron 68, a GRU 91, a convolutional network 94,
    people 96.

    Parameters
    ----------
    samples, test : int
        Number of samples, the same for each class, and how many of them are test data.
    seed : int
        Of samples and split.

    Returns
    -------
    Dataset
        X of shape (samples, 40), of mean 0 and standard deviation 1 over the training data. y: the digits.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.mnist1d(500, 100)
    >>> data.X_train.shape, data.X_test.shape
    ((400, 40), (100, 40))

    References
    ----------
    Greydanus & Kobak (2020), arXiv:2011.14439. Random numbers are from NumPy's default generator, so the samples are not
    those of the published file.
    """
    rng = np.random.default_rng(integer(seed, "mnist1d.seed", at_least=0))
    labels = np.arange(integer(samples, "mnist1d.samples", at_least=10)) % 10
    strokes = STROKES - STROKES.mean(axis=1, keepdims=True)
    strokes /= strokes.std(axis=1, keepdims=True)
    strokes = (strokes - strokes[:, :1]) / 6.0
    data = split(np.stack([_write(strokes[label], rng) for label in labels]), labels, test, seed, "mnist1d")
    mean, deviation = data.X_train.mean(), data.X_train.std()
    return data._replace(X_train=(data.X_train - mean) / deviation, X_test=(data.X_test - mean) / deviation)


def _write(stroke, rng):
    """Return a stroke as written: padded, stretched, scaled, shifted, with noise, sheared, subsampled."""
    space = np.zeros(int(rng.integers(PADDING[0], PADDING[1] + 1)))
    x = _resample(np.concatenate([stroke + 1e-8, space]), stroke.size + PADDING[1])  # 1e-8: a stroke is nowhere exactly 0
    x = np.roll(x * (1.0 + SCALE * (rng.random() - 0.5)), int(rng.integers(SHIFTS)))
    noise = gaussian_filter1d(NOISE * rng.standard_normal(x.size), 2.0)
    x = np.where(x != 0.0, x, noise) + JITTER * rng.standard_normal(x.size)
    x -= SHEAR * (rng.random() - 0.5) * np.linspace(-0.5, 0.5, x.size)
    return _resample(x, LENGTH)


def _resample(x, length):
    """Return `x` interpolated linearly at `length` equidistant points."""
    return np.interp(np.linspace(0.0, 1.0, length), np.linspace(0.0, 1.0, x.size), x)


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
    >>> import numpy as np
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.vowel_words(train=12, test=6)
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
        sample[frames - length :] += _filter(WORDS[word], length, channels, rng)
    return Dataset(X[:train], y[:train], X[train:], y[train:])


@within(default_arithmetic)
def _filter(word, length, channels, rng):
    """Return the output of the filters, shape (length, channels), for one utterance of a word."""
    voice = 1.0 + 0.06 * rng.standard_normal()
    moments = np.array(MOMENTS) + np.r_[0.0, rng.uniform(-0.06, 0.06, 3), 0.0]
    targets = np.log(voice * np.array([NEUTRAL, *(VOWELS[vowel] for vowel in word), NEUTRAL]))
    time = np.linspace(0.0, 1.0, length)
    formants = np.column_stack([np.interp(time, moments, formant) for formant in targets.T])
    filters = np.log(np.geomspace(200.0, 3600.0, channels))
    return np.exp(-0.5 * ((filters[:, None] - formants[:, None, :]) / WIDTH) ** 2) @ LOUDNESS
