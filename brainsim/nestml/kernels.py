"""Kernels of NESTML as variables that spikes change: powers of t times exponentials, or linear equations."""

from __future__ import annotations

import math
from collections import defaultdict

import sympy

from brainsim.nestml.declarations import Declarations
from brainsim.nestml.texts import evaluate, names, number, replace, tidy


class Kernels:
    """The convolutions of a model: `derivatives`, and by port how much a spike of weight 1 adds to which variable.

    `deltas` are names that stand for trains of impulses.
    """

    def __init__(self, model: Declarations):
        self.model = model
        self.kernels = {
            v.get_name(): (k, x)
            for k in model.tree.get_all_kernels()
            for v, x in zip(k.get_variables(), k.get_expressions(), strict=True)
        }
        self.derivatives: dict[str, str] = {}
        self.arrivals: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self.deltas: dict[str, str] = {}  # name -> port
        self._made: dict[tuple[str, str], str] = {}
        model.convolve = self.convolve

    def convolve(self, kernel: str, port: str) -> str:
        """Return the name of what ``convolve(kernel, port)`` is."""
        if (kernel, port) not in self._made:
            base = self.model.new(kernel if all(kernel != other for other, _ in self._made) else f"{kernel}_{port}")
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
        text = self.model.text(expression, {"e": "euler_"})
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
                raise self.model.file.error(expression, message)
            terms.append((replace(str(factor), {"euler_": number(math.e)}), int(power), str(rate)))
        chains: dict[str, list[str]] = {}  # for each rate the responses of 1, t, t**2, ... times its exponential
        for factor, power, rate in terms:
            chain = chains.setdefault(rate, [])
            while len(chain) <= power:
                plain = len(terms) == 1 and power == 0 and factor == "1"
                new = base if plain else self.model.new(f"{base}_{sum(map(len, chains.values()))}")
                self.derivatives[new] = tidy(f"({rate})*{new}" + (f" + {len(chain)}*{chain[-1]}" if chain else ""))
                self.arrivals[port] |= {} if chain else {new: 1.0}
                chain.append(new)
        if base not in self.derivatives:
            self.model.lines[base] = tidy(" + ".join(f"({f})*{chains[rate][power]}" for f, power, rate in terms))

    def _by_equations(self, declared, kernel, base, port):
        states = [v.get_name() + "'" * k for v in declared.get_variables() for k in range(v.get_differential_order())]
        starts = {state: self.model.number(self.model.impulses[state].get_expression()) for state in states}
        jumps = [state for state in states if evaluate(starts[state]) != 0]
        if len(jumps) != 1:
            message = "of the variables of a kernel exactly one must begin at a value other than 0"
            raise self.model.file.error(declared, message)
        local = {state: self.model.new(f"{base}_{k}") for k, state in enumerate(states, start=1)}
        for variable, expression in zip(declared.get_variables(), declared.get_expressions(), strict=True):
            chain = [local[variable.get_name() + "'" * k] for k in range(variable.get_differential_order())]
            self.derivatives |= dict(zip(chain, [*chain[1:], self.model.number(expression, local)], strict=True))
        self.arrivals[port][local[jumps[0]]] = 1.0  # scaled, so that what a spike changes changes by its weight
        self.model.lines[base] = tidy(f"({starts[jumps[0]]})*{local[kernel]}")
