"""Docstrings of brainsim as reStructuredText: stars and bars are letters in them, and a DOI is a link."""

import re

LITERAL = re.compile(r"(``.*?``|`[^`]*`_{0,2})")
DOI = re.compile(r"doi:(10\.[^\s,;)]*[^\s,;).])")
SECTION = re.compile(r"^([A-Z][\w ]*)\n-{3,}$", re.M)


def description_of(text):
    """Return the part of a docstring before its first section."""
    found = SECTION.search(text)
    return text[: found.start()].rstrip() if found else text.rstrip()


def sections_of(text):
    """Return the part of a docstring from its first section on."""
    found = SECTION.search(text)
    return text[found.start() :] if found else ""


def as_rst(text):
    """Return the text of a docstring with its letters protected, and DOIs as links."""
    lines, code, table = [], False, False
    for line in text.splitlines():
        indented = line.startswith("    ") or not line.strip()
        code = indented and (code or (bool(lines) and lines[-1].rstrip().endswith("::")))
        table = bool(line.strip()) and (table or line.startswith("==="))
        example = line.lstrip().startswith((">>>", "..."))
        lines.append(line if code or table or example else _protected(line))
    return "\n".join(lines)


def with_notes(text):
    """Return a docstring whose prose after the list of parameters is a section: it would be taken for parameters."""
    found = re.search(r"^Parameters\n-{3,}\n", text, re.M)
    if not found:
        return text
    after = SECTION.search(text, found.end())
    end = after.start() if after else len(text)
    blocks = re.split(r"\n\n", text[found.end() : end].strip("\n"))
    first = next((k for k, block in enumerate(blocks) if _is_prose(block)), len(blocks))
    listed, prose = "\n\n".join(blocks[:first]), "\n\n".join(blocks[first:])
    notes = f"\n\nNotes\n-----\n{prose}" if prose else ""
    return f"{text[: found.end()]}{listed}{notes}\n\n{text[end:]}"


def _is_prose(block):
    """Return whether a block of lines is a paragraph, not a parameter with its text indented below."""
    lines = block.splitlines()
    return " " in block and not any(line.startswith(" ") for line in lines)


def _protected(line):
    parts = LITERAL.split(line)
    for k in range(0, len(parts), 2):
        words = re.sub(r"(?<!\\)([*|])", r"\\\1", parts[k])
        words = re.sub(r"(\w)_(?=\W|$)", r"\1\\_", words)
        parts[k] = DOI.sub(r"`doi:\1 <https://doi.org/\1>`__", words)
    return "".join(parts)
