"""When within a step a cell reaches its threshold: exactly, by the criterion of a precise simulation (`equations/precise`).

Between two arrivals v, and the rise of the threshold, are sums of exponential functions. So a cell that may reach its
threshold in a step goes from arrival to arrival; all others, by far the most, never leave the vectors of `forward`.

Which cells may do so is known from v at the end of the step. Where v reaches the threshold it does not fall, so the current
is at least as large as v (or, if the threshold moves, by a known part of a smaller). Afterwards v falls below it again only
by negative weights that arrive, whose sum is known, and because the current decays, for which there is a bound.
"""

import math

from brainsim.equations.precise.crossing import nearer, stays_below
from brainsim.jit.decorators import helper, inlined
from brainsim.jit.vmath import exp
from brainsim.learn.spiking.kernels.responses import both
from brainsim.learn.spiking.plan import A_A, TAU_A, TAU_M, V_TH, V_V

V, A, DRIVE, CURRENTS = range(4)  # places in `Work.now`: the cell that is looked at; its currents are from the last one on
FIRED = 4  # is added to `Work.kind` of a cell
SLACK = 1e-9  # of bounds, for rounding
ALONE = -9  # in place of the number of an event whose time is that of one cell only


@inlined
def bounds_of(net, b):
    """Return the lowest v at the end of a step in which a cell without a was at the threshold, and what is added for each a.

    Nothing negative arrived, and there is no negative current from outside; for such a current of 1 the third number is
    subtracted.
    """
    numbers, slow = net.numbers[b], 1.0
    for p in range(net.receptors[b], net.receptors[b + 1]):
        slow = min(slow, net.v_i[p])
    by_a = numbers[V_V] + min(1.0 - numbers[TAU_M] / numbers[TAU_A], 0.0) * slow
    by_a = by_a if by_a >= 0.0 else by_a / numbers[A_A]
    return numbers[V_TH] * (numbers[V_V] + slow) - SLACK, by_a, 1.0 - numbers[V_V] - slow


@helper
def add_both(into, down, factor, weights):
    """Add weights times a factor, and to the second array the negative ones alone."""
    for m in range(into.size):
        part = factor * weights[m]
        into[m] += part
        down[m] += min(part, 0.0)


@helper
def lower(down, values, factor):
    """Add the negative ones of some values, times a factor."""
    for j in range(down.size):
        down[j] += factor * min(values[j], 0.0)


@inlined
def near_of(net, b, begin, end, slot, work):
    """Return how many of some cells may have reached the threshold in a step."""
    least, by_a, _ = bounds_of(net, b)
    v, down = work.v[begin:end], work.ring_down[slot, begin:end]
    return count_near(v, down, work.a[begin:end], least, by_a) if net.adaptive[b] else count_high(v, down, least)


@helper
def count_high(v, down, least):
    """Do it for cells that do not adapt; without a branch, so that it is vectorised."""
    count = 0
    for j in range(v.size):
        count += v[j] - down[j] >= least
    return count


@helper
def count_near(v, down, a, least, by_a):
    """Do it for cells that adapt."""
    count = 0
    for j in range(v.size):
        count += v[j] - down[j] >= least + by_a * a[j]
    return count


