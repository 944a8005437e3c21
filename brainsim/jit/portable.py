"""A compiled function as LLVM's text before it is optimised for this processor: it can become code of another one.

This module is imported when such a text is needed, and imports Numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brainsim.jit import compiler  # noqa: F401 - first, since it imports Numba without pauses

import numba  # isort: skip
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager, register_pass

from brainsim.jit.entry import EntryCompiler, EntryLowering
from brainsim.jit.inner import InnerLibrary
from brainsim.jit.passes import passes_with, remember_types


@register_pass(mutates_CFG=True, analysis_only=False)
class PortableLowering(EntryLowering):
    """Translate a function and its entry into LLVM's language, and leave both as they are."""

    _name = "portable_lowering"
    library_class = InnerLibrary


class PortableCompiler(EntryCompiler):
    """The compiler of entries without the optimiser."""

    def define_pipelines(self) -> list[PassManager]:
        """Return the passes of Numba, one of them replaced."""
        return [passes_with(PortableLowering, self.state)]


def portable_text(function: Callable, signature: Any) -> str:
    """Return a function, with all that it calls, as LLVM's text; its entry is called `brainsim.jit.entry.ENTRY`."""
    with global_compiler_lock:
        dispatcher = numba.njit(pipeline_class=PortableCompiler, **compiler.OPTIONS)(function)
        with remember_types():
            dispatcher.compile(signature)
        (compiled,) = dispatcher.overloads.values()
        return str(compiled.library._final_module)
