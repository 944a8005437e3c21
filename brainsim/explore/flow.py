"""The equations of a model as functions of NumPy arrays: slopes, steady states, initial values."""

import numpy as np

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW
from brainsim.equations.system import compose
from brainsim.models.values import Distribution

MAX_SWEEPS, TOLERANCE = 200, 1e-12


class VectorField:
    """The right-hand sides of a neuron's equations, without noise, under a constant current [pA].

    Of parameters that are TimedArrays the first value is taken; `dt` counts if the equations contain it.
    """

    def __init__(self, model, current=0.0, dt=0.1):
        self.model, cell = model, model.cell_equations
        self.system = compose(cell, [], external_current=cell.uses_current, label=type(model).__name__)
        parameters = {name: getattr(model, name) for name in model.parameters}
        self.known = {name: value for name, value in parameters.items() if name not in cell.tables}
        self.known |= {name + NOW: float(np.ravel(parameters[name].values)[0]) for name in cell.tables}
        self.known |= {"I_ext": current, "pi": np.pi, "t": 0.0, "dt": dt / cell.substeps}

    def slopes(self, state):
        """Return variable -> time derivative [unit/ms]; `state` has an array for each variable, and these broadcast."""
        known = self.known | state
        with np.errstate(all="ignore"):  # exponentials overflow in parts of a plane
            for name, tree in self.system.algebraic.items():
                known[name] = lang.evaluate(tree, known)
            return {name: lang.evaluate(tree, known) for name, tree in self.system.derivatives.items()}

    def initial(self, replaced=None):
        """Return variable -> value at t = 0, a float; `replaced` has other values for some of them."""
        state = {}
        for name, spec in self.model.initials.items():
            value = (replaced or {}).get(name, spec.default)
            if isinstance(value, Distribution):
                value = value.mean
            elif isinstance(value, str):
                value = lang.evaluate(self.model.cell_equations.initials[name], self.known | state)
            state[name] = float(value)
        return state

    def steady(self, state, names):
        """Return `state` with the variables in `names` at their steady states, all others held.

        The equation of each must be linear in its variable, ``slope*x + rest``, with a slope that is not 0: the steady
        state is ``-rest/slope``; otherwise ValueError is raised.
        """
        parts = {}
        for name in names:
            system = self.system
            linear = algebra.linear_in(system.full(system.derivatives[name], name), name)
            if linear is None or algebra.is_zero(linear[0]):
                owner = f"{type(self.model).__name__}.{name}"
                raise ValueError(
                    f"{owner}: its steady state is not known, since d{name}/dt is not 'slope*{name} + rest'; "
                    f"hold it with held={{{name!r}: {state[name]:g}}}"
                )
            parts[name] = [system.full(tree, name) for tree in linear]
        state = dict(state)
        for _ in range(MAX_SWEEPS if len(parts) > 1 else 1):  # steady states that depend on each other are iterated
            moved = 0.0
            for name, (slope, rest) in parts.items():
                with np.errstate(all="ignore"):
                    value = -lang.evaluate(rest, self.known | state) / lang.evaluate(slope, self.known | state)
                change = np.nanmax(np.abs(value - state[name]) / (1.0 + np.abs(value)))
                moved, state[name] = max(moved, change), value
            if moved < TOLERANCE:
                break
        return state
