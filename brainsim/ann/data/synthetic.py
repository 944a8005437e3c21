"""Tasks made by formula: Yin-Yang, random manifolds, and one-dimensional digits."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from brainsim.ann.data.samples import Dataset, split
from brainsim.core.checks import integer, number

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


def yin_yang(train=5000, test=1000, seed=42):
    """Return points of the Yin-Yang sign: which of its halves, or a dot, each one lies in.

    The sign has the radius 1/2 and dots of radius 0.1; points are uniform within each class, and the classes as frequent.
    A network without a hidden layer reaches 64 %, a small one with 30 hidden units 97.6 %.

    Parameters
    ----------
    train, test : int
        Number of samples.
    seed : int
        The test data have the seed after it.

    Returns
    -------
    Dataset
        X of shape (samples, 4): ``x, y, 1 - x, 1 - y``. y: 0 yin, 1 yang, 2 dot.

    Examples
    --------
    >>> data = yin_yang(600, 100)
    >>> data.X_train.shape, np.unique(data.y_train)
    ((600, 4), array([0, 1, 2]))

    References
    ----------
    Kriener, Goeltz & Petrovici (2022), doi:10.1145/3517343.3517380.
    """
    sizes = integer(train, "yin_yang.train", at_least=1), integer(test, "yin_yang.test", at_least=1)
    seed = integer(seed, "yin_yang.seed", at_least=0)
    parts = []
    for place, size in enumerate(sizes):
        rng = np.random.default_rng(seed + place)
        wanted = rng.integers(0, 3, size)
        points = np.empty((size, 2))
        open_ = np.arange(size)
        while open_.size:
            drawn = rng.random((open_.size, 2))
            fits = _yin_yang_class(*drawn.T) == wanted[open_]
            points[open_[fits]] = drawn[fits]
            open_ = open_[~fits]
        parts += [np.hstack([points, 1.0 - points]), wanted]
    return Dataset(*parts)


def _yin_yang_class(x, y):
    """Return the class of points of the unit square, -1 outside the sign."""
    right, left = np.hypot(x - 1.5 * RADIUS, y - RADIUS), np.hypot(x - 0.5 * RADIUS, y - RADIUS)
    yang = ((left > DOT) & (left <= 0.5 * RADIUS)) | ((y > RADIUS) & (right > 0.5 * RADIUS))
    classes = np.where((right < DOT) | (left < DOT), 2, np.where(yang, 1, 0))
    return np.where(np.hypot(x - RADIUS, y - RADIUS) <= RADIUS, classes, -1)


def randman(classes=10, units=20, dimensions=1, train=4000, test=1000, alpha=2.0, seed=0):
    """Return spike times on smooth random manifolds, one spike a unit: rates say nothing about the class.

    On the manifold of a class, the time of a unit is a product over the `dimensions` of
    ``sum over i < c of a_i (i + 1)**-alpha sin(2 pi (i x f_i + p_i))``, with a, f and p uniform in [0, 1), ``a_0 = 0`` and
    ``c = min(ceil(1e-3**(-1/alpha)), 1000)``, scaled to [0, 1] unit by unit over all samples of the class; x is uniform.

    Parameters
    ----------
    classes, units, dimensions : int
        Number of classes, of units, and of dimensions of the manifolds.
    train, test : int
        Number of samples, the same number of each class as far as they can be.
    alpha : float
        Smoothness, > 0: the larger, the smoother.
    seed : int
        Of manifolds, samples and split.

    Returns
    -------
    Dataset
        X of shape (samples, units): when each unit sends its only spike, from 0 to 1. y: the class.

    Examples
    --------
    >>> data = randman(train=80, test=20)
    >>> data.X_train.shape, float(data.X_train.min()) >= 0, float(data.X_train.max()) <= 1
    ((80, 20), True, True)

    References
    ----------
    Zenke & Vogels (2021), doi:10.1162/neco_a_01367.
    """
    given = {"classes": classes, "units": units, "dimensions": dimensions, "train": train, "test": test}
    for name, value in given.items():
        integer(value, f"randman.{name}", at_least=1)
    alpha = number(alpha, "randman.alpha", above=0.0)
    rng = np.random.default_rng(integer(seed, "randman.seed", at_least=0))
    harmonics = np.arange(min(int(np.ceil(1e-3 ** (-1.0 / alpha))), 1000))
    total = train + test
    times, labels = [], np.arange(total) % classes
    for label in range(classes):
        places = rng.random((int(np.count_nonzero(labels == label)), dimensions))
        amplitude, frequency, phase = rng.random((3, units, dimensions, harmonics.size))
        amplitude[..., 0] = 0.0
        values = np.ones((len(places), units))
        for unit in range(units):
            for d in range(dimensions):
                angle = harmonics * places[:, d, None] * frequency[unit, d] + phase[unit, d]
                values[:, unit] *= np.sin(2.0 * np.pi * angle) @ (amplitude[unit, d] * (harmonics + 1.0) ** -alpha)
        low, high = values.min(axis=0), values.max(axis=0)
        times.append((values - low) / np.where(high > low, high - low, 1.0))
    return split(np.concatenate(times), np.sort(labels, kind="stable"), test, seed, "randman")


def mnist1d(samples=5000, test=1000, seed=42):
    """Return digits as one-dimensional strokes that are stretched, scaled, shifted, sheared and buried in noise.

    Numbers for 4,000 training samples: logistic regression 32 %, perceptron 68, GRU 91, convolutional network 94, people 96.

    Parameters
    ----------
    samples, test : int
        How many in all, the same number of each class, and how many of them are test data.
    seed : int
        Of samples and split.

    Returns
    -------
    Dataset
        X of shape (samples, 40), of mean 0 and standard deviation 1 over the training data. y: the digits.

    Examples
    --------
    >>> data = mnist1d(500, 100)
    >>> data.X_train.shape, data.X_test.shape
    ((400, 40), (100, 40))

    References
    ----------
    Greydanus & Kobak (2020), arXiv:2011.14439. The numbers are drawn by NumPy's default generator and are not those of the
    published file.
    """
    rng = np.random.default_rng(integer(seed, "mnist1d.seed", at_least=0))
    labels = np.arange(integer(samples, "mnist1d.samples", at_least=10)) % 10
    strokes = STROKES - STROKES.mean(axis=1, keepdims=True)
    strokes /= strokes.std(axis=1, keepdims=True)
    strokes = (strokes - strokes[:, :1]) / 6.0
    data = split(np.stack([_written(strokes[label], rng) for label in labels]), labels, test, seed, "mnist1d")
    mean, deviation = data.X_train.mean(), data.X_train.std()
    return data._replace(X_train=(data.X_train - mean) / deviation, X_test=(data.X_test - mean) / deviation)


def _written(stroke, rng):
    """Return one stroke as it is written: on a longer line, stretched, scaled, shifted, in noise, sheared, subsampled."""
    space = np.zeros(int(rng.integers(PADDING[0], PADDING[1] + 1)))
    x = _resampled(np.concatenate([stroke + 1e-8, space]), stroke.size + PADDING[1])  # 1e-8 tells the stroke from space
    x = np.roll(x * (1.0 + SCALE * (rng.random() - 0.5)), int(rng.integers(SHIFTS)))
    noise = gaussian_filter1d(NOISE * rng.standard_normal(x.size), 2.0)
    x = np.where(x != 0.0, x, noise) + JITTER * rng.standard_normal(x.size)
    x -= SHEAR * (rng.random() - 0.5) * np.linspace(-0.5, 0.5, x.size)
    return _resampled(x, LENGTH)


def _resampled(x, length):
    """Return `x` at so many places at equal distances, by straight lines between its points."""
    return np.interp(np.linspace(0.0, 1.0, length), np.linspace(0.0, 1.0, x.size), x)
