"""The frame of a kernel of exact spike times: what it does with a cell in a step, whatever the model.

Times within a step are counted from its end, ``left`` ms: the lag of a spike is what is left of the step, and events are
sorted by their lags. A cell on which nothing acts in a step makes it at once. Otherwise it goes from one event to the next,
and to the end of its refractory time; on each way the time at which it reaches the threshold is looked for. A model gives

- ``move(x, y, h, free, of, work)``: moves a cell by h ms from x to y. It returns the distance to the threshold at y, how
  fast this distance changes at x and at y, and whether the move is as accurate as dt demands;
- ``distance``, ``reset``, ``waiting_time``, ``arrive``: what the threshold, a spike and an event are;
- ``block`` or ``whole``: for many cells, or for one, the move by a whole step, and whether nothing happens on the way.

That v crosses the threshold and returns before the next event is found where its distance to the threshold rises at the
beginning and falls at the end: a bound on its maximum comes from both slopes, and the maximum is looked for if the bound is
above the threshold.

If the equations are not linear, a part of a step is halved until the error of the Runge-Kutta method is below a share of
each variable, which falls with the fourth power of dt, as the errors of the other parts do. So the steep rise of v in a
spike of an exponential integrate-and-fire cell is followed as closely as the rest.

A cell whose refractoriness is the threshold itself, such as one with channels, may fire again when it is below it; so may
one that is reset to the threshold. If such a cell falls and returns to the threshold within a part of a step, the part is
halved until it ends below.

Events less than `SAME` apart are one event, so that rounding does not decide whether a spike is sent before the second of
two that belong together. An event at the end of the refractory time acts on the cell, as in NEST's precise models.
"""

BELOW = -1  # in place of the steps of the refractory time: until the cell is below the threshold
TWICE, STIFF = 1, 2  # why a run cannot go on: a cell has fired twice in a step, or needs too many parts of one
MOST_PARTS = 100_000  # of a step: a cell that needs more of them would take forever
ERROR, SMALL = 0.01, 1e-3  # of a part, relative to a variable, if dt is 1 ms; a variable that is smaller counts as this

# linear equations: all cells of a block are moved at once, and those in which something happens are flagged
OF_BLOCK = """@helper
def step_of(cells, events, k, begin):
    return walk(cells, events, k, begin)


"""

# all others: each cell is moved on its own, in parts of a step
OF_EACH = """@helper
def block(flag):
    flag[:] = 1


@helper
def whole(x, y, before, free, of, work):
    \"\"\"Move a cell by dt; return whether that is accurate and the threshold is not reached.\"\"\"
    t, current, scalars, arrays, stride, cell = of
    h, calm, gap = length_of_step(scalars, arrays, stride, cell) / <parts>, True, distance(x, of)
    for i in range(x.size):
        before[i] = x[i]
    for part in range(<parts>):
        now = t + part * h, current, scalars, arrays, stride, cell
        after, first, last, accurate = move(before, y, h, free, now, work)
        calm &= accurate and (not free or (gap < 0.0 and stays_below(gap, after, first, last, h)))
        gap = after
        for i in range(x.size):
            before[i] = y[i]
    return calm


@helper
def step_of(cells, events, k, begin):
    \"\"\"Advance a cell by one step; return how long before its end the cell fired [ms], -1.0 if it did not.\"\"\"
    state, refractory, work = array_of(cells.state), array_of(cells.refractory), array_of(events.work)
    n, stride, waits = <n>, cells.stride, refractory[k]
    if array_of(events.head)[cells.first + k] >= 0 or waits == 1:
        return walk(cells, events, k, begin)
    # no event and no end of a refractory time in this step: the whole step at once, if it is accurate and calm
    x, y, z, rest = work[:n], work[n : 2 * n], work[2 * n : 3 * n], work[3 * n :]
    for i in range(n):
        x[i] = state[i * stride + k]
    of = begin, array_of(cells.current)[k], array_of(cells.scalars), array_of(cells.arrays), stride, k
    if not whole(x, y, z, waits <= 0, of, rest):
        return walk(cells, events, k, begin)
    for i in range(n):
        state[i * stride + k] = y[i]
    if waits > 0:
        refractory[k] = waits - 1
    elif waits == BELOW and distance(y, of) < 0.0:
        refractory[k] = 0
    return -1.0


"""

