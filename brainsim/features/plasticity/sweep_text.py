"""The functions of a rule that bring all synapses to now, and forget what all have seen: the text of ``sweep``."""

from __future__ import annotations

from brainsim.equations.numba_text import fill

SWEEP = '''\
@by_address
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
        soma = <now>
        sweep_all(rule, soma, <arrived>)
        rule.swept = soma
    <forget>
    return 0


@helper
def sweep_all(rule, soma, arrived):
    sources, newest, first = array_of(rule.sources), array_of(rule.newest), array_of(rule.first)
    pieces, delays = array_of(rule.piece), array_of(rule.delay)
    log_link = array_of(rule.log_link)
    for s in range(sources.size):
        row = np.int64(sources[s]) * rule.partitions + rule.partition
        for k in range(first[row], first[row + 1]):
            start, length = split_piece(pieces[k])
            if rule.start <= start < rule.stop and tag_of(pieces[k]) != RANGE:
                delay = <delay>
                # the last spike of the source that has arrived through this segment; later ones are still under way
                entry = np.int64(newest[sources[s]])
                while entry >= 0 and <under_way>:
                    entry = log_link[2 * entry + 1]
                dendritic = rule.dendritic if rule.dendritic >= 0 else delay
                replay(rule, start - rule.start, length, entry, delay - dendritic, dendritic, soma)
    rule.touched = 1
'''

# what `sweep` is written with, on the grid and with exact times
WORDS = {
    "now": "progress.step + 1 - rule.extra",
    "arrived": "soma - 1",
    "delay": "np.int64(delays[k]) - rule.extra",
    "under_way": "log_link[2 * entry] + delay > arrived",
}
EXACT_WORDS = {
    "now": "progress.step * rule.per_step + AFTER",
    "arrived": "progress.step * rule.per_step",
    "delay": "np.int64(delays[k]) * PARTS",
    "under_way": "is_under_way(rule, entry, delays[k], arrived)",
}

# The lists are packed from the front, which keeps the order of time; ``latest`` and ``older`` are linked again on the way.
FORGET = '''

@helper
def forget(rule, oldest):
    """Forget the postsynaptic spikes before a step."""
    times, owner = array_of(rule.post_time), array_of(rule.post_owner)
    older, latest = array_of(rule.older), array_of(rule.latest)
    <arrays>
    for k in range(latest.size):
        latest[k] = NEVER
    kept = np.int64(0)
    for post in range(rule.post_number):
        if times[post] >= oldest:
            k = np.int64(owner[post])
            times[kept], owner[kept], older[kept] = times[post], k, latest[2 * k]
            <moved>
            latest[2 * k], latest[2 * k + 1] = times[kept] << INDEX_BITS | kept, latest[2 * k]
            kept += 1
    rule.post_number = kept
'''


def sweep(code):
    """Return the functions that bring all synapses to now."""
    words = EXACT_WORDS if code.exact else WORDS
    if not code.lists and not code.changing:
        return ""
    if not code.lists:
        return fill(SWEEP, {"forget": []}, **words)
    if code.exact:
        lines = ["    forget(rule, rule.swept - 2 * rule.longest_dendritic - TIE)"]
        return fill(SWEEP, {"forget": lines}, **words) + code.exact_text.forget(code)
    arrays = code.loads(arrays=[f"post_{code.number[y]}" for y in code.listed])
    moved = [f"post_{code.number[y]}[kept] = post_{code.number[y]}[post]" for y in code.listed]
    forget = ["    forget(rule, rule.swept - 2 * rule.longest_dendritic)"]
    return fill(SWEEP, {"forget": forget}, **words) + fill(FORGET, {"arrays": arrays, "moved": moved})
