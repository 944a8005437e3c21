"""Fingerprints of a network, by which a state is matched to the network it was saved from.

There is one for each part, so that a message can name what differs. A fingerprint is made of the values that a run depends
on: of populations the equations and the parameters as they are now, not how they were sampled or what the class is called.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np

from brainsim.equations.system import prefix_of
from brainsim.models.attributes import texts_of
from brainsim.models.base import Model
from brainsim.models.distribution import is_of_pairs
from brainsim.models.packed import unpack
from brainsim.network.arguments import SAME_STORAGES
from brainsim.network.population import View
from brainsim.network.projection import Projection, handler_of

NAME = re.compile(r"\w+")


class Prints:
    """The fingerprints of all parts of a network, as its parameters and inputs are when this is made.

    Those of projections are taken from `before`, the ones before a parameter or an input was changed.
    """

    def __init__(self, layout, before=None):
        # these are replaced when they change, not written to, so references are enough until `parts` is called
        self._network, self._inputs = layout.network, tuple(layout.inputs)
        self._cells = {name: (member.population, member.synapses, member.values) for name, member in layout.members.items()}
        self._wiring = [] if before is None else before._wiring
        self._timing = layout.timing

    def parts(self):
        """Return part -> fingerprint; for a billion listed pairs this takes seconds the first time."""
        prints = {"seed of the network": fingerprint(self._network.seed)}
        prints |= {part: fingerprint(value) for part, value in self._timing.prints.items()}
        for name, (population, synapses, values) in self._cells.items():
            texts = [[*texts_of(owner).values()] for owner in (population.model, *synapses)]
            positions = [] if population.positions is None else [population.positions]
            prints[f"population {name!r}"] = fingerprint([population.n, texts, values, *positions])
        for stimulus in self._inputs:
            prints[f"input {stimulus.name!r}"] = fingerprint(of_input(stimulus))
        if not self._wiring:
            self._wiring.append({f"projection {p.name!r}": fingerprint(of_projection(p)) for p in self._network.projections})
        return prints | self._wiring[0]

    def details(self):
        """Return part -> fingerprints of its fields by name, for a message that says what differs."""
        details = {}
        for name, (population, synapses, values) in self._cells.items():
            texts = [[*texts_of(owner).values()] for owner in (population.model, *synapses)]
            parts = {_show(key, synapses): value for key, value in values.items()}
            parts |= {"number of cells": population.n, "equations": texts, "positions": population.positions}
            details[f"population {name!r}"] = parts
        for stimulus in self._inputs:
            details[f"input {stimulus.name!r}"] = {"target": stimulus.target, **stimulus.input._pack()}
        for p in self._network.projections:
            same = {"name", "seed"} | ({"storage"} if p.storage in SAME_STORAGES else set())
            parts = {f.name: getattr(p, f.name) for f in fields(p) if f.compare and f.name not in same}
            details[f"projection {p.name!r}"] = parts
        return {part: {name: fingerprint(v) for name, v in values.items()} for part, values in details.items()}


def _show(parameter, synapses):
    """Return the name of a parameter of a system as the user knows it: "Exponential.tau" is that of a receptor."""
    for k, synapse in enumerate(synapses):
        if parameter.startswith(prefix_of(k)):
            return f"{synapse.name or type(synapse).__name__}.{parameter[len(prefix_of(k)) :]}"
    return parameter


def of_input(stimulus):
    """Return what the fingerprint of an input is made of."""
    return [stimulus.target, stimulus.input._pack()]


def of_projection(p):
    """Return what the fingerprint of a projection is made of."""
    return [p.pre, p.post, p.rule, p.weight, p.delay, p.synapse, *_learning(p)]


def _learning(projection):
    """Return what else the fingerprint of a projection has that learns or acts without spikes."""
    p = projection
    if not p.by_spikes:
        return handler_of(p.synapse).fingerprinted(p)
    if p.plasticity is None:
        return []
    # texts that were added later count only if there are any, so states that were saved before still fit
    texts = {
        key: text for key, text in p.plasticity.texts().items() if text or key not in ("on_step", "step_condition", "late")
    }
    texts = as_before(texts, getattr(p.plasticity, "_former", {}))
    parts = [p.plasticity, texts, p.dendritic_delay, p.modulator, p.modulator_delay]
    return parts if p.homeostasis is None else [*parts, p.homeostasis]


def as_before(texts, former):
    """Return texts with the names that parameters had before they were renamed, so that what was saved then still fits."""
    if not former:
        return texts
    if isinstance(texts, Mapping):
        return {key: as_before(text, former) for key, text in texts.items()}
    if isinstance(texts, list | tuple):
        return type(texts)(as_before(text, former) for text in texts)
    return NAME.sub(lambda name: former.get(name[0], name[0]), texts) if isinstance(texts, str) else texts


def fingerprint(value):
    """Return the fingerprint of a value: a number, a string, an array, or an object or a collection of these."""
    digest = hashlib.blake2b(digest_size=8)
    _feed(digest, value)
    return digest.hexdigest()


def fingerprint_of(wanted, requests):
    """Return the fingerprint of what is recorded."""
    parts = []
    for request in requests:
        values = vars(request).items()
        parts.append([type(request).__name__, {k: v.name if isinstance(v, Projection) else v for k, v in values}])
    return fingerprint([wanted, parts])


def _feed(digest, value):
    """Add a value to a digest: its kind, its size if it has one, and what it holds."""
    value = unpack(value)
    if isinstance(value, Model):
        former = getattr(value, "_former", {})
        values = {former.get(name, name): part for name, part in vars(value).items()}
        _feed(digest, [as_before([*texts_of(value).values()], former), values])
    elif isinstance(value, View):
        _feed(digest, [[population.name, _range(ids)] for population, ids in value.parts])
    elif isinstance(value, np.ndarray):
        digest.update(f"array {value.dtype.str} {value.shape} ".encode())
        digest.update(np.ascontiguousarray(value).data.cast("B") if value.size else b"")
    elif isinstance(value, Mapping):
        _feed(digest, [[key, value[key]] for key in sorted(value)])
    elif isinstance(value, list | tuple):
        digest.update(f"list {len(value)} ".encode())
        for item in value:
            _feed(digest, item)
    elif is_of_pairs(value):
        _feed(digest, value.text)
    elif hasattr(value, "__dict__"):
        _feed(digest, [type(value).__name__, _given(value)])
    else:
        text = repr(value.item() if isinstance(value, np.generic) else value)
        digest.update(f"{len(text)} {text} ".encode())


def _given(value):
    """Return the attributes of a value that were given, not what was computed from them since.

    If its class says what is pickled, by `__getstate__`, that is what was given.
    """
    if type(value).__getstate__ is not object.__getstate__:
        return value.__getstate__()
    if not is_dataclass(value):
        return vars(value)
    given = {field.name for field in fields(value)} | {"unit"}
    return {name: part for name, part in vars(value).items() if name in given}


def _range(ids):
    """Return the first cell and the number of cells if they are consecutive, else all of them."""
    first, n = int(ids[0]), ids.size
    side_by_side = ids[-1] - first + 1 == n and np.array_equal(ids, np.arange(first, first + n))
    return (first, n) if side_by_side else ids
