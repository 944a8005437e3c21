"""Lines of equations that hold for several indices: ``dv[k]/dt = g*(v[k-1] - v[k])/c : mV for k in 1 to 58``."""

import re
from collections.abc import Iterator

from brainsim.equations.expressions.grammar import EquationError

FOR = re.compile(r"(.*\S)\s+for\s+(\w+)\s+in\s+(.+)", re.DOTALL)
RANGE = re.compile(r"(\d+)\s+to\s+(\d+)")
INDEX = re.compile(r"(\w+)\s*\[([^][]*)\]")
STEP = re.compile(r"(\w+)\s*([-+])\s*(\d+)")
MOST = 10_000  # values of an index
HOW = "an index runs over numbers, 'for k in 1 to 58', or over names, 'for k in soma, dendrite'"


def repeated(text: str, label: str) -> str:
    """Return a text in which each line with ``for`` stands once for each index: ``v[k]`` is ``v_1``, ``v_2`` and so on."""
    if not re.search(r"\[|\bfor\b", re.sub("#.*", "", text)):
        return text
    lines = []
    for whole in _statements(text):
        code, _, comment = whole.partition("#")
        for part in filter(None, (part.strip() for part in code.split(";"))):
            lines += [f"{line}  # {comment}" if comment else line for line in _lines_of(part, label)]
    return "\n".join(lines)


def _statements(text: str) -> Iterator[str]:
    """Yield the lines of a text, of which those that go on while a bracket is open are one, each with its last comment."""
    parts: list[str] = []
    comment = ""
    for raw in text.splitlines():
        code, _, said = raw.partition("#")
        parts, comment = [*parts, code.strip()], said.strip() or comment
        whole = " ".join(filter(None, parts))
        if whole.count("(") <= whole.count(")"):
            yield f"{whole}  # {comment}" if comment else whole
            parts, comment = [], ""
    yield " ".join(parts)


def _lines_of(code, label):
    """Return the lines that a statement stands for."""
    match = FOR.fullmatch(code)
    if match is None:
        if indexed := INDEX.search(code):
            number = indexed[2].strip()
            hint = f"write {indexed[1]}_{number}" if number.isalnum() and not number.isalpha() else HOW
            raise EquationError(label, f"an index in a line without 'for'; {hint}", code, indexed.start())
        return [code]
    body, index, values = match[1], match[2], _values(match[3].strip(), code, label)
    if not INDEX.search(body.partition("=")[0]):
        message = f"the left side needs the index, such as dv[{index}]/dt = ..."
        raise EquationError(label, message, code, 0)
    return [_at(body, index, value, code, label) for value in values]


def _values(text, code, label):
    """Return the values of an index, as texts."""
    if numbers := RANGE.fullmatch(text):
        first, last = int(numbers[1]), int(numbers[2])
        if not first <= last < first + MOST:
            raise EquationError(label, f"must be 1 to {MOST} lines (got {text})", code, code.rindex(text))
        return [str(k) for k in range(first, last + 1)]
    names = [name.strip() for name in text.split(",")]
    if not all(name.isalnum() or name.isidentifier() for name in names) or len({*names}) < len(names):
        raise EquationError(label, HOW, code, code.rindex(text))
    return names


def _at(body, index, value, code, label):
    """Return the line of one value of an index."""

    def name(match):
        inside = match[2].strip()
        if inside == index:
            return f"{match[1]}_{value}"
        step = STEP.fullmatch(inside)
        if inside.isdigit():
            return f"{match[1]}_{inside}"
        if step is None or step[1] != index or not value.isdigit():
            raise EquationError(label, f"the index is {index}, or {index} + 1 if it is a number", code, match.start(2))
        number = int(value) + int(step[2] + step[3])
        if number < 0:
            message = f"{match[0]} is {match[1]}[{number}] for {index} = {value}; the ends are lines of their own"
            raise EquationError(label, message, code, match.start())
        return f"{match[1]}_{number}"

    return INDEX.sub(name, body)
