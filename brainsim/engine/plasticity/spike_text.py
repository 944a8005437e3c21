"""The functions of a rule that are called when cells fire: the text of ``enter`` and ``remember``."""

from __future__ import annotations

from brainsim.engine.plasticity.writer import LOCAL, Writer, text_of
from brainsim.equations import algebra
from brainsim.equations.traces import NEW


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
            *self.arrays(["newest", "log_time", "log_previous"]),
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
            *self.arrays(f"{part}_{x}" for x in eq.pre_traces for part in ("before", "after")),
            *self.tables(eq.pre_traces),
            "    entry = rule.log_free",
            "    rule.log_free = np.int64(log_previous[entry])",
            "    rule.log_free_number -= 1",
            "    elapsed = step - log_time[last] if last >= 0 else step",
        ]
        for x in eq.pre_traces:
            lines.append(f"    {x}{LOCAL} = after_{x}[last] if last >= 0 else rule.initial_{x}")
            lines.append(f"    {x}{LOCAL} = {self.relaxed(x, 'elapsed', far=True)}")
            lines.append(f"    before_{x}[entry] = {x}{LOCAL}")
        lines += [f"    {x}{LOCAL} = {text_of(tree)}" for x, tree in eq.pre_jumps]
        lines += [f"    after_{x}[entry] = {x}{LOCAL}" for x in eq.pre_traces]
        return [
            *lines,
            "    log_time[entry] = step",
            "    log_previous[entry] = last",
            "    newest[source] = entry",
            "    return entry",
        ]

    def remember(self):
        """Write the function that advances the postsynaptic traces to the point after the next, and lists the spikes."""
        eq = self.eq
        trees = [tree for _, tree in eq.post_jumps] + self.of_traces(eq.post_traces)
        lines = [
            "@by_address",
            "def remember(rule_, progress_):",
            '    """Advance the postsynaptic traces by a step, and list the spikes of the step."""',
            "    rule, progress = record_at(rule_), record_at(progress_)",
            "    scalars, index_of, spikes = array_of(rule.scalars), array_of(rule.index_of), array_of(progress.spikes)",
            *self.numbers(trees),
            *self.arrays(f"row_{y}" for y in eq.post_traces),
            *self.tables(eq.post_traces),
            *(self.arrays(["post_time", "post_owner", "older", "latest"]) if self.posts else []),
            *(self.arrays(f"post_{y}" for y in self.listed) if self.posts else []),
            "    time, width = progress.step + 1, rule.width",
            "    here, there = (time % rule.ring) * width, ((time + 1) % rule.ring) * width",
        ]
        indices = sorted({self.rate_index(y) for y in eq.post_traces} - {None})
        lines += [f"    one_{index} = table_{index}[1]" for index in indices]
        for y in eq.post_traces:
            lines.append("    for k in range(width):")
            lines.append(f"        row_{y}[there + k] = {self._stepped(y, f'row_{y}[here + k]')}")
        lines += [
            "    empty = progress.parity * progress.capacity",
            "    for s in range(empty + progress.emitted, empty + progress.total):",
            "        k = np.int64(index_of[spikes[s]])",
            "        if k < 0:",
            "            continue",
            *(f"        {y}{LOCAL} = row_{y}[here + k]" for y in eq.post_traces),
        ]
        if self.posts:
            lines += [
                "        post = rule.post_number",
                "        rule.post_number = post + 1",
                "        post_time[post], post_owner[post], older[post] = time, k, latest[2 * k]",
                "        latest[2 * k], latest[2 * k + 1] = time << INDEX_BITS | post, latest[2 * k]",
                *(f"        post_{y}[post] = {y}{LOCAL}" for y in eq.post_traces if y in self.listed),
            ]
        lines += [f"        {y}{LOCAL} = {text_of(tree)}" for y, tree in eq.post_jumps]
        lines += [f"        post_{y}{NEW}[post] = {y}{LOCAL}" for y in eq.post_traces if y + NEW in self.listed]
        lines += [f"        row_{y}[there + k] = {self._stepped(y, y + LOCAL)}" for y in eq.post_traces]
        return [*lines, "    return 0"]

    def _stepped(self, name, value):
        """Return the text of a postsynaptic trace after one step."""
        if name not in self.eq.rates:
            return value
        factor, limit = f"one_{self.rate_index(name)}", self.eq.limits[name]
        if algebra.is_zero(limit):
            return f"{value} * {factor}"
        return f"{text_of(limit)} + ({value} - {text_of(limit)}) * {factor}"
