"""How Numba compiles a function that is only called by other compiled functions: no further than they need it.

Numba optimises each function alone, makes machine code of it, and links its optimised form into every function that calls
it, which is then optimised again as a whole. Nobody calls the machine code of an inner function, so here it stays in LLVM's
language, as it was written, until it is linked. Golden networks with an empty cache take
13.6 s of processor time instead of 15.2 s (means of three runs of each, side by side).
"""

from __future__ import annotations

from typing import Any

from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering

from brainsim.jit.passes import passes_with


class Unaddressed(JITCodeLibrary):
    """Code that Numba does not load into memory."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class InnerLibrary(Unaddressed):
    """Code that is linked into other libraries."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        """Leave it to the functions that this code is linked into."""


@register_pass(mutates_CFG=True, analysis_only=False)
class InnerLowering(NativeLowering):
    """Translate a function into LLVM's language, and make it known to the functions that call it."""

    _name = "inner_lowering"
    library_class: type[Unaddressed] = InnerLibrary

    def run_pass(self, state: Any) -> bool:
        """Do both; Python gets a function without an address."""
        state.library = self.library_class(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        state.library.finalize()
        lowered = state["cr"]
        described = lowered.fndesc
        function = _dynfunc.make_function(
            described.lookup_module(), described.unique_name, "an inner function", 0, lowered.env, (state.library,)
        )
        state.targetctx.insert_user_function(function, described, [state.library])
        state["cr"] = lowered._replace(cfunc=function)
        return True


class InnerCompiler(CompilerBase):
    """Numba's compiler with `InnerLowering` in place of its own last step."""

    def define_pipelines(self) -> list[PassManager]:
        """Return the passes of Numba, one of them replaced."""
        return [passes_with(InnerLowering, self.state)]
