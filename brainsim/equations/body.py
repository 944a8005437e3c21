"""The body of the loop over cells in a kernel (see `codegen`), as statements.

A user's name is used unchanged; names derived from it are ``_name_word`` with a word without underscores; all other names
have two adjacent underscores, or none after the first character. So no two names can collide.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.expressions.lower import lower
from brainsim.equations.statements import Assign, Load, Sampler, Statement, Store, formula
from brainsim.equations.steps.step import Step
from brainsim.equations.system import System

SHORT = 64  # cells in a block of a kernel with a product, whose inputs and outputs then stay in the cache


def gain_name(receptor: int, variable: str) -> str:
    """Return the name of the constant by which the weight of an event is multiplied."""
    return f"_gain__{receptor}_{variable}"


def new_name(variable: str) -> str:
    """Return the name of the value of a variable at the end of the step."""
    return f"_{variable}_new"


class Body:
    """What the loop does with a cell in a substep: from the values of the variables to ``_x_new`` and ``_spike``.

    The phases are lists of statements in their order; there are no events in a substep before the last one.

    - `gather`: a loop before this one, which collects the inputs of the product if the step has one
    - `free`: whether the cell is refractory; `move`: by the method; `arrive`: events; `hold`: frozen variables are clamped,
      after the events, which are then discarded, or before them, which keeps them
    - `spike`: what is assigned in each step, and the threshold, ``_spike``; `reset`: and other events; `wait`: how long the
      cell stays refractory
    - `waits_apart`: whether `wait` only counts down, because a spike sets ``refractory_steps``, which never change: this is
      done where spikes are listed, one cell at a time, so that the loop over all cells does not read them
    - `after`: variable -> name of its value after the reset, as if the cell fired
    """

    def __init__(self, system: System, step: Step, last: bool = True):
        self.system, self.step, self.last = system, step, last
        self._random = Sampler("_random", self._bits)
        # threshold, reset and events use the values at the end of the step
        self._now: dict[str, Tree] = {name: ast.Name(new_name(name)) for name in system.variables}
        self._now["t"] = formula("t + dt")
        self.gather: list[Statement] = []
        self.spike = [*self._each_step(), *self._threshold()]
        self.free = self._free()
        self.move = self._moves()
        self.arrive = list(self._arrivals()) if last else []
        clamped = [n for n in system.variables if n in system.frozen] if system.refractory is not None else []
        self.hold = [Assign(new_name(n), formula("new if _free else x", new=new_name(n), x=n)) for n in clamped]
        self.reset = self._resets()
        self.waits_apart = system.fixed_time and system.substeps == 1
        self.wait = self._wait()
        self.random = self._random.count > 0

    @property
    def statements(self) -> list[Statement]:
        """All phases, in order."""
        arrive = [*self.hold, *self.arrive] if self.system.kept else [*self.arrive, *self.hold]
        return [*self.free, *self.move, *arrive, *self.spike, *self.reset, *self.wait]

    def _moves(self):
        step, lines = self.step, list[Statement]()
        normals = {n: Assign(n, formula("gaussian(bits)", bits=self._random.next_bits())) for n in step.normals}
        if (product := step.product) is not None:
            self.gather = [normals.pop(name) for name in product.inputs if name in normals]
            self.gather += [Store("_inputs", formula(name), k * SHORT) for k, name in enumerate(product.inputs)]
            lines += [Load(name, "_changes", k * SHORT) for k, name in enumerate(product.outputs)]
        return [*lines, *normals.values(), *step.lines]

    def _arrivals(self) -> Iterable[Assign]:
        for index in self.system.buffered:
            for name, gain in self.system.arrivals[index]:
                text = "new + event" if algebra.is_one(gain) else "new + gain*event"
                parts = {"new": new_name(name), "gain": gain_name(index, name), "event": f"_input_{index}"}
                yield Assign(new_name(name), formula(text, **parts))

    def _free(self):
        tree = self.system.refractory
        if tree is None:
            return []
        if lang.is_condition(tree):
            return [Assign("_free", formula("(_refractory <= 0) | (held ^ True)", held=lower(tree)))]
        return [Assign("_free", formula("_refractory <= 0"))]

    def _each_step(self) -> Iterable[Assign]:
        for name, tree in self.system.each_step:
            sampled, value = self._random.sample(tree, self._now)
            self._now.setdefault(name, ast.Name(f"_{name}_local"))  # a name of the step, if it is not that of a variable
            yield from (*sampled, Assign(self._now[name].id, value))

    def _threshold(self):
        if self.system.threshold is None:
            return [Assign("_spike", formula("False"))]
        sampled, test = self._random.sample(self.system.threshold, self._now)
        test = test if self.system.refractory is None else formula("_free & test", test=test)
        if self.system.spikes is None:
            return [*sampled, Assign("_spike", test)]
        trials, chance = map(lower, self.system.spikes.args)
        bits = self._random.next_bits()
        number = formula("min(binomial_of_many(bits, n, p), most_spikes)", bits=bits, n=trials, p=chance)
        return [*sampled, Assign("_number", number), Assign("_spike", formula("test & (_number > 0.0)", test=test))]

    def _resets(self):
        system, lines, tests = self.system, [], []
        for i, (test, _) in enumerate(system.events):
            sampled, tree = self._random.sample(test, self._now)
            tests += [*sampled, Assign(f"_event{i}", tree)]
        actions, self.after = self._actions(system.reset, "_spike", "")
        for i, (_, assignments) in enumerate(system.events):
            lines += self._actions(assignments, f"_event{i}", f"__event{i}")[0]
        return [*tests, *actions, *lines]

    def _actions(self, actions, flag, suffix):
        """Return the statements of a reset, and variable -> name of its value after it.

        Each assignment uses the results of those before it; all apply if the flag is set.
        """
        lines, now = [], dict(self._now)
        for k, (name, tree) in enumerate(actions, start=1):
            sampled, value = self._random.sample(tree, now)
            lines += [*sampled, Assign(f"_{name}{suffix}_reset{k}", value)]
            now[name] = ast.Name(f"_{name}{suffix}_reset{k}")
        after = {name: now[name].id for name, _ in actions}
        return lines + [Assign(new_name(n), ast.Name(value), when=flag) for n, value in after.items()], after

    def _wait(self):
        """Return the statements that set ``_wait``, the number of steps for which a cell stays refractory."""
        system, tree, count = self.system, self.system.refractory, formula("_refractory - int32(_refractory > 0)")
        if tree is None:
            return []
        if lang.is_condition(tree):
            return [Assign("_wait", formula("int32(1) if _spike else int32(_free ^ True)"))]
        if system.substeps > 1:
            # counted down once per dt, in the last substep, but not in the dt of the spike itself
            text = "_refractory - int32((_refractory > 0) & (_flag[_k] == 0))" if self.last else "_refractory"
            count = formula(text)
        if self.waits_apart:
            return [Assign("_wait", count)]
        if system.fixed_time:
            return [Assign("_wait", formula("int32(refractory_steps) if _spike else count", count=count))]
        sampled, time = self._random.sample(tree, self._now)
        steps = f"min(max(floor(time/(dt*{float(system.substeps)!r}) + 0.5), 0.0), 2e9)"
        wait = Assign("_wait", formula("int32(_steps) if _spike else count", count=count))
        return [*sampled, Assign("_steps", formula(steps, time=time)), wait]

    def _bits(self, number, common):
        """Return the random bits of one cell and step, or of all; each call in the kernel has its own stream."""
        substeps = self.system.substeps > 1
        stream = f"uint64({number}) + uint64(_turn) * uint64(65536)" if substeps else f"uint64({number})"
        # no cell has the index -1
        return formula(f"hashed(mix(_key + ({stream})), {'int64(-1)' if common else '_cell + int64(_k)'})")
