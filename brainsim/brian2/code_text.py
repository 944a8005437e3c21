"""A piece of Brian2's code becomes the text of a function that an operator calls in each step.

The loop is over elements: all of a group, those that fired, those that are recorded, or synapses whose event is due. In it,
each statement of Brian2 reads its names from arrays, and writes to one. Numbers are fields of the record, so that code which
differs in numbers only is one text.
"""

import ast
from dataclasses import dataclass, field

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.variables import ArrayVariable, AuxiliaryVariable

from brainsim.brian2.translate import Translator, Value, formula, statements_of
from brainsim.equations.numba_text import line_of, module, text_of
from brainsim.equations.statements import Sampler

FRAME = """\
@by_address
def run(c_, progress_):
    c, p = record_at(c_), record_at(progress_)
    step = p.step + c.start
    if step % c.period != 0:
        return 0
    t, timestep = np.float64(step) * c.dt, np.float64(step // c.period)
    key = step_key(c.key, p.step)
{loads}
{loop}
    return 0
"""
EACH = """\
    for e in range(c.count):
{body}
"""
SPIKES = """\
    spikes, empty = array_of(p.spikes), p.parity * p.capacity
    begin, end = empty + p.emitted, empty + p.total
"""
EVENTS = """\
    spikes = array_of(c.{events})
    begin, end = 0, np.int64(spikes[spikes.size - 1])
"""
FIRED = """\
{source}    for k in range(begin, end):
        e = np.int64(spikes[k]) - c.first
        if c.low <= e < c.high:
{body}
"""
NOTED = """\
{source}    used = c.used
    for k in range(begin, end):
        e = np.int64(spikes[k]) - c.first
        if c.low <= e < c.high:
{body}
            used += 1
    c.used = used
"""
TESTED = """\
    events, found = array_of(c.{events}), 0
    for e in range(c.count):
{body}
        if {test}:
            events[found] = np.int32(e)
            found += 1
    events[c.count] = np.int32(found)
"""
CHOSEN = """\
    row = c.row
    for j in range(c.count):
        e = np.int64({chosen}[j])
{body}
    c.row = row + 1
"""
DUE = """\
{source}    first, delays, begins, order = array_of(c.first_of), array_of(c.delays), array_of(c.begins), array_of(c.order)
    counts, items = array_of(c.counts), array_of(c.items)
    for k in range(begin, end):
        source = np.int64(spikes[k]) - c.first
        if c.low <= source < c.high:
            for s in range(first[source - c.low], first[source - c.low + 1]):
                slot = (p.step + delays[s]) % c.slots
                items[slot * c.room + counts[slot]] = s
                counts[slot] += 1
    slot = p.step % c.slots
    for q in range(counts[slot]):
        s = items[slot * c.room + q]
        for x in range(begins[s], begins[s + 1]):
            e = np.int64(order[x])
{body}
    counts[slot] = 0
"""
BRANCHED = """\
    place, up, links, own, area = array_of(c.place), array_of(c.up), array_of(c.links), array_of(c.own), array_of(c.area)
    capacity, below, right = array_of(c.capacity), array_of(c.below), array_of(c.right)
    for k in range(up.size):
        below[k] = own[k]
        right[k] = 0.0
    for e in range(c.count):
{body}
        below[place[e]] += area[e] * {conductance}
        right[place[e]] = capacity[e] * {v}[e] + area[e] * {current}
    for k in range(up.size - 1, 0, -1):
        share = links[k] / (links[k] + below[k])  # in this form nothing cancels, however large the conductance of a soma is
        below[up[k]] += share * below[k]
        right[up[k]] += share * right[k]
    right[0] /= below[0]
    for k in range(1, up.size):
        right[k] = (right[k] + links[k] * right[up[k]]) / (links[k] + below[k])
    for e in range(c.count):
        {current_through}[e] = capacity[e] / area[e] * (right[place[e]] - {v}[e])
        {v}[e] = right[place[e]]
"""
FRAMES = {"each": (EACH, 2), "fired": (FIRED, 3), "chosen": (CHOSEN, 2), "due": (DUE, 3)}
FRAMES |= {"noted": (NOTED, 3), "tested": (TESTED, 2), "branched": (BRANCHED, 2)}


