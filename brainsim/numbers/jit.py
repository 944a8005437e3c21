"""How brainsim's functions become machine code, and where that code is kept.

All of it lies in one folder per user and per state of the sources, ``<cache>/brainsim/<fingerprint>``: Numba's own stamp
covers only the file of the function itself and misses a changed callee in another one, the fingerprint covers them all.
Numba reads its ``CACHE_DIR`` when a function is decorated; it is set for that moment and put back, so that a user's own
Numba code keeps its place.
"""

import functools
import hashlib
import importlib.util
import os
import sys
import tempfile
import warnings
from pathlib import Path

from brainsim.numbers.garbage import collector_paused

with collector_paused():
    import numba  # 0.2 s

# "numpy" removes the branch on a division by zero, which would keep loops from vectorising; fastmath stays off, since
# it would make the last bits depend on the width of the processor's vectors.
# No reference counting: Python holds every array while a kernel runs. Counting, which is atomic, took 1.5 of the 5
# microseconds of a step of 4,000 cells. Hence a compiled function may cut slices but not make arrays: scratch is passed in.
OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}
PACKAGE = Path(__file__).resolve().parents[1]


@functools.cache
def cache_folder():
    """Return the folder of compiled code, made if need be; a temporary one, with a warning, where none can be written.

    ``BRAINSIM_CACHE_DIR`` overrides the place, which else is the user's cache directory of the operating system.
    """
    folder = user_cache() / fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        warnings.warn(
            f"brainsim: the cache folder {folder} cannot be written ({error.strerror or error}); kernels are compiled "
            "anew in each process. Set BRAINSIM_CACHE_DIR to a folder that can be written.",
            stacklevel=2,
        )
        return Path(tempfile.mkdtemp(prefix="brainsim-"))


def user_cache():
    """Return the folder that holds the compiled code of all versions."""
    if chosen := os.environ.get("BRAINSIM_CACHE_DIR"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "brainsim"


@functools.cache
def fingerprint():
    """Return a hash of every source that takes part in compiled code, and of Numba's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for room in ("numbers", "equations", "engine"):
        for path in sorted((PACKAGE / room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def helper(function):
    """Compile an inner function; it is kept as part of the kernels that call it, and cannot be called from Python.

    Without its wrappers the driver compiles in 3.5 s instead of 4.7.
    """
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)(function)


def kernel(function):
    """Compile an entry function, called from Python; its machine code is kept on disk."""
    return _in_cache(lambda: numba.njit(cache=True, no_cfunc_wrapper=True, **OPTIONS)(function))


def callback(signature):
    """Compile a function with a fixed C signature at once; its ``.address`` is called by the driver."""
    return lambda function: _in_cache(lambda: numba.cfunc(signature, cache=True, error_model="numpy")(function))


def load_source(text):
    """Import `text` as a module from a file in the cache folder named by the hash of the text."""
    name = "kernel_" + hashlib.sha256(text.encode()).hexdigest()[:16]
    if name in sys.modules:
        return sys.modules[name]
    path = cache_folder() / f"{name}.py"
    if not path.exists():
        # written aside and moved, so that another process never reads half a file
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".py")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _in_cache(decorate):
    previous = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        return decorate()
    finally:
        numba.config.CACHE_DIR = previous