FRAME = """@helper
def reached_within(x, z, h, of, work):
    \"\"\"Return a time at which the threshold is exceeded on a way of h ms that ends below it, 0.0 if there is none.\"\"\"
    low, high = 0.0, h
    for _ in range(50):
        at = 0.5 * (low + high)
        gap, first, last, accurate = move(x, z, at, True, of, work)
        if gap >= 0.0:
            return at
        if last > 0.0:
            low = at
        else:
            high = at
    return 0.0


@helper
def crossing(x, z, before, high, of, work):
    \"\"\"Return when a cell on its way from x reaches the threshold, which it exceeds after `high` ms.

    By Newton's method, else by halving.
    \"\"\"
    low = 0.0
    gap, first, slope, accurate = move(x, z, high, True, of, work)
    at = high * before / (before - gap)
    for turn in range(80):
        gap, first, slope, accurate = move(x, z, at, True, of, work)
        if gap >= 0.0:
            high = at
        else:
            low = at
        # a part ends where the slope is that of a spike, and its way there is flatter: Newton's steps would be too short
        following = nearer(at, gap, slope, low, high) if turn < 20 else 0.5 * (low + high)
        if abs(following - at) <= 1e-15 * high and (turn >= 20 or abs(gap) <= 1e-9 - 1e-6 * before):
            return following
        at = following
    return at


@helper
def amount_of(event, events, synapses, plastic, x, state, stride, k):
    \"\"\"Return what an event brings; a synapse with a rule computes it now, with all spikes of its target until now.\"\"\"
    # two conditions, not one: the inner one is only compiled if there are such synapses
    if synapses is not None:
        if synapses[event] >= 0:
            for i in range(x.size):
                state[i * stride + k] = x[i]
            plastic.synapse, plastic.entry = synapses[event], array_of(events.entry)[event]
            plastic.lag = array_of(events.lag)[event]
            call_address(plastic.arrive, (address_of(plastic),))
            return plastic.amount
    return array_of(events.weight)[event]


@helper
def tell(cell, lag, plastic, x, state, stride, k):
    \"\"\"Tell the synapses with a rule that a cell has fired, and has been reset.\"\"\"
    if plastic is not None:
        for i in range(x.size):
            state[i * stride + k] = x[i]
        plastic.cell, plastic.lag = cell, lag
        call_address(plastic.fire, (address_of(plastic),))


@helper
def note_fault(events, cell, what):
    \"\"\"Note that a run cannot go on, unless an earlier reason is noted.\"\"\"
    if events.fault == 0:
        events.fault, events.fault_cell, events.fault_step = what, cell, events.step


@helper
def walk(cells, events, k, begin):
    \"\"\"Move a cell from event to event to the end of a step; return the lag of its spike, -1.0 if it does not fire.\"\"\"
    state, scalars, arrays, stride = array_of(cells.state), array_of(cells.scalars), array_of(cells.arrays), cells.stride
    refractory, free_at, head = array_of(cells.refractory), array_of(events.free), array_of(events.head)
    following, lags = array_of(events.following), array_of(events.lag)
    receptors, work, n = array_of(events.receptor), array_of(events.work), <n>
    synapses, plastic = array_or_none(events, "synapse"), record_or_none(events, "plastic")
    x, y, z, rest = work[:n], work[n : 2 * n], work[2 * n : 3 * n], work[3 * n :]
    for i in range(n):
        x[i] = state[i * stride + k]
    cell, current = cells.first + k, array_of(cells.current)[k]
    dt, longest = length_of_step(scalars, arrays, stride, k), longest_part(scalars, arrays, stride, k)
    # `left`: ms to the end of the step; `most`: the longest part that was accurate; `waits`: as `refractory`, the steps
    # until the cell is free, of which the last one ends early, by `free_at`
    event, waits, left, lag, crossed, most = head[cell], np.int64(refractory[k]), dt, -1.0, False, longest
    head[cell], free, parts = -1, waits == 0, 0
    while True:
        of = begin + (dt - left), current, scalars, arrays, stride, k
        before = distance(x, of)
        # Stage 1: a cell that is at its threshold fires now. How long it then waits is counted in whole steps after this
        # one, and from the end of the last of them back to when it is free
        if free and (crossed or before >= 0.0):
            crossed = False
            if lag >= 0.0:  # a second spike in one step: the run is ended
                note_fault(events, cell, TWICE)
            lag = min(left, 0.9999999999999998 * dt)
            time = waiting_time(x, of)
            reset(x, of)
            if events.fault == 0:
                tell(cell, lag, plastic, x, state, stride, k)
            later = time - left  # than the end of this step
            whole_steps = np.int64(max(np.floor((later - SAME) / dt), -1.0))
            waits = np.int64(time) if time <= 0.0 else whole_steps + 2
            free_at[cell] = max((whole_steps + 1) * dt - later, 0.0)
            free, before = time == 0.0, distance(x, of)
            if free and before >= 0.0:
                after, first, last, accurate = move(x, y, 0.0, True, of, rest)
                if first < 0.0:  # it is reset to the threshold, from which it falls
                    free, waits = False, np.int64(BELOW)
                else:
                    note_fault(events, cell, TWICE)
            if events.fault > 0:
                break
        # Stage 2: the next point at which something happens: an event, the end of the refractory time, or that of the step
        stop = lags[event] if event >= 0 else 0.0
        ends = waits == 1 and free_at[cell] >= stop - SAME
        if ends:
            stop = free_at[cell]
        h = left - stop
        cut = h > most
        if cut:
            h = most
        if h > 0.0:
            # Stage 3: move there, or as far as the move is accurate; a part that is not is halved and made again
            after, first, last, accurate = move(x, y, h, free or waits == BELOW, of, rest)
            parts += 1
            if parts > MOST_PARTS or (events.fault > 0 and not accurate):
                note_fault(events, cell, STIFF)
                break
            if not accurate:
                most = 0.5 * h
                continue
            if waits == BELOW and after >= 0.0 and before + first * h < 0.0:  # it was below the threshold on the way
                most = 0.5 * h
                continue
            most = min(2.0 * most, longest)
            # Stage 4: a cell that reached the threshold, at the end or on the way, is moved from x to the crossing only
            if free and not stays_below(before, after, first, last, h):
                within = h if after >= 0.0 else reached_within(x, z, h, of, rest)
                if within > 0.0:
                    h, cut, crossed = crossing(x, z, before, within, of, rest), True, True
                    after, first, last, accurate = move(x, y, h, free, of, rest)
            for i in range(n):
                x[i] = y[i]
            if waits == BELOW and after < 0.0:
                free, waits = True, np.int64(0)
        left = left - h if cut else stop
        if cut:
            continue
        if ends:
            free, waits = True, np.int64(0)
            continue
        if event < 0:
            break
        # Stage 5: all events of this time arrive, before the threshold is looked at again
        while event >= 0 and lags[event] >= stop - SAME:
            amount = amount_of(event, events, synapses, plastic, x, state, stride, k)
            arrive(x, receptors[event], amount, free or waits == BELOW, of)
            event = following[event]
    refractory[k] = waits - 1 if waits > 1 else waits
    for i in range(n):
        state[i * stride + k] = flushed(x[i])
    return lag


<steps>@helper
def count_flags(flag):
    count = np.int32(0)
    for k in range(flag.size):
        count += flag[k]
    return count


@by_address
def advance(cells_, progress_):
    cells, progress = record_at(cells_), record_at(progress_)
    events = record_or_none(cells, "events")
    state, scalars, arrays, stride = array_of(cells.state), array_of(cells.scalars), array_of(cells.arrays), cells.stride
    refractory, current, heads = array_of(cells.refractory), array_of(cells.current), array_of(events.head)[cells.first :]
    flags, spikes, lags = array_of(cells.flags), array_of(progress.spikes), array_of(progress.lags)
    empty, count = progress.parity * progress.capacity, cells.count
    found = empty + progress.total
    begin = np.float64(progress.step) * length_of_step(scalars, arrays, stride, 0)
    for low in range(0, count, <block>):
        high = min(low + <block>, count)
        flag = flags[: high - low]
        # Stage 1: all cells of the block make the step; those in which something happens stay as they were, with a flag
        block(<arguments>)
        for start in range(low, high, <scan>):
            if count_flags(flag[start - low : min(start + <scan>, high) - low]):
                for k in range(start, min(start + <scan>, high)):
                    # Stage 2: those with a flag go from event to event
                    if flag[k - low]:
                        lag = step_of(cells, events, k, begin)
                        if lag >= 0.0:
                            spikes[found], lags[found] = cells.first + k, lag
                            found += 1
    progress.total = found - empty
    return 0
"""
