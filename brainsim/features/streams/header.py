"""The header and the log of the folder of a stream as texts: both have checksums, and are checked before they are used."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from brainsim.results.streams.columns import Row, columns_of

FORMAT = 1
CHECKSUM = "crc32"
MAX_WIDTH = 1 << 40  # numbers in a row of a column


class Commit(NamedTuple):
    """A line of the log: the step that was reached, the rows of each column then, and the CRC-32 of what is new in each."""

    step: int
    rows: list[int]
    crc: list[int]

    def line(self) -> str:
        """Return the line, with its own checksum."""
        return with_checksum(self._asdict()) + "\n"


def with_checksum(entry: Row) -> str:
    """Return a dict as JSON in one line, with its checksum."""
    return _text_of({**entry, CHECKSUM: _sum_of(entry)})


def without_checksum(text: str | bytes) -> Row:
    """Return the dict that `with_checksum` has made a text of; raise ValueError if it was changed."""
    entry = json.loads(text)
    if not isinstance(entry, dict):
        raise ValueError("it is not a dict")
    if entry.pop(CHECKSUM, None) != _sum_of(entry):
        raise ValueError("its checksum is wrong")
    return entry


def _sum_of(entry):
    return zlib.crc32(_text_of(entry).encode())


def _text_of(entry):
    return json.dumps(entry, separators=(",", ":"), default=np.ndarray.tolist)


def commits_in(path: Path, columns: int, begin: int) -> tuple[list[Commit], int | None]:
    """Return all commits of a log, and the number of the first line that is damaged, where they end; None if none is.

    What follows the last end of a line was being written when the process was killed, and does not count. The run began at
    the step `begin`.
    """
    lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
    commits: list[Commit] = []
    last = Commit(begin, [0] * columns, [])
    for number, line in enumerate(lines, start=1):
        try:
            last = _check_commit(without_checksum(line), last)
        except (ValueError, TypeError):
            return commits, number
        commits.append(last)
    return commits, None


def _check_commit(entry, last):
    """Return a line of the log as a Commit; raise ValueError or TypeError unless it can follow the one before."""
    commit = Commit(**entry)
    whole = [commit.step, *commit.rows, *commit.crc]
    same = len(commit.rows) == len(commit.crc) == len(last.rows)
    if not same or not all(_is_whole(value) for value in whole) or commit.step < last.step:
        raise ValueError
    if any(now < before for now, before in zip(commit.rows, last.rows, strict=True)):
        raise ValueError
    return commit


def read_header(path: Path) -> Row:
    """Return the header of a stream, in which everything has the type and the size that it must have.

    Raise ValueError that names the file and the part if it is damaged, or was written by a newer version.
    """
    label = f"Result.load: {str(path)!r}"
    try:
        text = path.read_bytes()
        known = json.loads(text)
        if isinstance(known, dict) and _is_whole(known.get("format")) and known["format"] > FORMAT:
            raise _NewerError(f"was written by a newer brainsim: format {known['format']}, this one reads {FORMAT}")
        header = without_checksum(text)
        _check_header(header)
    except _NewerError as error:
        raise ValueError(f"{label} {error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{label} is damaged ({error})") from None
    return header


class _NewerError(ValueError):
    """The header is of a newer format."""


def _is_whole(value, least=0):
    return type(value) is int and value >= least


def _is_step(value):
    return value is None or _is_whole(value)


def _are_whole(values, below=None):
    return isinstance(values, list) and all(_is_whole(v) and (below is None or v < below) for v in values)


def _is_number(value):
    return type(value) in (int, float) and bool(np.isfinite(value))


def _is_text(value):
    return isinstance(value, str)


def _is_kind(value):
    """Return whether a text names a type of numbers, with the order of its bytes."""
    try:
        return _is_text(value) and np.dtype(value).kind in "iuf" and np.dtype(value).str == value
    except TypeError:
        return False


HEADER: dict[str, Callable[[Any], bool]] = {
    "begin": _is_whole,
    "completed": lambda value: _is_whole(value, -1),
    "dt": lambda value: _is_number(value) and value > 0,
    "seed": lambda value: type(value) is int,
    "populations": lambda value: isinstance(value, dict) and all(map(_is_whole, value.values())),
    **dict.fromkeys(("stats", "views", "thresholds", "resets"), lambda value: isinstance(value, dict)),
    **dict.fromkeys(("columns", "spikes", "traces", "weights"), lambda value: isinstance(value, list)),
}
ROWS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "columns": {
        "name": lambda value: _is_text(value) and value == Path(value).name != "",  # in the folder, and nowhere else
        "kind": _is_kind,
        "width": lambda value: _is_whole(value, 1) and value <= MAX_WIDTH,
    },
    "spikes": {
        "label": _is_text,
        "first": _is_whole,
        "n": _is_whole,
        "ids": lambda value: value is None or (_are_whole(value) and len(set(value)) == len(value)),
        "alone": lambda value: isinstance(value, bool),
        "start": _is_step,
        "stop": _is_step,
    },
    "traces": {
        **dict.fromkeys(("label", "variable", "unit", "column"), _is_text),
        "ids": _are_whole,
        "every": lambda value: _is_whole(value, 1),
        "start": _is_step,
        "stop": _is_step,
    },
    "weights": {
        **dict.fromkeys(("projection", "variable", "unit", "column"), _is_text),
        **dict.fromkeys(("synapses", "pre", "post"), _are_whole),
        "edges": lambda value: isinstance(value, list) and all(map(_is_number, value)),
    },
}


def _check_header(header):
    """Raise ValueError unless all entries exist and have their types, and all columns that are mentioned exist."""
    _check_row(header, HEADER, "")
    for kind, wanted in ROWS.items():
        for k, row in enumerate(header[kind]):
            if not isinstance(row, dict):
                raise ValueError(f"{kind}[{k}] is not a dict")
            _check_row(row, wanted, f"{kind}[{k}].")
    widths = {column["name"]: column["width"] for column in header["columns"]}
    if len(widths) < len(header["columns"]):
        raise ValueError("two columns have one name")
    for kind, needed in (("spikes", _of_spikes), ("traces", _of_trace), ("weights", _of_weights)):
        for k, row in enumerate(header[kind]):
            for name, width in needed(row).items():
                if widths.get(name, 0) != width:
                    raise ValueError(f"{kind}[{k}] needs a column {name!r} of {width} numbers")


def _check_row(row, wanted, label):
    for key, is_right in wanted.items():
        if key not in row:
            raise ValueError(f"{label}{key} is missing")
        if not is_right(row[key]):
            raise ValueError(f"{label}{key} is {str(row[key])[:60]!r}")


def _of_spikes(row):
    """Return name -> width of the columns that a row of spikes needs."""
    if not _is_text(row.get("of", "")) or not _are_whole(row["ids"] or [], row["n"]):
        raise ValueError(f"the spikes of {row['label']!r} have other cells than there are")
    return dict.fromkeys(columns_of(row)[:2], 1)


def _of_trace(row):
    if "at" in row and not _are_whole(row["at"], max(len(row["ids"]), 1)):  # of a rank, which has some of the cells
        raise ValueError(f"the samples of {row['label']!r} have other cells than there are")
    return {row["column"]: len(row.get("at", row["ids"]))}


def _of_weights(row):
    n = len(row["synapses"])
    if not len(row["pre"]) == len(row["post"]) == n or not _are_whole(row.get("wanted", [])):
        raise ValueError(f"the weights of {row['projection']!r} have other synapses than there are")
    name = row["column"]
    return {f"{name}.step.i8": 1, f"{name}.value.f8": n, f"{name}.count.i8": max(len(row["edges"]) - 1, 0)}
