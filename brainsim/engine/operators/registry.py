"""All operators in the order in which they are called within a phase: those of the package, then those of extensions.

Operators of the package are loaded by networks that need them. Those of features are listed in their folders, as doors
whose words are `operator`, their place in the order, and the condition under which a network may need them.
"""

import functools
import sys

from brainsim.build.layout import has_many_cells
from brainsim.core.doors import listed_doors, load
from brainsim.core.identity import put
from brainsim.engine.loop.program import Operator
from brainsim.models.changing import OVER_TIME

OPERATORS: list[type[Operator]] = []  # registered by extensions


def _always(layout):
    return True


def _acts_on(module, name):
    """Return a function that says whether a network has inputs of a class."""

    def has_some(layout):
        home = sys.modules.get(module)  # if it was not loaded, nothing can be of its class
        return home is not None and any(isinstance(stimulus.input, getattr(home, name)) for stimulus in layout.inputs)

    return has_some


def _has_currents(layout):
    return any(stimulus.input.is_current for stimulus in layout.inputs)


def _varies(layout):
    return any(name.endswith(OVER_TIME) for member in layout.members.values() for name in member.values)


def _lists_spikes(layout):
    return any(member.trains is not None for member in layout.members.values())


def _within_steps(layout):
    return layout.within_steps


_has_poisson = _acts_on("brainsim.models.inputs", "PoissonInput")


def _has_counts(layout):
    return _has_poisson(layout) and not layout.within_steps


def _has_poisson_times(layout):
    return _has_poisson(layout) and layout.within_steps


def _acts_without_spikes(layout):
    return not all(projection.by_spikes for projection in layout.network.projections)


# where each operator of the package is, and whether a network may need it; its index is its place among those of features
BUILT_IN = (
    ("brainsim.engine.operators.currents:Currents", _has_currents),
    ("brainsim.engine.operators.poisson:PoissonInputs", _has_counts),
    ("brainsim.engine.operators.events:Events", _acts_on("brainsim.models.events", "EventInput")),
    ("brainsim.engine.operators.cell_kernels:CellKernels", _always),
    ("brainsim.engine.operators.varying:Varying", _varies),
    ("brainsim.engine.operators.trains:Trains", _lists_spikes),
    ("brainsim.engine.operators.emitted:Emitted", _always),  # rules of plasticity read v, after a clamp has brought it back
    ("brainsim.engine.operators.arrivals:Arrivals", _always),
)
LAST = (("brainsim.engine.exchange.threads:EndOfSlice", _always),)
# whether a network may need the operator of a feature; that for an input of its own says `for CLASS in MODULE`
CONDITIONS = {
    "of what acts without spikes": _acts_without_spikes,
    "of many cells": has_many_cells,
    "with exact times": _within_steps,
    "with exact times of Poisson input": _has_poisson_times,
}


def register_operator(cls):
    """Register a class of operators: it is built in every partition of every simulation. Returns the class.

    A class that is defined again, as in a cell of a notebook, takes the place of the former one.
    """
    put(cls, OPERATORS)
    return cls


def operators_for(layout):
    """Return the operators that a network may need, in their order."""
    return [*(load(place) for place, is_needed in (*_in_order(), *LAST) if is_needed(layout)), *OPERATORS]


@functools.cache
def _in_order():
    """Return where each operator of the package and of features is, and whether a network may need it, in their order.

    One of a feature comes before what is built in and has its place: 6 is before `Emitted`.
    """
    found = [((at, 1), *entry) for at, entry in enumerate(BUILT_IN)]
    for door, place in listed_doors().items():
        if door.startswith("operator: "):
            _, at, condition = door.split(" ", 2)
            found.append(((int(at), 0), place, CONDITIONS.get(condition) or _for_input(condition, place)))
    return [(place, is_needed) for _, place, is_needed in sorted(found, key=lambda one: one[0])]


def _for_input(condition, place):
    """Return the condition of an operator that acts on the inputs of a class, defined in another module of its folder."""
    _, name, _, module = condition.split(" ")
    return _acts_on(f"{place.rpartition('.')[0]}.{module}", name)


def operator_of(stimulus, operators):
    """Return the first of some classes of operators that acts on an input, None if there is none."""
    return next((operator for operator in operators if isinstance(stimulus.input, operator.inputs)), None)


def observed_of(partition, stimulus):
    """Return what a `Trace` of an input samples: what its operator says, or its field."""
    seen = operator_of(stimulus, operators_for(partition.layout)).observed(partition, stimulus)
    if seen is not None:
        return seen
    from brainsim.engine.operators.signals import of_field

    return of_field(partition, stimulus)


def check_inputs_have_operators(layout):
    """Raise TypeError if no operator acts on an input of the network: it would have no effect.

    Raise ValueError if spikes are to have times within steps, and something in the network cannot have them.
    """
    layout.timing.check(layout)
    operators = operators_for(layout)
    for stimulus in layout.inputs:
        if operator_of(stimulus, operators) is None:
            name = type(stimulus.input).__name__
            raise TypeError(
                f"{stimulus.name}: no operator acts on an input of the class {name}, so it would have no effect; "
                f"import the module that registers one, or write one with inputs = ({name},) and the decorator "
                "@register_operator"
            )
