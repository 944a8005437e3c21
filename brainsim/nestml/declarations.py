"""The blocks state, parameters, internals and input of a model, and its inline expressions."""

from __future__ import annotations

from typing import Any

import brainsim as bs
from brainsim.nestml.expressions import Expressions, usable
from brainsim.nestml.files import File, unit_of, unit_text
from brainsim.nestml.texts import NO_VALUE, condition, evaluate, names, replace, resolve, tidy, value

POTENTIALS = ("V_m", "v_m", "Vm", "V", "v", "V_comp")


class Declarations:
    """What a model declares, by names in equations; the potential is called v.

    `starts` are initial values, `impulses` those that belong to kernels, `own` the declarations of states and parameters.
    """

    def __init__(self, file: File, model: Any, base: type):
        self.file, self.model, self.base, self.expressions = file, model, base, Expressions(file, model)
        self.own: dict[str, Any] = {}
        self.starts: dict[str, str] = {}
        self.impulses: dict[str, str] = {}
        self.defaults: dict[str, float] = {}
        self.ports: set[str] = set()
        self.inhibitory: set[str] = set()
        self.continuous: list[Any] = []
        self.taken, self._weight = ({"v"}, "") if base is bs.Neuron else ({"w"}, "w")
        kernels = {v.get_name() for kernel in model.get_all_kernels() for v in kernel.get_variables()}
        states = self._of(model.get_state_blocks())
        potential = next((known for known in POTENTIALS if known in dict(states)), "") if base is bs.Neuron else ""
        self.states = {known: one for known, one in states if known.rstrip("'") not in kernels and known != self._weight}
        self._impulses = {known: one for known, one in states if known.rstrip("'") in kernels}
        self.parameters = {known: one for known, one in self._of(model.get_parameters_blocks()) if known != self._weight}
        e = self.expressions
        e.names |= {self._weight or potential: self._weight or "v"}
        e.names |= {
            known: usable(known, self.taken, base) for known in [*self.states, *self.parameters] if known != potential
        }
        self.own = {e.names[known]: one for known, one in [*self.states.items(), *self.parameters.items()]}
        self.rates = {e.names[known] for known, one in self.parameters.items() if self._unit(one) == "Hz"}
        for port in (port for block in model.get_input_blocks() for port in block.get_input_ports()):
            if port.has_size_parameter():
                raise file.error(port, f"{port.get_name()} is a vector of ports, which cannot be translated")
            self.continuous += [] if port.is_spike() else [port]
            self.ports |= {usable(port.get_name(), self.taken, base)} if port.is_spike() else set()
            self.inhibitory |= {port.get_name()} if port.is_inhibitory() and not port.is_excitatory() else set()
        e.names |= {port: f"0.001*{port}" for port in self.ports}  # a spike is 1/s in NESTML

    def translate(self) -> None:
        """Translate the values of all that is declared; names of input must be known."""
        e = self.expressions
        e.names |= {known: f"0.001*{e.names[known]}" for known in self.parameters if e.names[known] in self.rates}
        inner = dict(self._of(self.model.get_internals_blocks()))
        inline = {
            d.get_variable_name(): d for block in self.model.get_equations_blocks() for d in block.get_inline_expressions()
        }
        e.names |= {known: usable(known, self.taken, self.base) for known in inner | inline}
        constants: dict[str, str] = {}
        for known, one in (inner | self._impulses | inline).items():
            text = e.number(one.get_expression())
            if known in self._impulses:
                self.impulses[known] = text
            elif value(text) is not None:
                constants[e.names[known]] = text
                e.names[known] = text
            else:
                e.lines[e.names[known]] = text
        e.lines = {n: tidy(replace(text, constants)) for n, text in e.lines.items()}
        self.starts = {self._name(known): e.number(one.get_expression()) for known, one in self.states.items()}
        for known, one in inner.items():  # internals are computed once, at the beginning
            if names(e.lines.get(e.names[known], "")) & self.starts.keys():
                e.lines[e.names[known]] = self.resolved(e.lines[e.names[known]], self.starts, one)
        for known, one in [*self.parameters.items()]:
            text = self.resolved(e.number(one.get_expression()), e.lines | self.starts, one)
            if "dt" in names(text):  # a number of steps follows from parameters
                e.lines[self._name(known)] = e.number(self.parameters.pop(known).get_expression())
            else:
                self.defaults[self._name(known)] = self._default(known, one, text)

    def resolved(self, text: str, values: dict[str, str], node: Any) -> str:
        """Return a text with names replaced by what they stand for."""
        try:
            return tidy(resolve(text, values))
        except RecursionError:
            raise self.file.error(node, "this value needs itself") from None

    def body(self, starts: dict[str, str]) -> dict[str, Any]:
        """Return the parameters and the variables with their initial values, for the body of a class."""
        found: dict[str, Any] = {}
        for known, one in self.parameters.items():
            n = self._name(known)
            found[n] = bs.parameter(self.defaults[n], self._unit(one), self._meaning(one, known))
        for n, text in starts.items():
            start = self.resolved(
                text, starts | {k: v for k, v in self.expressions.lines.items() if names(v) & starts.keys()}, self.model
            )
            if "dt" in names(resolve(start, self.expressions.lines)):
                raise self.file.error(self.own[n], "an initial value cannot depend on the time step")
            unit = self._unit(self.own[n]).replace("Hz", "1/ms") if n in self.own else ""
            begin = value(start)
            found[n] = bs.initial(start if begin is None else begin, unit, self._meaning(self.own.get(n), n))
        invariants = [one.get_invariant() for one in self.parameters.values() if one.has_invariant()]
        found["conditions"] = tuple(condition(self.expressions.text(one)) for one in invariants)
        return found

    def _default(self, known, one, text):
        try:
            number = evaluate(text, self.defaults)
        except NO_VALUE as error:
            raise self.file.error(one, f"the default of {known} has no value ({error})") from None
        return 1000.0 * number if self._name(known) in self.rates else number

    def _name(self, known):
        return self.expressions.times.get(known, self.expressions.names[known].removeprefix("0.001*"))

    def _of(self, blocks):
        found = [(v.get_complete_name(), d) for b in blocks for d in b.get_declarations() for v in d.get_variables()]
        for known, one in found:
            if one.has_size_parameter() or not one.has_expression():
                raise self.file.error(one, f"{known} is a vector, or has no value: neither can be translated")
        return found

    def _unit(self, one):
        return unit_text(unit_of(one.get_data_type().get_type_symbol()))

    def _meaning(self, one, known):
        comments = [] if one is None else [" ".join(str(comment).strip(" #\n").split()) for comment in one.get_comments()]
        return next(filter(None, comments), known)