@inlined
def list_events(net, vector, b, k, work):
    """List the events that may arrive at a block in step k, each with its connection, unless that has been done.

    Those whose synapses have the same delay come first, the earliest before the others.
    """
    if work.ends[2] >= 0:
        return
    n, common, dense = 0, 0, 1
    for each in range(2):
        for c in range(net.pre.size):
            if net.post[c] != b or net.each[c] != each:
                continue
            first, stop, delay = max(0, k + 1 - work.ring_v.shape[0]), k, 0.0
            if not each:
                delay = vector[net.delay_at[c]]
                first, stop = max(first, k - int(delay / net.dt) - 1), min(k, k - int(delay / net.dt) + 1)
            for sent in range(first, stop):
                for x in range(work.first[sent], work.first[sent + 1]):
                    if work.block[x] != net.pre[c]:
                        continue
                    time = work.time[x] + delay
                    if each or arrival_step(time, net.dt, sent) == k:
                        r = (k + 1) * net.dt - time
                        insert(net, c, x, n, r, work)
                        work.due_sent[n], dense = sent, dense & (net.rows_at[c] < 0)
                        n += 1
        common = common if each else n
    work.ends[2], work.ends[3], work.ends[4] = n, common, dense & (common == n)
    work.came_q[n] = common
    for q in range(common + 1):  # how cells move up to each event from the one before it
        h = (work.due_r[q - 1] if q else net.dt) - (work.due_r[q] if q < common else 0.0)
        note_way(net, b, q, h, work)
    if work.ends[4]:  # all cells get the same events at the same times
        for q in range(n):
            work.came_r[q], work.came_q[q], work.came_p[q] = work.due_r[q], q, net.receptor[work.due_wire[q]]


@inlined
def insert(net, c, x, n, r, work):
    """Add an event to the n that are listed, the earliest first if synapses have the same delay."""
    to = n
    while not net.each[c] and to > 0 and work.due_r[to - 1] < r:
        work.due[to], work.due_wire[to] = work.due[to - 1], work.due_wire[to - 1]
        work.due_r[to], work.due_row[to] = work.due_r[to - 1], work.due_row[to - 1]
        to -= 1
    work.due[to], work.due_wire[to], work.due_r[to] = x, c, r
    work.due_row[to] = net.at[c] + row_of(net, c, work.cell[x])[0]


@inlined
def note_way(net, b, q, h, work):
    """Note how cells move in h ms: what is left of v, and for each receptor what v gets of the current, and what is left."""
    tau_m = net.numbers[b, TAU_M]
    if h == net.dt:
        work.way_v[q] = net.numbers[b, V_V]
        for p in range(net.receptors[b], net.receptors[b + 1]):
            work.way_slow[q, p - net.receptors[b]], work.way_fast[q, p - net.receptors[b]] = net.v_i[p], net.i_i[p]
        return
    fall, rate = exp(-h / tau_m), 1.0 / tau_m
    work.way_v[q] = fall
    for p in range(net.receptors[b], net.receptors[b + 1]):
        way = both(h, fall, rate, 1.0 / net.tau_s[p])
        work.way_slow[q, p - net.receptors[b]], work.way_fast[q, p - net.receptors[b]] = way


@inlined
def list_arrivals(net, vector, k, m, work):
    """List what arrives at cell m of a block in step k, the earliest first; return how many synapses it is."""
    n = 0
    if work.ends[4]:
        for q in range(work.ends[2]):
            work.came_w[q] = vector[work.due_row[q] + m]
        return work.ends[2]
    for q in range(work.ends[2]):
        c, x, each = work.due_wire[q], work.due[q], net.each[work.due_wire[q]]
        begin, end = synapses_onto(net, c, work.cell[x], m)
        for at in range(begin, end):
            r, to = work.due_r[q], n
            if each:
                time = work.time[x] + vector[net.delay_at[c] + at]
                if arrival_step(time, net.dt, work.due_sent[q]) != k:
                    continue
                r = (k + 1) * net.dt - time
            while to > 0 and work.came_r[to - 1] < r:
                work.came_r[to], work.came_w[to] = work.came_r[to - 1], work.came_w[to - 1]
                work.came_p[to], work.came_q[to] = work.came_p[to - 1], work.came_q[to - 1]
                to -= 1
            work.came_r[to], work.came_w[to] = r, vector[net.at[c] + at]
            work.came_p[to], work.came_q[to] = net.receptor[c], ALONE if each else q
            n += 1
    work.came_q[n] = work.ends[3]
    return n


@helper
def arrival_step(time, dt, k):
    """Return the step in which something arrives that was sent in step k: a later one."""
    return max(int(time / dt), k + 1)


