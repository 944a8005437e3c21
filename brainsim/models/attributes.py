"""Mistakes in the body of a model class: names that equations cannot use, and attributes that would have no effect."""

import functools
import re
from typing import Any

from brainsim.core.doors import listed_doors
from brainsim.core.hints import word
from brainsim.core.hooks import reject_misspelled
from brainsim.equations.expressions.language import check_npz_name
from brainsim.equations.model_parser import NOISE, OF_RECEPTOR, RESERVED
from brainsim.models.curve import Curve
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution

# what a class may define besides parameters and initial values, and the kind of model that has it, None for all
OF_CELLS_AND_SYNAPSES = {
    "equations": None,
    "threshold": "Neuron",
    "reset": "Neuron",
    "method": "Neuron",
    "refractory": "Neuron",
    "frozen": "Neuron",
    "events": "Neuron",
    "substeps": "Neuron",
    "dimensions": None,
    "conditions": None,
    "arrival": "Synapse",
    "current": "Synapse",
    "weight_unit": "Synapse",
    "arrivals": "Neuron",
    "spikes_per_step": "Neuron",
    "each_step": "Neuron",
}
GONE = "interpolate"  # an attribute that neurons no longer have; saved states know it as False, before the "arrivals"
ATTRIBUTES = tuple(OF_CELLS_AND_SYNAPSES)  # in a fixed order, on which fingerprints depend
# attributes that were added when there were saved states already, and their defaults
LATER = {"arrivals": "discarded", "spikes_per_step": "", "each_step": ""}
OF_RULES = ("on_pre", "on_post", "amplitude", "bounds", "between", "on_modulator", "on_step", "step_condition", "late")
ADDED = "attributes of "  # doors whose words are the kind of model of a feature, and the attributes that only it has
# computed when the class is defined
DERIVED = ("parameters", "initials", "cell_equations", "receptor_equations", "plasticity_equations", "rate_equations")


@functools.cache
def owners():
    """Return attribute -> the kind of model that has it, None for all."""
    added = [door.removeprefix(ADDED).partition(": ") for door in listed_doors() if door.startswith(ADDED)]
    of_features = {name: kind for kind, _, names in added for name in names.split()}
    return OF_CELLS_AND_SYNAPSES | dict.fromkeys(OF_RULES, "Plasticity") | of_features


def texts_of(model):
    """Return the class attributes of a model by name: its equations and options.

    Those that were added later are left out if they are the default, so what was saved before still fits.
    """
    texts = dict[str, Any]()
    for name in ATTRIBUTES:
        if name == "arrivals":
            texts[GONE] = False if hasattr(model, "cell_equations") else None
        texts[name] = getattr(model, name, None)
    return {name: text for name, text in texts.items() if name not in LATER or text not in (None, LATER[name])}


def check_declared_name(name, label, *, taken, allowed=()):
    """Raise ValueError if a parameter or variable cannot have this name.

    `taken` are attributes that every model has, `allowed` reserved names that this class may use.
    """
    word = isinstance(name, str) and (name in RESERVED or NOISE.fullmatch(name) or OF_RECEPTOR.match(name))
    if name not in allowed and (word or (isinstance(name, str) and re.match(r"_|\w*__", name))):
        raise ValueError(f"{label}: this name is reserved in equations; choose another")
    check_npz_name(name, label)
    if name in taken:
        raise ValueError(f"{label}: every model has an attribute of this name; choose another")


def reject_attributes_without_effect(cls, kind):
    """Raise TypeError for attributes that look meaningful but have no effect in a class of a kind such as Neuron."""
    if cls is kind:
        return
    base, kind = kind, kind.__name__
    known = [name for name, owner in owners().items() if owner in (None, kind) or name in vars(base)]
    for name, value in vars(cls).items():
        if name in DERIVED:
            raise TypeError(
                f"{cls.__name__}.{name}: is computed from the class; write name: float = bs.parameter(...) in it"
            )
        if owners().get(name, kind) not in (None, kind) and not any(name in vars(base) for base in cls.__mro__[1:]):
            raise TypeError(f"{cls.__name__}.{name}: is an attribute of bs.{owners()[name]} and has no effect here")
        if name == GONE:
            raise TypeError(f"{cls.__name__}.{name}: is gone; simulate(net, 1000.0, precise=True) gives spikes exact times")
        if name in cls.parameters or name in cls.initials:
            hint = f"{name}: float = bs.parameter({value!r}, unit, meaning), or give it to the instance"
            raise TypeError(f"{cls.__name__}.{name}: a plain value does not replace the parameter; write {hint}")
        if name in known or name in cls._options:
            continue
        if isinstance(value, str | tuple | dict | int) and not name.startswith("_"):
            import difflib  # few classes have an attribute of their own

            if said := word(name, known, f"{kind}Text"):
                raise TypeError(f"{cls.__name__}.{name}: no such attribute of a {kind}{said}")
            if near := difflib.get_close_matches(name, known, n=1, cutoff=0.8):
                raise TypeError(f"{cls.__name__}.{name}: no such attribute of a model; did you mean {near[0]!r}?")
        if isinstance(value, TimedArray | Curve | Distribution):
            kind = "bs.values.Value" if isinstance(value, Distribution) else f"bs.{type(value).__name__}"
            hint = f"{name}: {kind} = bs.parameter({type(value).__name__}(...), 'mV', 'what it is')"
            raise TypeError(f"{cls.__name__}.{name}: equations see only what is declared; write {hint}")
        if type(value) in (int, float) and not name.startswith("_"):
            hint = f"{name}: float = bs.parameter({value!r}, 'mV', 'what it is')"
            message = f"equations do not see a plain number; write {hint}, or bs.initial(...) for a variable"
            raise TypeError(f"{cls.__name__}.{name}: {message}")
    reject_misspelled(cls, base)
    if not isinstance(cls.conditions, tuple | list):
        message = "must be a tuple of strings, such as ('v_reset < v_th',)"
        raise TypeError(f"{cls.__name__}.conditions: {message} (got {cls.conditions!r})")


def unread(cls):
    """Return the parameters that a model class declares itself, and none of its texts reads.

    Inputs, events and couplings may read parameters of cells, too; where options choose among texts, nothing is known.
    """
    if sum("texts" in vars(base) for base in cls.__mro__) > 1:
        return []
    words = {word for base in cls.__mro__ for word in words_in(base)}
    inherited = getattr(cls.__mro__[1], "parameters", {})
    return [name for name in cls.parameters if name not in words and name not in inherited]


def words_in(thing: Any) -> set[str]:
    """Return the names in the texts that a class has itself, or an instance: its equations, or the rate of an input."""
    texts = [text for name, value in getattr(thing, "__dict__", {}).items() for text in _texts_in(name, value)]
    return set(re.findall(r"[A-Za-z_]\w*", "\n".join(texts)))


def _texts_in(name, value):
    """Return the texts in an attribute of a class, which may be a tuple or a dict of them, but not its page."""
    if name in ("__doc__", "__module__", "__qualname__", "__annotations__", "parameters", "_sets"):
        return []
    if isinstance(value, dict):
        return [text for item in (*value, *value.values()) for text in _texts_in("", item)]
    if isinstance(value, tuple | list):
        return [text for item in value for text in _texts_in("", item)]
    default = getattr(value, "default", None)  # of an initial value
    return [text for text in (value, default) if isinstance(text, str)]
