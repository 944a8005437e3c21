"""One file of arrays and a description: an ``.npz`` without pickles, written whole or not at all.

Arrays are members of the archive, named by paths such as ``spikes/cells/times``; the description is JSON in the member
``description``. So ``numpy.load(path)`` reads a file of brainsim anywhere, and a file from anywhere runs no code here.
"""

import json
import os
import secrets
from pathlib import Path
from urllib.parse import quote

import numpy as np

DESCRIPTION = "description"


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
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{kind}.save: there is no folder {str(path.parent)!r}")
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"{kind}.save: {name!r} holds Python objects, which are never written")
    text = json.dumps({"kind": kind, "version": version, **description})
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            (np.savez_compressed if compress else np.savez)(file, **{DESCRIPTION: np.array(text)}, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def read(path, kind, version, build):
    """Read what `write` wrote: return ``build(description, arrays)``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, truncated, of another kind or newer than `version`.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{kind}.load: there is no file {str(path)!r}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("one array, not an archive")
            arrays = {name: archive[name] for name in archive.files}
        description = json.loads(str(arrays.pop(DESCRIPTION)))
        if description["kind"] != kind:
            raise ValueError(f"it holds a {description['kind']}")
        if description["version"] > version:
            raise ValueError(f"written by a newer brainsim: format {description['version']}, this one reads {version}")
        return build(description, arrays)
    except PermissionError:
        raise
    except Exception as error:  # zip, npy and JSON readers fail on damaged bytes in a dozen ways; all mean the same
        why = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else _plain(error)
        raise ValueError(f"{kind}.load: {str(path)!r} is not a readable brainsim {kind.lower()} ({why})") from error


def _plain(error):
    text = str(error)
    return "it is no .npz archive" if "pickle" in text else text
