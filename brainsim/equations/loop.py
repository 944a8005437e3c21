"""The body of the loop over cells in a kernel (see `codegen`), as lines.

It is a list of plain statements ``name = expression``. A user's name is used unchanged; names derived from it are
``_name_word`` with a word without underscores; all other names have two adjacent underscores, or none after the first
character. So no two names can collide.
"""

from __future__ import annotations

import ast

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, SAMPLERS, function_name
from brainsim.equations.expressions.render import render

SHORT = 64  # cells in a block of a kernel with a product, whose inputs and outputs then stay in the cache


def gain_name(receptor: int, variable: str) -> str:
    """Return the name of the constant by which the weight of an event is multiplied."""
    return f"_gain__{receptor}_{variable}"


class Loop:
    """Writes the body of the loop over cells: from the values of the variables to ``_x_new`` and ``_spike``.

    If the step has a product, `first` is the body of a loop before that one, which collects the inputs of the product.
    """

    def __init__(self, system, step):
        self.system, self.step, self.n_random, self.first = system, step, 0, []

    @property
    def random(self):
        """Whether there are random numbers."""
        return self.n_random > 0

    def lines(self, last):
        """Return the lines of the last substep, or of any substep before it, which has no events."""
        system, lines = self.system, []
        self.n_random, self.now = 0, {n: ast.Name(f"_{n}_new") for n in system.variables}
        # threshold, reset and events use the values at the end of the step
        self.now["t"] = ast.BinOp(ast.Name("t"), ast.Add(), ast.Name("dt"))
        spike = self._threshold()
        lines += self._free()
        normals = {name: f"{name} = gaussian({self._bits()})" for name in self.step.normals}
        if (product := self.step.product) is not None:
            self.first = [normals.pop(name) for name in product.inputs if name in normals]
            self.first += [f"_inputs[{k * SHORT} + _k] = {name}" for k, name in enumerate(product.inputs)]
            lines += [f"{name} = _changes[{k * SHORT} + _k]" for k, name in enumerate(product.outputs)]
        lines += [*normals.values(), *self.step.lines, *system.crossing]
        lines += self._arrivals() if last else []
        if system.refractory is not None:
            lines += [f"_{n}_new = _{n}_new if _free else {n}" for n in system.variables if n in system.frozen]
        lines += spike
        conditions = []
        for i, (test, _) in enumerate(system.events):
            sampled, text = self._text(test)
            conditions += [*sampled, f"_event{i} = {text}"]
        lines += [*conditions, *self._actions(system.reset, "_spike", "")]
        for i, (_, actions) in enumerate(system.events):
            lines += self._actions(actions, f"_event{i}", f"__event{i}")
        lines += ["__lag_new = _lag if _spike else 0.0"] if system.crossing else []
        return lines + self._wait(last)

    def _arrivals(self):
        lines = []
        for index in self.system.buffered:
            for name, gain in self.system.arrivals[index]:
                factor = "" if algebra.is_one(gain) else f"{gain_name(index, name)}*"
                lines.append(f"_{name}_new = _{name}_new + {factor}_input_{index}")
        return lines

    def _free(self):
        """Return the line that says whether a cell is not refractory."""
        tree = self.system.refractory
        if tree is None:
            return []
        if lang.is_condition(tree):
            return [f"_free = (_refractory <= 0) | ({render(tree)} ^ True)"]
        return ["_free = _refractory <= 0"]

    def _threshold(self):
        """Return the lines that set ``_spike``."""
        if self.system.threshold is None:
            return ["_spike = False"]
        sampled, test = self._text(self.system.threshold)
        return [*sampled, f"_spike = {'_free & ' if self.system.refractory is not None else ''}{test}"]

    def _actions(self, actions, flag, suffix):
        """Return the lines of a reset: each assignment uses the results of those before it; all apply if the flag is set."""
        lines, before = [], dict(self.now)
        for k, (name, tree) in enumerate(actions, start=1):
            sampled, text = self._text(tree)
            lines += [*sampled, f"_{name}{suffix}_reset{k} = {text}"]
            self.now[name] = ast.Name(f"_{name}{suffix}_reset{k}")
        changed = dict.fromkeys(name for name, _ in actions)
        lines += [f"_{n}_new = {self.now[n].id} if {flag} else _{n}_new" for n in changed]
        self.now = before
        return lines

    def _wait(self, last):
        """Return the line with the steps for which a cell stays refractory, ``_wait``."""
        tree, count = self.system.refractory, "_refractory - np.int32(_refractory > 0)"
        if tree is None:
            return []
        if lang.is_condition(tree):
            return ["_wait = np.int32(1) if _spike else np.int32(_free ^ True)"]
        if self.system.substeps > 1:
            # counted down once per dt, in the last substep, but not in the dt of the spike itself
            count = "_refractory - np.int32((_refractory > 0) & (_flag[_k] == 0))" if last else "_refractory"
        if self.system.fixed_time:
            return [f"_wait = np.int32(refractory_steps) if _spike else {count}"]
        sampled, text = self._text(tree)
        steps = f"min(max(floor({text}/(dt*{float(self.system.substeps)!r}) + 0.5), 0.0), 2e9)"
        return [*sampled, f"_steps = {steps}", f"_wait = np.int32(_steps) if _spike else {count}"]

    def _text(self, tree):
        """Return the lines that sample the random numbers of a tree, and its text with the new values."""
        sampled = []

        def named(node):
            if not (isinstance(node, ast.Call) and function_name(node) in RANDOM):
                return lang.rebuilt(node, named)
            name, bits = f"_random{self.n_random}", self._bits(common=function_name(node) == "rand_all")
            arguments = "".join(f", {render(named(argument))}" for argument in node.args)
            sampled.append(f"{name} = {SAMPLERS[function_name(node)]}({bits}{arguments})")
            return ast.Name(name)

        tree = named(lang.substitute(tree, self.now))
        return sampled, render(tree)

    def _bits(self, common=False):
        """Return the text of the random bits of one cell and step, or of all; each call in the kernel has its own stream."""
        stream = f"np.uint64({self.n_random})"
        if self.system.substeps > 1:
            stream = f"(np.uint64({self.n_random}) + np.uint64(_turn) * np.uint64(65536))"
        self.n_random += 1
        # no cell has the index -1
        return f"hashed(mix(_key + {stream}), {'np.int64(-1)' if common else '_cell + np.int64(_k)'})"
