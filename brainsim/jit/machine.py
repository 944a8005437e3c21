"""Machine code in memory: object code becomes functions with addresses, linked by LLVM without Numba.

An object is the code of one function, with all that it calls. It may name symbols that this process knows: functions of the
C library, those that brainsim has given to LLVM, and if indices are checked those of Numba, which is then imported.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading

import llvmlite.binding as llvm
import numpy as np

OWN = "brainsim_"  # symbols that begin like this are given to LLVM by the modules whose functions name them
OF_SYSTEM = {"memcpy", "memmove", "memset"}
if sys.platform != "win32":  # where several C libraries may be loaded, and Numba says which is meant
    OF_SYSTEM |= {"ceil", "exp", "floor", "fma", "fmod", "lgamma", "log", "log1p", "pow", "rint", "round", "trunc"}
lock = threading.Lock()
_engines: list[llvm.ExecutionEngine] = []  # one for each object, so that none uses a function of another

# the parts of an ELF file, System V Application Binary Interface, chapters 4 and 5; and how a Mach-O file begins
ELF, MACH_O, SYMBOLS = b"\x7fELF\x02\x01", b"\xcf\xfa\xed\xfe", 2
SECTION = np.dtype([("name", "u4"), ("type", "u4"), ("flags", "u8"), ("address", "u8"), ("offset", "u8"), ("size", "u8")])
SECTION = np.dtype([*SECTION.descr, ("link", "u4"), ("info", "u4"), ("align", "u8"), ("entry", "u8")])
SYMBOL = np.dtype([("name", "u4"), ("info", "u1"), ("other", "u1"), ("section", "u2"), ("value", "u8"), ("size", "u8")])


def needed_by(code: bytes) -> set[str] | None:
    """Return the symbols that object code needs from elsewhere, None if its format is not known here.

    What is not object code raises ValueError or IndexError.
    """
    if code.startswith(MACH_O):
        return None
    if not code.startswith(ELF):
        raise ValueError("this is not object code")
    start, count = np.frombuffer(code, "<u8", 1, 0x28)[0], np.frombuffer(code, "<u2", 1, 0x3C)[0]
    sections, found = np.frombuffer(code, SECTION, count, start), set()
    for section in sections[sections["type"] == SYMBOLS]:
        table = np.frombuffer(code, SYMBOL, section["size"] // SYMBOL.itemsize, section["offset"])
        for at in table["name"][(table["section"] == 0) & (table["name"] > 0)]:
            name = int(sections["offset"][section["link"]] + at)
            found.add(code[name : code.index(b"\0", name)].decode())
    return found


def load(code: bytes, name: str) -> int:
    """Return the address of the function `name` in object code; 0 if it needs a symbol that does not exist."""
    symbols = needed_by(code)
    if symbols is None or not all(symbol in OF_SYSTEM or symbol.startswith(OWN) for symbol in symbols):
        from brainsim.jit import compiler

        compiler.provide_symbols()
    with lock:
        engine = _new_engine()  # the first one lets LLVM find the symbols of this process
        if not all(map(llvm.address_of_symbol, symbols or ())):  # LLVM would end the process
            return 0
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        _engines.append(engine)
        return engine.get_function_address(name)


def _new_engine():
    if not _engines:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target.create_target_machine(jit=True))
    if os.environ.get("NUMBA_ENABLE_PROFILING", "0") != "0":
        engine.enable_jit_events()
    return engine


def invoke(address: int, *numbers: int) -> int:
    """Call the function at an address with 64-bit numbers; other threads run meanwhile."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(numbers))(address)(*numbers)