@inlined
def row_of(net, c, cell):
    """Return where the synapses of a source in connection c begin and end."""
    if net.rows_at[c] < 0:
        n = net.stop[net.post[c]] - net.start[net.post[c]]
        return cell * n, (cell + 1) * n
    return net.rows[net.rows_at[c] + cell], net.rows[net.rows_at[c] + cell + 1]


@inlined
def target_of(net, c, at, m):
    """Return the target of synapse `at` of connection c, the m-th of its source, as a cell of its block."""
    return m if net.rows_at[c] < 0 else net.targets[net.targets_at[c] + at]


@inlined
def synapses_onto(net, c, source, target):
    """Return where the synapses of connection c from a source to a target begin and end; those of a source are sorted."""
    low, high = row_of(net, c, source)
    if net.rows_at[c] < 0:
        return low + target, low + target + 1
    first = net.targets_at[c]
    stop = high
    while low < high:
        middle = (low + high) // 2
        if net.targets[first + middle] < target:
            low = middle + 1
        else:
            high = middle
    end = low
    while end < stop and net.targets[first + end] == target:
        end += 1
    return low, end


@inlined
def begin_of(net, b, k, row, j, work):
    """Take up cell j as it begins to move freely in step k; return how long before the end of the step that is."""
    now, first, m = work.now, net.receptors[b], j - net.start[b]
    now[DRIVE] = work.drive[j]
    if work.kind[k, j] == 0:
        now[V], now[A] = work.v0[row, j], work.a0[row, j]
        for p in range(first, net.receptors[b + 1]):
            now[CURRENTS + p - first] = work.i0[row, net.slot[p] + m]
        return net.dt
    z = work.freed[k]
    while work.r_cell[z] != j:
        z += 1
    now[V], now[A] = work.begin[j], work.r_level[z]
    for p in range(first, net.receptors[b + 1]):
        now[CURRENTS + p - first] = work.r_current[z, p - first]
    return work.r_span[z]


@inlined
def after(net, b, h, work):
    """Return the distance of the cell in `now` from the threshold after h ms without an arrival, and its derivatives."""
    now, rate, first, by_a = work.now, 1.0 / net.numbers[b, TAU_M], net.receptors[b], 0.0
    fall, current, falls, bends, a, rate_a = exp(-h * rate), now[DRIVE], 0.0, 0.0, 0.0, 0.0
    v = fall * now[V] + (1.0 - fall) * now[DRIVE]
    for p in range(first, net.receptors[b + 1]):
        rate_s = 1.0 / net.tau_s[p]
        slow, fast = both(h, fall, rate, rate_s)
        v += slow * now[CURRENTS + p - first]
        i = fast * now[CURRENTS + p - first]
        current, falls, bends = current + i, falls - i * rate_s, bends + i * rate_s * rate_s
    if net.adaptive[b]:
        rate_a = 1.0 / net.numbers[b, TAU_A]
        a = now[A] * exp(-h * rate_a)
        by_a = a * rate_a
    rise = (current - v) * rate
    bend = (falls - rise) * rate
    more = (bends - bend) * rate
    gap = v - a - net.numbers[b, V_TH]
    return gap, rise + by_a, bend - by_a * rate_a, more + by_a * rate_a * rate_a


@inlined
def slope_now(net, b, work):
    """Return how fast v - a of the cell in `now` changes."""
    now, current = work.now, work.now[DRIVE]
    for p in range(net.receptors[b + 1] - net.receptors[b]):
        current += now[CURRENTS + p]
    slope = (current - now[V]) / net.numbers[b, TAU_M]
    return slope + now[A] / net.numbers[b, TAU_A] if net.adaptive[b] else slope


