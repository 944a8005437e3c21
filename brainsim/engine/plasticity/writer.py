"""What the functions of a rule are made of: pieces of text for the numbers, arrays and exponentials that they need."""

from __future__ import annotations

import ast

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, SAMPLERS, Tree, function_name
from brainsim.equations.expressions.lower import lowered
from brainsim.equations.numba_text import text_of as render
from brainsim.equations.plasticity.traces import NEW

LOCAL = "__"  # the end of a user's name in the text, so that it cannot be one of ours
OLD = "__old"  # the column of a variable before the last presynaptic spike
WHY = "why__"  # what is listed of an event of the target besides values: 1 for a spike, 2 for a step, 3 for both


class Writer:
    """Writes functions of one rule.

    Parameters
    ----------
    equations : PlasticityEquations
    per_synapse : frozenset of str
        Parameters that differ between synapses.
    shared : bool
        Whether all synapses have the same weight, which does not change.
    held : dict of str to str
        Variables that would be traces if no parameter differed between synapses, and the delay after which time 0 of their
        cell is at the synapse: "axonal" for presynaptic, "dendritic" for postsynaptic ones.
    single : bool
        Whether weights are kept as float32.

    Attributes
    ----------
    rates : list of tree
        Rates of decay that are the same for all synapses, each once.
    scalars, columns, listed, posts
        As in `code.RuleCode`.
    rows : tuple of str
        Postsynaptic traces, and variables of the target that are read when a spike arrives: as of a step before.
    both : bool
        Whether both spikes and steps of the target are listed.
    changing : bool
        Whether variables of synapses decay, so that all synapses of a segment have to be brought up to date.
    """

    def __init__(self, equations, per_synapse, held, shared, single):
        self.eq, self.per_synapse, self.shared, self.single = equations, per_synapse, shared, single
        self.born = {name: held[name] for name in equations.variables if name in held}
        self.held = tuple(name for name, clock in self.born.items() if clock == "axonal")
        self.old = tuple(name + OLD for name in self.held)
        self.rates: list[Tree] = []
        self.columns = (*equations.variables, *(p for p in equations.parameters if p in per_synapse))
        self.scalars = tuple(p for p in equations.parameters if p not in per_synapse)
        self.posts = bool(equations.on_post or equations.on_step)
        read = names_of([tree for _, tree in (*equations.on_post, *equations.on_step)])
        self.both = bool(equations.on_post and equations.on_step)
        self.listed = tuple(n for t in equations.post_traces for n in (t, t + NEW) if n in read)
        self.listed += tuple(n for n in equations.of_target if n in read) + (WHY,) * self.both
        at_pre = names_of([*(tree for _, tree in equations.on_pre), equations.amplitude])
        self.rows = (*equations.post_traces, *(n for n in equations.of_target if n in at_pre))
        decaying = any(v in equations.rates for v in equations.variables)
        self.changing = decaying or bool(equations.between) or equations.drive is not None
        self.calls = 0  # of random numbers so far

    def numbers(self, trees):
        """Return the lines that read the parameters that occur in trees, and dt if it is needed."""
        names = names_of(trees)
        lines = [f"    {name}{LOCAL} = scalars[{k}]" for k, name in enumerate(self.scalars) if name in names]
        return lines + [f"    dt{LOCAL} = rule.dt"] * ("dt" in names)

    def arrays(self, names):
        """Return the lines that read arrays of the record."""
        return [f"    {name} = array_of(rule.{name})" for name in names]

    def logged(self, side, trace, entry):
        """Return the text of a presynaptic trace "before" or "after" a spike of the log."""
        names = logged_values(self.eq.pre_traces)
        return f"log_values[{len(names)} * {entry} + {names.index((side, trace))}]"

    def tables(self, variables):
        """Return the lines that read the tables of variables."""
        indices = sorted({self.rate_index(v) for v in variables} - {None})
        return [f"    table_{k} = array_of(rule.table_{k})" for k in indices]

    def rate_index(self, name):
        """Return the index of the table of a variable, None if it is constant or its rate differs between synapses."""
        tree = self.eq.rates.get(name)
        if tree is None or lang.names_in(tree) & self.per_synapse:
            return None
        text = ast.unparse(tree)
        texts = [ast.unparse(rate) for rate in self.rates]
        if text not in texts:
            self.rates.append(tree)
            return len(texts)
        return texts.index(text)

    def relaxed(self, name, steps, value=None, far=False):
        """Return the text of a variable after some steps; `far` if there may be more of them than the table has."""
        value = value or name + LOCAL
        if name not in self.eq.rates:
            return value
        index = self.rate_index(name)
        if index is None:
            factor = f"exp(-{text_of(self.eq.rates[name])} * rule.dt * {steps})"
        elif far:
            factor = f"decay(table_{index}, rule.rate_{index}, {steps})"
        else:
            factor = f"table_{index}[{steps}]"
        limit = self.eq.limits[name]
        if algebra.is_zero(limit):
            return f"{value} * {factor}"
        return f"{text_of(limit)} + ({value} - {text_of(limit)}) * {factor}"

    def of_traces(self, traces):
        """Return the trees that the change of traces in time needs."""
        found = [table.get(name) for name in traces for table in (self.eq.rates, self.eq.limits)]
        return [tree for tree in found if tree is not None]

    def assign(self, assignments, indent):
        """Return the lines of assignments to w and synapse variables, with the limits of w."""
        lines = []
        for name, tree in assignments:
            sampled, tree = self._sampled(tree, indent)
            text = text_of(tree)
            lines += [*sampled, f"{indent}{name}{LOCAL} = {self.within_bounds(text) if name == 'w' else text}"]
        return lines

    def within_bounds(self, text):
        """Return the text of the new value of w, if it may change."""
        return f"({self._nearest_allowed(text)}) if learning else w{LOCAL}"

    def _nearest_allowed(self, text):
        """Return the text of w, or of the bound that it is beyond."""
        low, high = self.eq.bounds
        text = f"lesser({text}, {text_of(high)})" if high is not None else text
        return f"greater({text}, {text_of(low)})" if low is not None else text

    def event(self, time, kind, indent):
        """Return the line with the key of the random numbers of an event of a synapse: its time, and what happens."""
        return [f"{indent}event = step_key(rule.key, 4 * ({time}) + {kind})"] * self.eq.random

    def _sampled(self, tree, indent):
        """Return the lines that sample the random numbers of a tree, and the tree with their names."""
        lines = []

        def named(node):
            if not (isinstance(node, ast.Call) and function_name(node) in RANDOM):
                return lang.rebuilt(node, named)
            name = f"random_{self.calls}"
            bits = f"hashed(event + np.uint64({self.calls}), np.int64(ids[k]))"
            self.calls += 1
            arguments = "".join(f", {text_of(named(argument))}" for argument in node.args)
            lines.append(f"{indent}{name}{LOCAL} = {SAMPLERS[function_name(node)]}({bits}{arguments})")
            return ast.Name(name)

        return lines, named(tree)

    def loaded(self, indent):
        """Return the lines that read the weight, the variables and the parameters of a synapse."""
        weight = f"np.float64(weights[{0 if self.shared else 'k'}])"
        # float32 may have rounded a weight beyond its bound
        weight = self._nearest_allowed(weight) if self.single and self.eq.changes_weights else weight
        return [f"{indent}w{LOCAL} = {weight}", *(f"{indent}{c}{LOCAL} = np.float64(column_{c}[k])" for c in self.columns)]

    def stored(self, indent, changed):
        """Return the lines that write what has changed."""
        lines = [f"{indent}weights[k] = w{LOCAL}"] * ("w" in changed)
        return lines + [f"{indent}column_{v}[k] = {v}{LOCAL}" for v in self.eq.variables if v in changed]


def logged_values(pre_traces):
    """Return what the log holds of each spike besides its time, in order: (side, presynaptic trace)."""
    return [(side, trace) for trace in pre_traces for side in ("before", "after")]


def text_of(tree):
    """Return an expression as text, with the names that a user may have chosen marked as such."""
    names = lang.names_in(tree) - {"pi"}
    return render(lowered(lang.substitute(tree, {name: ast.Name(name + LOCAL) for name in names})))


def names_of(trees):
    """Return the names in trees."""
    return set().union(*(lang.names_in(tree) for tree in trees)) if trees else set()
