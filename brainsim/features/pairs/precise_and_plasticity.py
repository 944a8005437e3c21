"""What the functions of a rule do otherwise if spikes have exact times: parts of the text of all of them.

A synapse is brought up to date on its own, when its target has got to the arrival of a spike within a step (`arrive` in
`engine.precise.plastic`): by then the target's spikes until that moment are listed. Times are whole numbers (`clock`); no
table of exponentials is long enough for them. Postsynaptic traces are not kept step by step: the list has them as they were
after each spike, and ``row_NUMBER`` as they were after the last one that was forgotten, at the row of `SINCE`.

Times that are nearer than TIE are one time, since the spike of a target that an event makes fire has the time of the event,
but for rounding.
"""

from __future__ import annotations

from brainsim.equations.numba_text import fill
from brainsim.equations.statements import Assign
from brainsim.features.plasticity.clock import AFTER, PARTS, TIE
from brainsim.features.plasticity.equations.rule_variables import NEW
from brainsim.features.plasticity.writer import LOCAL, SINCE, own, trees_of

IMPORTS = ("from brainsim.engine.synapses.delivery import steps_and_lag",)
CONSTANTS = (f"PARTS, TIE, AFTER = np.int64({PARTS}), np.int64({TIE}), np.int64({AFTER})",)

# `moment` and `arrival` are in units of the clock. A delay is a whole number of ticks of PARTS units each, so rounding the
# time from the spike to its arrival to ticks takes away what the lag, a float, has lost.
HELPERS = '''\
@helper
def moment(rule, spike):
    """Return when something happens `lag` ms before the end of a step; that is after its beginning, however little."""
    return spike.step * rule.per_step - min(np.int64(np.rint(spike.lag / rule.dt)), rule.per_step - 1)


@helper
def arrival(rule, segment):
    """Return when a spike reaches the soma: after its delay, which is a whole number of ticks."""
    fired = array_of(rule.log_link)[2 * segment.entry]
    return fired + (moment(rule, segment) - fired + PARTS // 2) // PARTS * PARTS


@helper
def is_under_way(rule, entry, delay, time):
    """Return whether a spike arrives after a point of the grid, as it was filed."""
    lag = array_of(rule.log_lag)[entry]
    sent = (array_of(rule.log_link)[2 * entry] + np.int64(np.rint(lag / rule.dt))) // rule.per_step
    steps, _ = steps_and_lag(delay, lag, rule.ticks, rule.tick, rule.step)
    return (sent + steps) * rule.per_step > time


@helper
def last_before(rule, cell, time):
    """Return the last spike of a target before a time, -1 if none is listed."""
    times, older = array_of(rule.post_time), array_of(rule.older)
    post = np.int64(array_of(rule.latest)[cell])
    while post >= 0 and times[post] >= time:
        post = older[post]
    return post


'''

# what is listed is the trace before its jump, which synapses read at this spike, and the trace after it (NEW), from which it
# decays until the next one
REMEMBER = '''\
@by_address
def remember(rule_, spike_):
    """List the spike of a cell that has fired, with its traces."""
    rule, spike, scalars = record_at(rule_), record_at(spike_), array_of(record_at(rule_).scalars)
    k = np.int64(array_of(rule.index_of)[spike.source])
    if k < 0:
        return 0
    <loads>
    time, last = moment(rule, spike), latest[k]
    <traces>
    <listed>
    <jumps>
    <jumped>
    return 0
'''

# the spikes of the target of a synapse, the oldest first
POSTS = """\
spike, depth = latest[np.int64(targets[k]) + shift], np.int64(0)
while spike >= 0 and post_time[spike] >= bound:
    stack[depth], depth, spike = spike, depth + 1, older[spike]
while depth > 0 and post_time[stack[depth - 1]] < end:
    depth, spike = depth - 1, stack[depth - 1]
    <at_post>"""

