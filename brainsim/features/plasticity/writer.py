"""What the functions of a rule are made of: statements for the numbers, arrays and exponentials that they need."""

from __future__ import annotations

import ast

from brainsim.core.checks import option
from brainsim.core.doors import through
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import text_of
from brainsim.equations.statements import Assign, Sampler, formula
from brainsim.features.plasticity.equations.rule_variables import NEW

LOCAL = "__"  # the end of a user's name in the text, so that it cannot be one of ours
OLD = "__old"  # the column of a variable before the last presynaptic spike
SINCE = "since__"  # when the traces of a target were as their row says, if times are exact
WHY = "why__"  # which kind of event of the target a listed one is: 1 for a spike, 2 for a step, 3 for both


class RuleCode:
    """The text of a rule and which numbers its record must hold; and what its functions are made of.

    What it is written for:

    - `per_synapse`: parameters that differ between synapses.
    - `held`: variables that would be traces if no parameter differed between synapses, and the delay after which time 0 of
      their cell is at the synapse: "axonal" for presynaptic, "dendritic" for postsynaptic ones. They are read, and begin to
      relax, as traces are.
    - `shared`: whether all synapses have the same weight, which does not change.
    - `single`: whether weights are kept as float32, which may round them beyond a bound.
    - `exact`: whether spikes have times within their steps; `exact_text` is then the module with what differs.

    What it holds:

    - `text`: the module, with ``enter``, ``remember``, ``deliver`` and ``sweep``.
    - `scalars`: parameters that are one number for all synapses, in the order of ``scalars`` in the record.
    - `rates`: trees of rates of decay that are the same for all synapses [1/ms], each once; ``table_0`` and so on hold their
      exponentials.
    - `variables`, `old`, `parameters`, `columns`: variables of the synapses, those of them before the last presynaptic spike
      that are needed, parameters with a number for each synapse, and all of these: ``column_NUMBER`` in the record.
    - `pre`: presynaptic traces, in ``log_values`` of the record (`logged_values`), and ``initial_NUMBER``.
    - `post`: postsynaptic traces, and, unless times are exact, variables of the targets that are read at an arrival, as of a
      step before.
    - `rows`: what is kept of each target, ``row_NUMBER``: all of `post`, and if times are exact the time of these values.
    - `listed`: what else the lists of events of the targets hold, after the time: ``post_NUMBER``.
    - `posts`, `both`: whether events of the targets do anything to synapses, and whether these are both spikes and steps in
      which a condition holds; `lists`: whether they are listed.
    - `number`: name of what is kept -> its number in the names of fields: rules that differ only in names share their code.
    - `seen`: what is noted of the first synapse with a non-finite weight or output, as (what it is of, name):
      presynaptic traces "before" and "after" the spike, what is kept of the "target", the "modulator", and of the "synapse".
    - `changing`: whether variables of synapses decay, so that all synapses of a segment have to be brought up to date.
    - `random`: Sampler of random numbers of a synapse and an event.
    """

    def __init__(self, equations, per_synapse, held, shared, single, exact=False):
        self.text, self.eq, self.per_synapse, self.shared, self.single = "", equations, per_synapse, shared, single
        self.exact, self.exact_text = exact, through("rules at exact times", option("precise")) if exact else None
        self.variables, self.pre = equations.variables, equations.pre_traces
        self.born = {name: held[name] for name in self.variables if name in held}
        self.held = tuple(name for name, clock in self.born.items() if clock == "axonal")
        self.old = tuple(name + OLD for name in self.held)
        self.parameters = tuple(p for p in equations.parameters if p in per_synapse)
        self.columns = self.variables + self.old + self.parameters
        self.scalars = tuple(p for p in equations.parameters if p not in per_synapse)
        self.rates: list[Tree] = []
        self.posts = bool(equations.on_post or equations.on_step)
        self.both = bool(equations.on_post and equations.on_step)
        read = names_of(trees_of(equations.on_post, equations.on_step))
        self.lists = self.posts or (exact and bool(equations.post_traces))
        read |= {t + NEW for t in equations.post_traces if exact}
        self.listed = tuple(n for t in equations.post_traces for n in (t, t + NEW) if n in read)
        self.listed += tuple(n for n in equations.of_target if n in read) + (WHY,) * self.both
        at_pre = names_of([*trees_of(equations.on_pre), equations.amplitude])
        self.post = (*equations.post_traces, *(n for n in equations.of_target if n in at_pre and not exact))
        self.rows = (*self.post, SINCE) if self.lists and exact else self.post
        of_target = [n for n in (*self.post, *equations.of_target) if n in at_pre] if exact else self.post
        kept = (*self.columns, *self.pre, *self.rows, *self.listed, *equations.of_target, WHY)
        self.number = {name: str(k) for k, name in enumerate(dict.fromkeys(kept))}
        self.seen = tuple((side, x) for x in self.pre for side in ("after", "before"))
        self.seen += tuple(("target", y) for y in of_target)
        self.seen += (("modulator", equations.modulator),) * (equations.modulator in at_pre)
        self.seen += tuple(("synapse", v) for v in ("w", *self.variables))
        decaying = any(v in equations.rates for v in self.variables)
        self.changing = decaying or bool(equations.between) or equations.drive is not None
        self.random = Sampler("random_", lambda n, _: formula(f"hashed(event + uint64({n}), int64(ids[k]))"))

    def loads(self, trees=(), tables=(), arrays=()):
        """Return the lines that read the parameters in trees, with dt, the tables of variables, and arrays of the record."""
        names = names_of(trees)
        lines = [f"{name}{LOCAL} = scalars[{k}]" for k, name in enumerate(self.scalars) if name in names]
        lines += [f"dt{LOCAL} = rule.dt"] * ("dt" in names)
        indices = sorted({self.rate_index(v) for v in tables} - {None})
        return lines + [f"{name} = array_of(rule.{name})" for name in (*arrays, *(f"table_{k}" for k in indices))]

    def logged(self, side, trace, entry):
        """Return the text of a presynaptic trace "before" or "after" a spike of the log."""
        names = logged_values(self.eq.pre_traces)
        return f"log_values[{len(names)} * {entry} + {names.index((side, trace))}]"

    def rate_index(self, name):
        """Return the index of the table of a variable, None if it is constant or its rate differs between synapses."""
        tree = self.eq.rates.get(name)
        if tree is None or lang.names_in(tree) & self.per_synapse:
            return None
        texts = [ast.unparse(rate) for rate in self.rates]
        if (text := ast.unparse(tree)) not in texts:
            self.rates.append(tree)
            return len(texts)
        return texts.index(text)

    def relaxed(self, name, steps, value=None, far=False):
        """Return the statement of a variable after some steps; `far` if there may be more of them than the table has."""
        value = value or name + LOCAL
        if name not in self.eq.rates:
            return Assign(name + LOCAL, formula(value))
        index = self.rate_index(name)
        if index is None:
            factor = formula(f"exp(-rate * rule.dt * {steps})", rate=own(self.eq.rates[name]))
        elif far or self.exact:
            factor = formula(f"decay(table_{index}, rule.rate_{index}, {steps})")
        else:
            factor = formula(f"table_{index}[{steps}]")
        return Assign(name + LOCAL, self.approach(name, value, factor))

    def stepped(self, name, value):
        """Return the tree of a postsynaptic trace after one step."""
        if name not in self.eq.rates:
            return formula(value)
        return self.approach(name, value, formula(f"one_{self.rate_index(name)}"))

    def approach(self, name, value, factor):
        """Return the tree of a variable whose distance to its limit is multiplied by a factor."""
        limit = self.eq.limits[name]
        if algebra.is_zero(limit):
            return formula("value * factor", value=formula(value), factor=factor)
        return formula("limit + (value - limit) * factor", value=formula(value), factor=factor, limit=own(limit))

    def of_traces(self, traces):
        """Return the trees that the change of traces in time needs."""
        found = [table.get(name) for name in traces for table in (self.eq.rates, self.eq.limits)]
        return [tree for tree in found if tree is not None]

    def bounds(self):
        """Return the trees of the bounds of w."""
        return [bound for bound in self.eq.bounds if bound is not None]

    def assign(self, assignments):
        """Return the statements of assignments to w and synapse variables, with the limits of w."""
        statements = []
        for name, tree in assignments:
            sampled, value = self.random.sample(tree, _local_names(tree))
            statements += [*sampled, self.weight(value) if name == "w" else Assign(name + LOCAL, value)]
        return statements

    def weight(self, value):
        """Return the statement that gives w a value within its bounds, if it may change."""
        return Assign(f"w{LOCAL}", self._nearest_allowed(value), when="learning")

    def _nearest_allowed(self, value):
        low, high = self.eq.bounds
        value = formula("lesser(value, high)", value=value, high=own(high)) if high is not None else value
        return formula("greater(value, low)", value=value, low=own(low)) if low is not None else value

    def tied(self):
        """Return the text of whether the last presynaptic spike has arrived at a time, too."""
        return "last >= 0 and time <= arrived + TIE" if self.exact else "last >= 0 and time == arrived"

    def event(self, time, kind):
        """Return the line with the key of the random numbers of an event of a synapse: its time, and what happens."""
        return [f"event = step_key(rule.key, 4 * ({time}) + {kind})"] * self.eq.random

    def loaded(self):
        """Return the statements that read the weight, the variables and the parameters of a synapse."""
        weight = formula(f"float64(weights[{0 if self.shared else 'k'}])")
        # float32 may have rounded a weight beyond its bound
        weight = self._nearest_allowed(weight) if self.single and self.eq.changes_weights else weight
        columns = [
            Assign(c + LOCAL, formula(f"float64(column_{self.number[c]}[k])")) for c in (*self.variables, *self.parameters)
        ]
        return [*columns, Assign(f"w{LOCAL}", weight)]  # its bounds may be columns

    def stored(self, changed):
        """Return the lines that write what has changed."""
        lines = [f"weights[k] = w{LOCAL}"] * ("w" in changed)
        return lines + [f"column_{self.number[v]}[k] = {v}{LOCAL}" for v in self.eq.variables if v in changed]


def logged_values(pre_traces):
    """Return what else the log holds of each spike, after its time, in order: (side, presynaptic trace)."""
    return [(side, trace) for trace in pre_traces for side in ("before", "after")]


def own(tree):
    """Return an expression as kernels compute it, with the names that a user may have chosen marked as such."""
    return lower(lang.substitute(tree, _local_names(tree)))


def own_text(tree):
    """Return the text of `own`."""
    return text_of(own(tree))


def _local_names(tree):
    return {name: ast.Name(name + LOCAL) for name in lang.names_in(tree) - {"pi"}}


def trees_of(*assignments):
    """Return the trees of lists of assignments."""
    return [tree for each in assignments for _, tree in each]


def names_of(trees):
    """Return the names in trees; some of the trees may be None."""
    return set().union(*(lang.names_in(tree) for tree in trees if tree is not None))
