"""How the classes of PyNN are completed: one of brainsim comes before each, and the names stay those of PyNN."""

from pyNN.standardmodels import build_translations


def same_names(names):
    """Return what PyNN calls translations, for parameters that have the same names and units here."""
    return build_translations(*((name, name) for name in names))


def completed(own, base, **fields):
    """Return a class of PyNN with what the class `own` and the `fields` add to it; its name and documentation stay."""
    if hasattr(base, "default_parameters"):
        fields["translations"] = same_names(base.default_parameters)
    return type(base.__name__, (own, base), {"__doc__": base.__doc__, "__module__": own.__module__, **fields})


def names_in(namespace, *rooms):
    """Return the names of the classes of modules of PyNN that a module of brainsim completes."""
    found = {name: kind for room in rooms for name, kind in vars(room).items() if isinstance(kind, type)}
    return [name for name, kind in found.items() if namespace.get(name, kind) is not kind]
