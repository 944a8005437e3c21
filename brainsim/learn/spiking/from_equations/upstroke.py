"""The upstroke of cells whose potential rises faster and faster: parts of a step, forwards and backwards.

Before a spike of an exponential or quadratic integrate-and-fire cell the slope of its potential grows e-fold within a time
that becomes shorter than any step. While this rate, d(dv/dt)/dv, is not small compared with 1/dt, a step is divided:

- if the threshold is reached within the step, the parts have given differences of the potential, and time is one of the
  variables: dt/dv = 1/f(v). The last part ends at the threshold, and no crossing has to be looked for;
- else they have given lengths.

A part is moved by the Runge-Kutta method of fourth order. It is the shorter the faster the potential rises, so errors are
a share of dt that falls with dt. Sizes of parts change in jumps only, so the adjoint of the parts is that of the whole map.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import fill
from brainsim.equations.statements import Assign, formula
from brainsim.features.adjoints.adjoint import Adjoint
from brainsim.features.adjoints.step import D, active_names, name_calls, reversed_statements

MOST = 64  # parts of a step: its last one then is what is left
STEEP = 0.8
SIZE, LONGEST = 6.0, 0.4  # of parts, see `TEXT`

WALK, RETURN = "__walk", "__return"
LEVEL, PLACES, BELOW = "__level", 2000, 4.0  # see `Upstroke.level`

TEXT = """\
@helper
def __look(__x, __at, __scalars, __drive):
    \"\"\"Return how fast the potential rises by itself [1/ms], how fast the distance to the threshold rises, and that.\"\"\"
    <load>
    <look>
    return __steep, __rate, __gap


@helper
def __move_part(__x, __at, __h, __over, __scalars, __drive):
    \"\"\"Move a cell by a part: by `__h` of the distance to the threshold, if `__over`, or of time; return the time.\"\"\"
    <load>
    <move>
    <store>
    return __time


@helper
def __back_part(__x, __at, __h, __over, __scalars, __drive, __adjoint, __by_path):
    \"\"\"Go back through a part, and return the adjoint of `__h`; those of the time and the drive are last.\"\"\"
    <load>
    <move>
    <zeros>
    <ends>
    <back>
    <put_down>
    return <d>__h


@helper
def __size(steep, dt):
    \"\"\"Return how long a part may be, as a share of the time of e-fold growth; it has few different values.\"\"\"
    fraction, power = frexp(sqrt(sqrt(<size> * steep)) * sqrt(dt))
    return ldexp(floor(16.0 * fraction) * 0.0625, power)


@helper
def __walk_over(__path, __sizes, __limit, dt, __scalars, __drive):
    \"\"\"Walk to the threshold; return the number of parts, and the time: beyond the limit, if that is first.\"\"\"
    time = 0.0
    for m in range(<most>):
        steep, rate, gap = __look(__path, m * <n>, __scalars, __drive)
        size, last = max(-gap, 0.0), True
        if not rate > 0.0:
            return m, np.inf
        # a share of the time of e-fold growth, 1/steep, in which the distance changes by rate/steep; both factors are
        # rounded to 16 values per power of two, so that they have no derivative
        if m < <most> - 1:
            fraction, power = frexp(rate / abs(steep))
            part = __size(abs(steep), dt) * ldexp(floor(16.0 * fraction) * 0.0625, power)
            if part < size:
                size, last = part, False
        __sizes[m] = size
        time += __move_part(__path, m * <n>, size, True, __scalars, __drive)
        if last or not time <= __limit:
            return m + 1, time if last or time > __limit else np.inf
    return <most>, time


@helper
def __walk_on(__path, __sizes, dt, __scalars, __drive):
    \"\"\"Walk to the end of the step; return the number of parts, and whether the threshold is exceeded before.\"\"\"
    time = 0.0
    for m in range(<most>):
        steep, rate, gap = __look(__path, m * <n>, __scalars, __drive)
        if gap >= 0.0 and m > 0:
            return m, True
        # the same in time: half of that share, or at most a fixed part of 1/steep
        left, last = dt - time, True
        size = left
        if m < <most> - 1 and steep > 0.0:
            fraction, power = frexp(min(0.5 * __size(steep, dt), <longest>) / steep)
            part = ldexp(floor(16.0 * fraction) * 0.0625, power)
            if part < left:
                size, last = part, False
        __sizes[m] = size
        __move_part(__path, m * <n>, size, False, __scalars, __drive)
        time += size
        if last:
            steep, rate, gap = __look(__path, (m + 1) * <n>, __scalars, __drive)
            return m + 1, gap >= 0.0
    return <most>, False


