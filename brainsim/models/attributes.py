"""Mistakes in the body of a class: names that equations cannot hold, and attributes that would have no effect."""

import difflib
import re

from brainsim.equations.language import check_name
from brainsim.equations.model_parser import NOISE, OF_RECEPTOR, RESERVED

# what a user writes into a class besides parameters and initial values
ATTRIBUTES = (
    "equations",
    "threshold",
    "reset",
    "method",
    "refractory",
    "frozen",
    "events",
    "substeps",
    "dimensions",
    "conditions",
    "arrival",
    "current",
    "weight_unit",
    "interpolate",
)
MADE = ("parameters", "initials", "cell_equations", "receptor_equations")  # made from these when the class is defined


def check_declared_name(name, where, *, taken, allowed=()):
    """Raise ValueError where a parameter or variable cannot have this name.

    Parameters
    ----------
    name : object
    where : str
    taken : collection of str
        Attributes that every model has.
    allowed : collection of str
        Words of the language that are none for this class.
    """
    word = isinstance(name, str) and (name in RESERVED or NOISE.fullmatch(name) or OF_RECEPTOR.match(name))
    if name not in allowed and (word or (isinstance(name, str) and re.match(r"_|\w*__", name))):
        raise ValueError(f"{where}: this name is a word of the language of equations; take another")
    check_name(name, where)
    if name in taken or name == "name":
        raise ValueError(f"{where}: every model has an attribute of this name; take another")


def refuse_what_has_no_effect(cls, other):
    """Raise TypeError for attributes that look as if they meant something, but would not.

    Parameters
    ----------
    cls : type
        The class that is being defined.
    other : str
        The kind of model that `cls` is not: ``"Neuron"`` or ``"Synapse"``.
    """
    for name, value in vars(cls).items():
        if name in MADE:
            raise TypeError(f"{cls.__name__}.{name}: is made from the class; write name: float = bs.parameter(...) in it")
        if name in ATTRIBUTES and not any(name in vars(base) for base in cls.__mro__[1:]):
            raise TypeError(f"{cls.__name__}.{name}: is an attribute of bs.{other} and has no effect here")
        if name in cls.parameters or name in cls.initials:
            hint = f"{name}: float = bs.parameter({value!r}, unit, meaning), or give it to the instance"
            raise TypeError(f"{cls.__name__}.{name}: a plain value does not replace the parameter; write {hint}")
        near = difflib.get_close_matches(name, ATTRIBUTES, n=1, cutoff=0.8)
        if isinstance(value, str | tuple | dict | int) and name not in ATTRIBUTES and near:
            raise TypeError(f"{cls.__name__}.{name}: no such attribute of a model; did you mean {near[0]!r}?")
        if type(value) in (int, float) and name not in ATTRIBUTES and not name.startswith("_"):
            hint = f"{name}: float = bs.parameter({value!r}, 'mV', 'what it is')"
            message = f"equations do not see a plain number; write {hint}, or bs.initial(...) for a variable"
            raise TypeError(f"{cls.__name__}.{name}: {message}")
    if not isinstance(cls.conditions, tuple | list):
        message = "must be a tuple of texts, such as ('v_reset < v_th',)"
        raise TypeError(f"{cls.__name__}.conditions: {message} (got {cls.conditions!r})")
