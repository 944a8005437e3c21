"""Rules of plasticity at exact times: a synapse acts when its target has got to an event. See `docs/semantics.md`.

Clocks count in the ticks of delays, and have fractions of them.
"""

from functools import partial

import numpy as np

from brainsim.testing.reference.cells import random_calls
from brainsim.testing.reference.numbers import not_covered
from brainsim.testing.reference.plasticity_network import Learning

TIE = 2.0**-5  # ticks; a spike of the target that is no further from an arrival has its time
ROUNDING = 2.0**-9  # ticks


class ExactLearning(Learning):
    """A projection with a rule.

    - `fired`: the times [ms] of the spikes of each target so far
    - `answered`: how many of those of its target have reached each synapse
    - `last`: when a spike of the source was at each synapse last
    """

    def __init__(self, network, projection):
        super().__init__(network, projection)
        rule, synapses = self.rule, self.synapses
        trees = [rule.amplitude, *(tree for part in (rule.on_pre, rule.on_post, rule.between) for _, tree in part)]
        not_covered(any(map(random_calls, trees)), "rules with random numbers at exact times")
        not_covered(self.watched is not None, "rules that read variables of their targets at exact times")
        self.answered, self.last = np.zeros(synapses.n, int), np.full(synapses.n, -np.inf)
        self.counted = np.zeros(projection.post.n)

    def begin(self):
        """Get ready for time 0."""
        cells = self.network.cells
        self.fired = [cells[population.name].fired[i] for population, ids in self.projection.post.parts for i in ids]

    def before(self, k, current):
        """Let homeostasis act at the beginning of step k."""
        self._balance(k)

    def arrive(self, time, at):
        """Let events arrive, whose weights are known when the target has got to them."""
        weights = np.array([partial(self._act, time, k) for k in at], object)
        self.network.deliver(time, self.projection.synapse, self.targets[at], weights)

    def _act(self, time, k):
        """Let a spike of the source be at a synapse, and return what it delivers."""
        s = time / self.network.tick - self.back[k]
        again = s == self.last[k]
        self._answer(k, s - TIE)
        self.last[k] = s
        return float(self.synapses.arrive(np.array([k]), s, again)[0])

    def _answer(self, k, until):
        """Let the spikes of the target that are at a synapse before a time of its clock act."""
        for time in self.fired[self.post[k]][self.answered[k] :] if self.rule.on_post else ():
            s = time / self.network.tick + self.back[k]
            if s >= until:
                break
            s = self.last[k] if s <= self.last[k] + TIE else s
            self.synapses.answer(np.array([k]), s, np.array([1]), np.array([False]))
            self.answered[k] += 1

    def _balance(self, step):
        if self.homeostat is not None:
            number = np.array([len(times) for times in self.fired], float)
            self.homeostat.counts += number - self.counted
            self.counted = number
        super()._balance(step)

    def _bring_up(self, time, step):
        """Bring each synapse up to the clock that it has at a step."""
        until = step * self.dt / self.network.tick - self.back
        for k in range(self.synapses.n):
            self._answer(k, until[k] + ROUNDING)
        self.synapses.bring_up(np.maximum(until, 0.0))
