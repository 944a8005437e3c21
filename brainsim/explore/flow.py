"""The equations of a model as functions of NumPy arrays: slopes, steady states, initial values."""

import numpy as np

from brainsim.equations import algebra
from brainsim.equations import language as lang
from brainsim.equations.grammar import NOW
from brainsim.equations.system import compose
from brainsim.models.values import Distribution

SWEEPS, SETTLED = 200, 1e-12


class Flow:
    """The right-hand sides of a neuron's equations, without noise, under a constant current.

    Parameters
    ----------
    model : Neuron
        With one number for each parameter; TimedArrays have their first value.
    current : float
        [pA]
    dt : float
        Time step, where the equations hold it [ms].
    """

    def __init__(self, model, current=0.0, dt=0.1):
        self.model, cell = model, model.cell_equations
        self.system = compose(cell, [], external_current=cell.uses_current, label=type(model).__name__)
        given = {name: getattr(model, name) for name in model.parameters}
        self.known = {n: v for n, v in given.items() if n not in cell.tables}
        self.known |= {n + NOW: float(np.ravel(given[n].values)[0]) for n in cell.tables}
        self.known |= {"I_ext": current, "pi": np.pi, "t": 0.0, "dt": dt / cell.substeps}

    def slopes(self, state):
        """Return variable -> its time derivative [unit/ms], of arrays that broadcast; `state` has one for each variable."""
        known = self.known | state
        with np.errstate(all="ignore"):  # a plane reaches to where an exponential runs over
            for name, tree in self.system.algebraic.items():
                known[name] = lang.evaluate(tree, known)
            return {name: lang.evaluate(tree, known) for name, tree in self.system.derivatives.items()}

    def initial(self, given=None):
        """Return variable -> its value at t = 0, a float; `given` replaces some."""
        state = {}
        for name, spec in self.model.initials.items():
            value = (given or {}).get(name, spec.default)
            if isinstance(value, Distribution):
                value = value.mean
            elif isinstance(value, str):
                value = lang.evaluate(self.model.cell_equations.initials[name], self.known | state)
            state[name] = float(value)
        return state

    def steady(self, state, names):
        """Return `state` with those of its variables that `names` has where they come to rest, all others held.

        Each must be linear in itself, ``slope*x + rest``: its steady state is ``-rest/slope``.

        Raises
        ------
        ValueError
            Where an equation is not linear in its variable, or holds no variable to come to rest.
        """
        parts = {}
        for name in names:
            system = self.system
            linear = algebra.linear_in(system.full(system.derivatives[name], name), name)
            if linear is None or algebra.is_zero(linear[0]):
                owner = f"{type(self.model).__name__}.{name}"
                raise ValueError(
                    f"{owner}: its steady state is not known, since d{name}/dt is not 'slope*{name} + rest'; "
                    f"hold it: held={{{name!r}: {state[name]:g}}}"
                )
            parts[name] = [system.full(tree, name) for tree in linear]
        state = dict(state)
        for _ in range(SWEEPS if len(parts) > 1 else 1):  # until those that lean on each other stand still
            moved = 0.0
            for name, (slope, rest) in parts.items():
                with np.errstate(all="ignore"):
                    value = -lang.evaluate(rest, self.known | state) / lang.evaluate(slope, self.known | state)
                change = np.nanmax(np.abs(value - state[name]) / (1.0 + np.abs(value)))
                moved, state[name] = max(moved, change), value
            if moved < SETTLED:
                break
        return state
