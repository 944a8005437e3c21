"""All operators in the order in which they are called within a phase: those of the package, then those of extensions."""

from brainsim.core.identity import put
from brainsim.engine.exchange.threads import EndOfSlice
from brainsim.engine.operators.arrivals import Arrivals
from brainsim.engine.operators.cells import Cells
from brainsim.engine.operators.clamp import Clamp
from brainsim.engine.operators.couplings import Couplings
from brainsim.engine.operators.currents import Currents
from brainsim.engine.operators.emitted import Emitted
from brainsim.engine.operators.noise import Noise
from brainsim.engine.operators.poisson import Poisson
from brainsim.engine.operators.signals import of_field
from brainsim.engine.operators.trains import Trains
from brainsim.engine.operators.varying import Varying
from brainsim.engine.program import Operator

OPERATORS: list[type[Operator]] = []


def register_operator(cls):
    """Register a class of operators: it is built in every partition of every simulation. Returns the class.

    A class that is defined again, as in a cell of a notebook, takes the place of the former one.
    """
    put(cls, OPERATORS)
    return cls


def operator_of(stimulus):
    """Return the class of operators that acts on an input, None if there is none."""
    return next((operator for operator in OPERATORS if isinstance(stimulus.input, operator.inputs)), None)


def observed_of(partition, stimulus):
    """Return what a `Trace` of an input samples: what its operator says, or its field."""
    seen = operator_of(stimulus).observed(partition, stimulus)
    return of_field(partition, stimulus) if seen is None else seen


def check_inputs_have_operators(layout):
    """Raise TypeError if no operator acts on an input of the network: it would have no effect."""
    for stimulus in layout.inputs:
        if operator_of(stimulus) is None:
            name = type(stimulus.input).__name__
            raise TypeError(
                f"{stimulus.name}: no operator acts on an input of the class {name}, so it would have no effect; "
                f"import the module that registers one, or write one with inputs = ({name},) and the decorator "
                "@register_operator"
            )


for _operator in (Currents, Noise, Poisson, Cells, Varying, Trains, Clamp, Emitted, Arrivals, Couplings, EndOfSlice):
    register_operator(_operator)
