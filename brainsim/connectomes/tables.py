"""Tables that users have: files of text, Parquet and Feather, and frames in memory.

Nothing is guessed of a column: text stays text, and what becomes a number is converted by `Column`. Large files are read by
pyarrow. Without it, files of text are read line by line, which also finds the line of a mistake.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.connectomes.coded_columns import Column, as_array, encode
from brainsim.core.checks import nearest, warn_user
from brainsim.core.doors import optional
from brainsim.models.pair_lists import names_of

SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": " "}
ENDINGS = ".csv, .tsv, .txt (also with .gz), .parquet or .feather"
BLOCK = 8 << 20  # bytes of text that a thread of pyarrow reads at a time


class Table:
    """A table whose columns are read when they are asked for.

    Attributes
    ----------
    file : str
        What messages call it: the quoted name of the file, or "the table".
    names : list of str
        Its columns.
    label : str
        How messages begin.
    """

    def __init__(self, file: str, names: Sequence[Any], label: str) -> None:
        self.file, self.names, self.label = file, list(names), label

    def name_of(self, *choices: str) -> str:
        """Return the first of some names that is a column; ValueError, which lists the columns, if none is."""
        for name in choices:
            if name in self.names:
                return name
        wanted, there = " or ".join(map(repr, choices)), ", ".join(map(repr, self.names)) or "none"
        near = nearest(choices[0], self.names)
        near = near if "did you mean" in near else ""
        raise ValueError(f"{self.label}: {self.file} has no column {wanted}; its columns are {there}{near}")

    def column(self, *choices: str) -> Column:
        """Return the column with the first of some names that there is."""
        return self.columns([self.name_of(*choices)])[0]

    def columns(self, names: Sequence[str]) -> list[Column]:
        """Return some columns; ValueError if two of the table have one of the names."""
        if twice := [name for name in names if self.names.count(name) > 1]:
            raise ValueError(f"{self.label}: {self.file} has {self.names.count(twice[0])} columns {twice[0]!r}; rename them")
        return [self._column(name, *coded) for name, coded in zip(names, self._read(list(names)), strict=True)]

    def place(self, row: int) -> str:
        """Return where a row is."""
        return f"{self.file}, row {row} (the first is 0)"

    def _column(self, name, values, codes):
        return Column(name, values, codes, self.place, self.label)

    def _read(self, names):
        """Return (values, codes) of some columns."""
        raise NotImplementedError

    def damaged(self, error: object) -> ValueError:
        """Return the error that the file cannot be read."""
        return ValueError(f"{self.label}: {self.file} is damaged, or was cut off ({error})")


class TextTable(Table):
    """A file of lines, with a first line of names unless they are given."""

    def __init__(self, path: Path, separator: str, header: Sequence[str] | None, label: str) -> None:
        self.path, self.separator, self.titles = path, separator, int(header is None)
        super().__init__(repr(path.name), header or (), label)
        self._check_end()
        if header is None:
            self.titles, self.names = next(self._lines(check=False), (1, []))  # a quoted name may have a line break
            if not self.names:
                raise ValueError(f"{label}: {self.file} is empty")

    def place(self, row: int) -> str:
        """Return the line of a row."""
        return f"{self.file}, line {row + 1 + self.titles}"

    def _read(self, names):
        try:
            import pyarrow
        except ImportError:
            return self._read_lines(names)
        try:
            columns = self._read_arrow(pyarrow, names)
            return [encode_arrow(columns.pop(name)) for name in names]  # the texts of one are freed before the next
        except (pyarrow.ArrowException, OSError):
            return self._read_lines(names)  # finds the line of a mistake, or reads texts with line breaks

    def _read_arrow(self, pyarrow, names):
        from pyarrow import csv as arrow

        # As texts: pyarrow would make floats of identifiers if a later line has a point. Empty ones are found in the
        # dictionaries afterwards; looking for them here, or making dictionaries here, takes half as long again.
        table = arrow.read_csv(
            self.path,
            read_options=arrow.ReadOptions(column_names=self.names, skip_rows=self.titles, block_size=BLOCK),
            parse_options=arrow.ParseOptions(delimiter=self.separator),
            convert_options=arrow.ConvertOptions(include_columns=names, column_types=dict.fromkeys(names, pyarrow.string())),
        )
        return {name: table[name] for name in names}

    def _read_lines(self, names):
        wanted = [self.names.index(name) for name in names]
        codes: list[list[int]] = [[] for _ in names]
        known: list[dict[str, int]] = [{"": -1} for _ in names]
        for _, line in self._lines():
            for of, code, k in zip(known, codes, wanted, strict=True):
                code.append(of.setdefault(line[k], len(of) - 1))
        return [
            (np.array(list(of)[1:], dtype=object), np.array(code, dtype=np.int32))
            for of, code in zip(known, codes, strict=True)
        ]

    def _lines(self, check=True):
        """Yield (number, fields) of each line that is not empty, after the names unless they are wanted."""
        try:
            with self._open() as file:
                reader = csv.reader(file, delimiter=self.separator)
                for line in reader:
                    if check and (not line or reader.line_num <= self.titles):
                        continue
                    if check and len(line) != len(self.names):
                        raise ValueError(
                            f"{self.label}: {self.file}, line {reader.line_num}: has {len(line)} fields, but there are "
                            f"{len(self.names)} columns; was the file cut off, or has it another separator?"
                        )
                    yield reader.line_num, line
        except (EOFError, OSError, UnicodeDecodeError, csv.Error) as error:
            raise self.damaged(error) from None

    def _open(self):
        opener: Any = gzip.open if self.path.suffix.lower() == ".gz" else open
        return opener(self.path, "rt", newline="", encoding="utf-8-sig")

    def _check_end(self):
        """Warn if the last line ends with a digit: what was cut off in the middle of a number is a number."""
        if self.path.suffix.lower() == ".gz" or not (size := self.path.stat().st_size):
            return
        with self.path.open("rb") as file:
            file.seek(size - 1)
            if file.read(1).isdigit():
                warn_user(f"{self.label}: the last line of {self.file} has no end; if the file was cut off, it is wrong")


class ArrowTable(Table):
    """A file of Parquet or Feather."""

    def __init__(self, path: Path, label: str) -> None:
        self.path = path
        self.pyarrow = optional("pyarrow", label)
        super().__init__(repr(path.name), (), label)
        self.names = self._guarded(self._names)

    def _names(self):
        if self.path.suffix.lower() == ".parquet":
            schema = optional("pyarrow.parquet", self.label).read_schema(self.path)
        else:
            with self.pyarrow.memory_map(str(self.path)) as file:
                schema = self.pyarrow.ipc.open_file(file).schema
        return [field.name for field in schema if not self.pyarrow.types.is_nested(field.type)]  # a list is no annotation

    def _read(self, names):
        module, read = ("parquet", "read_table") if self.path.suffix.lower() == ".parquet" else ("feather", "read_table")
        reader = getattr(optional(f"pyarrow.{module}", self.label), read)

        def encoded(name):
            column = reader(self.path, columns=[name])[name]
            column.validate(full=True)  # an offset of a damaged file would otherwise point outside of the memory
            return encode_arrow(column)

        # one after the other: the numbers of a column take twice the memory of its codes
        return [self._guarded(lambda name=name: encoded(name)) for name in names]

    def _guarded(self, read):
        try:
            return read()
        except (self.pyarrow.ArrowException, OSError) as error:
            raise self.damaged(error) from None


class FrameTable(Table):
    """A table in memory: a frame of pandas or polars, a table of pyarrow, a dict of arrays."""

    def __init__(self, frame: Any, label: str) -> None:
        self.frame = frame
        self._rows: tuple[str, int] | None = None  # a column, and its length
        super().__init__("the table", names_of(frame, label), label)

    def _read(self, names):
        return [self._encoded(name) for name in names]

    def _encoded(self, name):
        """Return (values, codes) of a column, which must be as long as the one that was read first."""
        column, where = self.frame[name], f"{self.label}: {self.file}, column {name!r}"
        try:
            column = column.to_numpy() if hasattr(column, "to_numpy") else column
            column = column if isinstance(column, np.ndarray) else as_array(column)
            if column.ndim != 1:
                raise ValueError(f"it must have one value for each row, and is of shape {column.shape}")
            values, codes = encode(column)
        except ValueError as error:  # also lists of different lengths, or bytes that are no text
            raise ValueError(f"{where}: cannot be read: {error}") from None
        self._rows = self._rows or (name, codes.size)
        if codes.size != self._rows[1]:
            raise ValueError(f"{where}: has {codes.size:,} rows, and {self._rows[0]!r} has {self._rows[1]:,}")
        return values, codes


def open_table(source: Any, label: str, header: Sequence[str] | None = None) -> Table:
    """Return the table in a file, or in memory; `header` names the columns of a file of text that has no line of names."""
    if isinstance(source, Table):
        return source
    if not isinstance(source, (str, os.PathLike)):
        return FrameTable(source, label)
    path = Path(source)
    suffix = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()
    if suffix not in (*SEPARATORS, ".parquet", ".feather"):
        raise ValueError(f"{label}: must end in {ENDINGS} (got {str(path)!r})")
    if not path.is_file():
        raise FileNotFoundError(f"{label}: there is no file {str(path)!r}")
    if suffix in SEPARATORS:
        return TextTable(path, SEPARATORS[suffix], header, label)
    return ArrowTable(path, label)


def encode_arrow(column: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values of a column of pyarrow, and which of them each row has, -1 if it has none."""
    import pyarrow

    if not pyarrow.types.is_dictionary(column.type):
        kind = column.type
        simple = (pyarrow.types.is_integer, pyarrow.types.is_floating, pyarrow.types.is_boolean)
        column = (column if any(test(kind) for test in simple) else column.cast(pyarrow.string())).dictionary_encode()
    column = column.unify_dictionaries()
    if column.num_chunks == 0:
        return np.array([], dtype=object), np.array([], dtype=np.int32)
    codes = np.concatenate([_indices(chunk) for chunk in column.chunks])
    values = column.chunk(0).dictionary.to_numpy(zero_copy_only=False)
    empty = np.array([value is None or value == "" for value in values.tolist()], dtype=bool)
    if empty.any():
        new = np.where(empty, -1, np.cumsum(~empty) - 1).astype(np.int32)
        values, codes = values[~empty], np.append(new, np.int32(-1))[codes]  # -1 finds the last
    return values, codes


def _indices(chunk):
    indices = chunk.indices
    return (indices.fill_null(-1) if indices.null_count else indices).to_numpy(zero_copy_only=False).astype(np.int32)
