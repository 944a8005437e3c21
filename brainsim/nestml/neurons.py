"""A neuron of NESTML as a class of `brainsim.Neuron`."""

from __future__ import annotations

import ast
from typing import Any

import brainsim as bs
from brainsim.nestml.declarations import Declarations
from brainsim.nestml.expressions import usable
from brainsim.nestml.files import File, equations, statements
from brainsim.nestml.kernels import Kernels
from brainsim.nestml.programs import Program, integrations
from brainsim.nestml.texts import (
    ALWAYS,
    NO_VALUE,
    evaluate,
    is_random,
    joined,
    names,
    replace,
    resolve,
    slope,
    somewhere,
    tidy,
    value,
)


class NotATimeError(Exception):
    """The timer of a neuron is more than a refractory time."""


def make_neuron(file: File, model: Any, method: str, substeps: int) -> type[bs.Neuron]:
    """Return a class of `brainsim.Neuron`, with a synapse for each port that receives spikes as an attribute."""
    try:
        made = _Translation(file, model, timed=True)
    except NotATimeError:
        made = _Translation(file, model, timed=False)
    body = made.body | {"method": method or made.method(), "substeps": substeps}
    cls: Any = type(model.get_name(), (bs.Neuron,), body)
    cls.ports = {}
    for port, jumps in made.jumps.items():
        arrival = "; ".join(f"{n} = {n} + {'w' if size == 1 else f'{size!r}*w'}" for n, size in jumps.items())
        about: dict[str, Any] = {
            "__doc__": f"The port {port} of {model.get_name()}: weights are plain numbers.",
            "dimensions": False,
        }
        if port in made.declarations.inhibitory:
            about["_never_negative"] = "the port inhibits, so weights must not be negative"
        synapse: Any = type(port, (bs.Synapse,), about | {"arrival": arrival, "weight_unit": ""})
        cls.ports[port] = synapse()
        setattr(cls, port, cls.ports[port])
    return cls


