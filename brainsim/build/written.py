"""Equations of cells with their receptors, one step of their method, and their kernel: written once for each combination.

Writing them takes longer than a short run. They hold no numbers, so all simulations of the same kinds of cells share them.
"""

from functools import lru_cache

from brainsim.equations.codegen import write_kernel
from brainsim.equations.steps.methods import method_named
from brainsim.equations.system import compose

MAX_KEPT = 512  # combinations


def step_of(model, synapses, injected, label):
    """Return the System of a model with its synapses, and one Step of its method; `label` begins the messages of errors."""
    receptors = tuple(synapse.receptor_equations for synapse in synapses)
    return _step(model.cell_equations, receptors, injected, model.method, type(model).__name__, label)


@lru_cache(MAX_KEPT)
def _step(cell, receptors, injected, method, name, label):
    system = compose(cell, receptors, label=label, external_current=injected)
    return system, method_named(method, name)(system, label)


@lru_cache(MAX_KEPT)
def kernel_of(system, step, per_cell, single):
    """Return the Kernel of a System and a Step; `per_cell`, a frozenset, names the constants that differ between cells."""
    return write_kernel(system, step, per_cell, single)
