"""Packages that brainsim can use but does not need: imported where they are used, with a clear error if they are missing."""

import importlib
from typing import Any


def optional(module: str, extra: str, label: str) -> Any:
    """Import and return a module of an optional package, which the extra `extra` of brainsim installs.

    Raise ImportError, beginning with `label`, if it is not installed; the message says what to type.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        missing = (error.name or "").partition(".")[0]
        reason = "" if missing in ("", package) else f" (it lacks {missing})"
        raise ImportError(f"{label}: needs {package}{reason}; pip install 'brainsim[{extra}]'", name=error.name) from error
