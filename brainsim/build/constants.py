"""The numbers of a network: parameters drawn and checked, the constants of the kernels, times in steps, initial values."""

import ast

import numpy as np

from brainsim.core.checks import in_range, warn_user
from brainsim.equations import language as lang
from brainsim.equations.codegen import gain_name
from brainsim.equations.system import bare
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution
from brainsim.rng.streams import stream_key

LONGEST_REFRACTORY = 2_000_000_000  # steps: they are counted in int32
MOST_STEPS = 2.0**53  # up to which float64 tells each from the next
SECONDS = 0.2  # no time constant of a cell is as short in ms, but 0.2 s and less are common ones


def kernel_constants(system, step, values, dt, where):
    """Return every number that a kernel may need by name: parameters, the method's constants, gains, refractory steps."""
    part = dt / system.substeps
    for name in system.tables:
        values[name].check_step(part, f"{where}.{bare(name)}")
    known = values | {"dt": part, "pi": np.pi}
    try:
        constants = known | step.compute(values, part)
    except FloatingPointError as error:
        raise ValueError(f"{where}: {error}") from None
    for index, arrivals in enumerate(system.arrivals):
        constants |= {gain_name(index, name): _plain(lang.computed(gain, known)) for name, gain in arrivals}
    if system.fixed_time:
        times, name = lang.computed(system.refractory, known | {"dt": dt}), f"{where}: {ast.unparse(system.refractory)}"
        in_range(times, f"{name} as the refractory time", "ms", at_least=0.0)
        constants["refractory_steps"] = whole_steps(np.minimum(times, LONGEST_REFRACTORY * dt), dt, name)
    return constants


def has_columns(value):
    """Return whether a value is a TimedArray with a column for each cell."""
    return isinstance(value, TimedArray) and value.per_cell


def with_tables(numbers, kernel, member, first, last, dt):
    """Return the scalars of a kernel with its TimedArrays behind them, as `codegen` reads them.

    Each table is a row of [steps that a value holds, rows, values row by row], of the cells `first` to `last` of the member
    where it has a column for each. Steps and rows are sums of two numbers, exact in single precision too.
    """
    parts = [numbers[: len(kernel.scalars)]]
    for name, per_cell in kernel.tables:
        table = member.constants[name]
        values = table.values[:, first:last] if per_cell else table.values
        steps = min(table.dt / dt, MOST_STEPS)
        steps = round(steps) if abs(steps - round(steps)) < 1e-6 else steps
        parts += [_in_two(steps, numbers.dtype), _in_two(len(table.values), numbers.dtype), np.ravel(values)]
    return np.concatenate(parts, dtype=numbers.dtype, casting="same_kind")


def _in_two(value, dtype):
    """Return a number and what it lacks in this precision."""
    first = float(dtype.type(value))
    return first, value - first


def check_tables(member, values):
    """Raise ValueError where a TimedArray would take the place of one that has columns where it has none, or the reverse."""
    for name, old in member.values.items():
        new = values[name]
        if has_columns(old) != has_columns(new):
            kind = "a column for each cell" if has_columns(old) else "one column"
            raise ValueError(f"{type(member.population.model).__name__}.{name}: must stay a TimedArray with {kind}")
        if has_columns(new):
            new.check_cells(member.n, f"{type(member.population.model).__name__}.{name}", member.population.name)


def whole_steps(times, dt, where):
    """Return times in steps of dt, as floats; warns where they are not multiples of dt and are rounded."""
    steps = np.asarray(times) / dt
    if (latest := np.max(np.abs(steps), initial=0.0)) > MOST_STEPS:
        raise ValueError(f"{where}: {latest * dt:g} ms are more steps of dt = {dt:g} ms than can be counted, 2**53")
    rounded = np.rint(steps)
    if np.any(np.abs(steps - rounded) > 1e-6 * np.maximum(1.0, rounded)):
        bad = np.atleast_1d(times)[np.atleast_1d(np.abs(steps - rounded) > 1e-6 * np.maximum(1.0, rounded))][0]
        warn_user(f"{where}: {bad:g} ms is not a multiple of dt = {dt:g} ms and was rounded")
    return _plain(rounded)


def _plain(value):
    return float(value) if np.ndim(value) == 0 else np.asarray(value, dtype=np.float64)


def sampled_parameter(network, population, owner, key, label):
    """Return a parameter's value: a float, or one number a cell where it is an array or a distribution."""
    value = getattr(owner, key)
    if isinstance(value, Distribution):
        from brainsim.rng.variates import fill

        out = np.empty(population.n)
        fill(out, value.code, stream_key(network.seed, "parameter", population.name, label, key))
        return out
    return value


def parameter_of_one(owner, key):
    """Return a parameter's value for one cell: an array of one number if it differs from cell to cell."""
    value = getattr(owner, key)
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


def check_against_dt(owner, values, dt, method):
    """Catch seconds given for milliseconds: time constants below the step, refractory times below half a step.

    The method `exact` is right for every time constant: it takes one that may be in seconds, with a warning.
    """
    for key, spec in owner.parameters.items():
        if spec.unit != "ms" or spec.timed:
            continue
        where, shortest = f"{type(owner).__name__}.{key}", float(np.min(values[key]))
        if spec.above == 0.0 and shortest < dt:
            text = f"{where}: {shortest:g} ms is shorter than dt = {dt:g} ms; {_meant(shortest, 'take a smaller dt')}"
            if method != "exact":
                raise ValueError(text)
            if shortest < SECONDS:
                warn_user(text)
        longest = float(np.max(values[key]))
        if key == getattr(owner, "refractory", None) and longest > 0.0 and round(longest / dt) == 0:
            hint = _meant(longest, "take a smaller dt, or write 0 for none")
            raise ValueError(f"{where}: {longest:g} ms is less than half of dt = {dt:g} ms, no step long; {hint}")


def _meant(time, otherwise):
    """Return what to write for a time [ms] that is too short: a thousand times as much, if it may be in seconds."""
    return f"times are in ms: did you mean {1000 * time:.6g}?" if time < SECONDS else otherwise


def initial_values(layout, seed):
    """Return the state at t = 0: the values of the populations' ``initial``, of the models, and 0 for the receptors."""
    from brainsim.rng.variates import fill

    state = np.zeros(layout.n_state)
    for name, member in layout.members.items():
        model = member.population.model
        given = member.population.initial
        values = {variable: given.get(variable, spec.default) for variable, spec in model.initials.items()} | given
        for variable, value in values.items():
            at, n = layout.state_row(name, variable, "Population.initial")
            if isinstance(value, Distribution):
                fill(state[at : at + n], value.code, stream_key(seed, "initial", name, variable))
                continue
            if isinstance(value, str):
                places = {v: layout.state_row(name, v, "Population.initial")[0] for v in model.initials}
                rows = {v: state[k : k + n] for v, k in places.items()}
                value = lang.computed(model.cell_equations.initials[variable], member.values | rows | {"pi": np.pi})
            state[at : at + n] = value
    return state
