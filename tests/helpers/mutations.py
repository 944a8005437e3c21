"""Damaged copies of .npz files: one thing changed at random, in an array, in the JSON of the description or in the bytes."""

import json
import linecache
import traceback
import warnings
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.results.archive import DESCRIPTION

PACKAGE = str(Path(bs.__file__).parent)
READERS = ("json", "zipfile", "numpy/lib")  # which find that bytes are damaged

VALUES = (None, True, False, -1, 0, 3, 2**31, 2**70, 1e300, float("nan"), float("inf"), "", "x", [], {}, [[1]], {"x": 1})
DTYPES = ("f4", "f8", "i1", "i4", "i8", "u8", "?", "c16", "U5", "M8[s]")
NUMBERS = (np.nan, np.inf, -np.inf, -1, 0, 1, 7, 2**31, 2**40, 2**62, -(2**62), 1e-300, 1e300)


def content_of(path):
    """Return the arrays in a file by name."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def write_mutated(path, content, rng):
    """Write a file with one random change, and return what was changed, as text."""
    arrays, kind = dict(content), rng.choice(["array", "description", "bytes"], p=[0.5, 0.4, 0.1])
    kind = "array" if DESCRIPTION not in content and kind == "description" else kind
    if kind == "description":
        arrays[DESCRIPTION], what = _mutated_text(str(content[DESCRIPTION]), rng)
    elif kind == "array":
        name = str(rng.choice(sorted(set(content) - {DESCRIPTION})))
        what = f"{name}: {_mutate_array(arrays, name, rng)}"
    with path.open("wb") as file:
        np.savez(file, **arrays)
    if kind == "bytes":
        what = _damage(path, rng)
    return what


def _mutate_array(arrays, name, rng):
    """Change one of some arrays in place; return how."""
    array, how = arrays[name], rng.choice(["drop", "rename", "size", "shape", "dtype", "number", "shuffle", "swap"])
    if how == "drop":
        del arrays[name]
    elif how == "rename":
        arrays[f"{name}x"] = arrays.pop(name)
    elif how == "size":
        how = f"size {(size := int(rng.choice([0, 1, max(array.size - 1, 0), array.size + 1, 3 * array.size + 5])))}"
        arrays[name] = np.resize(array, size) if array.size else np.zeros(size, array.dtype)
    elif how == "shape":
        arrays[name] = array[None] if rng.random() < 0.5 else array.reshape(-1, 1)
    elif how == "dtype":
        how = f"dtype {(dtype := rng.choice(DTYPES))}"
        arrays[name] = _as(array, dtype)
    elif how == "number" and array.size and array.dtype.kind in "iuf":
        number = NUMBERS[rng.integers(len(NUMBERS))]
        how, arrays[name] = f"number {number}", array.copy()
        where = rng.random(array.shape) < (1.0 if rng.random() < 0.3 else 2.0 / array.size)
        if array.dtype.kind == "f" or (np.isfinite(number) and abs(number) < 2**62):
            with np.errstate(all="ignore"):
                arrays[name][where] = np.asarray(number).astype(array.dtype)
    elif how == "shuffle":
        arrays[name] = rng.permutation(array.ravel()).reshape(array.shape)
    elif how == "swap":
        arrays[name] = arrays[other := str(rng.choice(sorted(arrays)))]
        how = f"swap with {other}"
    return how


def _as(array, dtype):
    """Return an array of another type, if there is a way from one to the other."""
    if array.dtype.kind == "U":
        return array.astype("S20")
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return array.astype("i8").astype(dtype) if dtype.startswith("M8") else array.astype(dtype)


def _mutated_text(text, rng):
    """Return a description with one change, and what it is."""
    if rng.random() < 0.1:
        at = int(rng.integers(len(text)))
        return np.array(text[:at] + "{" * int(rng.integers(2))), f"JSON cut at {at}"
    tree = json.loads(text)
    *path, last = _path_in(tree, rng)
    parent = tree
    for key in path:
        parent = parent[key]
    how = rng.choice(["drop", "rename", "value", "value", "value", "add"])
    what = f"JSON {'/'.join(map(str, [*path, last]))[:80]}: {how}"
    if how == "drop" and isinstance(parent, dict):
        del parent[last]
    elif how == "rename" and isinstance(parent, dict):
        parent[f"{last}x"] = parent.pop(last)
    elif how == "add" and isinstance(parent, dict):
        parent["more"] = 1
    else:
        parent[last] = VALUES[rng.integers(len(VALUES))]
        what += f" {parent[last]!r}"
    return np.array(json.dumps(tree)), what


def _path_in(tree, rng):
    """Return the keys to a random place in JSON."""
    path = []
    while isinstance(tree, dict | list) and len(tree):
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        path.append(keys[rng.integers(len(keys))])
        tree = tree[path[-1]]
        if rng.random() < 0.15:
            break
    return path


def _damage(path, rng):
    """Cut a file, or change one of its bytes."""
    content = bytearray(path.read_bytes())
    at = int(rng.integers(len(content)))
    if rng.random() < 0.5:
        content[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(content)
        return f"bit in byte {at}"
    path.write_bytes(content[:at])
    return f"cut at byte {at}"


def is_checked(error):
    """Return whether an error comes from a check of brainsim, or of what reads bytes, and not from code that stumbled."""
    while error.__cause__ is not None:
        error = error.__cause__
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if frame.filename.startswith(PACKAGE):
        return linecache.getline(frame.filename, frame.lineno).lstrip().startswith("raise ")
    return any(f"/{reader}" in frame.filename for reader in READERS)


def attempt(load):
    """Return (what a function returns, None), or (None, the ValueError that it raises)."""
    try:
        return load(), None
    except ValueError as error:
        return None, error
