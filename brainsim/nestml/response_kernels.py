"""Kernels of NESTML as variables that spikes change: powers of t times exponentials, or linear equations."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import sympy

from brainsim.nestml.expressions import Expressions
from brainsim.nestml.parsing import File
from brainsim.nestml.texts import evaluate, names, number, replace, tidy


class Kernels(Expressions):
    """Expressions in which ``convolve(kernel, port)`` is made of variables that spikes change.

    `derivatives` are theirs, and `jumps` says by port how much a spike of weight 1 adds to which variable. `deltas` are
    names of trains of impulses, `impulses` the declarations in the block state that belong to kernels.
    """

    def __init__(self, file: File, tree: Any, base: type):
        super().__init__(file, tree, base)
        self.kernels: dict[str, tuple[Any, Any]] = {}
        for kernel in tree.get_all_kernels():
            for variable, expression in zip(kernel.get_variables(), kernel.get_expressions(), strict=True):
                self.kernels[variable.get_name()] = kernel, expression
        self.derivatives, self.deltas, self.impulses = dict[str, str](), dict[str, str](), dict[str, Any]()
        self.jumps: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._made: dict[tuple[str, str], str] = {}

    def _call(self, node, made, local):
        if made.get_name() != "convolve":
            return super()._call(node, made, local)
        kernel, port = (part.get_variable().get_complete_name() for part in made.get_args())
        if (kernel, port) not in self._made:
            base = self.new(kernel if all(kernel != other for other, _ in self._made) else f"{kernel}_{port}")
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
        text = self.text(expression, {"e": "euler_"})
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
                raise self.file.error(expression, message)
            terms.append((replace(str(factor), {"euler_": number(math.e)}), int(power), str(rate)))
        chains: dict[str, list[str]] = {}  # for each rate the responses of 1, t, t**2, ... times its exponential
        for factor, power, rate in terms:
            chain = chains.setdefault(rate, [])
            while len(chain) <= power:
                plain = len(terms) == 1 and power == 0 and factor == "1"
                new = base if plain else self.new(f"{base}_{sum(map(len, chains.values()))}")
                self.derivatives[new] = tidy(f"({rate})*{new}" + (f" + {len(chain)}*{chain[-1]}" if chain else ""))
                self.jumps[port] |= {} if chain else {new: 1.0}
                chain.append(new)
        if base not in self.derivatives:
            self.lines[base] = tidy(" + ".join(f"({f})*{chains[rate][power]}" for f, power, rate in terms))

    def _by_equations(self, declared, kernel, base, port):
        states = [v.get_name() + "'" * k for v in declared.get_variables() for k in range(v.get_differential_order())]
        starts = {state: self.number(self.impulses[state].get_expression()) for state in states}
        jumps = [state for state in states if evaluate(starts[state]) != 0]
        if len(jumps) != 1:
            message = "of the variables of a kernel exactly one must begin at a value other than 0"
            raise self.file.error(declared, message)
        local = {state: self.new(f"{base}_{k}") for k, state in enumerate(states, start=1)}
        for variable, expression in zip(declared.get_variables(), declared.get_expressions(), strict=True):
            chain = [local[variable.get_name() + "'" * k] for k in range(variable.get_differential_order())]
            self.derivatives |= dict(zip(chain, [*chain[1:], self.number(expression, local)], strict=True))
        self.jumps[port][local[jumps[0]]] = 1.0  # scaled, so that what a spike changes changes by its weight
        self.lines[base] = tidy(f"({starts[jumps[0]]})*{local[kernel]}")
