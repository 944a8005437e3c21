"""The numbers of a network: parameters sampled and checked, the constants of the kernels, times in steps, initial values."""

import ast

import numpy as np

from brainsim.core.checks import in_range, warn_user
from brainsim.equations.body import gain_name
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW
from brainsim.equations.steps.accuracy import LIMIT, advice, deviation
from brainsim.equations.system import bare
from brainsim.models.changing import OVER_TIME, held_by, one_for_all
from brainsim.models.conditions import MOST_SPIKES, MOST_TRIALS
from brainsim.models.curve import Curve
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution
from brainsim.rng.streams import stream_key

MAX_REFRACTORY = 2_000_000_000  # steps: they are counted in int32
MAX_STEPS = 2.0**53  # float64 holds every whole number up to here
SECONDS = 0.2  # a time below this is probably in seconds: cells have no such short ones in ms


def kernel_constants(system, step, values, dt, label):
    """Return every number that a kernel may need by name: parameters, the method's constants, gains, refractory steps."""
    part = dt / system.substeps
    for name in system.tables:
        values[name].check_step(part, f"{label}.{bare(name)}")
    known = values | {"dt": part, "pi": np.pi}
    try:
        constants = known | step.compute(values, part)
    except FloatingPointError as error:
        raise ValueError(f"{label}: {error}") from None
    for index, arrivals in enumerate(system.arrivals):
        constants |= {gain_name(index, name): _plain(lang.compute(gain, constants)) for name, gain in arrivals}
    if system.fixed_time:
        times, name = lang.compute(system.refractory, known | {"dt": dt}), f"{label}: {ast.unparse(system.refractory)}"
        in_range(times, f"{name} as the refractory time", "ms", at_least=0.0)
        constants["refractory_steps"] = whole_steps(np.minimum(times, MAX_REFRACTORY * dt), dt, name)
    if system.spikes is not None:
        constants["most_spikes"] = most_spikes(system.spikes, values, dt)
    return constants


def most_spikes(tree, values, dt):
    """Return how many spikes a cell sends in a step at most, a float, if their number is that of a tree, binomial(n, p).

    The probability of more is below 1e-16, and they are not sent: there is room for so many.
    """
    known = values | {"dt": dt, "pi": np.pi}
    timed = {key.removesuffix(OVER_TIME) for key in values if key.endswith(OVER_TIME)}
    trials, chance = (MOST_TRIALS if lang.names_in(of) & timed else lang.compute(of, known) for of in tree.args)
    mean = np.minimum(trials * np.minimum(chance, 1.0), MOST_SPIKES)
    return float(np.max(np.minimum(trials, np.ceil(mean + 12.0 * np.sqrt(mean)) + 20.0)))


def has_columns(value):
    """Return whether a value is a TimedArray with a column for each cell."""
    return isinstance(value, TimedArray) and value.per_cell


def with_tables(numbers, kernel, member, start, stop, dt):
    """Return the scalars of a kernel followed by its TimedArrays and Curves, as `codegen` reads them.

    Each table is a row of [steps that a value holds, rows, values row by row], of the cells `start` to `stop` of the member
    if it has a column for each. Each curve is a row of [1, points, x of all, y of all]. Steps, rows and points are sums of
    two numbers, exact in single precision too.
    """
    parts = [numbers[: len(kernel.scalars)]]
    for name, per_cell in kernel.tables:
        table = member.constants[name]
        values = table.values[:, start:stop] if per_cell else table.values
        steps = min(table.dt / dt, MAX_STEPS)
        steps = round(steps) if abs(steps - round(steps)) < 1e-6 else steps
        parts += [_in_two(steps, numbers.dtype), _in_two(len(table.values), numbers.dtype), np.ravel(values)]
    for name in kernel.curves:
        curve = member.constants[name]
        places = curve.x.astype(numbers.dtype)
        if np.any(np.diff(places) <= 0.0):
            raise ValueError(
                f"{member.population.name}.{bare(name)}: points of the Curve are closer than single precision can tell; "
                "write precision='double'"
            )
        parts += [(1.0, 0.0, *_in_two(len(places), numbers.dtype)), places, curve.y]
    return np.concatenate(parts, dtype=numbers.dtype, casting="same_kind")


