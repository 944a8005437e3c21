"""The functions of a rule that go through the synapses of a segment: the text of ``replay`` and ``deliver``."""

from __future__ import annotations

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.numba_text import fill, indent
from brainsim.equations.statements import formula
from brainsim.features.plasticity.equations.parser import ELAPSED
from brainsim.features.plasticity.equations.rule_variables import NEW
from brainsim.features.plasticity.writer import LOCAL, OLD, WHY, names_of, own_text, trees_of

# Time is that of the synapse: a presynaptic spike is there after its axonal delay, a postsynaptic one after the dendritic
# delay. `low` is up to when the synapses are up to date: the last arrival, or the last sweep. `tied` is the first of the
# entries with the time of the last one: an event of the target at that very time reads the traces as before all of them.
REPLAY = '''\
@helper
def replay(rule, start, length, last, axonal, dendritic, soma):
    """Bring the synapses of a segment to the time ``soma - dendritic`` of their clock."""
    targets, scalars, weights = array_of(rule.targets), array_of(rule.scalars), array_of(rule.w)
    learning, log_link, log_values = rule.learning, array_of(rule.log_link), array_of(rule.log_values)
    <loads>
    # Stage 1: up to when the synapses are up to date, and the first entry of that time
    cut = max(rule.swept - dendritic, np.int64(0))
    arrived = log_link[2 * last] + axonal if last >= 0 else axonal
    low = max(arrived, cut) if last >= 0 else cut
    tied = last
    before = log_link[2 * last + 1] if last >= 0 else last
    while before >= 0 and log_link[2 * before] == log_link[2 * last]:
        tied, before = before, log_link[2 * before + 1]
    # Stage 2: the presynaptic traces as they were then; the spikes of the targets from then until now; each synapse
    <traces>
    shift, now, stop = rule.shift, soma - dendritic, start + length
    <posts>
    <synapses>
'''

# variables of synapses change in time: all synapses of the segment are brought up to date
ALL = """\
for k_ in range(start, stop):
    k = np.uint64(k_)
    <load>
    then = low
    <posts>
    <relax>
    <store>"""

# else they are sorted, without a branch, by whether there are none, one or more spikes of the target: a mispredicted branch
# takes as long as two synapses, and this takes 7 ns a synapse instead of 12
BY_NUMBER = """\
ones, mores, more = candidates, candidates[length:], np.int64(0)
for begin in range(0, length, 8):
    prefetch(weights, start + begin)
    for k in range(begin, min(begin + 8, length)):
        cell = 2 * (np.int64(targets[np.uint64(start + k)]) + shift)
        hit, again = latest[np.uint64(cell)] >= bound, latest[np.uint64(cell + 1)] >= bound
        ones[np.uint64(number)], mores[np.uint64(more)] = k, k
        number += hit & (again ^ True)
        more += again
for c in range(number):
    k = np.uint64(start + ones[np.uint64(c)])
    <load>
    spike = latest[np.uint64(2 * (np.int64(targets[k]) + shift))]
    if spike < end:
        <first>
    <store>
for c in range(more):
    k = np.uint64(start + mores[np.uint64(c)])
    <load>
    <posts>
    <store>"""

# the spikes of the target of a synapse, the oldest first
POSTS = """\
cell = 2 * (np.int64(targets[k]) + shift)
spike, before, depth = latest[np.uint64(cell)], latest[np.uint64(cell + 1)], np.int64(0)
while before >= bound:
    stack[np.uint64(depth)] = spike
    spike, before, depth = before, older[np.uint64(before & INDEX)], depth + 1
while bound <= spike < end:
    <at_post>
    depth -= 1
    spike = stack[np.uint64(depth)] if depth >= 0 else end"""

