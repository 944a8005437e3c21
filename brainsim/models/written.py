"""What the text of a model declares besides its equations: parameters with units, units of variables, and where they start.

    dv/dt = (v_rest - v)/tau + I/c_m : mV   # membrane potential
    v_rest = -65 mV                         # resting potential
    tau = 20 ms, > 0                        # membrane time constant
    gain = 2 : what the input is multiplied by
    v(0) = v_rest + 5*gain

A parameter is a number with a unit, or with ``:`` if it has none, which tells it from the shared expression ``gain = 2``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from brainsim.core.checks import nearest
from brainsim.core.units import WEIGHT, known_unit
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW, Called, EquationError, Tree, as_typed
from brainsim.equations.expressions.units import SPELLED
from brainsim.equations.model_parser import NOISE
from brainsim.models.attributes import owners
from brainsim.models.declared import Initial, Parameter
from brainsim.models.repeated import repeated

NUMBER = r"[-+]?\s*(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
PARAMETER = re.compile(
    rf"(?P<name>\w+)\s*=\s*(?P<value>{NUMBER})\s*(?P<unit>(?:1/)?[^\W\d_][\w*/().^]*)?\s*"
    rf"(?:,\s*(?P<sign>>=?)\s*(?P<limit>{NUMBER})\s*)?(?P<colon>:\s*(?P<meaning>.*))?$"
)
FIELD = re.compile(r"(\w+)\s*:\s*(.*)")  # a line of a whole model that gives a class attribute
EQUATION = re.compile(r"d(\w+)\s*/\s*dt\s*=(?!=)")
START = re.compile(r"(\w+)\s*\(\s*0\s*\)\s*=(?!=)\s*(.*)")


LIMIT = re.compile(rf"(\w+)\s*=\s*{NUMBER}.*,\s*>=?\s*{NUMBER}\s+[^\W\d]")
REMARK = re.compile(rf"(\w+)\s*=\s*({NUMBER})\s*((?:1/)?[^\W\d_][\w*/]*)\s+\(")
# what Brian2 writes behind a unit, and what is said of it
FLAG = re.compile(r":\s*([^:()]+?)\s*\(([a-z -]+)\)$")
FLAGS = {
    "unless refractory": "while a cell is refractory v is held, or what 'frozen: v, w' names",
    "event-driven": "variables of rules are computed from spike to spike anyway",
    "clock-driven": "on_step acts in each step",
    "summed": "a sum over other cells is a bs.Coupling",
    "shared": "a parameter with one number is shared",
    "constant": "parameters are constant",
    "constant over dt": "a line with rand() is a statement of each_step",
    "linked": "what cells read of others comes by a bs.Coupling",
}
PRIME = re.compile(r"(\w+)'\s*=")
SEVERAL = "bounds", "conditions", "frozen"  # class attributes that are several texts
COLON = "':' and a unit end a line 'dx/dt = ...', ':' and a meaning a parameter, 'tau = 20 ms : time constant'"
RANGE = re.compile(rf"(\w+)\s*=\s*({NUMBER})[^,(]*,(?!\s*>=?\s*{NUMBER}\s*(?:$|:))")


class Written(NamedTuple):
    """A text without its declarations, and what these say.

    These are parameters, variable -> (unit, meaning), and variable -> where it starts, as text.
    """

    equations: str
    parameters: dict[str, Parameter]
    variables: dict[str, tuple[str, str]]
    starts: dict[str, str]


def read_declarations(text: str, label: str) -> Written:
    """Return what a text of equations declares; `label` is the class, with which messages begin."""
    text = repeated(text, f"{label}.equations")
    found, lines, of = Written("", {}, {}, {}), [], None
    for code, meaning in _parts(text):
        if wrong := _mistake(code):
            raise EquationError(f"{label}.equations", wrong, code, 0)
        if (parameter := PARAMETER.match(code)) and (parameter["unit"] or parameter["colon"]):
            name = parameter["name"]
            _reject_twice(name, found.parameters, label, code)
            found.parameters[name] = _parameter(parameter, meaning)
        elif RANGE.match(code):
            message = "the range of a parameter is ', > 0' or ', >= 0'; other relations are conditions of the class"
            raise EquationError(f"{label}.equations", message, code, code.index(","))
        elif start := START.match(code):
            _reject_twice(start[1], found.starts, label, code)
            found.starts[start[1]] = start[2]
        else:
            of = (match[1] if (match := EQUATION.match(code)) else None) if "=" in code or of is None else of
            rest, colon, unit = (part.strip() for part in code.partition(":"))
            if colon:
                if of is None:
                    raise EquationError(f"{label}.equations", COLON, code, code.index(":"))
                found.variables[of] = ("" if unit == "1" else unit, meaning or of)
            lines.append(rest)
    for name, begins in found.starts.items():
        if name not in found.variables:
            message = f"{name!r} has no equation with a unit in this text; write dv/dt = ... : mV"
            raise EquationError(f"{label}.equations", message, f"{name}(0) = {begins}", 0)
    for name in found.parameters.keys() & found.variables.keys():
        message = f"{name!r} is a parameter, but it has an equation; where it starts is {name}(0) = ..."
        raise EquationError(f"{label}.equations", message)
    return found._replace(equations="\n".join(lines) if found.parameters or found.variables else text)


def declarations(cls: Any) -> dict[str, Parameter | Initial]:
    """Return what the body of a model class declares, and its text of equations, of which only equations are left."""
    declared = {n: s for n, s in vars(cls).items() if isinstance(s, Parameter | Initial)}
    if isinstance(text := vars(cls).get("equations"), str):
        written = read_declarations(text, cls.__name__)
        cls.equations = written.equations
        called = {n: s.timed for n, s in (cls.parameters | declared).items() if getattr(s, "called", False)}
        of_text: dict[str, Any] = dict(written.parameters)
        if written.variables:
            of_text |= initials_of(written, cls.__name__, called)
        if twice := of_text.keys() & declared.keys():
            raise EquationError(f"{cls.__name__}.{min(twice)}", "is declared in the equations, too; leave out one of both")
        declared |= of_text
    return declared


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the statements of a text, each with the comment of its line."""
    for raw in text.splitlines():
        code, _, comment = raw.partition("#")
        for part in filter(None, (part.strip() for part in code.split(";"))):
            yield part, comment.strip()


