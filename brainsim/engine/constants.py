"""The numbers of a network: parameters drawn and checked, the constants of the kernels, times in steps, initial values."""

import numpy as np

from brainsim.equations import language as lang
from brainsim.equations.codegen import gain_name
from brainsim.models.values import Distribution
from brainsim.numbers.checks import warn_user
from brainsim.numbers.streams import stream_key


def kernel_constants(system, step, values, dt, where):
    """Return every number that a kernel may need by name: parameters, the method's constants, gains, refractory steps."""
    known = values | {"dt": dt, "pi": np.pi}
    constants = known | step.compute(values, dt)
    for index, arrivals in enumerate(system.arrivals):
        constants |= {gain_name(index, name): _plain(lang.evaluate(gain, known)) for name, gain in arrivals}
    if system.refractory:
        constants["refractory_steps"] = whole_steps(values[system.refractory], dt, f"{where}: {system.refractory}")
    return constants


def whole_steps(times, dt, where):
    """Return times in steps of dt, as floats; warns where they are not multiples of dt and are rounded."""
    steps = np.asarray(times) / dt
    rounded = np.rint(steps)
    if np.any(np.abs(steps - rounded) > 1e-6 * np.maximum(1.0, rounded)):
        bad = np.atleast_1d(times)[np.atleast_1d(np.abs(steps - rounded) > 1e-6 * np.maximum(1.0, rounded))][0]
        warn_user(f"{where}: {bad:g} ms is not a multiple of dt = {dt:g} ms and was rounded")
    return _plain(rounded)


def _plain(value):
    return float(value) if np.ndim(value) == 0 else np.asarray(value, dtype=np.float64)


def drawn_parameter(network, population, owner, key, label):
    """Return a parameter's value: a float, or one number a cell where it is an array or a distribution."""
    value = getattr(owner, key)
    if isinstance(value, Distribution):
        from brainsim.numbers.draws import fill

        out = np.empty(population.n)
        fill(out, value.code, stream_key(network.seed, "parameter", population.name, label, key))
        return out
    return value


def check_against_dt(owner, values, dt):
    """Catch seconds given for milliseconds: a time constant shorter than the step."""
    for key, spec in owner.parameters.items():
        if spec.unit != "ms" or spec.above != 0.0:
            continue
        shortest = float(np.min(values[key]))
        if shortest < dt:
            seconds = shortest < 0.2  # no time constant of a cell is this short, but 0.2 s and less are common ones
            hint = f"times are in ms: did you mean {1000 * shortest:.6g}?" if seconds else "take a smaller dt"
            raise ValueError(f"{type(owner).__name__}.{key}: {shortest:g} ms is shorter than dt = {dt:g} ms; {hint}")


def initial_values(layout, seed):
    """Return the state at t = 0: the values of the populations' ``initial``, of the models, and 0 for the receptors."""
    from brainsim.numbers.draws import fill

    state = np.zeros(layout.n_state)
    for name, member in layout.members.items():
        model = member.population.model
        given = member.population.initial or {}
        for variable, spec in getattr(model, "initials", {}).items():
            value = given.get(variable, spec.default)
            at, n = layout.state_row(name, variable, "initial")
            if isinstance(value, str):
                value = lang.evaluate(lang.parse_expression(value, variable), member.values)
            if isinstance(value, Distribution):
                fill(state[at : at + n], value.code, stream_key(seed, "initial", name, variable))
            else:
                state[at : at + n] = value
    return state
