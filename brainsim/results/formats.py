"""The formats of files of results: the suffix of a path says which one is written and read, ``.npz`` by default.

A format is a class that `register_format` has put into the table, in a separate file.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from brainsim.core.doors import listed_doors, load_or_name, optional, through
from brainsim.core.files import check_free, check_path, remove_leftovers
from brainsim.core.hooks import reject_misspelled

if TYPE_CHECKING:
    from brainsim.results.blocks import Recording
    from brainsim.results.result import Result

# suffix -> the module in which the format registers itself; it is imported when a file of this suffix is written or read
MODULES = {".npz": "brainsim.results.npz"} | {
    door.removeprefix("format: "): place for door, place in listed_doors().items() if door.startswith("format: ")
}
MARKS = ("header.json", "commits.jsonl", "ranks.json")  # files of the folder of a stream
FORMATS: dict[str, Format] = {}  # suffix -> format


class Format:
    """A format of files.

    Attributes
    ----------
    suffixes : tuple of str
        Endings of its files; messages name the first one.
    package : str, optional
        The module that it needs.
    lacks : tuple of str
        Which of "traces" and "weights" it has no place for: a run with ``to=`` then warns when it begins.
    is_folder : bool
        Whether a "file" is a folder.
    is_lazy : bool
        Whether spikes and samples are read from a file when they are looked at.
    uncompressed : str, optional
        Why ``compress=True`` is not possible.
    """

    suffixes: ClassVar[tuple[str, ...]]
    package: ClassVar[str | None] = None
    lacks: ClassVar[tuple[str, ...]] = ()
    is_folder: ClassVar[bool] = False
    is_lazy: ClassVar[bool] = False
    uncompressed: ClassVar[str | None] = None

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        reject_misspelled(cls, Format)

    def write(self, recording: Recording, path: Path, label: str, compress: bool = False) -> None:
        """Write a Recording, whose spikes and samples come in blocks; `label` is how messages begin.

        ``recording.result()`` is the whole Result, for a format that cannot be written in blocks.
        """
        raise NotImplementedError(
            f"{label}: files that end in {self.suffixes[0]} can be read, but not written: {_no(self, 'write')}"
        )

    def read(self, path: Path) -> Result:
        """Return the Result in a file."""
        raise NotImplementedError(
            f"Result.load: files that end in {self.suffixes[0]} can be written, but not read: {_no(self, 'read')}"
        )


def _no(of, method):
    return f"the format {type(of).__name__} has no method {method}"


def register_format(cls: type[Format]) -> type[Format]:
    """Put a class derived from `Format` into the table; decorates it.

    Examples
    --------
    >>> @register_format                                                # doctest: +SKIP
    ... class Lines(Format):
    ...     suffixes = (".csv",)
    ...     lacks = ("traces", "weights")
    ...
    ...     def write(self, recording, path, label, compress=False):
    ...         cells = recording.result().spikes["cells"]
    ...         np.savetxt(path, np.column_stack([cells.times, cells.ids]), delimiter=",")
    """
    FORMATS.update(dict.fromkeys(cls.suffixes, cls()))
    return cls


def format_of(path: str | os.PathLike) -> Format:
    """Return the format of a path, by its suffix; ``.npz`` for any other suffix."""
    suffix = Path(path).suffix.lower()
    suffix = suffix if suffix in FORMATS or suffix in MODULES else ".npz"
    if suffix not in FORMATS:
        load_or_name(MODULES[suffix], str(path), f"the format {suffix}")
    return FORMATS[suffix]


def is_stream(path: str | os.PathLike) -> bool:
    """Return whether a path is the folder of a stream."""
    return any((Path(path) / mark).is_file() for mark in MARKS)


def endings(conjunction: str = "or") -> str:
    """Return the suffixes of all formats as text, one for each: ``.h5, .npz, .nwb or .parquet``."""
    modules = MODULES | {suffix: type(of).__qualname__ for suffix, of in FORMATS.items() if suffix not in MODULES}
    *others, last = sorted({module: suffix for suffix, module in reversed(modules.items())}.values())
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def name_of(path: str | os.PathLike, label: str) -> str:
    """Return a path as text; raise the errors of `check_path` if it is none."""
    check_path(path, label, "run.npz")
    return os.fspath(path)


def check_suffix(path: str | os.PathLike, label: str, or_folder: bool = False) -> None:
    """Raise ValueError unless the suffix of a path is that of a format; `or_folder` names the other choice as well."""
    text = name_of(path, label)
    if Path(text).suffix.lower() not in MODULES | FORMATS or text.endswith(("/", os.sep)):
        more = ", or in / for a folder of raw columns" if or_folder else ""
        raise ValueError(f"{label}: must end in {endings()}{more} (got {text!r}){_if_deleted()}")


def _if_deleted():
    """Return what messages add in a copy of the package that has no format but its own."""
    return (
        "; this copy of brainsim lacks all others, which were deleted; install brainsim again" if len(MODULES) == 1 else ""
    )


def check_target(path: str | os.PathLike, label: str, or_folder: bool = False) -> None:
    """Raise an error, before any work is done, unless a file of this name can be written: its suffix, package and folder."""
    check_suffix(path, label, or_folder)
    target, of = Path(path), format_of(path)
    if of.package:
        optional(of.package, label)
    if type(of).write is Format.write:
        raise NotImplementedError(
            f"{label}: files that end in {of.suffixes[0]} can be read, but not written: {_no(of, 'write')}"
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{label}: there is no folder {str(target.parent)!r}")
    if target.is_dir() and not of.is_folder:
        raise IsADirectoryError(f"{label}: {str(path)!r} is a folder; name a file in it")


def lacking(path: str | os.PathLike, wanted: Collection[str]) -> list[str]:
    """Return which of "traces" and "weights" are wanted but have no place in the format of a path."""
    return [name for name in format_of(path).lacks if name in wanted]


def write(recording: Recording, path: str | os.PathLike, label: str, compress: bool = False) -> Path:
    """Write a Recording to a file of the format of its path, and return the path."""
    of = format_of(path)
    if of.package:
        optional(of.package, label)
    if compress and of.uncompressed:
        raise ValueError(f"{label}.compress: must be False for an {of.suffixes[0]} file: {of.uncompressed}")
    of.write(recording, Path(path), label, compress)
    return Path(path)


def save(result: Result, path: str | os.PathLike, compress: bool = False) -> Path:
    """Write a Result to a file of the format of its path, and return the path; an unknown suffix is an error."""
    from brainsim.results.blocks import recording_of

    if not os.path.exists(name_of(path, "Result.save")) or os.path.isfile(
        path
    ):  # a folder or a device has an error of its own
        check_suffix(path, "Result.save")
    return write(recording_of(result), path, "Result.save", compress)


def read(path: str | os.PathLike) -> Result:
    """Return the Result in a file, or in the folder of a stream."""
    name_of(path, "Result.load")
    with contextlib.suppress(ValueError):  # such as of a path without a name, about which the format has a message
        remove_leftovers(path)  # of a process that was killed when the file was complete, so nothing is written there again
    if is_stream(path):
        return through("folder of a stream", "Result.load")(path).result()
    of = format_of(path)
    if of.package:
        optional(of.package, "Result.load")
    if not Path(path).exists():
        kind = "folder" if of.is_folder else "file"
        more = _if_deleted() if Path(path).suffix.lower() not in MODULES | FORMATS else ""
        raise FileNotFoundError(f"Result.load: there is no {kind} {str(path)!r}{more and ' of a known format' + more}")
    return of.read(Path(path))


def convert(
    source: str | os.PathLike, target: str | os.PathLike, *, overwrite: bool = False, option: str = "overwrite=True"
) -> Path:
    """Write what a file or a folder holds to a file of another format, and return its path.

    Parameters
    ----------
    source : str or Path
        A file that `Result.save` or ``simulate(..., to=)`` wrote, or the folder of a run that did not end; it stays.
    target : str or Path
        The file; its suffix says its format.
    overwrite : bool
        Whether a file that exists may be replaced, when the new one is complete.
    option : str
        What a message says that the user should write to overwrite it.

    Raises
    ------
    ValueError
        If the suffix is not known, or the source is damaged.
    FileNotFoundError
        If there is no source.
    FileExistsError
        If the target exists, and `overwrite` is not set.
    ImportError
        If the format needs a package that is not installed.
    """
    check_target(target, "convert")
    check_free(target, "convert", overwrite, option)
    if not Path(source).exists():
        raise FileNotFoundError(f"convert: there is no {str(source)!r}")
    return write(_recording_in(source), target, "convert")


def _recording_in(path: str | os.PathLike) -> Any:
    from brainsim.results.blocks import recording_of

    return through("folder of a stream", "convert")(path).recording() if is_stream(path) else recording_of(read(path))