FORGET = '''

@helper
def forget(rule, oldest):
    """Forget the postsynaptic spikes before a time, but for the traces after the last of each cell."""
    times, owner = array_of(rule.post_time), array_of(rule.post_owner)
    older, latest = array_of(rule.older), array_of(rule.latest)
    <arrays>
    for k in range(latest.size):
        latest[k] = -1
    kept = np.int64(0)
    for post in range(rule.post_number):
        k = np.int64(owner[post])
        if times[post] >= oldest:
            times[kept], owner[kept], older[kept], latest[k] = times[post], k, latest[k], kept
            <moved>
            kept += 1
        else:
            <last>
    rule.post_number = kept
'''


def remember(code, listed, jumped):
    """Return the function that lists the spike of a cell, an empty text if nothing needs it.

    `listed` and `jumped` are the lines that append the spike, with the traces before and after their jumps.
    """
    eq = code.eq
    if not code.lists:
        return ""
    trees = [*trees_of(eq.post_jumps), *code.of_traces(eq.post_traces)]
    arrays = ["post_time", "post_owner", "older", "latest", *rows(code), *(f"post_{code.number[y]}" for y in code.listed)]
    gaps = {
        "loads": code.loads(trees, eq.post_traces, arrays + target_arrays(code, eq.of_target)),
        "traces": traces_at(code, eq.post_traces, "k", "time") + of_target(code, eq.of_target, "k"),
        "listed": listed,
        "jumps": [Assign(y + LOCAL, own(tree)) for y, tree in eq.post_jumps],
        "jumped": jumped,
    }
    return fill(REMEMBER, gaps)


def rows(code):
    """Return the arrays with the traces of targets after what is forgotten."""
    return [f"row_{code.number[y]}" for y in code.rows]


def traces_at(code, names, cell, time):
    """Return the lines that read postsynaptic traces of a cell at a time, before which its spike ``last`` was."""
    if not names:
        return []
    lines = [f"elapsed = max({time} - (post_time[last] if last >= 0 else row_{code.number[SINCE]}[{cell}]), np.int64(0))"]
    for y in names:
        lines.append(f"{y}{LOCAL} = post_{code.number[y + NEW]}[last] if last >= 0 else row_{code.number[y]}[{cell}]")
        lines.append(code.relaxed(y, "elapsed"))
    return lines


def at_arrival(code, names):
    """Return (arrays, the lines that read what `on_pre` and `amplitude` need of the target of a synapse)."""
    traces, of = [y for y in code.post if y in names], [n for n in code.eq.of_target if n in names]
    arrays, lines = [], []
    if traces:
        number = code.number
        arrays = ["post_time", f"row_{number[SINCE]}"]
        arrays += [which for y in traces for which in (f"row_{number[y]}", f"post_{number[y + NEW]}")]
        # as on the grid: the spike is at the synapse a dendritic delay before `soma`, and what is there of the target left
        # its soma another dendritic delay earlier; without spikes that are nearer than TIE
        lines = ["time = soma - 2 * dendritic", "last = last_before(rule, target + shift, time - TIE)"]
        lines += traces_at(code, traces, "target + shift", "time")
    return arrays + target_arrays(code, of), lines + of_target(code, of, "target + shift")


def target_arrays(code, names):
    """Return the arrays that `of_target` needs."""
    return ["state", *(f"at_{code.number[name]}" for name in names)] if names else []


def of_target(code, names, cell):
    """Return the lines that read variables of a target, which kernels have written to the state at this moment."""
    return [f"{name}{LOCAL} = np.float64(state[at_{code.number[name]}[{cell}]])" for name in names]


def forget(code):
    """Return the function that forgets the spikes of targets."""
    moved = [f"post_{code.number[y]}[kept] = post_{code.number[y]}[post]" for y in code.listed]
    last = [f"row_{code.number[y]}[k] = post_{code.number[y + NEW]}[post]" for y in code.post]
    last += [f"row_{code.number[SINCE]}[k] = times[post]"]
    arrays = code.loads(arrays=[*rows(code), *(f"post_{code.number[y]}" for y in code.listed)])
    return fill(FORGET, {"arrays": arrays, "moved": moved, "last": last})
