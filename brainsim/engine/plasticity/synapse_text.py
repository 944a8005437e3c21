"""The functions of a rule that go through synapses: the text of ``replay``, ``deliver`` and ``sweep``."""

from __future__ import annotations

import ast

from brainsim.engine.plasticity.writer import LOCAL, OLD, WHY, Writer, names_of, text_of
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions.grammar import RANDOM, function_name
from brainsim.equations.plasticity.parser import ELAPSED
from brainsim.equations.plasticity.traces import NEW


class SynapseWriter(Writer):
    """Writes what is done once per synapse."""

    def replay(self):
        """Write the helper that applies the postsynaptic spikes since the last event of the synapses of a segment."""
        eq, indent = self.eq, " " * 8
        if not self.posts and not self.changing:
            return []
        trees = [tree for _, tree in (*eq.on_post, *eq.on_step, *eq.between)] + [b for b in eq.bounds if b is not None]
        trees += self.of_traces((*eq.pre_traces, *eq.variables))
        lines = [
            "@helper",
            "def replay(rule, start, length, last, axonal, dendritic, soma):",
            '    """Bring the synapses of a segment to the time ``soma - dendritic`` of their clock."""',
            "    targets, scalars, weights = array_of(rule.targets), array_of(rule.scalars), array_of(rule.w)",
            "    learning, log_link, log_values = rule.learning, array_of(rule.log_link), array_of(rule.log_values)",
            *self.numbers(trees),
            *self.arrays(f"column_{c}" for c in (*self.columns, *self.old)),
            *self.arrays(["ids"] * eq.random + ["modulator"] * bool(eq.modulator)),
            *self.tables((*eq.pre_traces, *eq.variables)),
            "    cut = max(rule.swept - dendritic, np.int64(0))",
            "    arrived = log_link[2 * last] + axonal if last >= 0 else axonal",
            "    low = max(arrived, cut) if last >= 0 else cut",
            "    tied = last",
            "    before = log_link[2 * last + 1] if last >= 0 else last",
            "    while before >= 0 and log_link[2 * before] == log_link[2 * last]:",
            "        tied, before = before, log_link[2 * before + 1]",
        ]
        for x in eq.pre_traces:
            lines.append(f"    reference_{x} = {self.logged('after', x, 'last')} if last >= 0 else rule.initial_{x}")
            lines.append(f"    tie_{x} = {self.logged('before', x, 'tied')} if last >= 0 else 0.0")
        lines += ["    shift, now, stop = rule.shift, soma - dendritic, start + length"]
        if self.posts:
            lines += [
                *self.arrays(["latest", "older", "candidates", "stack"]),
                *self.arrays(f"post_{y}" for y in self.listed),
                "    bound, end, number = (low - dendritic) << INDEX_BITS, (now - dendritic) << INDEX_BITS, np.int64(0)",
            ]
        if not self.changing:
            return lines + self._by_number_of_posts()
        lines += ["    for k_ in range(start, stop):", "        k = np.uint64(k_)"]
        lines += [*self.loaded(indent), f"{indent}then = low"]
        lines += self._posts_of_synapse(indent) if self.posts else []
        # what is read between two runs is as of the step before `now`, unless something has arrived since
        lines += self._relaxing("now - rule.lag", indent)
        changed = {name for name, _ in (*eq.on_post, *eq.on_step, *eq.between)} | {v for v in eq.variables if v in eq.rates}
        return lines + self.stored(indent, changed | ({"w"} if eq.drive else set()))

    def _by_number_of_posts(self):
        """Return the lines that sort the synapses, without a branch, by whether there are none, one or more spikes.

        A mispredicted branch takes as long as two synapses: this takes 7 ns a synapse instead of 12.
        """
        indent, changed = " " * 8, {name for name, _ in (*self.eq.on_post, *self.eq.on_step)}
        # the same random numbers for a spike, whether another one follows or not
        first, self.calls = self._at_post(indent + "    "), self.calls - self._random_at_post()
        return [
            "    ones, mores, more = candidates, candidates[length:], np.int64(0)",
            "    for begin in range(0, length, 8):",
            "        prefetch(weights, start + begin)",
            "        for k in range(begin, min(begin + 8, length)):",
            "            cell = 2 * (np.int64(targets[np.uint64(start + k)]) + shift)",
            "            hit, again = latest[np.uint64(cell)] >= bound, latest[np.uint64(cell + 1)] >= bound",
            "            ones[np.uint64(number)], mores[np.uint64(more)] = k, k",
            "            number += hit & (again ^ True)",
            "            more += again",
            "    for c in range(number):",
            "        k = np.uint64(start + ones[np.uint64(c)])",
            *self.loaded(indent),
            f"{indent}spike = latest[np.uint64(2 * (np.int64(targets[k]) + shift))]",
            f"{indent}if spike < end:",
            *first,
            *self.stored(indent, changed),
            "    for c in range(more):",
            "        k = np.uint64(start + mores[np.uint64(c)])",
            *self.loaded(indent),
            *self._posts_of_synapse(indent),
            *self.stored(indent, changed),
        ]

    def _random_at_post(self):
        """Return how many random numbers an event of the target takes."""
        calls = (n for _, tree in self.eq.on_post for n in ast.walk(tree) if isinstance(n, ast.Call))
        return sum(function_name(call) in RANDOM for call in calls)

    def _posts_of_synapse(self, indent):
        """Return the lines that go through the postsynaptic spikes of one synapse, the oldest first."""
        inner = indent + "    "
        return [
            f"{indent}cell = 2 * (np.int64(targets[k]) + shift)",
            f"{indent}spike, before, depth = latest[np.uint64(cell)], latest[np.uint64(cell + 1)], np.int64(0)",
            f"{indent}while before >= bound:",
            f"{inner}stack[np.uint64(depth)] = spike",
            f"{inner}spike, before, depth = before, older[np.uint64(before & INDEX)], depth + 1",
            f"{indent}while bound <= spike < end:",
            *self._at_post(inner),
            f"{inner}depth -= 1",
            f"{inner}spike = stack[np.uint64(depth)] if depth >= 0 else end",
        ]

    def _at_post(self, inner):
        """Return the lines of one postsynaptic spike at one synapse."""
        eq = self.eq
        lines = [f"{inner}time = (spike >> INDEX_BITS) + dendritic", f"{inner}elapsed = max(time - arrived, np.int64(0))"]
        for x in eq.pre_traces:
            lines.append(f"{inner}{x}{LOCAL} = {self.relaxed(x, 'elapsed', f'reference_{x}', far=True)}")
            lines.append(f"{inner}{x}{LOCAL} = tie_{x} if last >= 0 and time == arrived else {x}{LOCAL}")
        lines += self._relaxing("time", inner)
        lines += [f"{inner}then = time"] * self.changing
        lines += [f"{inner}{y}{LOCAL} = post_{y}[np.uint64(spike & INDEX)]" for y in self.listed]
        if eq.modulator in names_of([tree for _, tree in (*eq.on_post, *eq.on_step)]):
            lines.append(f"{inner}{eq.modulator}{LOCAL} = modulator[time % modulator.size]")
        for x in self.held:
            old = f"column_{x}{OLD}[k] if last >= 0 and time == arrived else {x}{LOCAL}"
            lines += [f"{inner}kept_{x} = {x}{LOCAL}", f"{inner}{x}{LOCAL} = {old}"]
        lines += self.event("time", 1, inner)
        more = inner + "    " * self.both
        lines += [f"{inner}if {WHY}{LOCAL} != 2.0:"] * self.both + self.assign(eq.on_post, more)
        lines += [f"{inner}if {WHY}{LOCAL} != 1.0:"] * self.both + self.assign(eq.on_step, more)
        return lines + [f"{inner}{x}{LOCAL} = kept_{x}" for x in self.held]

    def _relaxing(self, until, indent):
        """Return the lines that let w and the variables of a synapse change from `then` to some time."""
        lines, drive = [], self.eq.drive
        if drive:
            integral = f"driven(rule, table_{self.rate_index(drive.variable)}, then, {until})"
            lines.append(f"{indent}w{LOCAL} = " + self.within_bounds(f"w{LOCAL} + {drive.variable}{LOCAL} * {integral}"))
        for v in self.eq.variables:
            if v in self.eq.rates:
                since = f"max(then, {self.born[v]})" if v in self.born else "then"
                lines.append(f"{indent}{v}{LOCAL} = {self.relaxed(v, f'max({until} - {since}, np.int64(0))')}")
        if self.eq.between:
            lines += self.event(until, 2, indent)
            lines.append(f"{indent}{ELAPSED}{LOCAL} = rule.dt * max({until} - then, np.int64(0))")
            lines += self.assign(self.eq.between, indent)
        return lines

    def deliver(self):
        """Write the function that lets a presynaptic spike arrive at the synapses of a segment."""
        eq, indent = self.eq, " " * 8
        trees = [tree for _, tree in eq.on_pre] + [eq.amplitude] + [b for b in eq.bounds if b is not None]
        names = names_of(trees)
        lines = [
            "@by_address",
            "def deliver(rule_, segment_):",
            '    """Let a presynaptic spike arrive at the synapses of a segment."""',
            "    rule, segment = record_at(rule_), record_at(segment_)",
            "    targets, scalars, weights = array_of(rule.targets), array_of(rule.scalars), array_of(rule.w)",
            "    here, learning = array_of(rule.here), rule.learning",
            "    log_link, log_values = array_of(rule.log_link), array_of(rule.log_values)",
            *self.numbers(trees),
            *self.arrays(f"column_{c}" for c in (*self.columns, *self.old)),
            *self.arrays(["ids"] * eq.random + ["modulator"] * bool(eq.modulator)),
            *self.arrays(f"row_{y}" for y in self.rows if y in names),
            "    entry, soma = segment.entry, segment.step + 1 - rule.extra",
            "    fired, last = log_link[2 * entry], log_link[2 * entry + 1]",
            "    dendritic = rule.dendritic if rule.dendritic >= 0 else soma - fired",
            "    axonal = soma - fired - dendritic",
            "    start, stop = segment.start, segment.start + segment.length",
            "    again = last >= 0 and log_link[2 * last] == fired",
        ]
        for x in eq.pre_traces:
            lines += [f"    {x}{LOCAL} = {self.logged('before', x, 'entry')}"] * (x in names)
            lines += [f"    {x}{NEW}{LOCAL} = {self.logged('after', x, 'entry')}"] * (x + NEW in names)
        if eq.modulator in names:
            lines.append(f"    {eq.modulator}{LOCAL} = modulator[(soma - dendritic) % modulator.size]")
        if self.posts or self.changing:
            lines += [
                f"    if {'True' if eq.variables or self.changing else 'learning'}:",
                "        replay(rule, start, segment.length, last, axonal, dendritic, soma)",
            ]
        lines += [
            *self.event("soma - dendritic", "(3 if again else 0)", "    "),
            "    shift, bad = rule.shift, np.int64(0)",
            "    row = ((soma - 2 * dendritic) % rule.ring) * rule.width + shift",
            *(
                f"    late_{y} = ((soma - 2 * dendritic - rule.late_{y}) % rule.ring) * rule.width + shift"
                for y in eq.late
                if y in names
            ),
            *self._sent(indent, names),
        ]
        return [*lines, "    rule.bad += bad", "    rule.touched = 1", "    return 0"]

    def _sent(self, indent, names):
        """Return the lines that go through the synapses of a segment and deliver what they send."""
        own = {*self.columns, *self.rows, *self.held}
        if self.eq.on_pre or self.eq.random or self.eq.changes_weights or names & own:
            return self._changed_and_sent(indent, names)
        if self.shared:
            return self._sent_alike(indent)
        if algebra.linear_in(self.eq.amplitude, "w") is not None:
            return self._sent_in_proportion(indent)
        return self._changed_and_sent(indent, names)

    def _sent_alike(self, indent):
        """Return the lines that deliver what all synapses of a segment send; computed once, a synapse takes 0.3 ns less."""
        sent = [*self.loaded("    ")[:1], f"    sent = {text_of(self.eq.amplitude)}"]
        add = ["    for k in range(start, stop):", f"{indent}here[np.uint64(targets[np.uint64(k)])] += sent"]
        return [*sent, "    bad += sent - sent != 0.0", *add]

    def _sent_in_proportion(self, indent):
        """Return the lines that deliver what is linear in constant weights: it is checked once, for a weight of 1.

        A synapse takes a fifth less time than with a check of each value.
        """
        sent = text_of(self.eq.amplitude)
        return [
            f"    w{LOCAL} = 1.0",
            f"    sent = {sent}",
            "    bad += sent - sent != 0.0",
            "    for k_ in range(start, stop):",
            f"{indent}k = np.uint64(k_)",
            *self.loaded(indent)[:1],
            f"{indent}here[np.uint64(targets[k])] += {sent}",
        ]

    def _changed_and_sent(self, indent, names):
        """Return the lines that go through ``on_pre`` of each synapse and deliver what it sends."""
        eq, changed = self.eq, {name for name, _ in self.eq.on_pre}
        return [
            "    for k_ in range(start, stop):",
            f"{indent}k = np.uint64(k_)",
            f"{indent}target = np.int64(targets[k])",
            *(f"{indent}{y}{LOCAL} = row_{y}[np.uint64({self._row(y)} + target)]" for y in self.rows if y in names),
            *self.loaded(indent),
            *(f"{indent}column_{x}{OLD}[k] = column_{x}{OLD}[k] if again else {x}{LOCAL}" for x in self.held),
            *self.assign(eq.on_pre, indent),
            *self.stored(indent, changed),
            f"{indent}sent = {text_of(eq.amplitude)}",
            f"{indent}here[np.uint64(targets[k])] += sent",
            f"{indent}bad += sent - sent != 0.0",  # of NaN and of infinity
            *[f"{indent}bad += w{LOCAL} - w{LOCAL} != 0.0"] * (eq.changes_weights and text_of(eq.amplitude) != f"w{LOCAL}"),
        ]

    def _row(self, name):
        """Return where the row begins from which a postsynaptic trace is read at an arrival."""
        return f"late_{name}" if name in self.eq.late else "row"

    def sweep(self):
        """Write the functions that bring all synapses to now."""
        if not self.posts and not self.changing:
            return []
        if not self.posts:
            return [SWEEP.format(forget="")]
        arrays = "".join(line + "\n" for line in self.arrays(f"post_{y}" for y in self.listed))
        moved = "".join(f"            post_{y}[kept] = post_{y}[post]\n" for y in self.listed)
        forget = "        forget(rule, rule.swept - 2 * rule.longest_dendritic)\n"
        return [SWEEP.format(forget=forget) + FORGET.format(arrays=arrays, moved=moved)]


