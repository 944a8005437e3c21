"""The blocks state, parameters, internals and input of a model, and its inline expressions."""

from __future__ import annotations

from typing import Any

import brainsim as bs
from brainsim.nestml.parsing import File, unit_of, unit_text
from brainsim.nestml.response_kernels import Kernels
from brainsim.nestml.texts import MAX_LENGTH, condition, evaluate, names, replace, resolve, tidy

POTENTIALS = ("V_m", "v_m", "Vm", "V", "v", "V_comp")


class Declarations(Kernels):
    """What a model declares, by names in equations; the potential is called v, and the weight of a rule w.

    `states` and `parameters` lead to declarations, `starts` to initial values. By names in NESTML, `ports` are those that
    receive spikes, `inhibitory` some of these, and `times` variables of a rule that hold when something happened; here they
    say how long ago that was.
    """

    def __init__(self, file: File, tree: Any, base: type):
        super().__init__(file, tree, base)
        states, parameters = self._declared(tree.get_state_blocks()), self._declared(tree.get_parameters_blocks())
        self.impulses = {known: states.pop(known) for known in [*states] if known.rstrip("'") in self.kernels}
        main = "v" if base is bs.Neuron else "w"
        self.potential = next((known for known in POTENTIALS if known in states and main == "v"), main)
        if main == "w":  # which connections have
            states.pop("w", None), parameters.pop("w", None)
        self.taken.add(main)
        self.names |= {known: self.new(known) for known in states | parameters if known != self.potential}
        self.names[self.potential] = main
        self.states, self.parameters = (
            {self.names[known]: one for known, one in block.items()} for block in (states, parameters)
        )
        self.names |= {known: f"0.001*{self.names[known]}" for known, one in parameters.items() if self._unit(one) == "Hz"}
        self.ports, self.inhibitory, self.continuous = dict[str, str](), set[str](), list[Any]()
        for port in (port for block in tree.get_input_blocks() for port in block.get_input_ports()):
            known = port.get_name()
            if port.has_size_parameter():
                raise file.error(port, f"{known} is a vector of ports, which cannot be translated")
            if port.is_spike():
                self.ports[known] = self.new(known)
                self.names[known] = f"0.001*{self.ports[known]}"  # a spike is 1/s in NESTML
                self.inhibitory |= {known} if port.is_inhibitory() and not port.is_excitatory() else set()
            else:
                self.continuous.append(port)
        self.starts, self.times = dict[str, str](), dict[str, str]()
        self.class_parameters: dict[str, Any] = {}

    def translate(self) -> None:
        """Translate the values of all that is declared; names of input must be known."""
        inner = self._declared(self.tree.get_internals_blocks())
        blocks = self.tree.get_equations_blocks()
        inline = {one.get_variable_name(): one for block in blocks for one in block.get_inline_expressions()}
        self.names |= {known: self.new(known) for known in inner | inline}
        self.lines |= {self.names[known]: self.number(one.get_expression()) for known, one in (inner | inline).items()}
        constants = {n: text for n, text in self.lines.items() if evaluate(text) is not None}
        self.lines = {n: tidy(replace(text, constants)) for n, text in self.lines.items() if n not in constants}
        self.names |= {known: constants[n] for known, n in self.names.items() if n in constants}
        self.starts = {n: self.number(one.get_expression()) for n, one in self.states.items()}
        for known, one in inner.items():  # internals are computed once, at the beginning
            if names(self.lines.get(n := self.names[known], "")) & self.starts.keys():
                self.lines[n] = self.full(self.lines[n], one, self.starts)
        texts = {n: self.number(one.get_expression()) for n, one in self.parameters.items()}
        texts |= {n: f"1000*({texts[n]})" for n, one in self.parameters.items() if self._unit(one) == "Hz"}
        for n, one in [*self.parameters.items()]:
            text = self.full(texts[n], one, self.lines | self.starts | texts)
            if "dt" in names(text):  # a number of steps follows from parameters
                self.lines[n] = texts[n]
                self.parameters.pop(n)
            elif (default := evaluate(text)) is None:
                raise self.file.error(one, f"the default of {one.get_variables()[0].get_name()}, {text}, has no value")
            else:
                self.class_parameters[n] = bs.parameter(default, self._unit(one), self._meaning(one, n))

    def full(self, text: str, node: Any = None, values: dict[str, str] | None = None) -> str:
        """Return a text with names replaced by what they stand for: those of lines, or of `values`."""
        try:
            return tidy(resolve(text, self.lines if values is None else values))
        except RecursionError:
            raise self.file.error(node or self.tree, "this value needs itself") from None
        except OverflowError:
            message = f"this value has more than {MAX_LENGTH:,} characters when the names in it are written out"
            raise self.file.error(node or self.tree, message) from None

    def body(self, starts: dict[str, str]) -> dict[str, Any]:
        """Return the parameters and the variables with their initial values, for the body of a class."""
        found = {**self.class_parameters}
        for n, text in starts.items():
            one, start = self.states.get(n), evaluate(text)
            unit = self._unit(one).replace("Hz", "1/ms") if one else ""
            found[n] = bs.initial(text if start is None else start, unit, self._meaning(one, n))
        invariants = [one.get_invariant() for one in self.parameters.values() if one.has_invariant()]
        return found | {"conditions": tuple(condition(self.text(one)) for one in invariants)}

    def _declared(self, blocks):
        found = {v.get_complete_name(): d for b in blocks for d in b.get_declarations() for v in d.get_variables()}
        for known, one in found.items():
            if one.has_size_parameter() or not one.has_expression():
                raise self.file.error(one, f"{known} is a vector, or has no value: neither can be translated")
        return found

    def _unit(self, one):
        return unit_text(unit_of(one.get_data_type().get_type_symbol()))

    def _meaning(self, one, n):
        comments = [" ".join(str(comment).strip(" #\n").split()) for comment in one.get_comments()] if one else []
        return next(filter(None, comments), one.get_variables()[0].get_complete_name() if one else n)