def _in_two(value, dtype):
    """Return a number in this precision, and the rest."""
    first = float(dtype.type(value))
    return first, value - first


def check_tables(member, values):
    """Raise ValueError if a TimedArray with a column for each cell would replace one without, or the reverse."""
    for name, old in member.values.items():
        new = values[name]
        if name.endswith(OVER_TIME):
            continue
        if has_columns(old) != has_columns(new):
            kind = "a column for each cell" if has_columns(old) else "one column"
            raise ValueError(f"{type(member.population.model).__name__}.{name}: must stay a TimedArray with {kind}")
        if has_columns(new):
            new.check_cells(member.n, f"{type(member.population.model).__name__}.{name}", member.population.name)


def whole_steps(times, dt, label):
    """Return times in steps of dt, as floats; warn if they are not multiples of dt and are rounded."""
    steps = np.asarray(times) / dt
    if (latest := np.max(np.abs(steps), initial=0.0)) > MAX_STEPS:
        raise ValueError(f"{label}: {latest * dt:g} ms are more than 2**53 steps of dt = {dt:g} ms")
    rounded = np.rint(steps)
    if np.any(np.abs(steps - rounded) > 1e-6 * np.maximum(1.0, rounded)):
        bad = np.atleast_1d(times)[np.atleast_1d(np.abs(steps - rounded) > 1e-6 * np.maximum(1.0, rounded))][0]
        warn_user(f"{label}: {bad:g} ms is not a multiple of dt = {dt:g} ms and was rounded")
    return _plain(rounded)


def _plain(value):
    return float(value) if np.ndim(value) == 0 else np.asarray(value, dtype=np.float64)


def sample_parameter(network, population, owner, key, label):
    """Return a parameter's value: a float, or one number per cell for an array or a distribution."""
    value = getattr(owner, key)
    if held_by(owner, key):  # computed in each step
        return 0.0 if one_for_all(owner, key) else np.zeros(population.n)
    if isinstance(value, Distribution):
        from brainsim.rng.variates import fill

        out = np.empty(population.n)
        fill(out, value.code, stream_key(network.seed, "parameter", population.name, label, key))
        return out
    return value


def parameter_of_one(owner, key):
    """Return a parameter's value for one cell: an array of one number if it differs from cell to cell."""
    value = getattr(owner, key)
    if held_by(owner, key):
        return 0.0 if one_for_all(owner, key) else np.zeros(1)
    if isinstance(value, Distribution):
        return np.array([_median(value)])
    return value[:1] if np.ndim(value) else value


def _median(distribution):
    """Return a value of a distribution that about half of the values are below."""
    low, high = distribution.support
    if np.isinf(low):
        low = min(high, 0.0) - 1.0
        while distribution.mass(-np.inf, low) > 0.5:
            low *= 2.0
    if np.isinf(high):
        high = max(low, 0.0) + 1.0
        while distribution.mass(-np.inf, high) < 0.5:
            high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if distribution.mass(-np.inf, middle) > 0.5 else (middle, high)
    return 0.5 * (low + high)


def check_against_dt(owner, values, dt, method, counted=True):
    """Catch seconds in place of milliseconds: time constants below the step, refractory times below half a step.

    The method `exact` is right for every time constant, so one that may be in seconds is only a warning. A refractory time
    that is not `counted` in steps may be shorter than half a step.
    """
    for key, spec in owner.parameters.items():
        if spec.unit != "ms" or spec.called:
            continue
        label, shortest = f"{type(owner).__name__}.{key}", float(np.min(values[key]))
        if spec.above == 0.0 and shortest < dt:
            text = f"{label}: {shortest:g} ms is shorter than dt = {dt:g} ms; {_meant(shortest, 'take a smaller dt')}"
            if method != "exact":
                raise ValueError(text)
            if shortest < SECONDS:
                warn_user(text)
        longest = float(np.max(values[key]))
        too_short = longest > 0.0 and longest / dt <= 0.5 and (counted or longest < SECONDS)
        if too_short and key == getattr(owner, "refractory", None):
            hint = _meant(longest, "take a smaller dt, or write 0 for no refractoriness")
            raise ValueError(f"{label}: {longest:g} ms is less than half of dt = {dt:g} ms, so zero steps; {hint}")


