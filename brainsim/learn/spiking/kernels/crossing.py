"""When within a step a cell reaches its threshold: exactly, by the criterion of a precise simulation
(`features/precise/equations`).

Between two arrivals v, and the rise of the threshold, are sums of exponential functions. So a cell that may reach its
threshold in a step goes from arrival to arrival; all others, by far the most, never leave the vectors of `forward`.

Which cells may do so is known from v at the end of the step. Where v reaches the threshold it does not fall, so the current
is at least as large as v (or, if the threshold moves, by a known part of a smaller). Afterwards v falls below it again only
by negative weights that arrive, whose sum is known, and because the current decays, for which there is a bound.
"""

from brainsim.equations.crossing import nearer, stays_below
from brainsim.jit.decorators import helper
from brainsim.jit.vmath import exp
from brainsim.learn.spiking.kernels.arrivals import arrival_step, row_of
from brainsim.learn.spiking.kernels.net import A_A, TAU_A, TAU_M, V_TH, V_V
from brainsim.learn.spiking.kernels.responses import both, padded

V, A, DRIVE, CURRENTS = range(4)  # places in `Work.now`: the cell that is looked at; its currents are from the last one on
FIRED = 4  # is added to `Work.kind` of a cell
SLACK = 1e-9  # of bounds, for rounding
SMALL = 1e-15  # part of the time of a crossing that the last term of the series may be, larger than all that are left out
ALONE = -9  # in place of the number of an event whose time is that of one cell only


@helper
def find_bounds(net, work):
    """Note for each block the lowest v at the end of a step in which a cell without a was at the threshold, and more.

    Nothing negative arrived, and there is no negative current from outside; for such a current of 1 the third number is
    subtracted. The second is what is added for each a.
    """
    for b in range(1, net.start.size):
        # Let v be at V_th + a at a moment of the step, and v - a not fall there. Then the current I is at least V_th + a*(1
        # - tau_m/tau_a). With nothing negative, v at the end is lowest if that moment is the start and I is all in the
        # receptor that gives least: v >= (V_th + a)*v_v + I*slow, with slow the smallest v_i, and the part of I with a only
        # if it is negative.
        numbers, slow = net.numbers[b], 1.0
        for p in range(net.receptors[b], net.receptors[b + 1]):
            slow = min(slow, net.v_i[p])
        by_a = numbers[V_V] + min(1.0 - numbers[TAU_M] / numbers[TAU_A], 0.0) * slow
        work.bounds[b, 0] = numbers[V_TH] * (numbers[V_V] + slow) - SLACK
        # a at that moment is between a at the end, which is what `near_of` knows, and that divided by A_A
        work.bounds[b, 1] = by_a if by_a >= 0.0 else by_a / numbers[A_A]
        # a current x < 0 from outside leaves I - x to the receptors, so it lowers v by (1 - v_v)*x but adds slow*(-x)
        work.bounds[b, 2] = 1.0 - numbers[V_V] - slow


@helper
def lower(down, values, factor):
    """Add the negative ones of some values, times a factor."""
    for j in range(down.size):
        down[j] += factor * min(values[j], 0.0)


@helper
def near_of(net, b, begin, end, slot, work):
    """Return how many of some cells may have reached the threshold in a step."""
    v, down = work.v[begin:end], work.ring_down[slot, begin:end]
    if net.adaptive[b]:
        return count_near(v, down, work.a[begin:end], work.bounds[b, 0], work.bounds[b, 1])
    return count_high(v, down, work.bounds[b, 0])


@helper
def count_high(v, down, least):
    """Count cells near their threshold, which do not adapt; without a branch, so that it is vectorised."""
    count = 0
    for j in range(v.size):
        count += v[j] - down[j] >= least
    return count


@helper
def count_near(v, down, a, least, by_a):
    """Count adapting cells near their threshold."""
    count = 0
    for j in range(v.size):
        count += v[j] - down[j] >= least + by_a * a[j]
    return count


