"""Methods of integration: what one step of length dt makes of the variables of a cell with its receptors.

Each method is a class: made of a `System` once, and called in each step with the variables ``x`` (name -> array), a
`Moment` and normal numbers ``z``, it returns the variables at the end of the step. The variables of `System.frozen` keep
their value in cells that are refractory, also within a step; at its end, the network sees to this.
"""

import numpy as np

from brainsim.testing.reference.equations import EXPM1, evaluate, linear_terms, names_in
from brainsim.testing.reference.exact import Exact, Impossible, linear_equations


def relax(start, rest, slope, time):
    """Return the solution of ``dx/dt = slope*x + rest`` after a time."""
    z = slope * time
    share = np.where(z == 0.0, 1.0, EXPM1(z) / np.where(z == 0.0, 1.0, z))
    return start + (rest + slope * start) * time * share


class _PartlyExact:
    """Methods by parts: a linear system that depends on nothing else moves exactly, and counts by its mean over the step."""

    def __init__(self, system):
        self.system, self.first = system, Exact(system, partly=True)
        self.others = [name for name in system.derivatives if name not in self.first.variables]
        self.parts = {name: linear_terms(system.full(system.derivatives[name], name), name) for name in self.others}
        for name, (slope, rest) in self.parts.items():
            if slope is None and rest is not None and name in names_in(rest):
                raise Impossible
        self.noises = list(dict.fromkeys([*self.first.noises, *(n for o in self.others for n in system.noise.get(o, {}))]))

    def start(self, x, moment, z):
        """Return the variables that moved exactly, and all variables as the others see them."""
        new = self.first(x, moment, z)
        middle = {name: moment.unless_frozen(self.system, name, 0.5 * (x[name] + new[name]), x[name]) for name in new}
        return new, x | middle

    def sides(self, name, scope):
        """Return slope and rest of a variable."""
        return tuple(0.0 if part is None else evaluate(part, scope) for part in self.parts[name])


class ExponentialEuler(_PartlyExact):
    """Each equation is solved exactly while all other variables are held: ``dx/dt = slope*x + rest``."""

    def __init__(self, system):
        super().__init__(system)
        if any(system.multiplicative(name) for name in self.others):
            raise Impossible

    def __call__(self, x, moment, z):
        """Return the variables after a step."""
        new, at = self.start(x, moment, z)
        scope = moment.scope(self.system, at, moment.t + 0.5 * moment.dt)
        for name in self.others:
            slope, rest = self.sides(name, scope)
            new[name] = relax(x[name], rest, slope, moment.dt)
            for noise, gain in self.system.noise.get(name, {}).items():
                size = np.sqrt(relax(0.0, 1.0, 2.0 * np.asarray(slope), moment.dt))
                new[name] = new[name] + evaluate(gain, scope) * size * z[noise]
        return new


class ExponentialStrang(_PartlyExact):
    """Groups of variables that do not depend on each other move in turn: by half a step, the last group by a whole one, and
    the others back in reverse order by the other half.
    """

    def __init__(self, system):
        super().__init__(system)
        if any(system.noise.get(name) for name in self.others):
            raise Impossible
        self.needs = {}
        for name, parts in self.parts.items():
            used = [names_in(system.full(part)) for part in parts if part is not None]
            self.needs[name] = set().union(*used) & {*self.others} if used else set()

    def groups(self):
        """Return the groups but the largest, and the largest, which is in the middle."""
        left, groups = [*self.others], []
        while left:
            group = []
            for name in reversed(left):
                if not any(other in self.needs[name] or name in self.needs[other] for other in group):
                    group.insert(0, name)
            groups.append(group)
            left = [name for name in left if name not in group]
        inner = max(groups, key=len, default=[])
        return [group for group in groups if group is not inner][::-1], inner

    def __call__(self, x, moment, z):
        """Return the variables after a step."""
        new, at = self.start(x, moment, z)
        outer, inner = self.groups()
        middle = moment.t + 0.5 * moment.dt
        for group in [*outer, inner, *reversed(outer)]:
            time = moment.dt if group is inner else 0.5 * moment.dt
            scope, came = moment.scope(self.system, at, middle), {}
            for name in group:
                slope, rest = self.sides(name, scope)
                if name in self.needs[name]:  # not linear: again, with the rest at the middle of this move
                    half = moment.unless_frozen(self.system, name, relax(at[name], rest, slope, 0.5 * time), x[name])
                    rest = self.sides(name, moment.scope(self.system, at | {name: half}, middle))[1]
                came[name] = moment.unless_frozen(self.system, name, relax(at[name], rest, slope, time), x[name])
            at = at | came
        return new | {name: at[name] for name in self.others}


