"""Two rules on one synapse: one changes the weight, the other how much of it a spike transmits."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

from brainsim.features.plasticity.models.base import TEXTS, Plasticity
from brainsim.models.base import Initial

JOINED = ("equations", "on_pre", "on_post", "between", "on_modulator", "on_step")
WORD = re.compile(r"\b[^\W\d]\w*")
ASSIGNED = re.compile(r"(?:^|;)\s*([^\W\d]\w*)\s*(?:[-+*/]=|=(?!=))", re.MULTILINE)
DERIVATIVE = re.compile(r"\s*/\s*dt\s*=(?!=)")
_classes: dict[Any, type[Combined]] = {}  # of pairs of rules, by their classes and texts


class Combined(Plasticity):
    """A rule that was written from the texts of two. Their names begin with those of the rules: ``STDP_tau_plus``.

    At a spike of the source `on_pre` of the rule that changes w acts first; what is delivered is the amplitude of the other
    rule, in which w is the amplitude of the first.
    """

    _rules: tuple[Plasticity, ...] = ()  # as they were given

    def __repr__(self) -> str:
        return f"({', '.join(map(repr, self._rules))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._rules, vars(self))


def combine(rules: Sequence[Any], label: str) -> Plasticity:
    """Return two rules as one; raise TypeError or ValueError, beginning with `label`, if they do not fit each other."""
    for rule in rules:
        if not isinstance(rule, Plasticity):
            raise TypeError(f"{label}: must hold rules of plasticity such as TsodyksMarkram() and STDP() (got {rule!r})")
    if len(rules) != 2 or any(isinstance(rule, Combined) for rule in rules):
        message = (
            "must be one rule, or two: one for what a spike delivers and one for the weight, (TsodyksMarkram(), STDP())"
        )
        raise ValueError(f"{label}: {message} (got {list(rules)!r})")
    first, second = map(_changes_weights, rules)
    if first == second:
        does, one = ("change w", "changes w") if first else ("leave w as it is", "changes what is delivered")
        message = f"both {does}, and a synapse has one rule that {one}; leave one out, or write a class that does both"
        raise ValueError(f"{label}: {rules[0]!r} and {rules[1]!r} {message}")
    short, long = sorted(rules, key=_changes_weights)
    _check_pair(short, long, label)
    cls, parts = _class_of(rules), _parts_of(rules)
    values = {kind: {n: getattr(rule, n) for n in rule.parameters} for kind, rule in parts.items()}
    new = cls.__new__(cls)  # the values have been checked, and warned of, by their rules
    vars(new).update(_prefix(values), sign=long.sign, _rules=tuple(rules))
    initial = _prefix({kind: rule.initial for kind, rule in parts.items()})
    return new.starting(initial, label) if initial else new


def _changes_weights(rule):
    return rule.equations_for(rule.per_synapse).changes_weights


def _parts_of(rules):
    """Return name of the class -> rule; the one that changes w is the second."""
    return {_name_of(rule): rule for rule in sorted(rules, key=_changes_weights)}


def _name_of(rule):
    """Return how the names of a rule begin: a name in equations begins with a letter."""
    return type(rule).__name__.lstrip("_")


def _check_pair(short, long, label):
    """Raise ValueError if two rules, of which the second changes w, cannot be written as one."""
    names = _name_of(short), _name_of(long)
    if names[0] == names[1]:
        raise ValueError(f"{label}: two classes named {names[0]} cannot be told apart; give one another name")
    texts = _texts_of(short), _texts_of(long)
    both = set.intersection(*({f"{_name_of(rule)}_{name}" for name in _names_of(rule)} for rule in (short, long)))
    if both:
        message = f"the two rules would both have {min(both)!r}, since names begin with that of the class"
        raise ValueError(f"{label}: {message}; give {names[0]} or {names[1]} another name")
    if texts[0]["amplitude"].strip() == "w":
        message = "changes neither w nor what is delivered of it, so it has no effect with the other rule; leave it out"
        raise ValueError(f"{label}: {short!r} {message}")
    if any(text.strip() for text in texts[0]["bounds"]):
        raise ValueError(f"{label}: {names[0]}.bounds limit w, which {names[1]} changes; leave them to that rule")
    if short.sign != 1 and long.sign == 1:
        raise ValueError(f"{label}: {names[0]} has sign=-1 and {names[1]} has not; give {names[1]} the sign of the weights")
    for field in ("step_condition", "on_modulator"):
        if all(own[field].strip() for own in texts):
            raise ValueError(f"{label}: {names[0]} and {names[1]} both have {field}; write a class that does what both do")


def _class_of(rules):
    parts = _parts_of(rules)
    key = tuple((type(rule), repr(rule.texts())) for rule in parts.values())
    if key not in _classes:
        short, long = parts
        texts = {kind: _own_texts(rule, kind) for kind, rule in parts.items()}
        delivered = texts[long]["amplitude"]
        delivered = delivered if delivered == "w" else f"({delivered})"
        # the rule that changes w acts first
        body: dict[str, Any] = {field: "\n".join(texts[kind][field] for kind in (long, short)).strip() for field in JOINED}
        body |= {
            "step_condition": texts[short]["step_condition"] or texts[long]["step_condition"],
            "bounds": texts[long]["bounds"],
            "late": texts[short]["late"] | texts[long]["late"],
            "amplitude": re.sub(r"\bw\b", delivered, texts[short]["amplitude"]),
            "conditions": tuple(text for kind in parts for text in texts[kind]["conditions"]),
            "dimensions": all(rule.dimensions for rule in parts.values()),
            "_begins": _prefix({kind: rule._begins for kind, rule in parts.items()}),
            "_options": tuple(name for name in ("sign",) if name in parts[long]._options),
            "__module__": __name__,
            "__doc__": f"{short} on the weight that {long} changes.",
        }
        body |= _prefix({kind: type(rule).parameters for kind, rule in parts.items()})
        for kind, rule in parts.items():
            names = {*rule.parameters, *rule.initials}
            for name, spec in rule.initials.items():
                start = _rename(spec.default, names, kind) if isinstance(spec.default, str) else spec.default
                body[f"{kind}_{name}"] = Initial(start, spec.unit, spec.meaning)
        _classes[key] = type(f"{short} and {long}", (Combined,), body)
    return _classes[key]


def _texts_of(rule):
    """Return all texts of a rule, also those that it leaves out."""
    return {name: getattr(Plasticity, name) for name in TEXTS} | rule.texts()


def _names_of(rule):
    """Return the names of a rule: of its parameters and variables, and what its texts assign."""
    texts = _texts_of(rule)
    return {*rule.parameters, *rule.initials, *(n for field in JOINED for n in ASSIGNED.findall(texts[field]))} - {"w"}


def _own_texts(rule, kind):
    """Return the texts of a rule, and its conditions, in which all names of its own begin with that of its class."""
    texts = _texts_of(rule)
    texts |= {name: inspect.cleandoc(text) for name, text in texts.items() if isinstance(text, str)}
    names = _names_of(rule)
    found = {name: _rename(text, names, kind) for name, text in texts.items() if isinstance(text, str)}
    return found | {
        "bounds": tuple(_rename(text, names, kind) for text in texts["bounds"]),
        "late": {f"{kind}_{name}": _rename(text, names, kind) for name, text in texts["late"].items()},
        "conditions": tuple(_rename(text, names, kind) for text in rule.conditions),
    }


def _prefix(parts):
    """Return the values of two rules, name of the class -> (name -> value), under names that begin with the class's."""
    return {f"{kind}_{name}": value for kind, values in parts.items() for name, value in values.items()}


def _rename(text, names, kind):
    """Return a text in which some names begin with that of a class; dx/dt with x among them is that of the new name."""

    def new(match):
        word = match.group()
        if word[0] == "d" and word[1:] in names and DERIVATIVE.match(text, match.end()):
            return f"d{kind}_{word[1:]}"
        return f"{kind}_{word}" if word in names else word

    return WORD.sub(new, text)


def _restored(rules, values):
    cls = _class_of(rules)
    new = cls.__new__(cls)
    vars(new).update(values)
    return new