SWEEP = '''@by_address
def sweep(rule_, now_):
    """Bring all synapses up to ``now.soma``; what arrived at the soma up to ``now.arrived`` has been delivered."""
    rule, now = record_at(rule_), record_at(now_)
    sweep_all(rule, now.soma, now.arrived)
    return 0


@by_address
def sweep_in_time(rule_, progress_):
    """Bring all synapses up to now if it is time, and forget the postsynaptic spikes that all have seen."""
    rule, progress = record_at(rule_), record_at(progress_)
    if progress.step % rule.period == 0:
        soma = progress.step + 1 - rule.extra
        sweep_all(rule, soma, soma - 1)
        rule.swept = soma
{forget}    return 0


@helper
def sweep_all(rule, soma, arrived):
    sources, newest, first = array_of(rule.sources), array_of(rule.newest), array_of(rule.first)
    pieces, delays = array_of(rule.piece), array_of(rule.delay)
    log_link = array_of(rule.log_link)
    for s in range(sources.size):
        row = np.int64(sources[s]) * rule.partitions + rule.partition
        for k in range(first[row], first[row + 1]):
            start, length = split_piece(pieces[k])
            if rule.start <= start < rule.stop:
                delay = np.int64(delays[k]) - rule.extra
                entry = np.int64(newest[sources[s]])
                while entry >= 0 and log_link[2 * entry] + delay > arrived:
                    entry = log_link[2 * entry + 1]
                dendritic = rule.dendritic if rule.dendritic >= 0 else delay
                replay(rule, start - rule.start, length, entry, delay - dendritic, dendritic, soma)
    rule.touched = 1
'''

FORGET = '''

@helper
def forget(rule, oldest):
    """Forget the postsynaptic spikes before a step."""
    times, owner = array_of(rule.post_time), array_of(rule.post_owner)
    older, latest = array_of(rule.older), array_of(rule.latest)
{arrays}    for k in range(latest.size):
        latest[k] = NEVER
    kept = np.int64(0)
    for post in range(rule.post_number):
        if times[post] >= oldest:
            k = np.int64(owner[post])
            times[kept], owner[kept], older[kept] = times[post], k, latest[2 * k]
{moved}            latest[2 * k], latest[2 * k + 1] = times[kept] << INDEX_BITS | kept, latest[2 * k]
            kept += 1
    rule.post_number = kept
'''
