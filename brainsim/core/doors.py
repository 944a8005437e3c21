"""What is imported when it is used: modules that lie above, through doors, and optional packages.

A description or a result offers as its method what a higher module does: `Network.estimate` counts what the engine keeps,
`Projection.synapses` samples rows as it does, `Result.view` and `simulate(live=True)` draw. `Result.save`, `load` and
`to_nwb` know the formats of files, which are made of results. Users look for them there; who does not call them does not
load what they need. Nothing else calls upwards.
"""

import importlib
from collections.abc import Callable
from typing import Any

DOORS = {
    "estimate": "brainsim.engine.estimates.cost:estimate",
    "synapses": "brainsim.engine.synapses.readback:drawn_table",
    "save": "brainsim.results.formats:save",
    "load": "brainsim.results.formats:read",
    "nwb": "brainsim.results.nwb:nwb_file",
    "view": "brainsim.plot.viewer:view",
    "live": "brainsim.plot.live:following",
}

# optional module -> what pip installs, where this is another name, a certain version, or more than one package
PACKAGES = {"cect": "--no-deps cect", "mpi4py": "mpi4py mpich", "pyNN": "'pynn>=0.13,<0.14'", "pynestml": "nestml"}


def through(door: str) -> Any:
    """Return the function behind a door."""
    return load(DOORS[door])


def load(place: str) -> Any:
    """Import a module and return what has a name in it; the place is written ``"module:name"``."""
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)


def show_by(module: str, function: str) -> Callable[[Any], str | None]:
    """Return a method ``_repr_html_`` that calls a function of a module, which is imported when it is needed.

    If the function raises, the method answers None: notebooks then show the plain text.
    """

    def _repr_html_(self: Any) -> str | None:
        try:
            return getattr(importlib.import_module(module), function)(self)
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
