"""Late imports: calls into higher layers ("doors"), and optional packages.

A description or a result offers as its method what a higher module does: `Projection.synapses` samples rows as the engine
does, `Result.view` and `simulate(live=True)` draw, `Result.save` and `load` know the formats of files. Users look for them
there; who does not call them does not load what they need. Nothing else calls upwards.

Doors into a feature or a public room are listed in the file ``doors.txt`` of its folder, a line for each: the words of the
door, ``=``, and module and name within the folder. So the core names no feature. A folder can be deleted: who then asks for
what it offers reads that this copy of brainsim lacks it.
"""

import functools
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
CORE = {
    "synapses": "brainsim.engine.synapses.readback:drawn_table",
    "save": "brainsim.results.formats:save",
    "load": "brainsim.results.formats:read",
}
LIST = "doors.txt"
DEEPEST = 2  # folders within folders that are searched for lists

# optional module -> what pip installs, where this is another name, a certain version, or more than one package
PACKAGES = {
    "brian2": "'brian2>=2.9,<2.12' 'numpy<2.4'",
    "cect": "--no-deps cect",
    "mpi4py": "mpi4py mpich",
    "pyNN": "'pynn>=0.13,<0.14'",
    "pynestml": "nestml",
}


def through(door: str, label: str = "brainsim") -> Any:
    """Return the function or the module behind a door; raise ImportError, beginning with `label`, if it was deleted."""
    return load_or_name(CORE.get(door) or listed_doors().get(door), label, door)


def load_or_name(place: str | None, label: str, what: str) -> Any:
    """Load a place; if it was deleted, raise ImportError, beginning with `label`, that names `what` was deleted."""
    lacking = f"{label}: this copy of brainsim lacks {what!r}, which was deleted; install brainsim again"
    if place is None:
        raise ImportError(lacking)
    try:
        return load(place)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(PACKAGE.name):
            raise
        if not f"{place.partition(':')[0]}.".startswith(f"{error.name}."):  # what is there needs something that is not
            lacking = lacking.replace(repr(what), repr(error.name))
        raise ImportError(lacking, name=error.name) from error


def all_through(kind: str) -> list[Any]:
    """Return what is behind all doors of a kind, ``"kind: words"``, in the order of these words; not what was deleted."""
    found = []
    for place in (place for door, place in sorted(listed_doors().items()) if door.startswith(f"{kind}: ")):
        try:
            found.append(load(place))
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith(PACKAGE.name):
                raise
    return found


@functools.cache
def listed_doors() -> dict[str, str]:
    """Return the words of the doors that features and rooms list -> ``"module:name"``."""
    root: Any = PACKAGE
    if not root.is_dir():  # in a zip file
        from importlib.resources import files

        root = files(PACKAGE.name)
    return dict(_listed_below(root, PACKAGE.name, DEEPEST))


def _listed_below(folder, package, depth) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.name == LIST:
            for line in each.read_text(encoding="utf-8").splitlines():
                door, _, place = line.partition("=")
                if place:
                    yield door.strip(), f"{package}.{place.strip()}"
        elif depth and "." not in each.name and each.name[0] != "_" and each.is_dir():
            yield from _listed_below(each, f"{package}.{each.name}", depth - 1)


def load(place: str) -> Any:
    """Import a module; return it, or what has a name in it if the place is written ``"module:name"``."""
    module, _, name = place.partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, name) if name else loaded


def show_by(door: str) -> Callable[[Any], str | None]:
    """Return a method ``_repr_html_`` that calls the function behind a door.

    If the function raises, the method answers None: notebooks then show the plain text.
    """

    def _repr_html_(self: Any) -> str | None:
        try:
            return through(door)(self)
        except Exception:
            return None

    return _repr_html_


def to_install(module: str) -> str:
    """Return the command that installs the optional package of a module.

    It names the package itself, not an extra of brainsim: in the public index, the name brainsim belongs to another project.

    Examples
    --------
    >>> to_install("pynestml")
    'pip install nestml'
    """
    package = module.partition(".")[0]
    return f"pip install {PACKAGES.get(package, package)}"


def optional(module: str, label: str) -> Any:
    """Import and return a module of an optional package.

    Raise ImportError, beginning with `label`, if it is not installed; the message says what to type.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        missing = (error.name or "").partition(".")[0]
        reason = "" if missing in ("", package) else f" (it lacks {missing})"
        raise ImportError(f"{label}: needs {package}{reason}; {to_install(module)}", name=error.name) from error