class _Translation:
    """The texts of a neuron. If it is `timed`, its timer becomes a refractory time, and otherwise stays a variable."""

    def __init__(self, file: File, model: Any, timed: bool):
        self.file, self.model = file, model
        d = self.declarations = Declarations(file, model, bs.Neuron)
        self.expressions = d.expressions
        self.kernels = Kernels(d.expressions, d.impulses, d.taken)
        for port in d.continuous:
            if port is not d.continuous[0]:
                raise file.error(port, f"a cell has one current, I, which is {d.continuous[0].get_name()} here")
            d.expressions.names[port.get_name()] = "I"
        d.translate()
        self.slopes, self.bases = self._equations()
        self.updates = statements(model.get_update_blocks())
        self.held, self.timer = self._integrated()
        self.timed = timed and bool(self.timer)
        self.in_ms = value(self.slopes.get(self.timer, "0")) == -1.0
        self.program = self._program()
        self.jumps = self._jumps()
        self.body = self._body()

    def _equations(self):
        """Return variable -> right-hand side, and variable -> name by which integrate_odes() calls it."""
        e, slopes, bases = self.expressions, {}, {}
        for equation in equations(self.model):
            known, order = equation.get_lhs().get_name(), equation.get_lhs().get_differential_order()
            targets = [e.names.get(known + "'" * k, "") for k in range(order)]
            if "" in targets:
                raise self.file.error(equation, f"{known} and its derivatives need initial values in state:")
            text = self._without_impulses(equation, targets[-1], e.number(equation.get_rhs()))
            slopes |= dict(zip(targets, [*targets[1:], text], strict=True))
            bases |= dict.fromkeys(targets, known)
        return slopes, bases

    def _without_impulses(self, equation, target, text):
        """Return a right-hand side without convolve(delta, ...), which acts as what a spike adds."""
        lines = self.expressions.lines
        for delta, port in self.kernels.deltas.items():
            full = resolve(text, {n: t for n, t in lines.items() if delta in names(resolve(t, lines))})
            if delta in names(full):
                if (size := slope(full, delta)) is None:
                    raise self.file.error(equation, "the factor of convolve(delta, ...) must be a number")
                self.kernels.arrivals.setdefault(port, {})[target] = size
                text = tidy(replace(full, {delta: "0"}))
        return text

    def _integrated(self):
        """Return variable -> condition under which integrate_odes() holds it, and the timer whose run is that condition."""
        calls, held = integrations(self.updates), {}
        for target, base in self.bases.items():
            paths = [path for path, given in calls if base in (given or [base])]
            tests = [tuple((self.expressions.text(node), holds) for node, holds in path) for path in paths]
            always = () in tests or any((*test[:-1], (test[-1][0], not test[-1][1])) in tests for test in tests)
            if calls and not always:
                moves = [joined(tuple(part if holds else f"not ({part})" for part, holds in test)) for test in tests]
                held[target] = tidy(f"not ({' or '.join(f'({test})' for test in moves)})") if moves else ALWAYS
        timers = [n for n in self.declarations.starts if value(self.slopes.get(n, "-1")) == -1.0]
        for timer in timers:
            runs = (f"{timer} > 0", f"{timer} != 0")
            if any(n in runs for n in held.values()) and all(test in runs for n, test in held.items() if n != timer):
                return held, timer
        return held, next((n for n in timers if n in self.slopes and not {*held} - {n}), "")

    def _program(self):
        """Return what happens in a step besides the equations; what is held is put back after it has moved."""
        e, d, model, timer = self.expressions, self.declarations, self.model, self.timer
        program = Program(e, d.taken, d.ports, (f"{timer} <= 0", f"{timer} == 0") if self.timed else ())
        for n, text in d.starts.items():  # a number of steps is known only when time has begun
            if "dt" in names(resolve(text, e.lines)) and n not in self.slopes:
                d.starts[n] = "0"
                program.assign(("t < 1.5*dt",), n, text)
        if self.in_ms:
            self.slopes.pop(timer)
        guard = () if timer not in self.held else (tidy(f"not ({self.held.pop(timer)})"),)
        before = {} if self.timed else {n: usable(f"{n}_before", d.taken) for n in self.held}
        for n, copy in before.items():
            d.starts[copy] = n
            program.assign((self.held[n],), n, copy)
        if timer and self.in_ms and not self.timed:  # up to rounding, a multiple of dt ends at 0
            program.assign(guard, timer, f"0 if abs({timer} - dt) < 1e-06*dt else {timer} - dt")
        program.run(self.updates, phase="after")
        for block in sorted(model.get_on_receive_blocks(), key=_priority):
            program.port = block.get_port_name()
            program.run(statements([block]))
        program.port = ""
        for port in sorted(program.buffers):
            program.assign((f"{port} != 0",), port, "0")
        for block in sorted(model.get_on_condition_blocks(), key=_priority):
            test = program.test(block.get_cond_expr(), {})
            program.run(statements([block]), program.kept(test, statements([block])))
        for n, copy in before.items():
            program.assign((), copy, n)
        program.run(self.updates, phase="before")  # of the next step
        return program

    def _jumps(self):
        """Return port -> how much a spike of weight 1 adds to which variable."""
        found = {port: dict(self.program.arrivals[port]) for port in sorted(self.declarations.ports)}
        for port, jumps in self.kernels.arrivals.items():
            found[port] |= {n: size + found[port].get(n, 0.0) for n, size in jumps.items()}
        for port in self.program.buffers:
            found[port][port] = 1.0
        return {port: jumps for port, jumps in found.items() if jumps}

    def _after_a_spike(self, groups):
        """Return (threshold, reset, refractory time), and take the reset out of the groups of assignments."""
        spikes, reset = self.program.spikes, []
        at = [k for k, (guard, _) in enumerate(groups) if spikes and guard == spikes[0][0]]
        if len(spikes) == len(at) == 1:
            earlier = [step for _, steps in groups[: at[0]] for step in steps]
            reset = [] if _must_follow(groups[at[0]][1], earlier) else groups.pop(at[0])[1]
        threshold = " or ".join(f"({joined(guard)})" if len(spikes) > 1 else joined(guard) for guard, _ in spikes)
        if not self.timed:
            return threshold, reset, None
        times = [text for target, text in reset if target == self.timer]
        if len(times) != 1:
            raise NotATimeError
        reset = [(target, text) for target, text in reset if target != self.timer]
        return threshold, reset, times[0] if self.in_ms else tidy(f"({times[0]})*dt")

    def _body(self):
        """Return the body of the class."""
        e, d, program, timer = self.expressions, self.declarations, self.program, self.timer
        counting = (timer, f"{timer} - 1") if self.timed else None
        groups = [(guard, [step for step in steps if step != counting]) for guard, steps in program.groups()]
        groups = [(guard, steps) for guard, steps in groups if steps]
        threshold, reset, refractory = self._after_a_spike(groups)
        guards = [joined(guard) for guard, _ in [*groups, *program.spikes]]
        if any(is_random(guard) and guards.count(guard) > 1 for guard in guards):
            raise self.file.error(self.model, "a random condition can decide about one event only, or a spike and its reset")
        slopes = self.slopes | self.kernels.derivatives
        new = [*self.kernels.derivatives, *sorted(program.buffers), *sorted(program.stored)]
        starts = {n: text for n, text in d.starts.items() if not self.timed or n != timer} | dict.fromkeys(new, "0")
        potential = next((known for known in d.states if e.names[known] == "v"), "v")
        lines = e.lines | ({potential: "v"} if potential not in d.taken else {})
        equations = [f"{n} = {text}" for n, text in lines.items()] + [f"d{n}/dt = {text}" for n, text in slopes.items()]
        events = {f"event_{k}": (joined(guard), _assignments(steps)) for k, (guard, steps) in enumerate(groups, start=1)}
        texts = [*equations, threshold, *(text for _, text in reset), *starts.values()]
        if self.timed and timer in names(*texts, *(part for event in events.values() for part in event)):
            raise NotATimeError
        body: dict[str, Any] = {
            "__doc__": f"The neuron {self.model.get_name()} of {self.file.name}, in NESTML.",
            "equations": "\n".join(equations),
            "dimensions": False,
            "threshold": threshold,
            "reset": _assignments(reset),
            "events": events,
        }
        if refractory is not None:
            body |= {"refractory": refractory, "frozen": tuple(self.held)}
            body |= {"arrivals": "kept"} if any({*jumps} & {*self.held} for jumps in program.arrivals.values()) else {}
        return body | d.body(starts)

    def method(self) -> str:
        """Return a method: exact for linear equations, of fourth order for one potential, symmetric with channels."""
        lines = self.expressions.lines
        full = {n: resolve(text, lines) for n, text in (self.slopes | self.kernels.derivatives).items()}
        curved = [n for n, text in full.items() if not _is_linear(text, [*full])]
        split = len(curved) > 1 and all(_has_linear_term(ast.parse(full[n], mode="eval").body, n) for n in curved)
        return "exponential_strang" if split else "rk4" if curved else "auto"