# `soma` is when the spike arrives at the soma, after the whole delay, of which a part is dendritic: -1 stands for all of it.
# A postsynaptic trace is read as it was at the soma two dendritic delays before, as what is at the synapse at soma -
# dendritic left the soma another dendritic delay earlier.
DELIVER = '''\
@by_address
def deliver(rule_, segment_):
    """Let a presynaptic spike arrive at the synapses of a segment."""
    rule, segment = record_at(rule_), record_at(segment_)
    targets, scalars, weights = array_of(rule.targets), array_of(rule.scalars), array_of(rule.w)
    here, learning = array_of(rule.here), rule.learning
    log_link, log_values = array_of(rule.log_link), array_of(rule.log_values)
    <loads>
    entry, soma = segment.entry, <soma>
    fired, last = log_link[2 * entry], log_link[2 * entry + 1]
    dendritic = rule.dendritic if rule.dendritic >= 0 else soma - fired
    axonal = soma - fired - dendritic
    start, stop = segment.start, segment.start + segment.length
    again = last >= 0 and log_link[2 * last] == fired
    # Stage 1: what the source has at this spike, and the synapses up to now; `again`: another spike of it at the same time
    <traces>
    <replay>
    <event>
    shift, wrong = rule.shift, stop
    row = ((soma - 2 * dendritic) % rule.ring) * rule.width + shift
    # Stage 2: `on_pre` and what is sent, synapse by synapse
    <late>
    <send>
    rule.touched = 1
    # Stage 3: note the first synapse that is not finite, and its values, for the error at the end of the chunk
    if wrong < stop and comes_first(rule, segment.step, soma, wrong):
        rule.fault, rule.fault_step, rule.fault_time, rule.fault_sent = wrong, segment.step, soma, fired
        found, k, target = array_of(rule.fault_values), np.uint64(wrong), np.int64(targets[np.uint64(wrong)])
        <load>
        <found>
    return 0
'''

# what all synapses of a segment send: computed once, a synapse takes 0.3 ns less
ALIKE = """\
<load>
sent = <amplitude>
wrong = start if sent - sent != 0.0 else stop
for k_ in range(start, stop):
    here[np.uint64(targets[np.uint64(k_)])] += sent"""

# what is linear in constant weights is checked once, for a weight of 1: a synapse takes a fifth less time
IN_PROPORTION = """\
w__ = 1.0
sent = <amplitude>
wrong = start if sent - sent != 0.0 else stop
for k_ in range(start, stop):
    k = np.uint64(k_)
    <load>
    here[np.uint64(targets[k])] += <amplitude>"""

CHANGED = """\
for k_ in range(start, stop):
    k = np.uint64(k_)
    target = np.int64(targets[k])
    <rows>
    <load>
    <old>
    <on_pre>
    <store>
    sent = <amplitude>
    <give>
    if <wrong> != 0.0:
        wrong = min(wrong, k_)"""


# from when until when spikes of a target are new to a synapse
# a spike is a number with its time in the high bits, so times are compared without being taken out
LIMITS = "bound, end, number = (low - dendritic) << INDEX_BITS, (now - dendritic) << INDEX_BITS, np.int64(0)"
EXACT_LIMITS = "bound, end = low - dendritic - TIE, now - dendritic - TIE"


def replay(code):
    """Return the helper that applies the postsynaptic spikes since the last event of the synapses of a segment."""
    eq = code.eq
    if not code.lists and not code.changing:
        return ""
    trees = [*trees_of(eq.on_post, eq.on_step, eq.between), *code.bounds()]
    trees += code.of_traces((*eq.pre_traces, *eq.variables))
    traces, posts = [], []
    for x in eq.pre_traces:
        traces.append(f"reference_{x} = {code.logged('after', x, 'last')} if last >= 0 else rule.initial_{code.number[x]}")
        traces.append(f"tie_{x} = {code.logged('before', x, 'tied')} if last >= 0 else 0.0")
    if code.posts:
        others = ["post_time"] if code.exact else ["candidates"]
        posts = code.loads(arrays=["latest", "older", *others, "stack", *(f"post_{code.number[y]}" for y in code.listed)])
        posts.append(EXACT_LIMITS if code.exact else LIMITS)
    gaps = {
        "loads": code.loads(trees, (*eq.pre_traces, *eq.variables), _arrays(code)),
        "traces": traces,
        "posts": posts,
        "synapses": _all(code) if code.changing or code.exact else _by_number(code),
    }
    return fill(REPLAY, gaps)


def _arrays(code):
    """Return the names of the columns of synapses, and of what all synapses need."""
    columns = [f"column_{code.number[c]}" for c in code.columns]
    return columns + ["ids"] * code.eq.random + ["modulator"] * bool(code.eq.modulator)