@dataclass
class Code:
    """A function of the operator, as text, and what its record holds.

    - `arrays`: field -> the variable of Brian2, or an array; `scalars`: field -> number; `extra`: further fields
    - `early`: whether it is called before the cells move, and not after their spikes are known
    - `reads`, `writes`: the variables of Brian2 that it uses; `period`: steps of the network between two calls
    - `population`: whose spikes it looks at, None for events that Brian2 lists in an array of its own
    - `growing`: fields of arrays that get a value at each spike, and grow when they are full
    """

    name: str
    text: str
    arrays: dict
    scalars: dict
    extra: dict
    reads: set = field(default_factory=set)
    writes: set = field(default_factory=set)
    early: bool = True
    period: int = 1
    population: str | None = ""
    growing: tuple = ()
    context: object = None


class Emitter(Translator):
    """Writes the body of the loop for one piece of code.

    `fixed(variable)` says whether an array with one number keeps it in the whole run.
    """

    def __init__(self, collected, fixed):
        super().__init__(collected)
        self.fixed, self.arrays, self.scalars, self.heads, self.lines = fixed, {}, {}, [], []
        self.once = []
        self.reads, self.writes, self._places, self._numbers, self._count = set(), set(), {}, {}, 0
        self._sampler, self._flat = Sampler("r", self._bits), {}

    @staticmethod
    def _bits(number, common):
        return formula(f"hashed(mix(key + uint64({number})), int64(e))")

    def new(self, prefix="x"):
        """Return a name that is not used yet."""
        self._count += 1
        return f"{prefix}{self._count}"

    def array(self, variable):
        """Return the name of the array of a variable of Brian2, or of an array."""
        key = id(variable)
        if key not in self._places:
            self._places[key] = f"a{len(self.arrays)}"
            self.arrays[self._places[key]] = variable
        return self._places[key]

    def constant(self, value):
        """Return the field of a number."""
        known = float(value)
        if known not in self._numbers:
            self._numbers[known] = f"s{len(self.scalars)}"
            self.scalars[self._numbers[known]] = known
        return ast.Name(self._numbers[known])

    def place(self, name, variable):
        """Return the text of the element of an array that a name stands for."""
        index = self.collected.indices.get(name, "_idx")
        if variable.scalar or index == "0":
            return f"{self.array(variable)}[0]"
        return f"{self.array(variable)}[{self.index(index)}]"

    def index(self, name):
        """Return the text of an index."""
        if name == "_idx":
            return "e"
        variable = self.collected.variables[name]
        text = f"np.int64({self.array(variable)}[e])"
        if text not in self.heads:
            self.heads.append(text)
        return f"i{self.heads.index(text)}"

    def meaning(self, name, variable):
        """Return the Value of a name: an element that is read in a line before."""
        if not isinstance(variable, ArrayVariable):
            self.refuse(f"the name {name!r} stands for what brainsim does not have")
        if isinstance(variable.owner, Clock) and variable.name in ("t", "timestep"):
            return Value(ast.Name(variable.name))
        if variable.scalar and self.fixed(variable):
            return Value(known=float(np.asarray(variable.get_value()).flat[0]))
        self.reads.add(variable)
        local, text = self.new(), self.place(name, variable)
        self.lines.append(f"{local} = np.float64({text})" if _dtype(variable) != "f8" else f"{local} = {text}")
        value = Value(ast.Name(local))
        value.flag = variable.dtype == np.bool_
        return value

    def table(self, array, arguments):
        """Return the Value of a TimedArray, looked up in lines before."""
        values, dt = np.ascontiguousarray(array.values, dtype=float), float(array.dt)
        time = self.number(self.value(arguments[0]))
        row = self.new("q")
        position = self.text(formula("floor(x/d + 0.000001)", x=time, d=self.constant(dt)))
        self.lines.append(f"{row} = min(max(np.int64({position}), 0), {len(values) - 1})")
        place = row
        if values.ndim == 2:
            column = self.text(self.number(self.value(arguments[1])))
            place = f"{row} * {values.shape[1]} + np.int64({column})"
        local = self.new()
        flat = self._flat.setdefault(id(array), values.ravel())
        self.lines.append(f"{local} = {self.array(flat)}[{place}]")
        return Value(ast.Name(local))

    def text(self, tree):
        """Return a tree as text; random numbers in it are drawn in lines before."""
        sampled, lowered = self._sampler.sample(tree, {})
        self.lines += [line_of(line) for line in sampled]
        return text_of(lowered)

    def _binomial(self, function):
        trials, chance = self.collected.binomial.get(function.name, (None, None))
        if trials is None:
            self.refuse("has a BinomialFunction, of which Brian2 does not say what its numbers are")
        if trials * chance > 100.0:
            return Value(
                formula(
                    "m + s*randn()",
                    m=self.constant(trials * chance),
                    s=self.constant(np.sqrt(trials * chance * (1.0 - chance))),
                )
            )
        return Value(formula("binomial(n, p)", n=self.constant(trials), p=self.constant(chance)))

    def statement(self, name, tree):
        """Write one assignment."""
        variable, lines = self.collected.variables.get(name), self.lines
        if isinstance(variable, ArrayVariable) and variable.scalar:
            self.lines = self.once  # of a value that all elements share, before the loop
        value = self.value(tree)
        if variable is None or isinstance(variable, AuxiliaryVariable):
            if value.tree is not None and not isinstance(value.tree, ast.Name):
                local = self.new("l")
                self.lines.append(f"{local} = {self.text(self.number(value))}")
                value = Value(ast.Name(local))
            self.local[name] = value
            return
        if not isinstance(variable, ArrayVariable):
            self.refuse(f"assigns to {name!r}, which is no variable")
        text, kind = self.text(self.number(value)), _dtype(variable)
        text = {"f8": text, "i1": f"np.int8(({text}) != 0.0)"}.get(kind, f"np.{np.dtype(kind).name}({text})")
        self.writes.add(variable)
        line = f"{self.place(name, variable)} = {text}"
        held = variable.conditional_write  # what is written to it while the cell is refractory is lost
        if held is not None and held.name not in self.collected.override:
            test = self._held(name, held)
            line = f"if {test} != 0: {line}"
        self.lines.append(line)
        self.lines = lines

    def _held(self, name, held):
        """Return the text of the flag without which a variable is not written, at the index of the variable."""
        self.reads.add(held)
        index = self.collected.indices.get(name, "_idx")
        return f"{self.array(held)}[{'0' if index == '0' else self.index(index)}]"

    def write(self, code):
        """Write all statements of a piece of code."""
        for name, tree in statements_of(code, self.collected.owner):
            self.statement(name, tree)

    def source(self, event, group):
        """Return the text that finds the spikes of a step, or the cells that had another event."""
        if event == "spike":
            return SPIKES
        return EVENTS.format(events=self.array(group.variables[f"_{event}space"]))

    def finish(self, name, kind, extra, **words):
        """Return the Code: a loop of a kind around what was written."""
        frame, depth = FRAMES[kind]
        heads = [f"i{k} = {text}" for k, text in enumerate(self.heads)]
        body = "\n".join("    " * depth + line for line in (*heads, *self.lines) or ["pass"])
        loads = [f"    {a} = array_of(c.{a})" for a in self.arrays] + [f"    {s} = c.{s}" for s in self.scalars]
        if self.once:
            loads += [f"    {line}" for line in ("e = np.int64(0)", *self.once)]
        text = FRAME.format(loads="\n".join(loads), loop=frame.format(body=body, **words))
        title = "What a step does besides moving the cells, written by brainsim (brian2/code_text.py)."
        return Code(name, module(title, text), self.arrays, self.scalars, extra, self.reads, self.writes)


def _dtype(variable):
    """Return the kind of the elements of an array as the record of an operator has it."""
    kind = np.dtype(variable.dtype)
    return "i1" if kind == np.bool_ else kind.str[1:]