def _mistake(code):
    """Return what is wrong with a statement that looks like those of other languages, "" if nothing is."""
    if (flag := FLAG.search(code)) and (_is_unit(flag[1]) or flag[1] == "1") and flag[2] in FLAGS:
        return f"leave out '({flag[2]})'; {FLAGS[flag[2]]}"
    if wrong := _without_value(code):
        return wrong
    if (parameter := PARAMETER.match(code)) and not parameter["unit"] and _is_unit(parameter["meaning"]):
        return f"a unit follows its number without ':', '{parameter['name']} = {parameter['value']} {parameter['meaning']}'"
    if LIMIT.match(code):
        return "the limit of a parameter has its unit already; write ', > 0'"
    if remark := REMARK.match(code):
        return f"what a parameter means comes after '#' or ':'; write '{remark[1]} = {remark[2]} {remark[3]}  # meaning'"
    if prime := PRIME.match(code):
        return f"a derivative is written d{prime[1]}/dt = ..."
    word = re.match(r"(\w+)(?:\s*$|\s*:|\s+\w)", code)
    if word and word[1] in owners():
        return f"{word[1]!r} is no equation: in the text of a whole model it is a line of its own, '{word[1]}: ...'"
    return ""


def _without_value(code):
    """Return what is wrong with a line such as ``tau : ms``, a parameter that has a unit but no value, "" for any other."""
    field = FIELD.fullmatch(code)
    if field is None or not (_is_unit(field[2]) or field[2] == "1"):
        return ""
    unit = field[2] if field[2] != "1" else ":"
    return (
        f"{field[1]!r} has no value; give the one that models have unless they are given another: '{field[1]} = 20 {unit}'"
    )


def _is_unit(text):
    """Return whether a text is a unit, also one that parameters do not have, such as s or volt."""
    if not text or not re.fullmatch(r"(1/)?[^\W\d_][\w*/^.()-]*", text) or text in ("1", WEIGHT):
        return False
    names = re.findall(r"[^\W\d_]+", text)
    return bool(names) and all(known_unit(name) or name.endswith((*SPELLED,)) for name in names if name != "sqrt")