@helper
def list_events(net, vector, b, k, work):
    """List the events that may arrive at a block in step k, each with its connection, unless that has been done.

    Those whose synapses have the same delay come first, the earliest before the others.
    """
    if work.ends[2] >= 0:
        return
    n, common, dense = 0, 0, 1
    # first connections with one delay for all synapses, in the order of time; behind them the others, one by one for each
    # cell
    for each in range(2):
        for c in range(net.pre.size):
            if net.post[c] != b or net.each[c] != each:
                continue
            first, stop, delay = max(0, k + 1 - work.ring_v.shape[0]), k, 0.0
            if not each:
                delay = vector[net.delay_at[c]]
                # an event of step s has a time from s*dt to (s + 1)*dt, so it arrives in one of two steps
                first, stop = max(first, k - int(delay / net.dt) - 1), min(k, k - int(delay / net.dt) + 1)
            for sent in range(first, stop):
                for x in range(work.begins[sent, net.pre[c]], work.begins[sent, net.pre[c] + 1]):
                    time = work.time[x] + delay
                    # `send` has decided in which; of those with delays of their own it depends on the synapse
                    if each or work.sent_step[net.place[c], x] == k:
                        r = (k + 1) * net.dt - time
                        insert(net, c, x, n, r, work)
                        work.due_sent[n], dense = sent, dense & (net.rows_at[c] < 0)
                        n += 1
        common = common if each else n
    work.ends[2], work.ends[3], work.ends[4] = n, common, dense & (common == n)
    # way q leads from event q - 1 to event q, the first one from the start of the step and the last one to its end
    for q in range(common + 1):  # how cells move up to each event from the one before it
        work.way[q] = (work.due_r[q - 1] if q else net.dt) - (work.due_r[q] if q < common else 0.0)
    note_ways(net, b, 0, padded(common + 1), work)
    # behind the last arrival: the way to the end of the step
    work.came_q[n] = common
    if work.ends[4]:  # all cells get the same events at the same times
        for q in range(n):
            work.came_r[q], work.came_q[q], work.came_p[q] = work.due_r[q], q, net.receptor[work.due_wire[q]]


@helper
def insert(net, c, x, n, r, work):
    """Add an event to the n that are listed, the earliest first if synapses have the same delay."""
    to = n
    # an insertion sort, for the few events of a step; those of synapses with their own delays are only appended
    while not net.each[c] and to > 0 and work.due_r[to - 1] < r:
        work.due[to], work.due_wire[to] = work.due[to - 1], work.due_wire[to - 1]
        work.due_r[to], work.due_row[to] = work.due_r[to - 1], work.due_row[to - 1]
        to -= 1
    work.due[to], work.due_wire[to], work.due_r[to] = x, c, r
    work.due_row[to] = net.at[c] + row_of(net, c, work.cell[x])[0]


@helper
def note_ways(net, b, begin, end, work):
    """Note how cells move on some ways, of `work.way` ms.

    What is left of v and a, and for each receptor what v gets of the current, and what is left of that.
    """
    # over a way of h ms: exp(-h/tau_m) of v is left, v gets potential(h) of a current, of which exp(-h/tau_s) is left, and
    # exp(-h/tau_a) of a
    rate, first, way = 1.0 / net.numbers[b, TAU_M], net.receptors[b], work.way[begin:end]
    for p in range(first, net.receptors[b + 1]):
        slow, fast = work.way_slow[p - first, begin:end], work.way_fast[p - first, begin:end]
        fill_ways(way, rate, 1.0 / net.tau_s[p], work.way_v[begin:end], slow, fast)
    if net.adaptive[b]:
        rate_a = 1.0 / net.numbers[b, TAU_A]
        for q in range(begin, end):
            work.way_a[q] = exp(-work.way[q] * rate_a)


@helper
def fill_ways(way, rate, rate_s, left, slow, fast):
    """Note how v moves on some ways with the current of one receptor."""
    for q in range(way.size):
        fall = exp(-way[q] * rate)
        left[q] = fall
        slow[q], fast[q] = both(way[q], fall, rate, rate_s)


@helper
def list_arrivals(net, vector, k, m, work):
    """List what arrives at cell m of a block in step k, the earliest first; return how many synapses it is."""
    n = 0
    # all to all with common delays: the lists are those of `list_events`, only the weights are this cell's own
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
            # an insertion sort: events with common delays come in order, so few are ever moved
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
def synapses_onto(net, c, source, target):
    """Return where the synapses of connection c from a source to a target begin and end; those of a source are sorted."""
    low, high = row_of(net, c, source)
    if net.rows_at[c] < 0:
        return low + target, low + target + 1
    first = net.targets_at[c]
    stop = high
    # Binary search for the target in the row. Several synapses may connect the same pair; they lie side by side.
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


