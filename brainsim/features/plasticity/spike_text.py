"""The functions of a rule that are called when cells fire: the text of ``begin``, ``enter`` and ``remember``."""

from __future__ import annotations

import ast

from brainsim.equations.numba_text import fill, indent, text_of
from brainsim.equations.statements import Assign
from brainsim.features.plasticity.equations.rule_variables import NEW
from brainsim.features.plasticity.writer import LOCAL, WHY, names_of, own, own_text, trees_of

# ``log_link`` has two numbers for each entry, its time and the entry before of the same source, or the next free one;
# ``newest`` one for each cell of the network. An exponential decay is applied once for each spike, from the last one: x
# becomes L + (x - L)*exp(-rate*elapsed), see `RuleCode.approach`. Both values are kept, since a synapse at which this spike
# and another event meet reads the trace before it.
ENTER = '''\
@by_address
def enter(rule_, spike_):
    """Return the entry of a spike of a source, NOT_A_SOURCE, or LOG_IS_FULL."""
    rule, spike = record_at(rule_), record_at(spike_)
    newest, log_link, log_values = array_of(rule.newest), array_of(rule.log_link), array_of(rule.log_values)
    source, step = spike.source, <time>
    last = np.int64(newest[source])
    if last == NOT_A_SOURCE:
        return last
    # it was entered before the state was saved, and is only filed again
    if spike.pending:
        return entered(rule, last, step)
    if rule.log_free_number == 0:
        return np.int64(LOG_IS_FULL)
    scalars = array_of(rule.scalars)
    <loads>
    # take the first free entry; then the traces before this spike, their jumps, and the traces after it
    entry = rule.log_free
    rule.log_free = log_link[2 * entry + 1]
    rule.log_free_number -= 1
    elapsed = step - log_link[2 * last] if last >= 0 else step
    <before>
    <jumps>
    <after>
    log_link[2 * entry], log_link[2 * entry + 1] = step, last
    <lag>
    newest[source] = entry
    return entry
'''

# ``row_NUMBER`` is a ring with a row for each of the last steps and a column for each place between the first target and the
# last; ``here`` is the row of the point that is reached, ``there`` that of the next one. A spike changes the trace in
# ``there`` only: at its own time others still read it without the spike.
REMEMBER = '''\
@by_address
def remember(rule_, progress_):
    """Advance the postsynaptic traces by a step, and list the spikes of the step."""
    rule, progress = record_at(rule_), record_at(progress_)
    scalars, index_of, spikes = array_of(rule.scalars), array_of(rule.index_of), array_of(progress.spikes)
    <loads>
    time, width = progress.step + 1, rule.width
    here, there = (time % rule.ring) * width, ((time + 1) % rule.ring) * width
    <late>
    # Stage 1: all traces decay by a step, cell by cell
    <one_step>
    <advance>
    # Stage 2: the spikes of this step: list them with the traces before, let the traces jump, and list those after
    empty = progress.parity * progress.capacity
    for s in range(empty + progress.emitted, empty + progress.total):
        k = np.int64(index_of[spikes[s]])
        if k < 0:
            continue
        <spike>
    <steps>
    return 0
'''

# a step in which the condition of a rule holds is listed like a spike; `cells` has the columns of the targets, as `width`
# may cover places of other cells
STEPS = """\
cells = array_of(rule.cells)
for c in range(cells.size):
    k = np.int64(cells[c])
    <read>
    if not (<condition>):
        continue
    <with_spike>
    <listed>
    <jumped>"""

# a cell that fires in such a step has one entry for both, since a spike's entry of this time is its latest
WITH_SPIKE = """\
if latest[2 * k] >> INDEX_BITS == time:
    post_<why>[latest[2 * k] & INDEX] = 3.0
    continue"""

