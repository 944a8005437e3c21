"""One synapse of the reference (`brainsim.testing.reference.plasticity`), run on its own through lists of spikes."""

from collections import Counter
from dataclasses import asdict, dataclass, field

import numpy as np

import brainsim.testing.reference.plasticity as reference
import brainsim.testing.reference.plasticity_synapses as reference_synapses
from brainsim.testing.reference.numbers import stream_key


@dataclass(frozen=True)
class Rule:
    """The texts of a rule, as in a class derived from `brainsim.Plasticity`, and its numbers.

    Attributes
    ----------
    equations, on_pre, on_post, amplitude, between, on_modulator, on_step, step_condition : str
    bounds : tuple of str
        Lower and upper limit of w; "" is none.
    parameters : dict of str to float
    initials : dict of str to float or str
        Of all variables but w; an expression of parameters is a str.
    late : dict of str to str
        Variables that follow the target -> how much later they are read [ms].
    """

    equations: str = ""
    on_pre: str = ""
    on_post: str = ""
    amplitude: str = "w"
    bounds: tuple = ("", "")
    parameters: dict = field(default_factory=dict)
    initials: dict = field(default_factory=dict)
    on_step: str = ""
    step_condition: str = ""
    late: dict = field(default_factory=dict)
    between: str = ""
    on_modulator: str = ""

    def parsed(self):
        """Return the rule of the reference."""
        return reference.Rule(asdict(self), self.parameters, self.initials)


def rule_of(plasticity):
    """Return the Rule of a `brainsim.Plasticity`; parameters that differ between synapses are given to `Synapse`."""
    parameters = {name: getattr(plasticity, name) for name in plasticity.parameters}
    initials = {name: getattr(plasticity, name, spec.default) for name, spec in plasticity.initials.items()}
    initials |= {name: value for name, value in plasticity.initial.items() if isinstance(value, float)}
    texts = {name: text for name, text in plasticity.texts().items() if name in Rule.__dataclass_fields__}
    return Rule(**texts, parameters=parameters, initials=initials)


class Synapse:
    """One synapse.

    Parameters
    ----------
    rule : Rule
    w : float
        Weight at the start.
    dt : float
        Step [ms].
    axonal, dendritic : int
        Delays [steps].
    parameters, variables : dict of str to float, optional
        Parameters and initial values that are this synapse's own.
    target : reference.Targets, optional
        The target cell, if the rule reads its variables; see `watched`.
    seed, name, index : int, str, int
        Of the run, the projection and the synapse in its table: what its random numbers depend on.
    modulator : reference.Modulator, optional
        That of the projection, if there is one.
    """

    def __init__(
        self, rule, w, *, dt, axonal=0, dendritic=0, parameters=None, variables=None, target=None, seed=0, name="", index=0,
        modulator=None,
    ):  # fmt: skip
        own = {key: np.array([value], float) for key, value in ((parameters or {}) | (variables or {})).items()}
        delays = {"axonal": axonal, "dendritic": dendritic}
        random = {"key": stream_key(seed, "plasticity", name), "index": np.array([index])}
        cells = {"targets": target, "cells": np.zeros(1, int), "modulator": modulator}
        parsed = rule.parsed()
        self._synapses = reference_synapses.Synapses(parsed, [w], dt=dt, own=own, **delays, **random, **cells)
        self.axonal, self.dendritic, self._takes_notice = axonal, dendritic, bool(parsed.on_post)
        self.above = target.steps_above() if target else ()
        self.arrived, self.returned, self.delivered, self.largest = -1, -1, [], {}
        self._note()

    @property
    def values(self):
        """The weight and the variables, by name."""
        return {name: float(value[0]) for name, value in self._synapses.x.items()}

    @property
    def learning(self):
        """Whether the weight changes."""
        return self._synapses.learning

    @learning.setter
    def learning(self, learns):
        self._synapses.learning = learns

    def put(self, w, **variables):
        """Give the synapse a weight, whatever its bounds, and variables."""
        for name, value in ({"w": w} | variables).items():
            self._synapses.x[name][:] = value

    def set_weight(self, w):
        """Give the synapse a weight, or the nearer bound."""
        self.put(self._synapses.bounded(np.zeros(1, int), np.array([w]))[0])

    def run(self, pre, post, until, ahead=0):
        """Deal with all that happens up to a time of the synapse's clock, which belongs to it.

        Parameters
        ----------
        pre, post : sequence of int
            Steps at which the two cells fire, all of them in each call.
        until : int
        ahead : int
            How many steps further presynaptic spikes are dealt with, because the cell takes them before it gets there.
        """
        one = np.zeros(1, int)
        arrivals = Counter(step for k in pre if self.arrived < (step := int(k) + self.axonal) <= until + ahead)
        returns, above = (
            Counter(step for k in steps if self.returned < (step := int(k) + self.dendritic) <= until)
            for steps in (post if self._takes_notice else (), self.above)
        )
        for step in sorted(arrivals.keys() | returns.keys() | above.keys()):
            for turn in range(arrivals[step]):
                amplitude = self._synapses.arrive(one, step, turn > 0)
                self.delivered.append((step + self.dendritic, float(amplitude[0])))
                self._note()
            if returns[step] or above[step]:
                self._synapses.answer(one, step, np.array([returns[step]]), np.array([above[step] > 0]))
                self._note()
        self._synapses.bring_up(np.array([until]))
        self.arrived, self.returned = max(self.arrived, until + ahead), max(self.returned, until)

    def _note(self):
        """Note what each variable was at most, in the run so far."""
        self.largest = {name: max(self.largest.get(name, 0.0), abs(value)) for name, value in self.values.items()}


class Watched(reference.Targets):
    """A target cell whose variables a rule reads, at all steps of a run that is over."""

    def __init__(self, rule, variables, spikes, dt):
        parsed = rule.parsed()
        super().__init__(parsed, parsed.known({}, dt), dt)
        fired = set(spikes)
        for step in range(len(next(iter(variables.values())))):
            self.note({name: values[step : step + 1] for name, values in variables.items()}, np.array([step in fired]))

    def steps_above(self):
        """Return the steps, from the first on, at whose beginning the condition of the rule holds."""
        return [step for step, met in enumerate(self.above) if met[0]]


def modulator_of(rule, spikes, delay, dt):
    """Return the `reference.Modulator` of cells that fire at some steps."""
    parsed = rule.parsed()
    modulator = reference.Modulator(parsed, parsed.known({}, dt), dt, delay)
    for step in spikes:
        modulator.fire(step, 1)
    return modulator