@helper
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
    # few cells are freed in a step, and this one is among them
    while work.r_cell[z] != j:
        z += 1
    now[V], now[A] = work.begin[j], work.r_level[z]
    for p in range(first, net.receptors[b + 1]):
        now[CURRENTS + p - first] = work.r_current[z, p - first]
    return work.r_span[z]


@helper
def after(net, b, h, work):
    """Return the distance of the cell in `now` from the threshold after h ms without an arrival, and five derivatives."""
    now, rate, first, a, rate_a = work.now, 1.0 / net.numbers[b, TAU_M], net.receptors[b], 0.0, 0.0
    fall = exp(-h * rate)
    # i0 ... i4 become the current and its derivatives in time: those of a receptor are I*(-1/tau_s)**n, the drive is
    # constant
    v, i0, i1, i2, i3, i4 = fall * now[V] + (1.0 - fall) * now[DRIVE], now[DRIVE], 0.0, 0.0, 0.0, 0.0
    for p in range(first, net.receptors[b + 1]):
        rate_s = 1.0 / net.tau_s[p]
        slow, fast = both(h, fall, rate, rate_s)
        v += slow * now[CURRENTS + p - first]
        i = fast * now[CURRENTS + p - first]
        i0, i = i0 + i, -i * rate_s
        i1, i = i1 + i, -i * rate_s
        i2, i = i2 + i, -i * rate_s
        i3, i4 = i3 + i, i4 - i * rate_s
    # tau_m*v' = I - v, and the same for every further derivative: tau_m*v(n+1) = I(n) - v(n)
    v1 = (i0 - v) * rate
    v2 = (i1 - v1) * rate
    v3 = (i2 - v2) * rate
    v4 = (i3 - v3) * rate
    v5 = (i4 - v4) * rate
    if net.adaptive[b]:
        rate_a = 1.0 / net.numbers[b, TAU_A]
        a = now[A] * exp(-h * rate_a)
    a1 = -a * rate_a
    a2 = -a1 * rate_a
    a3 = -a2 * rate_a
    a4 = -a3 * rate_a
    return v - a - net.numbers[b, V_TH], v1 - a1, v2 - a2, v3 - a3, v4 - a4, v5 + a4 * rate_a


@helper
def search(net, b, remains, count, work):
    """Return how long before the end of a step the cell in `now` reaches its threshold, and how fast; -1.0 if it does not.

    It is as in `now` when `remains` ms of the step remain; `count` synapses receive something in the step.
    """
    now, v_th, first_p, at = work.now, net.numbers[b, V_TH], net.receptors[b], 0
    rate, rate_a, receptors = 1.0 / net.numbers[b, TAU_M], 1.0 / net.numbers[b, TAU_A], net.receptors[b + 1] - first_p
    v, a, adaptive = now[V], now[A], net.adaptive[b]
    # Stage 1: is it above the threshold to begin with?
    if v - a >= v_th:  # it was reset, and is above the threshold again
        return remains, 0.0
    # Stage 2: skip what came while the cell was refractory. `q` is the number of a way in `work.way_...`. The ways between
    # events that reach all cells are computed once, in `list_events`; an event with a time of its own makes one that is
    # computed here, in the last place of these arrays.
    known = 0  # number of the event at which the cell is next if its way is known
    if remains < net.dt:  # it was refractory, and what came before is in the currents
        known = -1
        while at < count and work.came_r[at] > remains:
            at += 1
    # Stage 3: from arrival to arrival, until v - a - V_th has crossed 0 or the step ends
    while True:
        stop, q = work.came_r[at] if at < count else 0.0, work.came_q[at]
        h = remains - stop
        if h > 0.0:
            if q != known:
                q = work.way.size - 1
                work.way[q] = h
                note_ways(net, b, q, q + 1, work)
            # the exact solution over h ms, as in `forward.move`, with the current I at both ends
            fall, before, current = work.way_v[q], v - a - v_th, now[DRIVE]
            v_then, current_then = fall * v + (1.0 - fall) * current, current
            for p in range(receptors):
                i = now[CURRENTS + p]
                current += i
                v_then += work.way_slow[p, q] * i
                current_then += work.way_fast[p, q] * i
            # the slopes of v - a at both ends: v' = (I - v)/tau_m, a' = -a/tau_a
            a_then, first, last = a, (current - v) * rate, (current_then - v_then) * rate
            if adaptive:
                a_then = a * work.way_a[q]
                first, last = first + a * rate_a, last + a_then * rate_a
            gap = v_then - a_then - v_th
            # It stays below if it ends below and either has no maximum on the way, or the tangents at both ends meet below
            # the threshold.
            if not stays_below(before, gap, first, last, h):
                # `after` takes the cell from the start of this way
                now[V], now[A] = v, a
                high = h if gap >= 0.0 else beyond(net, b, first, last, h, work)
                if high > 0.0:
                    time, slope = crossing(net, b, (before, gap, first, last), high, work)
                    return remains - time, slope
            # Stage 4: no crossing; move to the arrival, and add it to the current of its receptor
            v, a, remains = v_then, a_then, stop
            for p in range(receptors):
                now[CURRENTS + p] *= work.way_fast[p, q]
        if at == count:
            return -1.0, 0.0
        now[CURRENTS + work.came_p[at] - first_p] += work.came_w[at]
        # the next way is a computed one if the next event, too, reaches all cells: from event q leads way q + 1
        known = work.came_q[at] + 1
        at += 1


