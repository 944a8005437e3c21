"""Parameters of a rule that are set between two runs."""

import ast
import copy

import numpy as np

from brainsim.core.checks import computed_values, number
from brainsim.core.contexts import within
from brainsim.engine.states.given import take_array
from brainsim.features.plasticity.writer import names_of
from brainsim.models.values import is_number

SET = "set."  # how the names of their values in a saved state begin


def reasons(kind):
    """Return parameter -> why it must stay, of those that cannot be set.

    Traces of cells are kept as they were at the last spike, and relax when they are read, as if their rates had always been
    the same.
    """
    eq, homeostasis = kind.equations, kind.projection.homeostasis
    starts = [tree for tree in eq.initials.values() if isinstance(tree, ast.AST)]
    found = dict.fromkeys(kind.rule.per_synapse, "it differs between synapses")
    found |= dict.fromkeys(names_of(starts), "it says how a variable begins")
    found |= dict.fromkeys(names_of([eq.computed_weight]), "the weight follows from it")
    found |= dict.fromkeys(names_of(eq.bounds) if homeostasis else (), f"{type(homeostasis).__name__} keeps to this bound")
    found |= dict.fromkeys(names_of(eq.late.values()), "it is a delay")
    relaxing = names_of([*eq.rates.values(), *eq.limits.values()])
    return found | dict.fromkeys(relaxing, "it says how a variable relaxes between spikes")


def settable(kind):
    """Return the names of the parameters that can be set."""
    fixed = reasons(kind)
    return [name for name in kind.rule.parameters if name not in fixed]


@within(computed_values)
def changed_rule(kind, values, label):
    """Return the rule with other values of parameters, after all checks of their own."""
    rule, fixed = copy.copy(kind.rule), reasons(kind)
    for name, value in values.items():
        if name in fixed:
            raise ValueError(f"{label}: {name} of {type(rule).__name__} cannot be set in a run, since {fixed[name]}")
        if not is_number(value):
            number(value, f"{label}: {name}")
        vars(rule)[name] = rule.parameters[name].checked(value, f"{label}: {name}")
    rule._check_conditions()
    return rule


def take_rule(kind, rule):
    """Let a Plastic have a rule with other values of parameters from now on."""
    kind.rule = rule
    for k, name in enumerate(kind.code.scalars):
        if name in rule.parameters:
            kind._scalars[k] = kind._values[name] = np.float64(getattr(rule, name))


def saved_parameters(kind):
    """Return what a saved state holds of the parameters that were set: name -> array of one number."""
    described = kind.projection.plasticity
    now = {name: getattr(kind.rule, name) for name in settable(kind)} if kind.rule is not described else {}
    return {SET + name: np.array([value]) for name, value in now.items() if value != getattr(described, name)}


def load_parameters(kind, extra, label):
    """Take over what `saved_parameters` returned; the names in `extra` begin with `label`."""
    names = [name for name in settable(kind) if f"{label}{SET}{name}" in extra]
    values = {name: float(take_array(extra, f"{label}{SET}{name}", np.dtype(np.float64), 1)[0]) for name in names}
    take_rule(kind, kind.projection.plasticity)
    take_rule(kind, changed_rule(kind, values, "state.extra"))
