"""The functions of a rule that follow its modulator, a variable that all synapses share: the text of ``modulate``.

The modulator is known at each step, as far ahead as the spikes of the modulating cells take to act. If a weight changes with
``dw/dt = c*(gain*n + offset)``, in which c is a variable of the synapse that decays with a rate, then from one of its events
to the next it changes by c times the integral of ``(gain*n + offset)*exp(-rate*t)``. That integral is the same for all
synapses, and is kept for each step from the start of a block of steps, so that a synapse needs two numbers per block.
"""

from __future__ import annotations

from brainsim.equations.expressions import algebra
from brainsim.equations.numba_text import fill
from brainsim.equations.statements import Assign
from brainsim.features.plasticity.writer import LOCAL, own, own_text, trees_of

# ``counts`` has the spikes of the modulating cells by the step at which they act, and ``modulator`` its value at each step,
# both as rings of `size` steps. A spike acts `modulator_delay` steps later, and no slice is longer, so the value is known
# before any synapse asks for it.
MODULATE = '''\
@by_address
def modulate(rule_, progress_):
    """Count the spikes of the modulating cells in the last slice, and follow the modulator as far as they are known."""
    rule, progress = record_at(rule_), record_at(progress_)
    spikes, ends = array_of(rule.all_spikes), array_of(rule.all_ends)
    counts, modulates, groups = array_of(rule.counts), array_of(rule.modulates), progress.groups
    # the lists of all partitions, as `delivery.file_slice` goes through them; `modulates` is 1 for cells that modulate
    for s in range(progress.slice_steps):
        slot = (progress.slice_start + s + 1 + rule.modulator_delay) % counts.size
        for which in range(rule.lists):
            part = 2 * which + progress.parity
            start, to = part * rule.list_room, part * rule.ends_room
            first = start + ends[to + s * groups - 1] if s else start
            for k in range(first, start + ends[to + (s + 1) * groups - 1]):
                counts[slot] += modulates[spikes[k]]
    follow(rule, progress.step + rule.modulator_delay)
    return 0


@by_address
def follow_again(rule_, now_):
    """Follow the modulator up to ``now.soma``, after it was set."""
    rule, now = record_at(rule_), record_at(now_)
    follow(rule, now.soma)
    return 0


@helper
def follow(rule, until):
    """Follow the modulator up to a step."""
    scalars, modulator, counts = array_of(rule.scalars), array_of(rule.modulator), array_of(rule.counts)
    integral, full, size = array_of(rule.integral), array_of(rule.full), counts.size
    <loads>
    <name>__ = modulator[rule.followed % size]
    while rule.followed < until:
        time, slot = rule.followed, (rule.followed + 1) % size
        <integrate>
        <relax>
        for _ in range(counts[slot]):
            <jumps>
        modulator[slot] = <name>__
        counts[(time - rule.modulator_delay - 1) % size] = 0
        rule.followed = time + 1
'''

# In a step that begins with the modulator at n, the integral of (gain*n + offset)*exp(-rate*t) is gain*n*decaying_part +
# offset*constant_part, in which n decays, too (`modulator._block`). ``integral[t]`` is the sum from the start of t's block,
# in which the variable is 1, up to t: a later step is multiplied by what is left of the variable, from the table.
INTEGRATE = """\
block = time // rule.block
part = <gain> * <above> * rule.decaying_part + (<offset>) * rule.constant_part
before = table_<index>[time - block * rule.block]
total = integral[time % size] + before * part
full[block % full.size] = total  # of the whole block, once this was its last step
integral[slot] = 0.0 if (time + 1) % rule.block == 0 else total"""

# The difference of two integrals of one block is for a variable that was 1 at its start; divided by what was left of it at
# `then`, it is for one that is 1 at `then`. `left` is what is left of it after the blocks before.
DRIVEN = '''

@helper
def driven(rule, table, then, until):
    """Return the integral of what drives the weights from one step to another, for a variable that is 1 at the first."""
    integral, full = array_of(rule.integral), array_of(rule.full)
    total, left, size = 0.0, 1.0, integral.size
    while then < until:
        block = then // rule.block
        start = block * rule.block
        stop = min(until, start + rule.block)
        end = full[block % full.size] if stop == start + rule.block else integral[stop % size]
        total += left * (end - integral[then % size]) / table[then - start]
        left *= table[stop - then]
        then = stop
    return total
'''


def modulate(code):
    """Return the functions that follow the modulator, or an empty text."""
    eq = code.eq
    if not eq.modulator:
        return ""
    name, drive = eq.modulator, eq.drive
    trees = [*trees_of(eq.modulator_jumps), *code.of_traces([name]), *(drive[1:] if drive else ())]
    gaps = {
        "loads": code.loads(trees, [name, *([drive.variable] if drive else [])]),
        "integrate": _integrated(code) if drive else [],
        "relax": [code.relaxed(name, "1")],
        "jumps": [Assign(x + LOCAL, own(tree)) for x, tree in eq.modulator_jumps],
    }
    return fill(MODULATE, gaps, name=name) + (DRIVEN if drive else "")


def _integrated(code):
    """Return the lines that add a step to the integral."""
    drive, name, limit = code.eq.drive, code.eq.modulator, code.eq.limits.get(code.eq.modulator, algebra.ZERO)
    words = {"gain": own_text(drive.gain), "offset": own_text(drive.offset), "above": name + LOCAL}
    if not algebra.is_zero(limit):
        words["above"] = f"({name}{LOCAL} - {own_text(limit)})"
        words["offset"] = f"{words['gain']} * {own_text(limit)} + {words['offset']}"
    return fill(INTEGRATE, index=code.rate_index(drive.variable), **words).split("\n")
