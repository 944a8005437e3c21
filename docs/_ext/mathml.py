"""Equations of models as MathML, which browsers draw themselves: no script and no font has to be loaded."""

import ast
import re
from html import escape

NAMES = "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi psi omega"
LETTERS = "α β γ δ ε ζ η θ κ λ μ ν ξ π ρ σ τ φ ψ ω"
GREEK = dict(zip(NAMES.split(), LETTERS.split(), strict=True))
GREEK |= {name.capitalize(): letter.upper() for name, letter in GREEK.items() if name in "gamma delta theta phi psi omega"}
SIGNS = {ast.Add: "+", ast.Sub: "−", ast.Mult: "\u2062", ast.Mod: " mod "}
RELATIONS = {ast.Lt: "&lt;", ast.LtE: "≤", ast.Gt: "&gt;", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠"}
WORDS = {"and": " and ", "or": " or ", "not": "not "}
# how tightly an expression binds: it is put into parentheses inside a tighter one
CHOICE, LOGIC, RELATION, SUM, PRODUCT, SIGN, POWER, ATOM = range(8)


def statement(text):
    """Return a statement, ``dv/dt = ...``, ``x = ...``, ``x += ...`` or a condition, as the content of a math element."""
    left, sign, right = sides(text)
    return _row(left, sign, right) if sign else right


def sides(text):
    """Return what is on the left of a statement, the sign, and the right: ``w += b`` is drawn as w \u2190 w + b."""
    found = re.match(r"([\w/]+)\s*([-+*/]?)=(?!=)\s*(.*)", " ".join(text.split()))
    if not found:
        return "", "", expression(text)
    name, change, value = found.groups()
    if change:
        return name_of(name), _mo("\u2190"), expression(f"{name} {change} ({value})")
    return _left(name), _mo("="), expression(value)


def block(lines):
    """Return statements as one math element with a row for each, aligned at their signs of equality."""
    look = ("text-align: right; padding-right: 0.15em", "text-align: left; padding-left: 0.15em")
    rows = []
    for line in lines:
        left, sign, right = sides(line)
        cells = zip(look, (left, _row(sign, right)), strict=True)
        row = "".join(f'<mtd style="{style}">{cell}</mtd>' for style, cell in cells)
        rows.append(f"<mtr>{row}</mtr>")
    return f'<math display="block"><mtable displaystyle="true" rowspacing="0.6em">{"".join(rows)}</mtable></math>'


def inline(text):
    """Return a statement, or several divided by semicolons, as a math element within a line."""
    parts = [statement(part.strip()) for part in text.split(";") if part.strip()]
    return f'<math displaystyle="true">{_row(*_between(parts, _mo(";")))}</math>'


def expression(text, inside=CHOICE):
    """Return an expression in the language of equations as MathML."""
    return _of(ast.parse(" ".join(text.split()), mode="eval").body, inside)


def name_of(name):
    """Return a name: Greek letters for their names, and what follows an underscore as an index."""
    base, _, index = name.partition("_")
    letter = GREEK.get(base, base)
    head = f"<mi>{escape(letter)}</mi>" if len(letter) == 1 else f'<mi mathvariant="normal">{escape(letter)}</mi>'
    if not index:
        return head
    words = "<mo>,</mo>".join(_index(part) for part in index.split("_"))
    return f"<msub>{head}{_row(words)}</msub>"


def _index(part):
    letter = GREEK.get(part, {"plus": "+", "minus": "−"}.get(part, part))
    return f'<mi mathvariant="normal">{escape(letter)}</mi>' if len(letter) > 1 or letter in "+−" else f"<mi>{letter}</mi>"


def _left(text):
    name, slash, rest = text.partition("/")
    if slash and rest.strip() == "dt" and name.startswith("d"):
        return f"<mfrac>{_row('<mi>d</mi>', name_of(name[1:]))}<mrow><mi>d</mi><mi>t</mi></mrow></mfrac>"
    return name_of(text)


def _of(node, inside):
    """Return a node as MathML, in parentheses if it binds less tightly than what is around it."""
    level, text = _drawn(node)
    return text if level >= inside else _row(_mo("("), text, _mo(")"))


def _drawn(node):
    """Return how tightly a node binds, and its MathML."""
    match node:
        case ast.Name(id=name):
            return ATOM, name_of(name)
        case ast.Constant(value=value):
            return ATOM, _number(value)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return ATOM, f"<mfrac>{_of(left, CHOICE)}{_of(right, CHOICE)}</mfrac>"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return POWER, f"<msup>{_of(left, ATOM)}{_of(right, CHOICE)}</msup>"
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            sign = "·" if isinstance(right, ast.Constant) or _begins_with_a_number(right) else SIGNS[ast.Mult]
            space = '<mspace width="0.15em"/>' if sign != "·" else ""
            return PRODUCT, _row(_of(left, PRODUCT), _mo(sign), space, _of(right, PRODUCT))
        case ast.BinOp(left=left, op=op, right=right):
            return SUM, _row(_of(left, SUM), _mo(SIGNS[type(op)]), _of(right, PRODUCT))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return RELATION, _row(_text(WORDS["not"]), _of(operand, RELATION))
        case ast.UnaryOp(op=op, operand=operand):
            return SIGN, _row(_mo("−" if isinstance(op, ast.USub) else "+"), _of(operand, PRODUCT))
        case ast.Compare(left=left, ops=ops, comparators=others):
            parts = [_of(left, SUM)]
            for op, other in zip(ops, others, strict=True):
                parts += [_mo(RELATIONS[type(op)]), _of(other, SUM)]
            return RELATION, _row(*parts)
        case ast.BoolOp(op=op, values=values):
            word = WORDS["and" if isinstance(op, ast.And) else "or"]
            return LOGIC, _row(*_between([_of(value, RELATION) for value in values], _text(word)))
        case ast.IfExp(test=test, body=body, orelse=other):
            return ATOM, _cases(test, body, other)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _called(name, args)
    raise ValueError(f"cannot be drawn: {ast.dump(node)}")


def _called(name, args):
    """Return a call of a function."""
    if name == "sqrt":
        return ATOM, f"<msqrt>{_of(args[0], CHOICE)}</msqrt>"
    if name == "abs":
        return ATOM, _row(_mo("|"), _of(args[0], CHOICE), _mo("|"))
    if name == "where":
        return ATOM, _cases(*args)
    if name == "exp" and not any(isinstance(part, ast.Div) for part in ast.walk(args[0])):
        return POWER, f"<msup><mi>e</mi>{_of(args[0], CHOICE)}</msup>"
    shown = _between([_of(arg, CHOICE) for arg in args], _mo(","))
    return ATOM, _row(name_of(name), _mo("("), *shown, _mo(")"))


def _cases(test, body, other):
    """Return a choice between two values, with the condition next to the first."""
    rows = (_of(body, CHOICE), _row(_text("if "), _of(test, CHOICE))), (_of(other, CHOICE), _text("otherwise"))
    left = 'style="text-align: left"'
    cells = "".join(f"<mtr><mtd {left}>{a}</mtd><mtd {left}>{b}</mtd></mtr>" for a, b in rows)
    return _row('<mo stretchy="true">{</mo>', f"<mtable>{cells}</mtable>")


def _begins_with_a_number(node):
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Pow):
        node = node.left
    return isinstance(node, ast.Constant)


def _number(value):
    text = f"{value:g}" if isinstance(value, float) else str(value)
    mantissa, exponent, power = text.partition("e")
    if not exponent:
        return f"<mn>{text}</mn>"
    return _row(f"<mn>{mantissa}</mn>", _mo("·"), f"<msup><mn>10</mn><mn>{int(power)}</mn></msup>")


def _between(parts, sign):
    """Return parts with a sign between any two."""
    return [piece for part in parts for piece in (sign, part)][1:]


def _row(*parts):
    return f"<mrow>{''.join(parts)}</mrow>"


def _mo(sign):
    return f"<mo>{sign}</mo>"


def _text(words):
    return f"<mtext>{words.replace(' ', chr(160))}</mtext>"
