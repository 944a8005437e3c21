"""Kernels of NESTML as variables that spikes change: powers of t times exponentials, or linear equations."""

from __future__ import annotations

import math
from typing import Any

from brainsim.nestml.expressions import Expressions, usable
from brainsim.nestml.texts import names, number, replace, tidy, value


class Kernels:
    """The convolutions of a model: `derivatives`, and by port how much a spike of weight 1 adds to which variable.

    `impulses` are values of the block ``state`` that belong to kernels; `deltas` names that stand for trains of impulses.
    """

    def __init__(self, expressions: Expressions, impulses: dict[str, str], taken: set[str]):
        self.expressions, self.impulses, self.taken = expressions, impulses, taken
        self.kernels = {
            v.get_name(): (k, x)
            for k in expressions.model.get_all_kernels()
            for v, x in zip(k.get_variables(), k.get_expressions(), strict=True)
        }
        self.derivatives: dict[str, str] = {}
        self.arrivals: dict[str, dict[str, float]] = {}
        self.deltas: dict[str, str] = {}  # name -> port
        self._made: dict[tuple[str, str], str] = {}
        expressions.convolve = self.convolve

    def convolve(self, node: Any, kernel: str, port: str) -> str:
        """Return the name of what ``convolve(kernel, port)`` is."""
        if (kernel, port) not in self._made:
            base = usable(kernel if all(kernel != other for other, _ in self._made) else f"{kernel}_{port}", self.taken)
            self._made[kernel, port] = base
            declared, expression = self.kernels[kernel]
            if str(expression).replace(" ", "") == "delta(t)":
                self.deltas[base] = port
            elif declared.get_variables()[0].get_differential_order():
                self._by_equations(declared, kernel, base, port)
            else:
                self._by_function(expression, base, port)
        return self._made[kernel, port]

    def _by_function(self, expression, base, port):
        import sympy

        text = self.expressions.text(expression, {"e": "euler_"})
        symbols = {name: sympy.Symbol(name, positive=True) for name in names(text)}
        t, terms = symbols.setdefault("t", sympy.Symbol("t")), []
        for term in sympy.Add.make_args(sympy.expand(sympy.sympify(text, locals=symbols))):
            factor, rest = term.as_independent(t)
            growth = sympy.simplify(t * sympy.diff(rest, t) / rest)  # power + rate*t
            power, rate = growth.subs(t, 0), sympy.diff(growth, t)
            if rate.has(t) or not power.is_Integer:
                message = (
                    "a kernel must be a sum of powers of t times exponentials exp(-t/tau), delta(t), or linear equations"
                )
                raise self.expressions.file.error(expression, message)
            terms.append((replace(str(factor), {"euler_": number(math.e)}), int(power), str(rate)))
        chains: dict[str, list[str]] = {}  # for each rate the responses of 1, t, t**2, ... times its exponential
        for factor, power, rate in terms:
            chain = chains.setdefault(rate, [])
            while len(chain) <= power:
                plain = len(terms) == 1 and power == 0 and factor == "1"
                new = base if plain else usable(f"{base}_{sum(map(len, chains.values()))}", self.taken)
                self.derivatives[new] = tidy(f"({rate})*{new}" + (f" + {len(chain)}*{chain[-1]}" if chain else ""))
                if not chain:
                    self.arrivals.setdefault(port, {})[new] = 1.0
                chain.append(new)
        if base not in self.derivatives:
            self.expressions.lines[base] = tidy(" + ".join(f"({f})*{chains[rate][power]}" for f, power, rate in terms))

    def _by_equations(self, declared, kernel, base, port):
        """Each variable is scaled, so that what a spike changes changes by its weight."""
        orders = {v.get_name(): v.get_differential_order() for v in declared.get_variables()}
        states = [known + "'" * k for known, order in orders.items() for k in range(order)]
        jumps = [state for state in states if value(self.impulses.get(state, "0")) != 0]
        if len(jumps) != 1:
            raise self.expressions.file.error(
                declared, "of the variables of a kernel exactly one must begin at a value other than 0"
            )
        local = {state: usable(f"{base}_{k}", self.taken) for k, state in enumerate(states, start=1)}
        slopes = {known + "'" * k: local[known + "'" * (k + 1)] for known, order in orders.items() for k in range(order - 1)}
        for variable, expression in zip(declared.get_variables(), declared.get_expressions(), strict=True):
            slopes[variable.get_name() + "'" * (orders[variable.get_name()] - 1)] = self.expressions.number(
                expression, local
            )
        self.derivatives |= {local[state]: slope for state, slope in slopes.items()}
        self.arrivals.setdefault(port, {})[local[jumps[0]]] = 1.0
        self.expressions.lines[base] = tidy(f"({self.impulses[jumps[0]]})*{local[kernel]}")