def _must_follow(steps, earlier):
    """Return whether assignments must stay behind earlier ones."""
    written, read = {n for n, _ in steps}, names(*(text for _, text in steps))
    return bool({n for n, _ in earlier} & (written | read) or names(*(text for _, text in earlier)) & written)


def _is_linear(text, variables):
    """Return whether a text is linear in variables: twice as far from 0 it has changed twice as much."""
    try:
        for values in somewhere(text):
            at = [values | {n: k * values.get(n, 1.0) for n in variables} for k in (0.0, 1.0, 2.0)]
            zero, one, two = (evaluate(text, known) for known in at)
            if abs(two - 2.0 * one + zero) > 1e-9 * (abs(one) + abs(zero)):
                return False
    except NO_VALUE:
        return False
    return True


def _has_linear_term(tree, variable):
    """Return whether a sum has a term that is linear in a variable."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        return _has_linear_term(tree.left, variable) or _has_linear_term(tree.right, variable)
    if isinstance(tree, ast.UnaryOp):
        return _has_linear_term(tree.operand, variable)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div) and variable not in names(ast.unparse(tree.right)):
        return _has_linear_term(tree.left, variable)
    return variable in names(ast.unparse(tree)) and _is_linear(ast.unparse(tree), [variable])


def _assignments(steps):
    return "; ".join(f"{n} = {text}" for n, text in steps)


def _priority(block):
    return -float(block.get_const_parameters().get("priority", 0))
