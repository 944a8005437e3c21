"""Many functions in LLVM's language become one module of WebAssembly, by the LLVM that Numba brings: there is no linker.

Addresses are whole numbers of 64 bits in records. In a module with 32-bit addresses, `inttoptr` cuts them and `ptrtoint`
extends them, so records stay as they are. A function that is called by address has its index in a table for an address.
"""

import hashlib
import json
import re

import llvmlite
import llvmlite.binding as llvm

from brainsim.jit import cache
from brainsim.pages.fused import fma_text, use_fma
from brainsim.pages.objects import with_exports

OLDEST = (0, 46)  # llvmlite: earlier ones call relaxed_madd by another name
FORMAT = "page-2"  # another one when modules are made differently
TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+simd128,+bulk-memory,+bulk-memory-opt,+nontrapping-fptoint,+sign-ext,+mutable-globals"
WAYS = ("relaxed", "exact")  # of `fma`, see `fused`; a module that needs none is "plain"
LEVEL, FINAL = 3, 1  # of optimisation; the second once `fma` is linked, which is only inlined where it is called
# what the system has to provide to native code: the clock is read for profiles only
PROVIDED = """
define i32 @brainsim_clock(i32 %which, i64 %place) { ret i32 0 }
"""


def check_version():
    """Raise ImportError if this llvmlite is too old."""
    if tuple(map(int, llvmlite.__version__.split(".")[:2])) < OLDEST:
        raise ImportError(
            f"bs.page: needs llvmlite {'.'.join(map(str, OLDEST))} or newer (got {llvmlite.__version__}); "
            "type: pip install --upgrade numba llvmlite"
        )


def compile_modules(functions):
    """Return way of `fma` -> module, of functions: name in the module -> (name of all that determines it, its text).

    The text is a function that returns LLVM's text. Modules are kept in the cache of compiled code.
    """
    check_version()
    names = [(name, known) for name, (known, _) in functions.items()]
    key = hashlib.sha256(repr((FORMAT, llvmlite.__version__, FEATURES, LEVEL, names)).encode()).hexdigest()[:32]
    found = {way: stored[1] for way in ("plain", *WAYS) if (stored := cache.read(f"page-{way}-{key}"))}
    if "plain" in found or {*WAYS} <= found.keys():
        return found
    cache.tell()
    texts = {name: text() for name, (_, text) in functions.items()}
    fused = any("@llvm.fma.f64(" in text for text in texts.values())
    code, names = _whole(texts), list(texts)
    modules = {way: _compile(code, names, way) for way in (WAYS if fused else ("plain",))}
    for way, code in modules.items():
        cache.write(f"page-{way}-{key}", json.dumps(way), code)
    return modules


def _machine(features=FEATURES):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(TRIPLE).create_target_machine(opt=LEVEL, features=features, reloc="static")


def _whole(texts):
    """Return the functions as one module that is optimised, in LLVM's binary form; it still calls `fma`."""
    machine = _machine()
    whole = _parsed("", machine)
    for name, text in texts.items():
        whole.link_in(_only(_parsed(use_fma(text), machine), name))
    whole.link_in(_parsed(PROVIDED, machine))
    _hide_all_but(whole, texts)
    _optimise(whole, machine, LEVEL)
    return whole.as_bitcode()


def _compile(code, names, way):
    """Return a module of WebAssembly that exports functions under their names, with one of the ways of `fma`."""
    machine = _machine(FEATURES + (",+relaxed-simd" if way == "relaxed" else ""))
    whole = llvm.parse_bitcode(code)
    if way != "plain":
        names = [*names, "bs_is_fused"]
        fma = _parsed(fma_text(way), machine)
        _optimise(fma, machine, LEVEL)
        whole.link_in(fma)
        _hide_all_but(whole, names)
        _optimise(whole, machine, FINAL)
    return with_exports(machine.emit_object(whole), names)


def _hide_all_but(module, names):
    for function in module.functions:
        if not function.is_declaration and function.name not in names:
            function.linkage = "internal"


def _optimise(module, machine, level):
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = options.slp_vectorization = level == LEVEL
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    module.verify()


def _parsed(text, machine):
    """Return a text as a module for this machine."""
    text = re.sub(r"^target (datalayout|triple) = .*$", "", text, flags=re.MULTILINE)
    return llvm.parse_assembly(f'target datalayout = "{machine.target_data}"\ntarget triple = "{TRIPLE}"\n{text}')


def _only(module, name):
    """Return a module of which only the entry, under another name, is seen by others."""
    for each in (*module.functions, *module.global_variables):
        if not each.is_declaration and each.name != "llvm.compiler.used":
            each.linkage = "internal"
    from brainsim.jit.entry import ENTRY  # imports Numba

    function = module.get_function(ENTRY)
    function.linkage, function.name = "external", name
    return module
