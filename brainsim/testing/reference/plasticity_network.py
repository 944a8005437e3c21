"""Plasticity in a network of the reference: when a spike is at which synapse, and with which numbers synapses begin."""

import numpy as np

from brainsim.testing.reference.equations import Scope, evaluate, linear_in, names_in
from brainsim.testing.reference.numbers import sample, stream_key
from brainsim.testing.reference.plasticity import Modulator, Targets
from brainsim.testing.reference.plasticity_homeostasis import Homeostat
from brainsim.testing.reference.plasticity_synapses import Synapses, rule_of
from brainsim.testing.reference.wires import Wires


class Learning(Wires):
    """A projection with a rule.

    A synapse acts when its spike arrives at the target: its clock is late by the dendritic part of the delay. So a spike of
    the target reaches it when twice this part has passed.
    """

    @staticmethod
    def takes(projection):
        """Return whether it defines the synapses of a projection."""
        return hasattr(projection.plasticity, "texts") and hasattr(projection.synapse, "arrival")

    def __init__(self, network, projection):
        plasticity = projection.plasticity
        self.rule, self.arriving, self.answering = rule_of(plasticity), {}, {}
        super().__init__(network, projection)
        back = projection.dendritic_delay
        self.back = self.delays if back == "all" else np.full(self.delays.shape, round(back / network.tick))
        own, shared = self._own(plasticity), self.rule.known({}, self.dt)
        self.modulator, self.watched = None, None
        if self.rule.modulator:
            delay = max(1, round(projection.modulator_delay / self.dt))
            self.modulator = Modulator(self.rule, shared, self.dt, delay)
        if reads := self._reads():
            self.reads, self.watched = reads, Targets(self.rule, shared, self.dt)
        self.synapses = Synapses(
            self.rule,
            self._start(own),
            dt=network.tick,
            axonal=self.delays - self.back,
            dendritic=self.back,
            own=own,
            key=stream_key(network.seed, "plasticity", self.name),
            targets=self.watched,
            cells=self.post,
            modulator=self.modulator,
        )
        self._follow(own)
        self.homeostat = Homeostat(projection, self.synapses, self.pre, self.dt) if projection.homeostasis else None

    def changes_weights(self):
        """Return whether weights change."""
        rule = self.rule
        actions = (rule.on_pre, rule.on_post, rule.on_step, rule.between)
        return "w" in rule.derivatives or any(name == "w" for some in actions for name, _ in some)

    def _reads(self):
        """Return the variables of the target that the texts read."""
        rule = self.rule
        texts = [rule.amplitude, rule.condition, *rule.derivatives.values()]
        texts += [tree for part in (rule.on_pre, rule.on_post, rule.on_step) for _, tree in part]
        texts += [tree for tree in rule.initials.values() if hasattr(tree, "lineno")]
        return sorted(n for tree in texts if tree is not None for n in names_in(tree) if n.endswith("_post"))

    def _own(self, plasticity):
        """Return the values that differ between synapses: sampled, or listed for the pairs of a rule."""
        own, kept = {}, {name: (name, getattr(plasticity, name)) for name in plasticity.parameters}
        kept |= {name: (f"{name}__start", value) for name, value in plasticity.initial.items()}
        for name, (word, value) in kept.items():
            if hasattr(value, "mass"):
                key = stream_key(self.network.net.seed, "plasticity", self.name, word)
                own[name] = sample(value, key, np.arange(self.pre.size))
            elif np.ndim(value):
                pre = np.asarray(getattr(self.projection.rule, "pre", np.arange(self.pre.size)))  # else one to one
                own[name] = np.asarray(value)[np.argsort(pre, kind="stable")][self.order]
        return own

    def _start(self, own):
        """Return the weights at time 0; sampled ones, which are rounded, are brought back within the bounds."""
        known, w = self.rule.known({n: v for n, v in own.items() if n in self.rule.parameters}, self.dt), self.weights
        if hasattr(self.projection.weight, "mass"):
            for tree, nearer in zip(self.rule.bounds, (np.maximum, np.minimum), strict=True):
                w = w if tree is None else nearer(w, evaluate(tree, Scope(known)))
        return w

    def _follow(self, own):
        """Let a variable that w follows, as in ``w = w_0*(1 + q)``, begin with the weight."""
        x, found = self.synapses.x, [tree for name, tree in self.rule.between if name == "w"]
        if not found or any(name == "w" for name, _ in (*self.rule.on_pre, *self.rule.on_post)):
            return
        for name in names_in(found[-1]) & x.keys() - {"w"}:
            slope, rest = (evaluate(part, Scope(self.synapses.known | x)) for part in linear_in(found[-1], name))
            x[name][:] = (x["w"] - rest) / slope

    def begin(self):
        """Note the target cells as they begin."""
        self._note(None)

    def _note(self, fired):
        if self.watched is not None:
            parts, cells = self.projection.post.parts, self.network.cells
            values = {n: [cells[p.name].x[n.removesuffix("_post")][ids] for p, ids in parts] for n in self.reads}
            values = {name: np.concatenate(some) for name, some in values.items()}
            self.watched.note(values, self._fired(fired))

    def _fired(self, fired):
        parts = self.projection.post.parts
        return np.concatenate([np.zeros(len(ids), bool) if fired is None else fired[p.name][ids] for p, ids in parts])

    def send(self, step, sources):
        """Send the spikes of a step, to synapses and from modulating cells."""
        super().send(step, sources)
        if self.modulator is not None and self.projection.modulator is not None:
            cells = self.network.gids(self.projection.modulator)
            self.modulator.fire(step, int(sum(np.count_nonzero(cells == source) for source in sources)))

    def arrive(self, step, at):
        """Let spikes be at some synapses when they arrive at the target."""
        self.arriving.setdefault(step, []).append(at)

    def before(self, k, current):
        """Let homeostasis act at the beginning of step k, and let arrive what arrives at its end."""
        self._balance(k)
        self._let_arrive(k)

    def _let_arrive(self, k):
        at = np.concatenate([np.empty(0, np.int64), *self.arriving.pop(k + 1, ())])
        turns = np.array([np.count_nonzero(at[:i] == one) for i, one in enumerate(at)], np.int64)
        for turn in range(int(turns.max(initial=-1)) + 1):
            for s, some in self._by_clock(k + 1, at[turns == turn]):
                amplitude = self.synapses.arrive(some, s, turn > 0)
                self.network.deliver(k + 1, self.projection.synapse, self.targets[some], amplitude)

    def after(self, k, fired):
        """Let the spikes of the targets be at their synapses, and the steps in which the condition of the rule holds."""
        self._note(fired)
        if self.homeostat is not None:
            self.homeostat.counts += self._fired(fired)
        spikes = self._fired(fired)[self.post] if self.rule.on_post else np.zeros(self.post.size, bool)
        above = spikes & False if self.watched is None else self.watched.above[k + 1][self.post]
        for back in np.unique(self.back):
            mine = np.flatnonzero((self.back == back) & (spikes | above))
            self.answering.setdefault(k + 1 + 2 * int(back), []).append((mine, spikes[mine].astype(int), above[mine]))
        for at, number, met in self.answering.pop(k + 1, ()):
            for s, some in self._by_clock(k + 1, at):
                which = np.isin(at, some)
                self.synapses.answer(some, s, number[which], met[which])

    def _by_clock(self, step, at):
        """Yield the time of a clock and the synapses that have it, when their targets are at a step."""
        for back in np.unique(self.back[at]):
            yield step - int(back), at[self.back[at] == back]

    def _balance(self, step):
        if self.homeostat is not None and self.homeostat.is_time(step):
            self._bring_up(step + 1, step)
            self.homeostat.act()

    def _bring_up(self, time, step):
        """Bring each synapse up to the clock that it has at a time, when a step begins."""
        if not self.adds_to_itself():  # the cell takes what arrives at the end of a step when this begins
            self._let_arrive(step)
        self.synapses.bring_up(np.maximum(time - self.back, 0))

    def set(self, step, values):
        """Give the weights, a variable of the synapses or a parameter another value, when all are brought up to a step."""
        self.columns(step)
        for name, given in values.items():
            (self.synapses.x if name in self.synapses.x else self.synapses.known)[name] = np.array(given, float)

    def columns(self, step):
        """Return the weights and the variables of the synapses, each brought up to the end."""
        self._balance(step)
        self._bring_up(step, step)
        return {"weight" if name == "w" else name: values for name, values in self.synapses.x.items()}