@helper
def __walk(__path, __sizes, __steep, dt, __scalars, __drive):
    \"\"\"Walk to the threshold or the end of the step; return the number of parts, and when it crossed or -1.0.\"\"\"
    # steep cells probably cross within the step: to the threshold first, and through time only if it was not reached
    over = __steep * dt > 0.5
    if over:
        parts, time = __walk_over(__path, __sizes, dt, dt, __scalars, __drive)
        if time <= dt:
            return parts, time
    parts, beyond = __walk_on(__path, __sizes, dt, __scalars, __drive)
    # the crossing is found in differences of the potential, which end exactly at the threshold
    if beyond:
        other, time = __walk_over(__path, __sizes, np.inf, dt, __scalars, __drive)
        if time < np.inf:
            return other, min(time, dt)
        parts, beyond = __walk_on(__path, __sizes, dt, __scalars, __drive)
    return parts, -1.0


@helper
def __return(__path, __sizes, __parts, __over, __scalars, __drive, __adjoint, __by_path):
    \"\"\"Go back from the end of a walk, whose adjoint is `__adjoint`, to its beginning.\"\"\"
    for m in range(__parts - 1, -1, -1):
        by_size = __back_part(__path, m * <n>, __sizes[m], __over, __scalars, __drive, __adjoint, __by_path)
        if __over and m == __parts - 1:
            if __sizes[m] > 0.0:
                __fall(__path, m * <n>, by_size, __scalars, __drive, __adjoint, __by_path)


@helper
def __fall(__x, __at, __by_size, __scalars, __drive, __adjoint, __by_path):
    \"\"\"Add to the adjoint what the size of the last part does, which is the distance to the threshold before it.\"\"\"
    <load>
    <gap>
    <gap_zeros>
    __d___gap = -__by_size
    <gap_back>
    <gap_put_down>