BEGIN = '''\
@by_address
def begin(rule_, progress_):
    """Let the postsynaptic traces begin with the state of the targets at time 0."""
    rule, progress, scalars = record_at(rule_), record_at(progress_), array_of(record_at(rule_).scalars)
    if progress.step > 0:
        return 0
    <loads>
    <one_step>
    width = rule.width
    for k in range(width):
        <read>
        <rows>
    return 0
'''

# before time 0 traces are as at the start, however far back a dendritic delay looks; row 1 is a step later
ROW = """\
<y>__ = <first>
for r in range(rule.ring):
    row_<number>[r * width + k] = <y>__
row_<number>[width + k] = <second>"""


def enter(code):
    """Return the function that notes a spike of a source."""
    eq, before = code.eq, []
    for x in eq.pre_traces:
        before.append(f"{x}{LOCAL} = {code.logged('after', x, 'last')} if last >= 0 else rule.initial_{code.number[x]}")
        # the last spike may be further back than the table of exponentials reaches
        before += [code.relaxed(x, "elapsed", far=True), f"{code.logged('before', x, 'entry')} = {x}{LOCAL}"]
    gaps = {
        "loads": code.loads([*trees_of(eq.pre_jumps), *code.of_traces(eq.pre_traces)], eq.pre_traces),
        "before": before,
        "jumps": [Assign(x + LOCAL, own(tree)) for x, tree in eq.pre_jumps],
        "after": [f"{code.logged('after', x, 'entry')} = {x}{LOCAL}" for x in eq.pre_traces],
        "lag": ["array_of(rule.log_lag)[entry] = spike.lag"] * code.exact,
    }
    return fill(ENTER, gaps, time="moment(rule, spike)" if code.exact else "spike.step")


def remember(code):
    """Return the function that advances the postsynaptic traces to the point after the next, and lists the events."""
    eq = code.eq
    if code.exact:
        return code.exact_text.remember(code, _listed(code, "1.0"), _jumped(code))
    trees = [*trees_of(eq.post_jumps), *code.of_traces(eq.post_traces), eq.step_condition]
    arrays = [f"row_{code.number[y]}" for y in code.post]
    if code.posts:
        arrays += ["post_time", "post_owner", "older", "latest", *(f"post_{code.number[y]}" for y in code.listed)]
    gaps = {
        "loads": code.loads(trees, eq.post_traces, arrays + _target_arrays(code)),
        "late": [f"late_{code.number[y]} = ((time - rule.late_{code.number[y]}) % rule.ring) * width" for y in eq.late],
        "one_step": _one_step(code),
        "advance": [line for y in code.post for line in _advanced(code, y)],
        "spike": _spike(code),
        "steps": _steps(code),
    }
    return fill(REMEMBER, gaps)


def _advanced(code, name):
    """Return the lines that advance the row of a trace, or of a variable of the targets."""
    if name in code.eq.of_target:
        lines = [f"row_{code.number[name]}[there + k] = np.float64(state[at_{code.number[name]}[k]])"]
    else:
        lines = _of_target(code, [code.eq.limits.get(name)])
        lines += [_set_row(code, name, code.stepped(name, f"row_{code.number[name]}[here + k]"))]
    return ["for k in range(width):", *indent(lines)]


def _set_row(code, name, value):
    return Assign(f"row_{code.number[name]}[there + k]", value)


def _spike(code):
    """Return the lines of a spike of cell k."""
    eq, assigned = code.eq, {y for y, _ in code.eq.post_jumps}
    lines = [f"{y}{LOCAL} = row_{code.number[y]}[{_now(code, y)} + k]" for y in eq.post_traces]
    lines += _of_target(code, [*trees_of(eq.post_jumps), *code.of_traces(eq.post_traces)])
    lines += _listed(code, "1.0") if eq.on_post else []
    lines += [Assign(y + LOCAL, own(tree)) for y, tree in eq.post_jumps]
    lines += _jumped(code)
    return lines + [_set_row(code, y, code.stepped(y, y + LOCAL)) for y in eq.post_traces if y in assigned]


