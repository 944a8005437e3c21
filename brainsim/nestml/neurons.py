"""A neuron of NESTML as a class of `brainsim.Neuron`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import brainsim as bs
from brainsim.nestml.declarations import Declarations
from brainsim.nestml.parsing import File
from brainsim.nestml.programs import INTEGRATE, Program, Step, statements
from brainsim.nestml.texts import ALWAYS, conjuncts, evaluate, joined, names, replace, slope, tidy


def make_neuron(file: File, tree: Any, method: str, substeps: int) -> type[bs.Neuron]:
    """Return a class of `brainsim.Neuron`, with a synapse for each port that receives spikes as an attribute."""
    made = _Translation(file, tree)
    body = made.body() | {"method": method or "accurate", "substeps": substeps}
    cls: Any = type(tree.get_name(), (bs.Neuron,), body)
    cls.ports = {}
    for known, jumps in made.program.arrivals.items():
        arrival = "; ".join(f"{n} = {n} + {'w' if size == 1 else f'{size!r}*w'}" for n, size in jumps.items())
        about = {"__doc__": f"The port {known} of {tree.get_name()}: weights are plain numbers.", "dimensions": False}
        if known in made.model.inhibitory:
            about["_never_negative"] = "the port inhibits, so weights must not be negative"
        if jumps:
            synapse: Any = type(known, (bs.Synapse,), about | {"arrival": arrival, "weight_unit": ""})
            cls.ports[known] = synapse()
            setattr(cls, made.model.ports[known], cls.ports[known])
    return cls


class _Translation:
    """The texts of a neuron: `slopes` are right-hand sides, `held` says when integrate_odes() leaves a variable as it is.

    The run of a `timer` is that condition. It becomes the refractory time if the model does not read it elsewhere; otherwise
    what is held is put back after it has moved.
    """

    def __init__(self, file: File, tree: Any):
        self.file, self.tree, self.slopes = file, tree, dict[str, str]()
        self.model = model = Declarations(file, tree, bs.Neuron)
        for port in model.continuous:
            if port is not model.continuous[0]:
                raise file.error(port, f"a cell has one current, I, which is {model.continuous[0].get_name()} here")
            model.names[port.get_name()] = "I"
        model.translate()
        bases, taken = self._equations(), {*model.taken}
        self.program = self._program()
        self.held = self._held(bases)
        self.timer = self._timer()
        self.rests = self.held.pop(self.timer, "")  # when the timer does not count
        self.in_ms = evaluate(self.slopes.get(self.timer, "0")) == -1.0
        self.timed, self.copies = bool(self.timer), dict[str, str]()
        self.parts = self._parts()
        self.refractory = self._refractory() if self.timed else ""
        if not self.refractory:
            model.taken, self.timed = taken, False
            self.program = self._program(self.held)
            self.copies = {n: model.new(f"{n}_before") for n in self.held}
            self.parts = self._parts()

    def _equations(self):
        """Read the equations; return variable -> that by which integrate_odes() calls it."""
        model, bases = self.model, {}
        for equation in self.tree.get_equations():
            known, order = equation.get_lhs().get_name(), equation.get_lhs().get_differential_order()
            targets = [model.names.get(known + "'" * k, "") for k in range(order)]
            if "" in targets:
                raise self.file.error(equation, f"{known} and its derivatives need initial values in state:")
            text = model.number(equation.get_rhs())
            for delta, port in model.deltas.items():  # it acts as what a spike adds
                full = model.full(text, values={n: t for n, t in model.lines.items() if delta in names(model.full(t))})
                if delta in names(full):
                    if (size := slope(model.full(full), delta)) is None:
                        raise self.file.error(equation, "the factor of convolve(delta, ...) must be a number")
                    model.jumps[port][targets[-1]] = size
                    text = tidy(replace(full, {delta: "0"}))
            self.slopes |= dict(zip(targets, [*targets[1:], text], strict=True))
            bases |= dict.fromkeys(targets, targets[0])
        return bases

    def _program(self, assigned: Iterable[str] = ()):
        """Return what happens in a step besides the equations."""
        program = Program(self.model, assigned)
        program.run(statements(self.tree.get_update_blocks()))
        program.updates = len(program.steps)
        for block in sorted(self.tree.get_on_receive_blocks(), key=_priority):
            program.port = self.model.ports[block.get_port_name()]
            program.run(statements([block]))
        program.port = ""
        for block in sorted(self.tree.get_on_condition_blocks(), key=_priority):
            program.choose([(block.get_cond_expr(), block)])
        return program

    def _held(self, bases):
        calls = [(step.tests, step.text.split("; ")) for step in self.program.steps if step.target == INTEGRATE]
        held = {}
        for target, base in bases.items():
            paths = [tests for tests, given in calls if base in given or given == [""]]
            always = any(not path or (*path[:-1], path[-1]._replace(holds=not path[-1].holds)) in paths for path in paths)
            if calls and not always:
                moves = " or ".join(f"({joined(test.written for test in path)})" for path in paths)
                held[target] = tidy(f"not ({moves})") if moves else ALWAYS
        return held

    def _timer(self):
        for timer in self.model.starts:
            others = {test for n, test in self.held.items() if n != timer}
            counts = evaluate(self.slopes.get(timer, "-1")) == -1.0 and (others or timer in self.slopes)
            if counts and others <= {f"{timer} > 0", f"{timer} != 0"}:
                return timer
        return ""

    def _parts(self):
        """Return what is assigned before a spike, the spike, what its reset assigns, and what is assigned after it."""
        before, spike, reset, after, following = self.program.split()
        back = [Step((self.held[n],), n, copy) for n, copy in self.copies.items()]
        if self.in_ms and not self.timed:  # up to rounding, a multiple of dt ends at 0
            counts = (f"not ({self.rests})",) if self.rests else ()
            back.append(Step(counts, self.timer, f"0 if abs({self.timer} - dt) < 1e-06*dt else {self.timer} - dt"))
        after += [*(Step((), copy, n) for n, copy in self.copies.items()), *following]
        for known, port in self.model.ports.items():
            for n, size in self.model.jumps[known].items():
                self.program.arrivals[known][n] += size
            if port in self.program.buffers:
                after.append(Step((), port, "0"))
                self.program.arrivals[known][port] = 1.0
        return ([*back, *before], spike, reset, after) if spike else ([*back, *before, *after], [], [], [])

    def _refractory(self):
        """Return what the timer is set to by the reset, "" if it is also set or read elsewhere."""
        steps = [one for k in (0, 2, 3) for one in self.parts[k]]
        own = [one for one in steps if one.target == self.timer]
        times = [one for one in own if one in self.parts[2] and not one.tests]
        texts = [text for one in steps if one.target != self.timer for text in (*one.tests, one.text)]
        texts += [self._threshold(), *self._starts().values(), *self.model.lines.values()]
        texts += [text for n, text in (self.slopes | self.model.derivatives).items() if n != self.timer]
        counted = all(one.text == f"{self.timer} - 1" for one in own if one not in times)
        return times[0].text if len(times) == 1 and counted and self.timer not in names(*texts) else ""

    def _threshold(self):
        ended = (f"{self.timer} <= 0", f"{self.timer} == 0") if self.timed else ()
        return joined(part for one in self.parts[1] for part in conjuncts(joined(one.tests)) if part not in ended)

    def _starts(self):
        program = self.program
        starts = {n: text for n, text in self.model.starts.items() if not self.timed or n != self.timer}
        starts |= dict.fromkeys([*self.model.derivatives, *sorted(program.buffers | program.stored)], "0")
        return starts | {copy: n for n, copy in self.copies.items()}

    def body(self) -> dict[str, Any]:
        """Return the body of the class."""
        model, dropped = self.model, {self.timer} if self.timed else set()
        before, spike, reset, after = (
            "; ".join(f"{one.target} = {one.value()}" for one in part if one.target not in dropped) for part in self.parts
        )
        lines = model.lines | ({model.potential: "v"} if model.potential not in model.taken else {})
        slopes = {n: t for n, t in (self.slopes | self.model.derivatives).items() if n != self.timer or not self.in_ms}
        equations = [f"{n} = {text}" for n, text in lines.items()] + [f"d{n}/dt = {text}" for n, text in slopes.items()]
        body: dict[str, Any] = {
            "__doc__": f"The neuron {self.tree.get_name()} of {self.file.name}, in NESTML.",
            "equations": "\n".join(equations),
            "dimensions": False,
            "each_step": before,
            "threshold": self._threshold() if spike else "",
            "reset": reset,
            "events": {"after": (ALWAYS, after)} if after else {},
        }
        if self.timed:
            body["refractory"] = self.refractory if self.in_ms else tidy(f"({self.refractory})*dt")
            body |= {"frozen": tuple(self.held)} | ({"arrivals": "kept"} if self.program.added & {*self.held} else {})
        return body | model.body(self._starts())


def _priority(block):
    return -float(block.get_const_parameters().get("priority", 0))
