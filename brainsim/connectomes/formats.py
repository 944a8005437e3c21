"""The formats of mapped brains. Each is a function that `register_format` has put into the table, in a separate file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from brainsim.connectomes.brain import Brain
from brainsim.core.checks import one_of

F = TypeVar("F", bound=Callable[..., Brain])
FORMATS: dict[str, Format] = {}  # name -> format, in the order in which `read` tries them


@dataclass(frozen=True)
class Format:
    """A format: the function that reads it, and the files by which a folder is recognised.

    Attributes
    ----------
    name : str
    reader : callable
        Takes the paths of the files under the names of `files` and `optional`, and options.
    files, optional : dict of str to str
        Argument -> pattern of the name of a file, which a folder must or may have.
    """

    name: str
    reader: Callable[..., Brain]
    files: Mapping[str, str]
    optional: Mapping[str, str]

    def found(self, folder: Path) -> dict[str, Path] | None:
        """Return argument -> file of a folder, or None if one is missing; ValueError if several would do."""
        given = {}
        for argument, pattern in {**self.files, **self.optional}.items():
            matching = sorted(folder.glob(pattern))
            if not matching and argument in self.files:
                return None
            if len(matching) > 1:
                names = ", ".join(repr(path.name) for path in matching)
                raise ValueError(f"connectomes.read: several files match {pattern!r}: {names}; use {self.reader.__name__}")
            if matching:
                given[argument] = matching[0]
        return given


def register_format(name: str, files: Mapping[str, str], optional: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Return a decorator that puts a reader into the table of formats.

    Parameters
    ----------
    name : str
        The name of the format.
    files : dict of str to str
        Argument of the reader -> pattern of the name of its file, all of which a folder of this format has.
    optional : dict of str to str, optional
        The same for files that it may have.

    Examples
    --------
    >>> import numpy as np
    >>> from brainsim.connectomes import Brain, Edges, register_format
    >>> @register_format("pairs", {"path": "pairs.npy"})                                  # doctest: +SKIP
    ... def read_pairs(path, **options):
    ...     pre, post, count = np.load(path)
    ...     return Brain(range(pre.max() + 1), {}, Edges(pre, post, count, count > 0), **options)
    """

    def put(reader: F) -> F:
        FORMATS[name] = Format(name, reader, dict(files), dict(optional or {}))
        return reader

    return put


def read(folder: str | os.PathLike, format: str | None = None, **options: Any) -> Brain:
    """Return the brain in a folder of files that keep the names under which they are published.

    Parameters
    ----------
    folder : str or Path
        The folder.
    format : str, optional
        ``"codex"``, ``"hemibrain"``, ``"larva"``, ``"neuprint"``, ``"shiu"``, ``"worm"`` or one of your own; by default the
        first whose files are there.
    **options
        Passed on to the reader of the format, such as `read_codex`.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such folder, it is a file, or the files of no format are in it.
    ValueError
        If several files would do, or one of them is damaged.

    Examples
    --------
    >>> import brainsim as bs
    >>> brain = bs.connectomes.read("flywire", unknown=0)                                 # doctest: +SKIP
    """
    place = Path(folder)
    if place.is_file():
        raise NotADirectoryError(f"connectomes.read: {str(folder)!r} is a file; give the folder in which the files are")
    if not place.is_dir():
        raise FileNotFoundError(f"connectomes.read: there is no folder {str(folder)!r}")
    chosen = FORMATS.values() if format is None else [FORMATS[one_of(format, FORMATS, "connectomes.read.format")]]
    for of in chosen:
        if (files := of.found(place)) is not None:
            return of.reader(**files, **options)
    wanted = "; ".join(f"{of.name}: {' and '.join(of.files.values())}" for of in chosen)
    raise FileNotFoundError(f"connectomes.read: {str(folder)!r} does not have the files of a format ({wanted})")