def _meant(time, otherwise):
    """Return what to write for a time [ms] that is too short: a thousand times the value, if it may be in seconds."""
    return f"times are in ms: did you mean {1000 * time:.6g}?" if time < SECONDS else otherwise


def initial_values(layout, seed):
    """Return the state at t = 0: the values of the populations' ``initial``, of the models, and 0 for the receptors."""
    from brainsim.rng.variates import fill

    state = np.zeros(layout.n_state)
    for name, member in layout.members.items():
        model = member.population.model
        initial = member.population.initial
        values = {variable: initial.get(variable, spec.default) for variable, spec in model.initials.items()} | initial
        for variable in _in_order(model, values):
            value = values[variable]
            at, n = layout.state_row(name, variable, "Population.initial")
            if isinstance(value, Distribution):
                fill(state[at : at + n], value.code, stream_key(seed, "initial", name, variable))
                continue
            if isinstance(value, str):
                places = {v: layout.state_row(name, v, "Population.initial")[0] for v in model.initials}
                rows = {v: state[k : k + n] for v, k in places.items()}
                known = member.values | rows | {"pi": np.pi, "dt": layout.dt / member.system.substeps}
                value = lang.compute(model.cell_equations.initials[variable], known)
            state[at : at + n] = value
    return state


def warn_where_inaccurate(members, dt):
    """Warn of each kind of cells for which one step and two half steps differ much; the first cell stands for all."""
    warned = set()
    for member in members:
        model, part = member.population.model, dt / member.system.substeps
        values = _of_first_cell(member)
        start = _initial(member, values | {"pi": np.pi, "dt": part})
        found, variable = deviation(member.system, member.step, tuple(values.items()), start, part)
        if found <= LIMIT or type(model) in warned:
            continue
        warned.add(type(model))
        label = next(label for label, row in member.rows.items() if member.system.variables[row] == variable)
        parts = f" in {member.system.substeps} parts" if member.system.substeps > 1 else ""
        warn_user(
            f"{member.population.name}: the method {member.step.method!r} is too coarse for the equations of "
            f"{type(model).__name__} at dt = {dt:g} ms{parts}: near the initial values, one step moves {label!r} and what "
            f"is coupled to it {min(100.0 * found, 999.0):.0f} % differently from two half steps; "
            f"{advice(member.system, values, start, part, member.step.method)}"
        )


def _of_first_cell(member):
    """Return the parameters of the first cell, and the first values of its tables."""
    values = {}
    for name, value in member.known.items():
        if isinstance(value, TimedArray):
            values[name], values[name + NOW] = value, float(np.ravel(value.values[0])[0])
        elif isinstance(value, Curve):
            values[name] = value
        elif not name.endswith(OVER_TIME):
            values[name] = float(np.ravel(value)[0])
    return values


def _initial(member, known):
    """Return the initial values of the first cell; those of receptors are 0."""
    model, given, start = member.population.model, member.population.initial, {}
    for name in _in_order(model, model.initials):
        value = given.get(name, model.initials[name].default)
        if isinstance(value, Distribution):
            value = value.mean
        elif isinstance(value, str):
            value = lang.evaluate(model.cell_equations.initials[name], known | start)
        start[name] = float(np.ravel(value)[0])
    return tuple(start.get(name, 0.0) for name in member.system.variables)


def _in_order(model, variables):
    """Return variables in an order in which their initial values can be computed."""
    equations = getattr(model, "cell_equations", None)
    later = [*equations.initials] if equations is not None else []
    return [*(name for name in variables if name not in later), *later]
