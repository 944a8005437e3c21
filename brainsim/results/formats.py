"""The formats of files of results: the suffix of a path says which one is written and read, ``.npz`` by default."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

# suffix -> the module with `write(result, path, compress)` and `read(path)`
MODULES = {".nwb": "brainsim.results.nwb"}


def module_for(path: str | os.PathLike) -> Any:
    """Return the module that writes and reads the format of a path, None for brainsim's own."""
    name = MODULES.get(Path(path).suffix.lower())
    return importlib.import_module(name) if name else None
