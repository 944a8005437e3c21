"""The built-in models, found in the modules that define them."""

import importlib
import inspect
import pkgutil

from brainsim.core.doors import all_through
from brainsim.models import neurons, synapses
from brainsim.models.base import Model


def catalogue() -> dict[str, type[Model]]:
    """Return name -> class of every built-in model: neurons, synapses, those of features; each in alphabetical order."""
    packages = ([neurons, *all_through("neurons")], [synapses], *([package] for package in all_through("models")))
    return {name: kind for some in packages for name, kind in _classes(some).items()}


def _classes(packages):
    """Return name -> class of the models that some modules, or modules of packages, define; not what users derive from."""
    inner = [(package, info) for package in packages for info in pkgutil.iter_modules(getattr(package, "__path__", []))]
    modules = [*packages, *(importlib.import_module(f"{package.__name__}.{info.name}") for package, info in inner)]
    classes = [
        kind
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, Model) and kind.__module__ == module.__name__
    ]
    built_in = [kind for kind in classes if kind is not Model and Model not in kind.__bases__]
    return {kind.__name__: kind for kind in sorted(built_in, key=lambda kind: kind.__name__)}