@inlined
def search(net, b, remains, count, work):
    """Return how long before the end of a step the cell in `now` reaches its threshold, and how fast; -1.0 if it does not.

    It is as in `now` when `remains` ms of the step remain; `count` synapses receive something in the step.
    """
    now, v_th, first_p, at = work.now, net.numbers[b, V_TH], net.receptors[b], 0
    if now[V] - now[A] >= v_th:  # it was reset, and is above the threshold again
        return remains, 0.0
    known = 0  # number of the event at which the cell is next if its way is known
    if remains < net.dt:  # it was refractory, and what came before is in the currents
        known = -1
        while at < count and work.came_r[at] > remains:
            at += 1
    while True:
        stop, q = work.came_r[at] if at < count else 0.0, work.came_q[at]
        h = remains - stop
        if h > 0.0:
            if q != known:
                q = work.way_v.size - 1
                note_way(net, b, q, h, work)
            before, first = now[V] - now[A] - v_th, slope_now(net, b, work)
            v, a, last = along(net, b, q, h, work)
            gap = v - a - v_th
            if not stays_below(before, gap, first, last, h):
                high = h if gap >= 0.0 else beyond(net, b, h, work)
                if high > 0.0:
                    time, slope = crossing(net, b, (before, gap, first, last), high, work)
                    return remains - time, slope
            now[V], now[A], remains = v, a, stop
            for p in range(net.receptors[b + 1] - first_p):
                now[CURRENTS + p] *= work.way_fast[q, p]
        if at == count:
            return -1.0, 0.0
        now[CURRENTS + work.came_p[at] - first_p] += work.came_w[at]
        known = work.came_q[at] + 1
        at += 1


@inlined
def along(net, b, q, h, work):
    """Return v and a of the cell in `now` at the end of the way q of h ms, and how fast v - a changes then."""
    now, fall, current, a = work.now, work.way_v[q], work.now[DRIVE], 0.0
    v = fall * now[V] + (1.0 - fall) * now[DRIVE]
    for p in range(net.receptors[b + 1] - net.receptors[b]):
        v += work.way_slow[q, p] * now[CURRENTS + p]
        current += work.way_fast[q, p] * now[CURRENTS + p]
    slope = (current - v) / net.numbers[b, TAU_M]
    if net.adaptive[b]:
        a = now[A] * exp(-h / net.numbers[b, TAU_A])
        slope += a / net.numbers[b, TAU_A]
    return v, a, slope


@inlined
def beyond(net, b, h, work):
    """Return a time at which the threshold is exceeded on a way of h ms that ends below it, 0.0 if there is none."""
    low, high = 0.0, h
    for _ in range(50):
        at = 0.5 * (low + high)
        gap, slope, _, _ = after(net, b, at, work)
        if gap >= 0.0:
            return at
        if slope > 0.0:
            low = at
        else:
            high = at
    return 0.0


@inlined
def crossing(net, b, ends, high, work):
    """Return when the cell in `now` reaches the threshold, which it exceeds after `high` ms, and how fast.

    `ends` has its distances from the threshold at the ends of the way, and how fast they change. If it ends above the
    threshold, the search begins where a cubic function of the distance says. From there a series leads to the crossing, by
    which nearly always one point is enough; if its next term is not small, Newton's method goes to the next point.
    """
    before, gap, first, last = ends
    low, part, at = 0.0, -before / (gap - before), 0.5 * high
    if gap >= 0.0:
        at = high * part
        if first > 0.0 and last > 0.0:
            rest, rise = 1.0 - part, gap - before
            at = part * (rest * rest * rise / first + part * (high * (1.0 + 2.0 * rest) - rest * rise / last))
            at = min(max(at, 0.0), high)
    slope = 0.0
    for _ in range(60):
        gap, slope, bend, more = after(net, b, at, work)
        if gap >= 0.0:
            high = at
        else:
            low = at
        inverse = 1.0 / slope
        step, second, third = -gap * inverse, 0.5 * bend * inverse, more * inverse * (1.0 / 6.0)
        size = max(abs(second), math.sqrt(abs(third))) * abs(step)  # the terms fall like its powers
        if size * size * size * abs(step) <= 1e-17 * (low + high) or abs(step) <= 1e-15 * high:
            step *= 1.0 - second * step + (2.0 * second * second - third) * step * step
            return at + step, slope + step * (bend + 0.5 * more * step)
        at = nearer(at, gap, slope, low, high)
    return at, slope