def _listed(code, why):
    """Return the lines that append an event of cell k to the lists."""
    values = [y for y in code.listed if not y.endswith(LOCAL) and not y.endswith(NEW)]
    links = [
        "post_time[post], post_owner[post], older[post] = time, k, latest[2 * k]",
        "latest[2 * k], latest[2 * k + 1] = time << INDEX_BITS | post, latest[2 * k]",
    ]
    if code.exact:
        links = ["post_time[post], post_owner[post], older[post], latest[k] = time, k, latest[k], post"]
    return [
        "post = rule.post_number",
        "rule.post_number = post + 1",
        *links,
        *(f"{y}{LOCAL} = np.float64(state[at_{code.number[y]}[k]])" for y in values if y in code.eq.of_target),
        *(f"post_{code.number[y]}[post] = {y}{LOCAL}" for y in values),
        *[f"post_{code.number[WHY]}[post] = {why}"] * code.both,
    ]


def _jumped(code):
    """Return the lines that append the postsynaptic traces as they are now."""
    return [f"post_{code.number[y + NEW]}[post] = {y}{LOCAL}" for y in code.eq.post_traces if y + NEW in code.listed]


def _steps(code):
    """Return the lines that list the step for the cells for which the condition holds."""
    eq = code.eq
    if eq.step_condition is None:
        return []
    names = names_of([eq.step_condition]) | {*code.listed}
    gaps = {
        "read": _of_target(code, [eq.step_condition])
        + [f"{y}{LOCAL} = row_{code.number[y]}[{_now(code, y)} + k]" for y in eq.post_traces if y in names],
        "with_spike": WITH_SPIKE.replace("<why>", code.number[WHY]).split("\n") if code.both else [],
        "listed": _listed(code, "2.0"),
        "jumped": _jumped(code),
    }
    return fill(STEPS, gaps, condition=own_text(eq.step_condition)).split("\n")


def begin(code):
    """Return the function with which the postsynaptic traces begin if they depend on the targets, or an empty text."""
    eq, rows = code.eq, []
    if not eq.of_target or code.exact:
        return ""
    starts = {y: tree for y in eq.post_traces if isinstance(tree := eq.initials.get(y), ast.AST)}
    for y in code.post:
        words = {"first": y + LOCAL, "second": y + LOCAL}
        if y not in eq.of_target:
            first = own_text(starts[y]) if y in starts else f"rule.initial_{code.number[y]}"
            words = {"first": first, "second": text_of(code.stepped(y, y + LOCAL))}
        rows += fill(ROW, y=y, number=code.number[y], **words).split("\n")
    trees = [*code.of_traces(eq.post_traces), *starts.values()]
    arrays = [*(f"row_{code.number[y]}" for y in code.post), *_target_arrays(code)]
    gaps = {
        "loads": code.loads(trees, eq.post_traces, arrays),
        "one_step": _one_step(code),
        "read": [f"{y}{LOCAL} = np.float64(state[at_{code.number[y]}[k]])" for y in eq.of_target],
        "rows": rows,
    }
    return fill(BEGIN, gaps)


def _one_step(code):
    """Return the lines with the factors of postsynaptic traces in one step."""
    return [f"one_{k} = table_{k}[1]" for k in sorted({code.rate_index(y) for y in code.eq.post_traces} - {None})]


def _target_arrays(code):
    """Return the names of the state, and of the places in it of the variables of the targets."""
    return ["state", *(f"at_{code.number[name]}" for name in code.eq.of_target)] if code.eq.of_target else []


def _of_target(code, trees):
    """Return the lines that read the variables of cell k that occur in trees."""
    names = names_of(trees)
    return [f"{n}{LOCAL} = np.float64(state[at_{code.number[n]}[k]])" for n in code.eq.of_target if n in names]


def _now(code, name):
    """Return where the row begins from which a postsynaptic trace is read at an event of the target."""
    return f"late_{code.number[name]}" if name in code.eq.late else "here"