def _reject_twice(name, known, label, code):
    if name in known:
        raise EquationError(f"{label}.equations", f"{name!r} is declared twice", code, 0)


def _parameter(match, comment):
    """Return the Parameter of a line."""
    limit = None if match["limit"] is None else float(match["limit"].replace(" ", ""))
    above, at_least = (limit, None) if match["sign"] == ">" else (None, limit)
    value = float(match["value"].replace(" ", ""))
    meaning = match["meaning"] if match["meaning"] != "1" else ""  # `a = 2 : 1` is a plain number, too
    return Parameter(value, match["unit"] or "", (meaning or comment or match["name"]).strip(), above, at_least)


def initials_of(written: Written, label: str, called: Called) -> dict[str, Initial]:
    """Return the Initial of each variable: what the text says, or where it rests without input."""
    derivatives, algebraic = lang.parse_equations(written.equations, f"{label}.equations", called)
    return {
        name: Initial(_start(name, written, derivatives[name], algebraic, label), unit, meaning)
        for name, (unit, meaning) in written.variables.items()
    }


def _start(name, written, derivative, algebraic, label):
    """Return where a variable starts: a number or a text."""
    if name in written.starts:
        text, unit = written.starts[name], written.variables[name][0]
        if (given := PARAMETER.match(f"x = {text}")) and given["unit"] and not given["colon"]:
            if given["unit"] != unit:
                message = f"is in {unit or 'no unit'}; write {name}(0) = ... as a number in it"
                raise EquationError(f"{label}.{name}", message, f"{name}(0) = {text}")
            text = given["value"]
        return float(text.replace(" ", "")) if re.fullmatch(NUMBER, text) else text
    tree = lang.resolve(derivative, {key: line for key, line in algebraic.items() if key != name}, f"{label}.equations")
    inputs = {n for n in lang.names_in(tree) if n == "I" or NOISE.fullmatch(n)}
    rest = _rest(algebra.simplify(lang.substitute(tree, dict.fromkeys(inputs, algebra.ZERO))), name)
    if rest is None or any(n == "t" or n.endswith(NOW) for n in lang.names_in(rest)):
        why = "changes with t" if rest is not None else f"is not linear in {name}"
        message = f"where it starts has to be said, since its equation {why}; write {name}(0) = ... in a line of its own"
        raise EquationError(f"{label}.{name}", message, lang.line_of(derivative).text)
    return 0.0 if algebra.is_zero(rest) else as_typed(rest)


def _rest(tree: Tree, name: str) -> Tree | None:
    """Return where a derivative is 0, as people would write it: 0 if it does not depend on the variable.

    None is returned if it is not linear in the variable.
    """
    if name not in lang.names_in(tree):
        return algebra.ZERO
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return _rest(tree.operand, name)
    if isinstance(tree, ast.BinOp):
        parts: Mapping[bool, Any] = {name in lang.names_in(part): part for part in (tree.left, tree.right)}
        if len(parts) == 2 and isinstance(tree.op, ast.Mult):
            return _rest(parts[True], name)
        if len(parts) == 2 and isinstance(tree.op, ast.Div) and parts[True] is tree.left:
            return _rest(tree.left, name)
        if len(parts) == 2 and isinstance(tree.op, ast.Sub) and isinstance(parts[True], ast.Name):
            return parts[False]
    linear = algebra.linear_in(tree, name)
    return None if linear is None else algebra.over(algebra.negative(linear[1]), linear[0])