@helper
def beyond(net, b, first, last, h, work):
    """Return a time at which the threshold is exceeded on a way of h ms that ends below it, 0.0 if there is none.

    v - a rises at its beginning by `first`, and falls at its end by `-last`.
    """
    # v - a rises, then falls: look for its maximum, where the slope is 0, first where a straight line through both slopes
    # is, then by bisection. Any point above the threshold is enough.
    low, high, at = 0.0, h, h * first / (first - last)
    for _ in range(50):
        gap, slope, _, _, _, _ = after(net, b, at, work)
        if gap >= 0.0:
            return at
        if slope > 0.0:
            low = at
        else:
            high = at
        at = 0.5 * (low + high)
    return 0.0


@helper
def crossing(net, b, ends, high, work):
    """Return when the cell in `now` reaches the threshold, which it exceeds after `high` ms, and how fast.

    `ends` has its distances from the threshold at the ends of the way, and how fast they change. If it ends above the
    threshold, the search begins where a cubic function of the distance says. From there a series leads to the crossing, by
    which nearly always one point is enough; if its last term is not small, Newton's method goes to the next point.
    """
    before, gap, first, last = ends
    # `part`: which share of the way up from `before` to `gap` the threshold is at
    low, part, at = 0.0, -before / (gap - before), 0.5 * high
    if gap >= 0.0:
        at = high * part
        if first > 0.0 and last > 0.0:
            # the time as a cubic function of the distance (Hermite), with the slopes 1/first and 1/last at its ends, taken
            # at 0
            rest, rise = 1.0 - part, gap - before
            at = part * (rest * rest * rise / first + part * (high * (1.0 + 2.0 * rest) - rest * rise / last))
            at = min(max(at, 0.0), high)
    slope = 0.0
    for _ in range(60):
        gap, slope, d2, d3, d4, d5 = after(net, b, at, work)
        if gap >= 0.0:
            high = at
        else:
            low = at
        # The distance is gap + slope*x + d2*x**2/2 + ... around `at`. Divided by slope it is x + b2*x**2 + ... = step, which
        # is solved for x by reversion of the series (Abramowitz & Stegun, Handbook of Mathematical Functions, 3.6.25), c3 to
        # c5.
        inverse = 1.0 / slope
        step, b2, b3 = -gap * inverse, d2 * inverse * (1.0 / 2.0), d3 * inverse * (1.0 / 6.0)
        b4, b5, square = d4 * inverse * (1.0 / 24.0), d5 * inverse * (1.0 / 120.0), b2 * b2
        # how much of the fifth term, the last, does not cancel out: the terms fall like powers
        size = 14.0 * square * square + 21.0 * square * abs(b3) + 3.0 * b3 * b3 + 6.0 * abs(b2 * b4) + abs(b5)
        power = step * step
        if size * power * power * abs(step) <= SMALL * (low + high) or abs(step) <= 1e-15 * high:
            c3, c4 = 2.0 * square - b3, b2 * (5.0 * b3 - 5.0 * square) - b4
            c5 = square * (14.0 * square - 21.0 * b3) + 3.0 * b3 * b3 + 6.0 * b2 * b4 - b5
            x = step * (1.0 + step * (-b2 + step * (c3 + step * (c4 + step * c5))))
            return at + x, slope + x * (d2 + x * (0.5 * d3 + x * (d4 * (1.0 / 6.0) + x * d5 * (1.0 / 24.0))))
        at = nearer(at, gap, slope, low, high)
    return at, slope
