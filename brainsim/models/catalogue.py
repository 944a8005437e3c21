"""The built-in models, found in the modules that define them."""

import importlib
import inspect
import pkgutil

from brainsim.models import couplings, neurons, plasticity, synapses
from brainsim.models.base import Model, Neuron, Synapse
from brainsim.models.couplings.base import Coupling
from brainsim.models.plasticity.base import Plasticity
from brainsim.models.plasticity.rates import RatePlasticity


def catalogue() -> dict[str, type[Model]]:
    """Return name -> class of every built-in model: neurons, synapses, couplings, plasticity, each in alphabetical order."""
    models = _classes(neurons, Neuron) | _classes(synapses, Synapse) | _classes(couplings, Coupling)
    return models | _classes(plasticity, Plasticity) | _classes(plasticity, RatePlasticity)


def _classes(package, base):
    """Return name -> class of the models that the modules of a package define."""
    modules = [importlib.import_module(f"{package.__name__}.{info.name}") for info in pkgutil.iter_modules(package.__path__)]
    classes = [
        kind
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, base) and kind is not base and kind.__module__ == module.__name__
    ]
    return {kind.__name__: kind for kind in sorted(classes, key=lambda kind: kind.__name__)}
