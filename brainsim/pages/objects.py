"""The format of WebAssembly: an object file becomes a module that exports functions.

LLVM writes an object file, which is already a module: it imports its memory, its table and its stack pointer. A linker would
move the data of several objects and fill in addresses; of a single object all are filled in, for data at the address 0. Only
exports are missing, and are added here.

Formats: https://webassembly.github.io/spec/core/binary for modules, and for objects the "linking" section of
https://github.com/WebAssembly/tool-conventions.
"""

HEAD = b"\0asm\1\0\0\0"  # of the first version of the format
CUSTOM, IMPORT, EXPORT, DATA = 0, 2, 7, 11
VERSION = 2  # of the section "linking"
SYMBOL_TABLE, UNDEFINED, NAMED = 8, 0x10, 0x40
FUNCTION, OF_DATA, SECTION = 0, 1, 3  # kinds of symbols
IMPORTED = ("function", "table", "memory", "global", "tag")
MOST_DATA = 1 << 15  # bytes, at the address 0


def with_exports(data, names):
    """Return an object as a module that exports functions, without what only a linker reads."""
    if data[: len(HEAD)] != HEAD:
        raise RuntimeError(
            "bs.page: this version of llvmlite writes WebAssembly in a format that is not known here; install another one"
        )
    sections, where = [], {}
    for kind, body in _sections(data):
        if kind == CUSTOM:
            name, at = _name(body, 0)
            if name == "linking":
                where = _functions(body, at)
            continue
        if kind == DATA and len(body) > MOST_DATA:
            raise RuntimeError("bs.page: constants of the compiled functions would meet the stack")
        sections.append((kind, body))
    exports = [_leb(len(n.encode())) + n.encode() + b"\0" + _leb(where[n]) for n in names]
    at = next(k for k, (kind, _) in enumerate(sections) if kind > EXPORT)
    sections.insert(at, (EXPORT, _leb(len(exports)) + b"".join(exports)))
    return HEAD + b"".join(bytes([kind]) + _leb(len(body)) + body for kind, body in sections)


def imports_of(data):
    """Return (name, kind, first size) of each import: the size of a table or a memory, else 0."""
    found = []
    for kind, body in _sections(data):
        if kind == IMPORT:
            count, at = _number(body, 0)
            for _ in range(count):
                _, at = _name(body, at)
                name, at = _name(body, at)
                what, size, at = _imported(body, at)
                found.append((name, what, size))
    return found


def _imported(body, at):
    """Return the kind of an import, its first size, and where the next one begins."""
    what, size, at = IMPORTED[body[at]], 0, at + 1
    if what == "function":
        _, at = _number(body, at)
    elif what in ("table", "memory"):
        at += what == "table"
        flags, at = _number(body, at)
        size, at = _number(body, at)
        if flags & 1:
            _, at = _number(body, at)
    else:
        at += 2
    return what, size, at


def _number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _leb(value):
    out = bytearray()
    while True:
        byte, value = value & 127, value >> 7
        out.append(byte | (128 if value else 0))
        if not value:
            return bytes(out)


def _name(data, at):
    size, at = _number(data, at)
    return data[at : at + size].decode(), at + size


def _sections(data):
    at = len(HEAD)
    while at < len(data):
        kind = data[at]
        size, start = _number(data, at + 1)
        yield kind, data[start : start + size]
        at = start + size


def _functions(body, at):
    """Return name -> index of the functions that an object defines, from its symbol table."""
    version, at = _number(body, at)
    if version != VERSION:
        raise RuntimeError(f"bs.page: LLVM writes objects of version {version}, and brainsim reads version {VERSION}")
    found = {}
    while at < len(body):
        kind = body[at]
        size, start = _number(body, at + 1)
        at = start + size
        if kind == SYMBOL_TABLE:
            count, place = _number(body, start)
            for _ in range(count):
                name, index, place = _symbol(body, place)
                if name is not None:
                    found[name] = index
    return found


def _symbol(body, at):
    """Return name and index of a symbol, None for anything but a function that is defined, and where the next begins."""
    what = body[at]
    flags, at = _number(body, at + 1)
    if what == SECTION:
        _, at = _number(body, at)
        return None, 0, at
    if what == OF_DATA:
        _, at = _name(body, at)
        for _ in range(0 if flags & UNDEFINED else 3):
            _, at = _number(body, at)
        return None, 0, at
    index, at = _number(body, at)
    name = None
    if not flags & UNDEFINED or flags & NAMED:
        name, at = _name(body, at)
    return name if what == FUNCTION and not flags & UNDEFINED else None, index, at