def _all(code):
    eq = code.eq
    changed = {name for name, _ in (*eq.on_post, *eq.on_step, *eq.between)} | {v for v in eq.variables if v in eq.rates}
    gaps = {
        "load": code.loaded(),
        "posts": _posts(code) if code.posts else [],
        # what is read between two runs is as of the step before `now`, unless something has arrived since
        "relax": _relaxing(code, "now - rule.lag"),
        "store": code.stored(changed | ({"w"} if eq.drive else set())),
    }
    return fill(ALL, gaps).split("\n")


def _by_number(code):
    changed, count = {name for name, _ in (*code.eq.on_post, *code.eq.on_step)}, code.random.count
    gaps = {"load": code.loaded(), "first": _at_post(code), "store": code.stored(changed)}
    code.random.count = count  # the same random numbers for a spike, whether another one follows or not
    return fill(BY_NUMBER, gaps | {"posts": _posts(code)}).split("\n")


def _posts(code):
    return fill(code.exact_text.POSTS if code.exact else POSTS, {"at_post": _at_post(code)}).split("\n")


def _at_post(code):
    """Return the lines of one postsynaptic spike at one synapse."""
    eq = code.eq
    time, index = ("post_time[spike]", "spike") if code.exact else ("(spike >> INDEX_BITS)", "spike & INDEX")
    # the traces of the source, from the last arrival to this event of the target
    lines = [f"time = {time} + dendritic", "elapsed = max(time - arrived, np.int64(0))"]
    for x in eq.pre_traces:
        lines.append(code.relaxed(x, "elapsed", f"reference_{x}", far=True))
        lines.append(f"{x}{LOCAL} = tie_{x} if {code.tied()} else {x}{LOCAL}")
    lines += [*_relaxing(code, "time"), *["then = time"] * code.changing]
    lines += [f"{y}{LOCAL} = post_{code.number[y]}[np.uint64({index})]" for y in code.listed]
    if eq.modulator in names_of(trees_of(eq.on_post, eq.on_step)):
        lines.append(f"{eq.modulator}{LOCAL} = modulator[time % modulator.size]")
    for x in code.held:
        lines.append(f"kept_{x} = {x}{LOCAL}")
        lines.append(f"{x}{LOCAL} = column_{code.number[x + OLD]}[k] if {code.tied()} else {x}{LOCAL}")
    lines += code.event("time", 1)
    for other, assignments in (("2.0", eq.on_post), ("1.0", eq.on_step)):
        assigned = code.assign(assignments)
        lines += [f"if {WHY}{LOCAL} != {other}:", *indent(assigned)] if code.both else assigned
    return lines + [f"{x}{LOCAL} = kept_{x}" for x in code.held]


def _relaxing(code, until):
    """Return the lines that let w and the variables of a synapse change from `then` to some time."""
    lines, eq = [], code.eq
    if (drive := eq.drive) is not None:
        integral = formula(f"driven(rule, table_{code.rate_index(drive.variable)}, then, {until})")
        names = {"w": f"w{LOCAL}", "variable": drive.variable + LOCAL}
        lines.append(code.weight(formula("w + variable * integral", integral=integral, **names)))
    for v in eq.variables:
        if v in eq.rates:
            since = f"max(then, {code.born[v]})" if v in code.born else "then"
            lines.append(code.relaxed(v, f"max({until} - {since}, np.int64(0))"))
    if eq.between:
        lines += code.event(until, 2)
        lines.append(f"{ELAPSED}{LOCAL} = rule.dt * max({until} - then, np.int64(0))")
        lines += code.assign(eq.between)
    return lines


