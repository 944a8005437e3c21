"""What a rule of plasticity reads of the target cell: names that end in ``_post``, and the steps in which a condition holds.

A *follower* is a variable that relaxes towards something of the target, ``du/dt = (v_post - u)/tau``. It is a postsynaptic
trace: kept once for each target, and advanced in each step with the cell as it was at the beginning of the step.
"""

from __future__ import annotations

import ast
import re

from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions import units
from brainsim.equations.expressions.grammar import NAME, RANDOM, EquationError
from brainsim.equations.model_parser import Reader
from brainsim.features.plasticity.equations.rule_variables import START

OF_TARGET = "_post"  # names that end so are for variables of the target cell
ONE_FOR_A_TARGET = (
    "the condition must be the same for all synapses of a target, so it may read v_post, postsynaptic traces and parameters "
    "that all synapses share"
)
FOLLOWING = "a variable that follows the target cell is kept once for each target"


class TargetReader(Reader):
    """A Reader that knows the variables of the target cell that the texts of a rule name: `of_target`, with ``_post``."""

    of_target: frozenset[str] = frozenset()

    def meet_target(self, texts):
        """Find the names of the target's variables in texts."""
        texts = [text for group in texts for text in (group if isinstance(group, tuple | list) else [group])]
        lines = [line.split("#")[0] for text in texts if isinstance(text, str) for line in text.splitlines()]
        found = {name for line in lines for name in re.findall(NAME, line) if name.endswith(OF_TARGET)}
        self.of_target = frozenset(found - {OF_TARGET})
        self.known |= self.of_target
        self.units |= {"v" + OF_TARGET: units.unit("mV", self.label)} if self.declared.dimensions else {}

    def condition_of_steps(self, text, assignments, fixed):
        """Return the tree of the condition under which steps of the target are listed, None if there is none."""
        label = f"{self.label}.step_condition"
        if not isinstance(text, str):
            raise TypeError(f"{label}: must be a string such as 'v_post > theta' (got {text!r})")
        if assignments and not text.strip():
            message = "on_step needs to know for which steps: write step_condition = 'v_post > theta'; all would be too many"
            raise EquationError(label, message)
        if not text.strip():
            return None
        if not assignments:
            raise EquationError(label, "has no effect without on_step, which says what happens in these steps")
        tree = self.expression(text, "step_condition", {*fixed}, condition=True)
        self.check(tree, label, None, "")
        return self.substitute_lines(tree, "step_condition", fixed)

    def followers(self, names, assigned, limits):
        """Return the variables that nothing assigns, and that relax towards something of the target."""
        return tuple(name for name in names if name not in assigned and self.read_target(limits.get(name)))

    def read_target(self, tree):
        """Return the names of the target's variables in a tree, if it is one."""
        return lang.names_in(tree) & self.of_target if isinstance(tree, ast.AST) else set()

    def check_target(self, needs, post_traces, tables, condition, per_synapse):
        """Raise EquationError if something that is not kept once for each target follows the target.

        `needs` are the names on which each variable depends, `tables` dicts from variables to trees that may read the
        target, and `per_synapse` the parameters that differ between synapses.
        """
        for name in needs:
            read = set().union(*(self.read_target(table.get(name)) for table in tables))
            if name not in post_traces and read:
                differs = sorted(needs[name] & {*per_synapse})
                why = f"{differs[0]} differs between synapses" if differs else f"only on_post may assign {name}"
                why = why.replace(f"{name}{START}", "its initial value")
                raise EquationError(f"{self.label}.{name}", f"{name} reads {min(read)!r}, but {why}: {FOLLOWING}")
        if condition is None:
            return
        for name in sorted(lang.names_in(condition) - {"pi", *self.of_target, *post_traces}):
            label, line = f"{self.label}.step_condition", lang.line_of(condition).text
            if name in per_synapse:
                raise EquationError(label, f"{name} differs between synapses: {ONE_FOR_A_TARGET}", line)
            if name not in self.declared.parameters:
                raise EquationError(label, f"this depends on {name!r}: {ONE_FOR_A_TARGET}", line)

    def late(self, table, followers, constant):
        """Return follower -> tree of the time after which it is read [ms]."""
        label, found = f"{self.label}.late", {}
        if not isinstance(table, dict) or not all(isinstance(text, str) for pair in table.items() for text in pair):
            message = "must be a dict of a variable and the time after which it is read, such as {'u': 'delay_u'}"
            raise TypeError(f"{label}: {message} (got {table!r})")
        for name, text in table.items():
            if name not in followers:
                message = f"{name!r} must be a variable that nothing assigns and that follows the target"
                raise EquationError(label, f"{message}: d{name}/dt = (v_post - {name})/tau")
            tree = lang.parse_expression(text, label)
            lang.check_names(tree, constant, label)
            lang.check_kind(tree, label)
            self.check(tree, label, units.unit("ms", label), "a time")
            if lang.calls_in(tree) & RANDOM:
                raise EquationError(label, "must be the same for all cells", text)
            found[name] = tree
        return found