class FromText:
    """Adds `of` to classes of models."""

    _known: ClassVar[dict[Any, Any]] = {}  # the class of each text, so that equal texts make equal models

    @classmethod
    def of(cls, text: str, *, name: str | None = None, **attributes: object) -> type[Self]:
        """Return a class of models from one text, which declares all that it has.

        Parameters
        ----------
        text : str
            Equations, each with the unit of its variable after ``:``; parameters, ``tau = 20 ms``, if they have no unit
            with ``:``, and if they have a range with ``, > 0`` or ``, >= 0``; where variables start, ``v(0) = -65``, by
            default where they rest without input, which needs an equation that is linear in the variable. A comment is the
            meaning of what its line declares. The other texts of a class are lines of their own, such as ``threshold: v >
            v_th``, ``dimensions: False`` and, of a rule, ``bounds: 0, w_max``. A line that ends with ``for k in 1 to 58`` or
            ``for k in soma, dendrite`` stands once for each k: in it ``v[k]`` is ``v_1``, ``v_2`` and so on, and
            ``v[k+1]`` the next one.
        name : str, optional
            Of the class; by default that of the class from which it is made.
        **attributes
            Class attributes that are not in the text, such as ``dimensions=False``.

        Returns
        -------
        type
            A subclass, which takes the parameters by name like any other. The same text gives the same class.

        Raises
        ------
        TypeError, ValueError
            As for a class with these texts.

        Examples
        --------
        >>> import brainsim as bs
        >>> Leaky = bs.Neuron.of('''
        ...     dv/dt = (v_rest - v)/tau + I/c_m : mV  # membrane potential
        ...     v_rest = -65 mV      # where it rests
        ...     tau = 20 ms, > 0     # membrane time constant
        ...     c_m = 200 pF, > 0    # capacitance
        ...     threshold: v > -50*mv
        ...     reset: v = v_rest
        ...     mv = 1 mV
        ... ''', name="Leaky")
        >>> Leaky(tau=10.0), Leaky.initials["v"].default
        (Leaky(tau=10.0), 'v_rest')
        """
        key = cls, text, name, _hashable(attributes)
        if key not in FromText._known:
            FromText._known[key] = _made(cls, text, name, attributes)
        return FromText._known[key]


def _hashable(value):
    """Return attributes of a class as a key: equal if they are."""
    if isinstance(value, Mapping):
        return tuple((name, _hashable(value[name])) for name in sorted(value))
    if isinstance(value, list | tuple):
        return type(value).__name__, *(_hashable(one) for one in value)
    if isinstance(value, Parameter | Initial):
        return type(value).__name__, *(_hashable(one) for one in vars(value).values())
    if isinstance(value, np.ndarray):
        return "array", value.shape, value.tobytes()
    return type(value).__name__, value if type(value).__hash__ else repr(value)


def _made(base, text, name, attributes):
    """Return a new class of a base; its instances are pickled as the text."""
    if not isinstance(text, str):
        raise TypeError(f"{base.__name__}.of: must be the text of a model (got {text!r})")
    fields, lines = {}, []
    kinds = None, *(one.__name__ for one in base.__mro__)
    texts = [word for word, kind in owners().items() if kind in kinds or any(word in vars(one) for one in base.__mro__)]
    for line in text.splitlines():
        field = FIELD.fullmatch(line.partition("#")[0].strip())
        if field is None:
            lines.append(line)
        elif field[1] not in texts:
            if wrong := _mistake(field[0]):
                raise EquationError(f"{base.__name__}.of", wrong, line.strip())
            message = f"{field[1]!r} is not a text of a {base.__name__}{nearest(field[1], texts)}"
            raise EquationError(f"{base.__name__}.of", f"{message}; a parameter is 'tau = 20 ms'", line.strip())
        elif field[1] in fields or field[1] in attributes:
            raise EquationError(f"{base.__name__}.of", f"{field[1]!r} is given twice", line.strip())
        else:
            fields[field[1]] = _value(field[1], field[2], base)

    def reduce(self):
        return _again, (base, text, name, attributes, vars(self))

    body = {"__module__": base.__module__, "__reduce__": reduce, "equations": "\n".join(lines)}
    return type(name or base.__name__, (base,), body | fields | attributes)


def _value(word, text, base):
    """Return what a line gives a class attribute: a text, True, False, a whole number, or several texts."""
    if word in SEVERAL:
        parts, depth = [""], 0
        for letter in text:
            depth += (letter == "(") - (letter == ")")
            parts[-1:] = [parts[-1], ""] if letter == "," and not depth else [parts[-1] + letter]
        return tuple(part.strip() for part in parts)
    if re.fullmatch("True|False", text) or (isinstance(getattr(base, word, ""), int) and text.isdigit()):
        return ast.literal_eval(text)
    return text


def _again(base, text, name, attributes, values):
    """Return a model that was pickled."""
    new = object.__new__(base.of(text, name=name, **attributes))
    vars(new).update(values)
    return new
