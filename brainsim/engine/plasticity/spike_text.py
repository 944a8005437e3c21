"""The functions of a rule that are called when cells fire: the text of ``enter`` and ``remember``."""

from __future__ import annotations

import ast

from brainsim.engine.plasticity.writer import LOCAL, WHY, Writer, names_of, text_of
from brainsim.equations.expressions import algebra
from brainsim.equations.plasticity.traces import NEW


class SpikeWriter(Writer):
    """Writes what is done once per spike of a source or of a target."""

    def enter(self):
        """Write the function that notes a spike of a source."""
        eq = self.eq
        trees = [tree for _, tree in eq.pre_jumps] + self.of_traces(eq.pre_traces)
        lines = [
            "@by_address",
            "def enter(rule_, spike_):",
            '    """Return the entry of a spike of a source, NOT_A_SOURCE, or LOG_IS_FULL."""',
            "    rule, spike = record_at(rule_), record_at(spike_)",
            *self.arrays(["newest", "log_link", "log_values"]),
            "    source, step = spike.source, spike.step",
            "    last = np.int64(newest[source])",
            "    if last == NOT_A_SOURCE:",
            "        return last",
            "    if spike.pending:",
            "        return entered(rule, last, step)",
            "    if rule.log_free_number == 0:",
            "        return np.int64(LOG_IS_FULL)",
            "    scalars = array_of(rule.scalars)",
            *self.numbers(trees),
            *self.tables(eq.pre_traces),
            "    entry = rule.log_free",
            "    rule.log_free = log_link[2 * entry + 1]",
            "    rule.log_free_number -= 1",
            "    elapsed = step - log_link[2 * last] if last >= 0 else step",
        ]
        for x in eq.pre_traces:
            lines.append(f"    {x}{LOCAL} = {self.logged('after', x, 'last')} if last >= 0 else rule.initial_{x}")
            lines.append(f"    {x}{LOCAL} = {self.relaxed(x, 'elapsed', far=True)}")
            lines.append(f"    {self.logged('before', x, 'entry')} = {x}{LOCAL}")
        lines += [f"    {x}{LOCAL} = {text_of(tree)}" for x, tree in eq.pre_jumps]
        lines += [f"    {self.logged('after', x, 'entry')} = {x}{LOCAL}" for x in eq.pre_traces]
        return [
            *lines,
            "    log_link[2 * entry], log_link[2 * entry + 1] = step, last",
            "    newest[source] = entry",
            "    return entry",
        ]

    def remember(self):
        """Write the function that advances the postsynaptic traces to the point after the next, and lists the events."""
        eq = self.eq
        trees = [tree for _, tree in eq.post_jumps] + self.of_traces(eq.post_traces)
        trees += [eq.step_condition] * (eq.step_condition is not None)
        lines = [
            "@by_address",
            "def remember(rule_, progress_):",
            '    """Advance the postsynaptic traces by a step, and list the spikes of the step."""',
            "    rule, progress = record_at(rule_), record_at(progress_)",
            "    scalars, index_of, spikes = array_of(rule.scalars), array_of(rule.index_of), array_of(progress.spikes)",
            *self.numbers(trees),
            *self.arrays(f"row_{y}" for y in self.rows),
            *self.tables(eq.post_traces),
            *(self.arrays(["post_time", "post_owner", "older", "latest"]) if self.posts else []),
            *(self.arrays(f"post_{y}" for y in self.listed) if self.posts else []),
            *self._target_arrays(),
            "    time, width = progress.step + 1, rule.width",
            "    here, there = (time % rule.ring) * width, ((time + 1) % rule.ring) * width",
            *(f"    late_{y} = ((time - rule.late_{y}) % rule.ring) * width" for y in eq.late),
        ]
        indices = sorted({self.rate_index(y) for y in eq.post_traces} - {None})
        lines += [f"    one_{index} = table_{index}[1]" for index in indices]
        for y in self.rows:
            lines.append("    for k in range(width):")
            if y in eq.of_target:
                lines.append(f"        row_{y}[there + k] = np.float64(state[at_{y}[k]])")
                continue
            lines += self._of_target([eq.limits.get(y)], "        ")
            lines.append(f"        row_{y}[there + k] = {self._stepped(y, f'row_{y}[here + k]')}")
        lines += [
            "    empty = progress.parity * progress.capacity",
            "    for s in range(empty + progress.emitted, empty + progress.total):",
            "        k = np.int64(index_of[spikes[s]])",
            "        if k < 0:",
            "            continue",
            *(f"        {y}{LOCAL} = row_{y}[{self._now(y)} + k]" for y in eq.post_traces),
            *self._of_target([*(tree for _, tree in eq.post_jumps), *self.of_traces(eq.post_traces)], "        "),
        ]
        if eq.on_post:
            lines += self._appended("1.0", "        ")
        lines += [f"        {y}{LOCAL} = {text_of(tree)}" for y, tree in eq.post_jumps]
        lines += [f"        post_{y}{NEW}[post] = {y}{LOCAL}" for y in eq.post_traces if y + NEW in self.listed]
        assigned = {y for y, _ in eq.post_jumps}
        lines += [f"        row_{y}[there + k] = {self._stepped(y, y + LOCAL)}" for y in eq.post_traces if y in assigned]
        return [*lines, *self._steps(), "    return 0"]

    def _appended(self, why, indent):
        """Return the lines that append an event of cell k to the lists."""
        values = [y for y in self.listed if not y.endswith(LOCAL) and not y.endswith(NEW)]
        missing = [y for y in values if y in self.eq.of_target]
        return [
            f"{indent}post = rule.post_number",
            f"{indent}rule.post_number = post + 1",
            f"{indent}post_time[post], post_owner[post], older[post] = time, k, latest[2 * k]",
            f"{indent}latest[2 * k], latest[2 * k + 1] = time << INDEX_BITS | post, latest[2 * k]",
            *(f"{indent}{y}{LOCAL} = np.float64(state[at_{y}[k]])" for y in missing),
            *(f"{indent}post_{y}[post] = {y}{LOCAL}" for y in values),
            *[f"{indent}post_{WHY}[post] = {why}"] * self.both,
        ]

    def _steps(self):
        """Return the lines that list the step for the cells for which the condition holds."""
        eq, indent = self.eq, " " * 8
        if eq.step_condition is None:
            return []
        names = names_of([eq.step_condition]) | {*self.listed}
        return [
            "    cells = array_of(rule.cells)",
            "    for c in range(cells.size):",
            "        k = np.int64(cells[c])",
            *self._of_target([eq.step_condition], indent),
            *(f"{indent}{y}{LOCAL} = row_{y}[{self._now(y)} + k]" for y in eq.post_traces if y in names),
            f"{indent}if not ({text_of(eq.step_condition)}):",
            f"{indent}    continue",
            *[f"{indent}if latest[2 * k] >> INDEX_BITS == time:  # its spike is listed"] * self.both,
            *[f"{indent}    post_{WHY}[latest[2 * k] & INDEX] = 3.0", f"{indent}    continue"] * self.both,
            *self._appended("2.0", indent),
            *(f"{indent}post_{y}{NEW}[post] = {y}{LOCAL}" for y in eq.post_traces if y + NEW in self.listed),
        ]

    def begin(self):
        """Write the function with which the postsynaptic traces begin if they depend on the targets."""
        eq, indent = self.eq, " " * 8
        if not eq.of_target:
            return []
        lines = [
            "@by_address",
            "def begin(rule_, progress_):",
            '    """Let the postsynaptic traces begin with the state of the targets at time 0."""',
            "    rule, progress, scalars = record_at(rule_), record_at(progress_), array_of(record_at(rule_).scalars)",
            "    if progress.step > 0:",
            "        return 0",
            *self.numbers([*self.of_traces(eq.post_traces), *self._starts()]),
            *self.arrays(f"row_{y}" for y in self.rows),
            *self.tables(eq.post_traces),
            *self._target_arrays(),
            *(f"    one_{k} = table_{k}[1]" for k in sorted({self.rate_index(y) for y in eq.post_traces} - {None})),
            "    width = rule.width",
            "    for k in range(width):",
            *(f"{indent}{y}{LOCAL} = np.float64(state[at_{y}[k]])" for y in eq.of_target),
        ]
        for y in self.rows:
            start = eq.initials.get(y)
            own = text_of(start) if isinstance(start, ast.AST) else f"rule.initial_{y}"
            first = f"{y}{LOCAL}" if y in eq.of_target else own
            lines += [
                f"{indent}{y}{LOCAL} = {first}",
                f"{indent}for r in range(rule.ring):",
                f"{indent}    row_{y}[r * width + k] = {y}{LOCAL}",
                f"{indent}row_{y}[width + k] = {y + LOCAL if y in eq.of_target else self._stepped(y, y + LOCAL)}",
            ]
        return [*lines, "    return 0"]

    def _starts(self):
        """Return the trees of the initial values of postsynaptic traces."""
        found = (self.eq.initials.get(y) for y in self.eq.post_traces)
        return [tree for tree in found if isinstance(tree, ast.AST)]

    def _target_arrays(self):
        """Return the lines that read the state, and where in it the variables of the targets are."""
        return self.arrays(["state", *(f"at_{name}" for name in self.eq.of_target)] if self.eq.of_target else [])

    def _of_target(self, trees, indent):
        """Return the lines that read the variables of cell k that occur in trees."""
        names = names_of([tree for tree in trees if tree is not None])
        return [f"{indent}{n}{LOCAL} = np.float64(state[at_{n}[k]])" for n in self.eq.of_target if n in names]

    def _now(self, name):
        """Return where the row begins from which a postsynaptic trace is read at an event of the target."""
        return f"late_{name}" if name in self.eq.late else "here"

    def _stepped(self, name, value):
        """Return the text of a postsynaptic trace after one step."""
        if name not in self.eq.rates:
            return value
        factor, limit = f"one_{self.rate_index(name)}", self.eq.limits[name]
        if algebra.is_zero(limit):
            return f"{value} * {factor}"
        return f"{text_of(limit)} + ({value} - {text_of(limit)}) * {factor}"
