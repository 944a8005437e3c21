"""Spoken digits and words as spikes of a model of the inner ear (SHD and SSC), from files of the user."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from brainsim.core.checks import integer, one_of
from brainsim.core.doors import optional
from brainsim.examples.data.samples import Dataset, of_spikes
from brainsim.results.archive import reading

CHANNELS = 700  # of the cochlea
SETS = ("shd", "ssc")


def heidelberg_digits(path: str | PathLike[str], which: str = "shd", *, samples: int | None = None) -> Dataset:
    """Return spoken digits, or words, as spikes of a model of the inner ear, from the files of the user; needs h5py.

    Parameters
    ----------
    path : str or Path
        Folder with ``shd_train.h5`` and ``shd_test.h5``, unpacked, as zenkelab.org publishes them.
    which : {"shd", "ssc"}
        The Heidelberg digits, 20 classes: the digits in English, then those in German; or the Speech Commands, 35 words,
        whose files begin with ``ssc``.
    samples : int, optional
        Largest number of samples of each part, the first ones; by default all, which take a gigabyte.

    Returns
    -------
    Dataset
        X: a list of `Spikes` of 700 channels, which `SpikingNetwork` and `Trainer` take. y: the classes.

    Raises
    ------
    FileNotFoundError, ImportError
        If a file is missing, or h5py.
    ValueError
        If a file is damaged, or holds something else.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> data = bs.ann.datasets.heidelberg_digits("data/shd", samples=500)   # doctest: +SKIP
    >>> net = bs.learn.SpikingNetwork(128).fit(data.X_train, data.y_train)  # doctest: +SKIP

    References
    ----------
    Cramer, Stradmann, Schemmel & Zenke (2022), doi:10.1109/TNNLS.2020.3044364; CC BY 4.0.
    """
    one_of(which, SETS, "heidelberg_digits.which")
    most = None if samples is None else integer(samples, "heidelberg_digits.samples", at_least=1)
    return of_spikes([_read(path, f"{which}_{part}.h5", most) for part in ("train", "test")], CHANNELS)


def _read(path, name, most):
    """Return times [ms] and channels of each sample in a file, and the labels."""
    label, file = "heidelberg_digits.path", Path(path, name)
    if not file.is_file():
        hint = "; unpack it first" if any(Path(path).glob(f"{name}.*")) else ""
        raise FileNotFoundError(f"{label}: {str(path)!r} has no file {name}{hint}")
    h5py = optional("h5py", label)
    with reading(file, label, "file of the Heidelberg data"), h5py.File(file, "r") as content:
        for key in ("spikes/times", "spikes/units", "labels"):
            if key not in content:
                raise ValueError(f"it has no {key!r}")
        labels = np.asarray(content["labels"][:most]).astype(np.int64)
        rows = zip(content["spikes/times"][:most], content["spikes/units"][:most], strict=True)
        found = [(1e3 * np.asarray(times, np.float64), np.asarray(units, np.int64)) for times, units in rows]
        if len(found) != labels.size:
            raise ValueError(f"it has {len(found)} samples and {labels.size} labels")
        for k, (times, units) in enumerate(found):
            if times.shape != units.shape or not np.isfinite(times).all() or times.min(initial=0.0) < 0.0:
                raise ValueError(f"sample {k} must have a time of 0 s or more for each unit")
            if units.size and not 0 <= units.min() <= units.max() < CHANNELS:
                raise ValueError(f"sample {k} has units beyond 0 to {CHANNELS - 1}")
    return found, labels
