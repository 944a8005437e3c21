"""Gestures before an event camera (DVS128 Gesture), from files of the user in one of three formats."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.checks import integer, number
from brainsim.examples.data.samples import Dataset, of_spikes
from brainsim.results.archive import read_arrays, reading

CAMERA = 128  # pixels on a side
KINDS = 11  # of gestures
PARTS = {"train": ("train", "ibmGestureTrain"), "test": ("test", "ibmGestureTest")}  # folders of gestures, one by one
HEADER = np.dtype([("kind", "<i2"), ("source", "<i2"), *((name, "<i4") for name in ("size", "at", "overflow", "room", "n"))])
HEADER_SIZE, POLARITY, EVENT = 28, 1, 8  # bytes before the events of a packet; kind and bytes of an event of a pixel
FIELDS = "class", "startTime_usec", "endTime_usec"

Events = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # times [us], x, y, and whether it became brighter


def dvs_gestures(
    path: str | PathLike[str],
    *,
    pixels: int = 32,
    duration: float = 1000.0,
    interval: float = 1.0,
    samples: int | None = None,
) -> Dataset:
    """Return gestures of hands and arms as spikes of an event camera, from the files of the user.

    Parameters
    ----------
    path : str or Path
        Folder in one of three forms: as IBM publishes them, recordings in AEDAT 3.1 with ``_labels.csv`` beside each, and
        ``trials_to_train.txt`` and ``trials_to_test.txt``; folders ``train`` and ``test`` with a folder for each class, from
        0, of files ``.npz`` with t [us], x, y and p, as SpikingJelly cuts them; or ``ibmGestureTrain`` and
        ``ibmGestureTest`` with files ``CLASS.npy`` of rows x, y, p, t [ms], as Tonic keeps them.
    pixels : int
        Pixels on a side, to which those of the camera are joined: 128 or a divisor of it.
    duration : float
        How much of each gesture is read, from its beginning [ms], > 0.
    interval : float
        Events of an input within such an interval are one spike, at the time of the first [ms], > 0.
    samples : int, optional
        Largest number of samples of each part, the first ones; by default all.

    Returns
    -------
    Dataset
        X: a list of `Spikes` of ``2*pixels*pixels`` inputs: where it becomes darker, row by row, then where it becomes
        brighter. y: the gesture, 0 to 10: hand clapping, right hand wave, left hand wave, right arm clockwise, right arm
        counter clockwise, left arm clockwise, left arm counter clockwise, arm roll, air drums, air guitar, others.

    Raises
    ------
    FileNotFoundError
        If the folder has none of these forms, or a file is missing.
    ValueError
        If a value is out of its range, or a file is damaged or of another format.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> data = bs.ann.datasets.dvs_gestures("DvsGesture", pixels=16, samples=200)  # doctest: +SKIP

    References
    ----------
    Amir et al. (2017), doi:10.1109/CVPR.2017.781; CC BY 4.0.
    """
    pixels = integer(pixels, "dvs_gestures.pixels", at_least=1, at_most=CAMERA)
    if CAMERA % pixels:
        raise ValueError(f"dvs_gestures.pixels: must divide {CAMERA}, the pixels of the camera (got {pixels})")
    duration = number(duration, "dvs_gestures.duration", "ms", above=0.0)
    interval = number(interval, "dvs_gestures.interval", "ms", above=0.0)
    most = None if samples is None else integer(samples, "dvs_gestures.samples", at_least=1)
    parts = []
    for part in PARTS:
        found, labels = list[Any](), list[int]()
        for events, kind in _gestures(Path(path), part):
            if len(labels) == most:
                break
            found.append(_joined(events, pixels, duration, interval))
            labels.append(kind)
        parts.append((found, np.array(labels, np.int64)))
    return of_spikes(parts, 2 * pixels * pixels, duration)


def _gestures(path, part) -> Iterator[tuple[Events, int]]:
    """Yield the events of each gesture, with times from its beginning, and its class from 0."""
    if (trials := path / f"trials_to_{part}.txt").is_file():
        for name in trials.read_text(encoding="utf-8").split():
            yield from _in_recording(path, name)
        return
    folder = next((path / name for name in PARTS[part] if (path / name).is_dir()), None)
    files = [] if folder is None else [each for each in folder.rglob("*.np[yz]") if each.is_file()]
    if not files:
        wanted = f"trials_to_{part}.txt, nor a folder {' or '.join(PARTS[part])} with files .npz or .npy"
        raise FileNotFoundError(f"dvs_gestures.path: {str(path)!r} has no file {wanted}")
    for file in sorted(files, key=lambda each: (each.name, each.parent) if each.suffix == ".npz" else (str(each), "")):
        yield _cut(file)  # all classes of a person, then those of the next


def _cut(file):
    """Return the events of one gesture, in a file of its own, and its class."""
    label, kind = "dvs_gestures.path", file.parent.name if file.suffix == ".npz" else file.stem
    if not (kind.isdecimal() and int(kind) < KINDS):
        where = "its folder" if file.suffix == ".npz" else "it"
        raise ValueError(f"{label}: {str(file)!r}: {where} must be called by its class, 0 to {KINDS - 1} (got {kind!r})")
    if file.suffix == ".npz":
        found = read_arrays(file, label, "file of a gesture", lambda arrays: [arrays[name] for name in "txyp"])
        t, x, y, p = (np.asarray(each) for each in found)
    else:
        with reading(file, label, "file of a gesture"):
            table = np.load(file, allow_pickle=False)
            if table.ndim != 2 or table.shape[1] != 4:
                raise ValueError(f"it must have rows of x, y, p and t (got shape {table.shape})")
        x, y, p, t = table.T
        t = 1e3 * t
    t, x, y, p = _checked((t, x, y, p), file)
    return (t - t.min(initial=t.max(initial=0.0)), x, y, p), int(kind)


def _in_recording(path, name) -> Iterator[tuple[Events, int]]:
    """Yield the gestures of a recording in AEDAT."""
    file, table = path / name, path / f"{Path(name).stem}_labels.csv"
    for each in (file, table):
        if not each.is_file():
            raise FileNotFoundError(f"dvs_gestures.path: {str(path)!r} has no file {each.name}")
    t, x, y, p = _checked(_aedat(file), file)
    with table.open(encoding="utf-8", newline="") as lines:
        for k, row in enumerate(csv.DictReader(lines), 2):
            try:
                kind, start, stop = (int(row[field]) for field in FIELDS)
            except (KeyError, TypeError, ValueError):
                raise ValueError(f"dvs_gestures.path: line {k} of {table.name} must have {', '.join(FIELDS)}") from None
            if not 1 <= kind <= KINDS:
                raise ValueError(f"dvs_gestures.path: line {k} of {table.name}: class must be 1 to {KINDS} (got {kind})")
            own = (t >= start) & (t < stop)
            yield (t[own] - start, x[own], y[own], p[own]), kind - 1


def _aedat(file) -> Events:
    """Return the events of pixels in a file in AEDAT 3.1: lines of text, then packets of events of one kind each."""
    content, label = file.read_bytes(), f"dvs_gestures.path: {str(file)!r}"
    if not content.startswith(b"#!AER-DAT3."):
        raise ValueError(f"{label}: must be in the format AEDAT 3.1 (it begins with {content[:14]!r})")
    at, found = content.find(b"#!END-HEADER"), []
    at = content.find(b"\n", at) + 1 if at >= 0 else 0
    if not at:
        raise ValueError(f"{label}: has no end of its header, #!END-HEADER")
    while at < len(content):
        cut = f"{label}: ends within the packet that begins at byte {at}"
        if at + HEADER_SIZE > len(content):
            raise ValueError(cut)
        packet = np.frombuffer(content, HEADER, 1, at)[0]
        begin, at = at + HEADER_SIZE, at + HEADER_SIZE + int(packet["n"]) * int(packet["size"])
        if packet["n"] < 0 or packet["size"] < 0 or at > len(content):
            raise ValueError(cut)
        if packet["kind"] == POLARITY and packet["size"] == EVENT:
            words, times = np.frombuffer(content, "<u4", 2 * packet["n"], begin).reshape(-1, 2).T
            valid = words & 1 == 1
            found.append((words[valid], (int(packet["overflow"]) << 31) + times[valid].astype(np.int64)))
    data, t = (np.concatenate(each) for each in zip(*found, strict=True)) if found else (np.zeros(0, np.uint32),) * 2
    return t, data >> 17 & 0x1FFF, data >> 2 & 0x1FFF, data >> 1 & 1


def _checked(events, file) -> Events:
    """Return events as numbers, or raise ValueError."""
    label = f"dvs_gestures.path: {str(file)!r}"
    if len({np.shape(each) for each in events}) > 1 or np.ndim(events[0]) != 1:
        raise ValueError(f"{label}: must have t, x, y and p for each event (got shapes {[np.shape(e) for e in events]})")
    t, x, y, p = np.asarray(events[0], np.float64), *(np.asarray(each).astype(np.int64) for each in events[1:])
    for name, each, high in (("x", x, CAMERA - 1), ("y", y, CAMERA - 1), ("p", p, 1)):
        if each.size and not 0 <= each.min() <= each.max() <= high:
            raise ValueError(f"{label}: {name} must be 0 to {high} (got {each.min()} to {each.max()})")
    return t, x, y, p


def _joined(events, pixels, duration, interval):
    """Return times [ms] and inputs of the spikes of a gesture."""
    t, x, y, p = events
    t, side, inputs = 1e-3 * t, CAMERA // pixels, 2 * pixels * pixels
    order = np.argsort(t, kind="stable")
    order = order[t[order] <= duration]
    t, ids = t[order], ((p * pixels + y // side) * pixels + x // side)[order]
    _, first = np.unique((t // interval).astype(np.int64) * inputs + ids, return_index=True)
    return t[first], ids[first]
