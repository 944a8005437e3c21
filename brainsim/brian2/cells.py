"""A group of Brian2 becomes a class of brainsim: what moves its cells in a step, and their threshold.

Brian2 itself writes the step of a method of integration as assignments, which become `each_step` of the class; so every
method of Brian2 that it writes in this way is here, with its values. A step of Brian2 then tests the threshold; what it
writes at a spike in this place, how long a cell is refractory, is the reset of the class. Synapses and resets of Brian2
follow when all spikes of the step are known (`code_operator`). Numbers are in the units of SI, as Brian2 keeps them.
"""

import ast
import keyword
import re

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.variables import ArrayVariable, AuxiliaryVariable

import brainsim as bs
from brainsim.brian2.translate import Translator, Value, formula, statements_of
from brainsim.equations.model_parser import RESERVED

NOW = "(floor(t/dt + 0.5) - 1 + begin)"  # the step that has just been made, counted as Brian2 counts


class OtherGroupsError(Exception):
    """A step of these cells needs what a class cannot have: variables of other groups, tables at other times, or inf."""


class Flag:
    """Whether each cell fires in a step, in place of a variable of Brian2: what a function of the operator writes."""

    name, dtype, scalar, conditional_write = "fires", np.dtype(float), False, None

    def __init__(self, n):
        self.values = np.zeros(n)

    def get_value(self):
        """Return the flags."""
        return self.values


class Names:
    """Names that a class may have, for those of Brian2."""

    def __init__(self):
        self.given, self._taken = {}, {*RESERVED, "begin", *keyword.kwlist}

    def of(self, key, name):
        """Return the name for a key, made of a name of Brian2."""
        if key not in self.given:
            plain = re.sub(r"_+", "_", re.sub(r"[^0-9a-zA-Z_]", "x", name)).strip("_")
            plain = plain if plain[:1].isalpha() and not re.match(r"r\d+_|xi(_|$)", plain) else f"of_{plain}"
            new, number = plain, 1
            while new in self._taken or hasattr(bs.Neuron, new):
                number += 1
                new = f"{plain}{number}" if not plain[-1:].isdigit() else f"{plain}_{number}"
            self._taken.add(new)
            self.given[key] = new
        return self.given[key]


