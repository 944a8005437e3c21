"""Units and their arithmetic.

A dimension is a product of powers of the base units of the SI, of ``weight``, the unit of the weights of a projection,
whatever it is, and of a power of 1000, so that Hz and 1/ms are different units of the same kind.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fractions import Fraction

WEIGHT = "weight"
BASES = ("s", "m", "kg", "A", "mol", WEIGHT)
# symbols: powers of the bases, and the power of 1000
SYMBOLS = {
    "s": ((1, 0, 0, 0, 0, 0), 0),
    "Hz": ((-1, 0, 0, 0, 0, 0), 0),
    "m": ((0, 1, 0, 0, 0, 0), 0),
    "A": ((0, 0, 0, 1, 0, 0), 0),
    "V": ((-3, 2, 1, -1, 0, 0), 0),
    "F": ((4, -2, -1, 2, 0, 0), 0),
    "S": ((3, -2, -1, 2, 0, 0), 0),
    "C": ((1, 0, 0, 1, 0, 0), 0),
    "M": ((0, -3, 0, 0, 1, 0), 1),
    WEIGHT: ((0, 0, 0, 0, 0, 1), 0),
}
PREFIX = {"": 1.0, "k": 1e3, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
# units of equations, in which these are consistent: pA = nS*mV = pF*mV/ms
UNITS = ("ms", "mV", "pA", "pF", "nS", "Hz", "um", "mM", "uM", WEIGHT, "1")


@dataclass(frozen=True)
class Dimension:
    """The dimension of a quantity.

    Attributes
    ----------
    powers : tuple of int or Fraction
        Powers of `BASES`.
    thousands : frozenset
        The possible powers of 1000 by which the unit is larger than that of the bases.
    """

    powers: tuple[Fraction | int, ...]
    thousands: frozenset[Fraction | int] = frozenset({0})

    def __mul__(self, other: Dimension) -> Dimension:
        powers = tuple(a + b for a, b in zip(self.powers, other.powers, strict=True))
        return Dimension(powers, frozenset(a + b for a in self.thousands for b in other.thousands))

    def __pow__(self, exponent: Fraction | int) -> Dimension:
        thousands = frozenset(a * exponent for a in self.thousands)
        return Dimension(tuple(p * exponent for p in self.powers), thousands)

    def fits(self, other: Dimension) -> bool:
        """Return whether quantities of the two dimensions can be added."""
        return self.powers == other.powers and bool(self.thousands & other.thousands)

    @property
    def phrase(self) -> str:
        """How messages describe a quantity of this dimension: ``in mV/ms``, ``a plain number``."""
        if not any(self.powers):
            return "a plain number"
        return f"in units of {self}" if self.of_weight else f"in {self}"

    @property
    def of_weight(self) -> bool:
        """Whether it has the unit of the weights, which only rules of plasticity can use."""
        return self.powers[BASES.index(WEIGHT)] != 0

    def __str__(self) -> str:
        text, dimension = _names().get(self.powers) or self._product()
        mol = self.powers[BASES.index("mol")]
        if mol and (dimension * Dimension(ONE.powers, frozenset({-mol}))).fits(self):  # 1 mM is 1000 uM
            return text.replace("mM", "uM")
        if text.endswith("/ms") and (dimension * PER_SECOND).fits(self):  # it is counted per second
            return "Hz" if text == "1/ms" else f"{text.removesuffix('/ms')}*Hz"
        return text

    def _product(self):
        """Return a text of powers of units, and its dimension."""
        s, m, kg, ampere, mol, weight = self.powers
        parts = {"ms": s + 3 * kg, "mV": kg, "pA": ampere + kg, "um": m - 2 * kg + 3 * mol, "mM": mol, WEIGHT: weight}
        above, below = ([_power(n, abs(p)) for n, p in parts.items() if p * sign > 0] for sign in (1, -1))
        powers = [known_unit(name) ** power for name, power in parts.items()]
        return "/".join(["*".join(above) or "1", *below]), functools.reduce(operator.mul, powers)


def _power(base, exponent):
    if 2 * exponent == 1:
        return f"sqrt({base})"
    return base if exponent == 1 else f"{base}**{exponent if exponent.denominator == 1 else f'({exponent})'}"


ONE = Dimension((0,) * len(BASES))
PER_SECOND = Dimension(ONE.powers, frozenset({-1}))  # 1/s in 1/ms


@functools.cache
def _names():
    """Return the shortest text of each dimension that is a unit, or a product, a quotient or a power of two of them.

    It comes with the dimension of the text, which may be another power of 1000.
    """
    single = {name: known_unit(name) for name in UNITS if name not in ("1", "Hz", "uM")}
    texts = [("1", ONE), *single.items(), *((f"1/{n}", d**-1) for n, d in single.items())]
    texts += [(f"{a}/{b}", d * e**-1) for a, d in single.items() for b, e in single.items() if a != b]
    texts += [(f"{n}**2", d**2) for n, d in single.items()]
    texts += [(f"{n}/sqrt(ms)", d * single["ms"] ** ratio(-1, 2)) for n, d in [("1", ONE), *single.items()]]
    order = ["pA", "nS", "pF", "mV", "um", "mM", WEIGHT, "ms"]
    texts += [(f"{a}*{b}", single[a] * single[b]) for a in order for b in order]
    names = {}
    for text, dimension in texts:
        names.setdefault(dimension.powers, (text, dimension))
    return names


@functools.cache
def known_unit(name: str) -> Dimension | None:
    """Return the Dimension of a symbol with a prefix, such as ``mV``, or of 1; None for any other name."""
    if name == "1":
        return ONE
    for symbol in sorted(SYMBOLS, key=len, reverse=True):
        size = PREFIX.get(name.removesuffix(symbol)) if name.endswith(symbol) else None
        if size is not None:
            powers, thousands = SYMBOLS[symbol]
            return Dimension(powers, frozenset({thousands + round(math.log10(size) / 3)}))
    return None


def parse_unit(text: str, one: Callable[[Any, str | None], Dimension]) -> Dimension:
    """Return the Dimension of a product of powers, such as ``"nS/mV"`` or ``"mV/sqrt(ms)"``.

    `one` is called with each other node, and its name if it is a name or 1, and returns its Dimension or raises an error.
    """

    def of(tree):
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div):
            return of(tree.left) * of(tree.right) ** (1 if isinstance(tree.op, ast.Mult) else -1)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow) and exponent_of(tree.right) is not None:
            return of(tree.left) ** exponent_of(tree.right)
        if isinstance(tree, ast.Call) and ast.unparse(tree.func) == "sqrt" and len(tree.args) == 1:
            return of(tree.args[0]) ** ratio(1, 2)
        if isinstance(tree, ast.Constant) and tree.value == 1:
            return one(tree, "1")
        return one(tree, tree.id if isinstance(tree, ast.Name) else None)

    try:
        tree = ast.parse(text, mode="eval").body if len(text) < 100 else None
    except (SyntaxError, ValueError):
        tree = None
    return of(tree)


def ratio(a: Any, b: Any = 1) -> Fraction:
    """Return a/b exactly; `fractions` and `decimal`, which few units need, take 2 ms to import."""
    from fractions import Fraction

    return Fraction(a) / b


def exponent_of(tree: Any) -> Fraction | int | None:
    """Return the value of a number in a form allowed in an exponent (2, -1, 0.5, 1/2), or None."""
    value: Any = getattr(tree, "value", None)
    if isinstance(tree, ast.Constant) and type(value) in (int, float) and abs(value) < 100:
        return value if type(value) is int else ratio(value).limit_denominator(1000)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        inner = exponent_of(tree.operand)
        return inner if inner is None or isinstance(tree.op, ast.UAdd) else -inner
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div):
        a, b = exponent_of(tree.left), exponent_of(tree.right)
        return ratio(a, b) if a is not None and b else None
    return None


def in_si(text: str) -> tuple[float, dict[str, Fraction | int]] | None:
    """Return the size of a unit in SI units, and the powers of its base units; None if it is not a unit."""

    def one(tree, name):
        if name is None or (found := known_unit(name)) is None:
            raise ValueError
        return found

    try:
        dimension = parse_unit(text.replace("^", "**") or "1", one)
    except ValueError:
        return None
    (thousands,) = dimension.thousands
    return 1000.0 ** float(thousands), {base: p for base, p in zip(BASES, dimension.powers, strict=True) if p}