class _Slopes:
    """Methods that take the right-hand sides as they are."""

    noises = ()

    def __init__(self, system):
        self.system, self.noises = system, system.noises()
        if system.noise and not self.stochastic:
            raise Impossible

    stochastic = False

    def slopes(self, x, moment, t=None):
        """Return variable -> derivative, and (variable, noise) -> what a normal number is multiplied by."""
        scope, noise = moment.scope(self.system, x, t), self.system.noise
        slopes = {name: evaluate(tree, scope) for name, tree in self.system.derivatives.items()}
        root = np.sqrt(moment.dt)
        gains = {(name, key): evaluate(gain, scope) * root for name, row in noise.items() for key, gain in row.items()}
        return slopes, gains

    def kick(self, name, gains, z):
        """Return the noise of a step."""
        return sum((gains[name, noise] * z[noise] for noise in self.system.noise.get(name, {})), 0.0)


class Euler(_Slopes):
    """``x + dt f(x)``."""

    def __call__(self, x, moment, z):
        """Return the variables after a step."""
        slopes, gains = self.slopes(x, moment)
        return {name: x[name] + moment.dt * slope + self.kick(name, gains, z) for name, slope in slopes.items()}


class EulerMaruyama(Euler):
    """``x + dt f(x) + g(x) sqrt(dt) z``."""

    stochastic = True


class Milstein(_Slopes):
    """As `EulerMaruyama`, plus ``g dg/dx (z**2 - 1) dt/2``, with the derivative as a difference: one noise per equation."""

    stochastic = True

    def __init__(self, system):
        super().__init__(system)
        names = [noise for gains in system.noise.values() for noise in gains]
        used = {n: names_in(system.full(g)) & system.noise.keys() for n, row in system.noise.items() for g in row.values()}
        if len(names) > len(set(names)) or len(names) > len(system.noise) or any(u - {n} for n, u in used.items()):
            raise Impossible

    def __call__(self, x, moment, z):
        """Return the variables after a step."""
        slopes, gains = self.slopes(x, moment)
        new = {name: x[name] + moment.dt * slope for name, slope in slopes.items()}
        for name, row in self.system.noise.items():
            for noise in row:
                gain = gains[name, noise]
                up = self.slopes(x | {name: new[name] + gain}, moment)[1][name, noise]
                more = 0.5 * (up - gain) * (z[noise] ** 2 - 1.0) if self.system.multiplicative(name) else 0.0
                new[name] = new[name] + more + gain * z[noise]
        return new


class Heun(_Slopes):
    """The mean of the slopes at both ends of the step, the end by Euler's step; noise in the sense of Stratonovich."""

    stochastic = True

    def __call__(self, x, moment, z):
        """Return the variables after a step."""
        slopes, gains = self.slopes(x, moment)
        ends = {n: x[n] + moment.dt * slope + self.kick(n, gains, z) for n, slope in slopes.items()}
        ends = {name: moment.unless_frozen(self.system, name, end, x[name]) for name, end in ends.items()}
        later, more = self.slopes(ends, moment, moment.t + moment.dt)
        mean = {key: 0.5 * (gains[key] + more[key]) for key in gains}
        return {n: x[n] + 0.5 * moment.dt * (slopes[n] + later[n]) + self.kick(n, mean, z) for n in slopes}


class RungeKutta(_Slopes):
    """The classical step of fourth order."""

    def __call__(self, x, moment, z):
        """Return the variables after a step."""
        a, b, c, d = self.stages(x, moment)
        return {n: x[n] + moment.dt / 6.0 * (a[n] + 2.0 * (b[n] + c[n]) + d[n]) for n in x}

    def stages(self, x, moment):
        """Return the four slopes."""
        stages, at, dt = [], x, moment.dt
        for share in (0.0, 0.5, 0.5, 1.0):
            if stages:
                at = {
                    n: moment.unless_frozen(self.system, n, x[n] + share * dt * slope, x[n])
                    for n, slope in stages[-1].items()
                }
            stages.append(self.slopes(at, moment, moment.t + share * dt)[0])
        return stages


METHODS = {"exact": Exact, "exponential_euler": ExponentialEuler, "exponential_strang": ExponentialStrang, "euler": Euler}
METHODS |= {"heun": Heun, "rk4": RungeKutta, "euler_maruyama": EulerMaruyama, "milstein": Milstein}


def method_of(name, system):
    """Return a method: that of a name, or of ``"auto"`` and ``"accurate"`` the first that is possible."""
    if name == "accurate" and not system.noise and (curved := len(system.derivatives) - len(linear_equations(system))):
        return first_of(["rk4"] if curved == 1 else ["exponential_strang", "rk4"], system)
    if name in ("auto", "accurate"):
        milstein = ["milstein"] if any(map(system.multiplicative, system.noise)) else []
        last = "euler_maruyama" if system.noise else "euler"
        return first_of(["exact", "exponential_euler", *milstein, last], system)
    return METHODS[name](system)


def first_of(names, system):
    """Return the first of several methods that is possible."""
    for name in names[:-1]:
        try:
            return METHODS[name](system)
        except Impossible:
            continue
    return METHODS[names[-1]](system)