class Cells(Translator):
    """The class of one group and its values.

    `fixed(variable)` says whether an array keeps its values in the run; `times` [s] are its steps. `states`: variable of
    Brian2 -> that of the class.
    """

    def __init__(self, group, fixed, clock, times):
        super().__init__(None)
        self.group, self.fixed, self.step, self.times = group, fixed, 1000.0 * float(clock.dt_), times
        self.names, self.states, self.parameters = Names(), {}, {"begin": float(clock.variables["timestep"].get_value()[0])}
        self.each_step, self.threshold, self.at_spike, self._known, self._tables = [], "", [], {}, {}

    def meaning(self, name, variable):
        """Return the Value of a name: a variable of the class, or what its numbers are in the whole run."""
        if not isinstance(variable, ArrayVariable):
            self.refuse(f"the name {name!r} stands for what brainsim does not have")
        if isinstance(variable.owner, Clock) and variable.name in ("t", "timestep"):
            if variable.name == "t":
                return Value(formula(f"{NOW}*d", d=self.constant(float(variable.owner.dt_))))
            return Value(formula(NOW))
        if variable.scalar and self.fixed(variable):
            return Value(known=float(np.asarray(variable.get_value()).flat[0]))
        if self.collected.indices.get(name, "_idx") != "_idx" or variable.size != len(self.group) or variable.scalar:
            raise OtherGroupsError(name)
        if self.fixed(variable):
            return Value(known=np.asarray(variable.get_value(), dtype=float))
        if variable.owner is not None and variable.owner.name != self.group.name:
            raise OtherGroupsError(name)
        value = Value(ast.Name(self.state(variable)))
        value.flag = variable.dtype == np.bool_
        return value

    def state(self, variable):
        """Return the name of a variable of Brian2 that is one of the class."""
        if variable not in self.states:
            self.states[variable] = self.names.of(variable, variable.name)
        return self.states[variable]

    def constant(self, value):
        """Return the name of the parameter that a number, or one for each cell, becomes."""
        known = np.asarray(value, dtype=float)
        if not np.all(np.isfinite(known)):
            raise OtherGroupsError("a number that is not finite")
        if known.ndim and known.size and np.all(known == known.flat[0]):
            known = known.flat[0]
        key = known.tobytes(), known.shape
        if key not in self._known:
            self._known[key] = name = self.names.of(key, f"c{len(self._known)}")
            self.parameters[name] = float(known) if known.ndim == 0 else known
        return ast.Name(self._known[key])

    def table(self, array, arguments):
        """Return the Value of a TimedArray at the beginning of the step: a parameter with a row for each step."""
        if not (isinstance(arguments[0], ast.Name) and arguments[0].id == "t"):
            raise OtherGroupsError("a table at another time")
        columns = None
        if len(arguments) > 1:
            column = self.value(arguments[1])
            if column.tree is not None:
                raise OtherGroupsError("a table whose column changes")
            columns = np.broadcast_to(np.asarray(column.known, dtype=int), len(self.group))
        key = id(array), None if columns is None else columns.tobytes()
        if key not in self._tables:
            self._tables[key] = name = self.names.of(key, "table")
            rows = np.clip(np.floor(self.times / float(array.dt) + 1e-6).astype(int), 0, len(array.values) - 1)
            if columns is not None and rows.size * columns.size > 20_000_000:
                raise OtherGroupsError("a large table")
            values = np.asarray(array.values, dtype=float)[rows]
            self.parameters[name] = bs.TimedArray(values if columns is None else values[:, columns], self.step)
        return Value(formula(f"{self._tables[key]}(t)"))

    def move(self, collected):
        """Take over the step of a method."""
        self.collected, self.local = collected, {}
        for name, tree in statements_of(collected.code, collected.owner):
            variable, value = collected.variables.get(name), self.value(tree)
            if variable is None or isinstance(variable, AuxiliaryVariable):
                if value.tree is None:
                    self.local[name] = value
                    continue
                new = self.names.of(("local", name), f"new_{name}")
                self.each_step.append(f"{new} = {ast.unparse(self.number(value))}")
                self.local[name] = Value(ast.Name(new))
                continue
            target, tree = self._target(name, variable), self.number(value)
            held = variable.conditional_write
            if held is not None and held.name not in collected.override:
                tree = formula("where(h != 0, a, b)", h=ast.Name(self.state(held)), a=tree, b=ast.Name(target))
            self.each_step.append(f"{target} = {ast.unparse(tree)}")
        self.local = {}
        self._drop_unread()

    def _drop_unread(self):
        """Leave out the lines of names that no later line reads: a class must not have any."""
        kept, read, variables = [], set(), {*self.states.values()}
        for line in reversed(self.each_step):
            name, _, text = line.partition(" = ")
            if name in variables or name in read:
                kept.append(line)
                read |= {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        self.each_step = kept[::-1]

    def _target(self, name, variable):
        if not isinstance(variable, ArrayVariable) or variable.scalar or variable.owner.name != self.group.name:
            raise OtherGroupsError(name)
        return self.state(variable)

    def fire(self, collected):
        """Take over the threshold."""
        self.collected = collected
        ((_, tree),) = statements_of(collected.code, collected.owner)
        value = self.value(tree)
        if value.tree is None and np.ndim(value.known) == 0 and not value.known:
            return
        self.threshold = ast.unparse(self.condition(value))
        self.note_spike(collected)

    def fire_by(self, flag):
        """Take over a threshold that a function has tested: the cells fire whose flag it has set."""
        self.threshold = f"{self.state(flag)} > 0.5"

    def note_spike(self, collected):
        """Take over what Brian2 writes where it tests the threshold."""
        self.collected = collected
        if collected.kwds.get("_uses_refractory"):
            now = ast.unparse(self.number(self.meaning("t", collected.variables["t"])))
            last, free = (self.state(collected.variables[name]) for name in ("lastspike", "not_refractory"))
            self.at_spike = [f"{last} = {now}", f"{free} = 0"]

    def population(self):
        """Return the Population."""
        name = f"Of{''.join(part.capitalize() for part in re.split('[^0-9a-zA-Z]+', self.group.name))}"
        declared = {
            n: bs.parameter(v, "", "") if isinstance(v, bs.TimedArray) else bs.parameter(0.0, "", "")
            for n, v in self.parameters.items()
        }
        declared |= {n: bs.initial(0.0, "", "") for n in self.states.values()}
        about = {
            "__doc__": f"The cells of {self.group.name!r}, a group of Brian2.",
            "__module__": __name__,
            "__annotations__": {n: float for n, v in self.parameters.items() if not isinstance(v, bs.TimedArray)},
            "dimensions": False,
            "each_step": "\n".join(self.each_step),
            "threshold": self.threshold,
            "reset": "\n".join(self.at_spike) if self.threshold else "",
        }
        model = type(name, (bs.Neuron,), about | declared)(**self.parameters)
        initial = {n: np.asarray(variable.get_value(), dtype=float) for variable, n in self.states.items()}
        return bs.Population(len(self.group), model, name=self.group.name, initial=initial)
