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
FORMAT = "page-1"  # another one when modules are made differently
TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+simd128,+bulk-memory,+bulk-memory-opt,+nontrapping-fptoint,+sign-ext,+mutable-globals"
WAYS = ("relaxed", "exact")  # of `fma`, see `fused`; a module that needs none is "plain"
LEVEL = 3
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
    modules = {way: _compile(texts, way) for way in (WAYS if fused else ("plain",))}
    for way, code in modules.items():
        cache.write(f"page-{way}-{key}", json.dumps(way), code)
    return modules


def _compile(texts, way):
    """Return a module that exports functions under their names, with one of the ways of `fma`."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    features = FEATURES + (",+relaxed-simd" if way == "relaxed" else "")
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(opt=LEVEL, features=features, reloc="static")
    whole, names = _parsed("", machine), list(texts)
    for name, text in texts.items():
        whole.link_in(_only(_parsed(use_fma(text), machine), name))
    whole.link_in(_parsed(PROVIDED, machine))
    _hide_all_but(whole, names)
    options = llvm.create_pipeline_tuning_options(speed_level=LEVEL)
    options.loop_vectorization = options.slp_vectorization = True
    _optimise(whole, machine, options)
    if way != "plain":
        whole.link_in(_parsed(fma_text(way), machine))
        names.append("bs_is_fused")
        _hide_all_but(whole, names)
        _optimise(whole, machine, options)
    return with_exports(machine.emit_object(whole), names)


def _hide_all_but(module, names):
    for function in module.functions:
        if not function.is_declaration and function.name not in names:
            function.linkage = "internal"


def _optimise(module, machine, options):
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
