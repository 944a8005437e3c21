"""The part of Numba's work that brainsim's functions need.

Compiling the nine functions of a first network with an empty cache takes 4.4 s of processor time instead of 5.6 (means of
three runs of each, in turns); the machine code is the same but for what LLVM makes of `min` and `max`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import types
from numba.core.compiler import DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, _pass_registry
from numba.core.typed_passes import NativeLowering
from numba.core.types.functions import BaseFunction

# passes for closures, `with`, raised values, `literal_unroll`, inlined overloads and array expressions, none of which a
# compiled function has, and for reports that nobody reads
NEEDLESS = {
    "WithLifting",
    "InlineClosureLikes",
    "RewriteDynamicRaises",
    "MakeFunctionToJitFunction",
    "InlineInlinables",
    "FindLiterallyCalls",
    "LiteralUnroll",
    "LiteralPropagationSubPipelinePass",
    "InlineOverloads",
    "NopythonRewrites",
    "NoPythonSupportedFeatureValidation",
    "AnnotateTypes",
    "DumpParforDiagnostics",
}


class Passes(PassManager):
    """Passes that run one after the other, without Numba's timers and descriptions of each.

    The description of a pass spells the types of all arguments.
    """

    def run(self, state: Any) -> None:
        """Run them on a function; its name and the step come with an error, as they do in Numba."""
        for each, step in self.passes:
            one = _pass_registry.get(each).pass_inst
            one.analysis = self._analysis
            try:
                one.run_initialization(state)
                one.run_pass(state)
                one.run_finalizer(state)
            except Exception as error:
                error.add_note(f"in {state.func_id.func_qualname}: {step}")
                raise


def passes_with(lowering: type[NativeLowering], state: Any) -> PassManager:
    """Return the passes of Numba that are needed, with its last step replaced."""
    manager = Passes("brainsim")
    for each, step in DefaultPassBuilder.define_nopython_pipeline(state).passes:
        if each.__name__ not in NEEDLESS:
            manager.add_pass(lowering if each is NativeLowering else each, step)
    manager.finalize()
    return manager


_signatures: dict[tuple, tuple] = {}
_resolve = BaseFunction.get_call_type


@contextmanager
def remember_types() -> Iterator[None]:
    """Resolve each operation for each combination of types once, instead of several times for each line that has it.

    Numba would try all versions of `+` for each `a + b`, and compile `min` for each of its calls. Whoever enters this holds
    the lock of Numba's compiler.
    """
    BaseFunction.get_call_type = _remember  # type: ignore[method-assign]
    try:
        yield
    finally:
        BaseFunction.get_call_type = _resolve  # type: ignore[method-assign]


def _remember(function, context, arguments, keywords):
    """Return the signature of a function of Numba's for arguments of these types."""
    kinds = *arguments, *keywords.values()
    key = context, function, kinds, tuple(keywords), tuple(map(_literal_types, kinds))
    if key not in _signatures:
        signature = _resolve(function, context, arguments, keywords)
        _signatures[key] = signature, function._impl_keys[signature.args]
    signature, function._impl_keys[signature.args] = _signatures[key]
    return signature


def _literal_types(kind):
    """Return the types of constants, since Numba takes 1 and np.uint64(1) for equal ones."""
    if isinstance(kind, types.BaseTuple):
        return tuple(map(_literal_types, kind.types))
    return kind.literal_type if isinstance(kind, types.Literal) else None
