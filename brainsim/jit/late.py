"""Modules that are imported when one of their names is first used.

What writes machine code needs Numba, which takes 0.2 s to import. What finds its machine code in the cache does not.
"""

from __future__ import annotations

import importlib
from typing import Any


class Late:
    """Stands for a module; reading an attribute imports it."""

    def __init__(self, name: str):
        self.module = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # somebody looks at all names of a module
            raise AttributeError(name)
        return getattr(importlib.import_module(self.module), name)


types, cgutils, arrayobj = (Late(f"numba.{name}") for name in ("core.types", "core.cgutils", "np.arrayobj"))
ir = Late("llvmlite.ir")
