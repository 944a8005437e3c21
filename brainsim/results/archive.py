"""One file of arrays and a description: an ``.npz`` without pickles, written whole or not at all.

Arrays are members of the archive, named by paths such as ``spikes/cells/times``; the description is JSON in the member
``description``. So ``numpy.load(path)`` reads a file of brainsim anywhere, and a file from anywhere runs no code here.
Arrays are read when they are asked for, after a check of the size that they declare: a small file can unfold to gigabytes.
"""

import json
import math
import os
import secrets
import zipfile
from pathlib import Path
from urllib.parse import quote

import numpy as np

DESCRIPTION = "description"
NEVER_TOO_LARGE = 1 << 26  # bytes; an array up to this size is read whatever the description says
LARGEST_DESCRIPTION = 1 << 28  # bytes; that of 100,000 populations takes a tenth of it
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def member(*names):
    """Return the name of an array in the archive; whatever the parts hold, different parts give different names."""
    return "/".join(quote(name, safe=" ,()[]:+=@", errors="surrogatepass") for name in names)


def write(path, kind, version, description, arrays, compress=False):
    """Write `arrays` (member name -> array) and `description` (JSON-able dict) to `path`; return it as a Path.

    The file appears under its name only when it is complete.

    Raises
    ------
    TypeError
        For an array of objects or a description that JSON cannot hold.
    FileNotFoundError
        If the folder does not exist.
    OSError
        If `path` is a folder, a device or a pipe.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"{kind}.save: {name!r} holds Python objects, which are never written")
    text = json.dumps({"kind": kind, "version": version, **description})
    return write_arrays(path, f"{kind}.save", {DESCRIPTION: np.array(text)} | arrays, compress)


def write_arrays(path, label, arrays, compress=False):
    """Write `arrays` (member name -> array) to `path`, whole or not at all, and return it as a Path.

    What a symbolic link points to is replaced, the link is kept. Errors as of `write`; they begin with `label`.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{label}: there is no folder {str(path.parent)!r}")
    if target.is_dir():
        raise IsADirectoryError(f"{label}: {str(path)!r} is a folder; name a file in it")
    if target.exists() and not target.is_file():  # replacing a device or a pipe would take it away from all others
        raise OSError(f"{label}: {str(path)!r} is a device or a pipe; give the name of a file")
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            (np.savez_compressed if compress else np.savez)(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


class Archive:
    """The arrays of an open ``.npz`` file; each is read when it is asked for.

    Parameters
    ----------
    file : zipfile.ZipFile
    """

    def __init__(self, file):
        self._file = file
        self.names = {one.removesuffix(".npy"): one for one in file.namelist()}

    def __getitem__(self, name):
        """Return an array, whatever its size."""
        return self.take(name)

    def description(self):
        """Return the description."""
        _, dtype, _ = self._declared(DESCRIPTION)
        if dtype.itemsize > LARGEST_DESCRIPTION:
            raise ValueError(f"{DESCRIPTION!r} declares {dtype.itemsize:,} bytes, at most {LARGEST_DESCRIPTION:,} are read")
        return json.loads(str(self.take(DESCRIPTION)))

    def take(self, name, most=math.inf):
        """Return an array, or raise ValueError if it is large and has more than `most` elements."""
        shape, dtype, header = self._declared(name)
        size, size_in_bytes = math.prod(shape), math.prod(shape) * dtype.itemsize
        if dtype.hasobject:
            raise ValueError(f"{name!r} holds Python objects, which are never loaded")
        if header + size_in_bytes != self._file.getinfo(self.names[name]).file_size:
            raise ValueError(f"{name!r} is not of the size that it declares")
        if size_in_bytes > NEVER_TOO_LARGE and not size <= most:
            raise ValueError(f"{name!r} declares {size:,} values; the rest of the file allows {most:,.0f}")
        with self._open(name) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)

    def _declared(self, name):
        """Return the shape and the type that an array declares, and how long its header is."""
        with self._open(name) as stream:
            version = np.lib.format.read_magic(stream)
            if version not in HEADERS:
                raise ValueError(f"{name!r} is of format {version}, which is not read")
            shape, _, dtype = HEADERS[version](stream)
            return shape, dtype, stream.tell()

    def _open(self, name):
        if name not in self.names:
            raise ValueError(f"it holds no {name!r}")
        return self._file.open(self.names[name])


def read(path, kind, version, build):
    """Read what `write` wrote: return ``build(description, archive)``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, truncated, of another kind or newer than `version`.
    """

    def built(archive):
        description = archive.description()
        if description["kind"] != kind:
            raise ValueError(f"it holds a {description['kind']}")
        if description["version"] > version:
            raise ValueError(f"written by a newer brainsim: format {description['version']}, this one reads {version}")
        return build(description, archive)

    return read_arrays(path, f"{kind}.load", f"brainsim {kind.lower()}", built)


def read_arrays(path, label, what, build):
    """Open a file of arrays and return ``build(archive)``; the file is closed whatever happens.

    Parameters
    ----------
    path : str or Path
    label, what : str
        How messages begin, and what they call a file that can be read.
    build : function
        Takes an `Archive`.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read`; MemoryError and PermissionError come as they are.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{label}: there is no file {str(path)!r}")
    try:
        if not path.is_file():
            raise ValueError("it is a folder, a device or a pipe")
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return build(Archive(archive))
    except (PermissionError, MemoryError):
        raise
    except zipfile.BadZipFile as error:
        raise ValueError(f"{label}: {str(path)!r} is not a readable {what} (it is not a whole .npz archive)") from error
    except Exception as error:  # zip, npy and JSON readers fail on damaged bytes in a dozen ways; all mean the same
        why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{label}: {str(path)!r} is not a readable {what} ({why})") from error