"""


@dataclass(frozen=True, eq=False)
class Upstroke:
    """The equations of a cell whose potential rises by itself, as trees: see `Adjoint`.

    `state` names variables and currents; `steep` is the derivative of the rise of the potential with respect to it.
    """

    state: tuple[str, ...]
    flow: dict[str, Tree]
    gap: Tree
    gap_by: dict[str, Tree]
    steep: Tree

    @property
    def single(self) -> str:
        """The variable on which it depends alone how fast the potential rises by itself; "" if there are several."""
        names = lang.names_in(self.steep) & {*self.state, "I_ext"}
        return names.pop() if len(names) == 1 and names <= {*self.gap_by} else ""

    def level(self, known: dict[str, Any], dt: float) -> float:
        """Return the potential below which no step is divided, from parameters and a state: most cells are there.

        It is looked for from the threshold down, as far as several times the distance from the state to the threshold.
        """
        name = self.single
        start, slope = known[name], lang.compute(self.gap_by[name], known)
        peak = start - lang.compute(self.gap, known) / slope
        places = peak + np.linspace(-BELOW, 0.0, PLACES + 1) * abs(peak - start)
        steep = lang.compute(self.steep, known | {name: places})
        divided = np.flatnonzero((steep > 0.0) & (steep * steep * dt > STEEP * STEEP))
        if divided.size == 0:
            return np.inf
        return -np.inf if divided[0] == 0 else float(places[divided[0] - 1])

    def look(self, at: dict[str, Tree] | None = None) -> list[Assign]:
        """Return the statements of ``__steep`` and ``__rate``, how fast the distance to the threshold rises."""
        slopes = {name: lower(lang.substitute(self.flow[name], at or {})) for name in self.gap_by}
        rate: Tree = algebra.ZERO
        for name, gain in self.gap_by.items():
            rate = algebra.plus(rate, algebra.times(lower(lang.substitute(gain, at or {})), slopes[name]))
        return [Assign("__steep", lower(lang.substitute(self.steep, at or {}))), Assign("__rate", rate)]

    @property
    def part(self) -> list[Assign]:
        """The statements of a part: from the names of the state to ``_x_new`` of each, and ``__time``."""
        # the four stages of Runge-Kutta: slopes f, divided by how fast the distance to the threshold rises if a part is one
        # of the distance (`__over`), and from each the state of the next stage; then their mean, weighted 1, 2, 2, 1
        out, at = list[Assign](), dict[str, Tree]()
        for stage, move in enumerate(("0.5*h", "0.5*h", "h", ""), start=1):
            for name in self.state:
                out.append(Assign(f"_{name}_f{stage}", lower(lang.substitute(self.flow[name], at))))
            rate: Tree = algebra.ZERO
            for name, gain in self.gap_by.items():
                rate = algebra.plus(rate, algebra.times(lower(lang.substitute(gain, at)), ast.Name(f"_{name}_f{stage}")))
            out.append(Assign(f"__by{stage}", formula("1.0/rate if over else 1.0", rate=rate, over="__over")))
            for name in self.state if move else ():
                parts = {"x": name, "h": "__h", "by": f"__by{stage}", "f": f"_{name}_f{stage}"}
                out.append(Assign(f"_{name}_s{stage + 1}", formula(f"x + {move}*(by*f)", **parts)))
            at = {name: ast.Name(f"_{name}_s{stage + 1}") for name in self.state}
        mean = f"h*{1 / 6!r}*(a*w + 2.0*(b*x + c*y) + d*z)"
        by: dict[str, str | Tree] = {key: f"__by{stage}" for stage, key in enumerate("abcd", start=1)}
        for name in self.state:
            slopes: dict[str, str | Tree] = {key: f"_{name}_f{stage}" for stage, key in enumerate("wxyz", start=1)}
            out.append(Assign(f"_{name}_new", formula("x + m", x=name, m=formula(mean, h="__h", **by, **slopes))))
        ones: dict[str, str | Tree] = dict.fromkeys("wxyz", algebra.ONE)
        return name_calls([*out, Assign("__time", formula(mean, h="__h", **by, **ones))], "__call")

    @property
    def needs(self) -> set[str]:
        """The names in the statements that are not computed in them."""
        lines = [*self.look(), *self.part, Assign("__gap", lower(self.gap))]
        own = {line.name for line in lines} | {"__h", "__over", "pi", *self.state, "I_ext"}
        return set().union(*(line.needs for line in lines)) - own

    def text(self, parts: Any) -> str:
        """Return the functions of the module, in which numbers are as in `Parts`."""
        numbers, changing, label = parts.numbers, parts.changing, parts.label
        n, by = len(self.state), {*self.state, "I_ext", "__h", *changing}
        gap = [Assign("__gap", lower(self.gap))]
        by_gap = {name for name in by if name in gap[0].needs}
        used = self.needs | {"dt"}
        load = [f"{name} = __x[__at + {k}]" for k, name in enumerate(self.state)]
        load += [f"{name} = __scalars[{k}]" for k, name in enumerate(numbers) if name in used]
        load += ["I_ext = __drive"] if self.driven else []
        active = active_names(self.part, by)
        zeros = [f"{D}{name} = 0.0" for name in sorted(active | by)]
        ends = [f"{D}_{name}_new = __adjoint[{k}]" for k, name in enumerate(self.state)] + [f"{D}__time = __adjoint[{n}]"]
        put = [f"__adjoint[{k}] = {D}{name}" for k, name in enumerate(self.state)]
        put += [f"__adjoint[{n + 1}] += {D}I_ext"] if self.driven else []
        sums = [(f"__by_path[{k}] += {D}{name}", name) for k, name in enumerate(changing)]
        lines: dict[str, Any] = {
            "load": load,
            "look": [*self.look(), *gap],
            "move": self.part,
            "store": [f"__x[__at + {n + k}] = _{name}_new" for k, name in enumerate(self.state)],
            "zeros": zeros,
            "ends": ends,
            "back": reversed_statements(self.part, by, label),
            "put_down": put + [line for line, name in sums if name in used],
            "gap": gap,
            "gap_zeros": [f"{D}{name} = 0.0" for name in sorted(by_gap)],
            "gap_back": reversed_statements(gap, by_gap, label),
            "gap_put_down": [f"__adjoint[{k}] += {D}{name}" for k, name in enumerate(self.state) if name in by_gap]
            + [line for line, name in sums if name in by_gap],
        }
        return fill(TEXT, lines, n=n, most=MOST, size=SIZE, longest=LONGEST, d=D)

    @property
    def driven(self) -> bool:
        """Whether there is a current from outside."""
        return any("I_ext" in lang.names_in(tree) for tree in self.flow.values())


def upstroke_of(adjoint: Adjoint, state: tuple[str, ...]) -> Upstroke | None:
    """Return the upstroke of cells whose potential may rise by itself; None if that rate does not depend on the state."""
    steep: Tree = algebra.ZERO
    for name in adjoint.gap_by:
        by = adjoint.jacobian.get((name, name), algebra.ZERO)
        steep = algebra.plus(steep, by) if lang.names_in(by) & {*adjoint.variables} else steep
    if adjoint.gap is None or algebra.is_zero(steep):
        return None
    return Upstroke(state, adjoint.flow, adjoint.gap, adjoint.gap_by, steep)