def deliver(code):
    """Return the function that lets a presynaptic spike arrive at the synapses of a segment."""
    eq = code.eq
    trees = [*trees_of(eq.on_pre), eq.amplitude, *code.bounds()]
    names, traces, late = names_of(trees), [], "((soma - 2 * dendritic - rule.late_{}) % rule.ring) * rule.width + shift"
    for x in eq.pre_traces:
        traces += [f"{x}{LOCAL} = {code.logged('before', x, 'entry')}"] * (x in names)
        traces += [f"{x}{NEW}{LOCAL} = {code.logged('after', x, 'entry')}"] * (x + NEW in names)
    if eq.modulator in names:
        traces.append(f"{eq.modulator}{LOCAL} = modulator[(soma - dendritic) % modulator.size]")
    condition = "True" if eq.variables or code.changing else "learning"
    replays = [f"if {condition}:", "    replay(rule, start, segment.length, last, axonal, dendritic, soma)"]
    read, lines, tables = [f"row_{code.number[y]}" for y in code.post if y in names], [], ()
    if code.exact:
        read, lines = code.exact_text.at_arrival(code, names)
        tables = [y for y in code.post if y in names]
        trees += code.of_traces(tables)
    gaps = {
        "loads": code.loads(trees, tables, [*_arrays(code), *read]),
        "traces": traces,
        "replay": replays if code.posts or code.changing else [],
        "event": code.event("soma - dendritic", "(3 if again else 0)"),
        "late": [f"late_{code.number[y]} = {late.format(code.number[y])}" for y in eq.late if y in names],
        "send": _sent(code, names, lines),
        "load": code.loaded(),
        "found": _found(code),
    }
    return fill(DELIVER, gaps, soma="arrival(rule, segment)" if code.exact else "segment.step + 1 - rule.extra")


def _sent(code, names, exact_rows):
    """Return the lines that go through the synapses of a segment and deliver what they send."""
    eq, amplitude, load = code.eq, own_text(code.eq.amplitude), code.loaded()
    same = not (eq.on_pre or eq.random or eq.changes_weights or names & {*code.columns, *code.post, *code.held})
    if same and not code.exact and (code.shared or algebra.linear_in(eq.amplitude, "w") is not None):
        return fill(ALIKE if code.shared else IN_PROPORTION, {"load": load[-1:]}, amplitude=amplitude).split("\n")
    rows = [f"{y}{LOCAL} = row_{code.number[y]}[np.uint64({_row(code, y)} + target)]" for y in code.post if y in names]
    gaps = {
        "rows": exact_rows if code.exact else rows,
        "load": load,
        "old": [
            f"column_{code.number[x + OLD]}[k] = column_{code.number[x + OLD]}[k] if again else {x}{LOCAL}"
            for x in code.held
        ],
        "on_pre": code.assign(eq.on_pre),
        "store": code.stored({name for name, _ in eq.on_pre}),
    }
    give = "segment.weight = sent" if code.exact else "here[np.uint64(targets[k])] += sent"
    wrong = "sent - sent"
    if eq.changes_weights and amplitude != f"w{LOCAL}":
        wrong = f"({wrong}) + (w{LOCAL} - w{LOCAL})"
    return fill(CHANGED, gaps, amplitude=amplitude, give=give, wrong=wrong).split("\n")


def _found(code):
    """Return the lines that note what of the first synapse that is wrong `code.seen` names."""
    lines = []
    for k, (side, name) in enumerate(code.seen):
        if side in ("before", "after"):
            value = code.logged(side, name, "entry")
        elif side == "target" and not code.exact:
            late = f" - rule.late_{code.number[name]}" if name in code.eq.late else ""
            row = f"((soma - 2 * dendritic{late}) % rule.ring) * rule.width + shift + target"
            value = f"array_of(rule.row_{code.number[name]})[{row}]"
        else:  # in this segment, of which it is the only synapse if times are exact
            value = name + LOCAL
        lines.append(f"found[{k}] = {value}")
    return lines + _amount(code)


def _amount(code):
    """Return the lines that note what the synapse has sent, as far as it follows from what was noted."""
    noted = {name + NEW * (side == "after"): k for k, (side, name) in enumerate(code.seen)}
    if code.eq.random or not lang.names_in(code.eq.amplitude) <= {*noted, *code.eq.parameters, "pi"}:
        return []
    lines = [f"{name}{LOCAL} = found[{k}]" for name, k in noted.items()]
    return [*lines, f"rule.fault_amount = {own_text(code.eq.amplitude)}"]


def _row(code, name):
    """Return where the row begins from which a postsynaptic trace is read at an arrival."""
    return f"late_{code.number[name]}" if name in code.eq.late else "row"
