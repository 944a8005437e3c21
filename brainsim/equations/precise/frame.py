"""The frame of a kernel of exact spike times: what it does with a cell in a step, whatever the model.

Times within a step are counted from its end, ``left`` ms: the lag of a spike is what is left of the step, and events are
sorted by their lags. A cell on which nothing acts in a step makes it at once. Otherwise it goes from one event to the next,
and to the end of its refractory time; before each, the time at which it reaches the threshold is looked for.

That v crosses the threshold and returns before the next event is found where its distance to the threshold rises at the
beginning and falls at the end: a bound on its maximum comes from both slopes, and the maximum is looked for if the bound is
above the threshold.

If the equations are not linear, a part of a step is halved until the error of the Runge-Kutta method is below a share of
each variable, which falls with the fourth power of dt, as the errors of the other parts do. So the steep rise of v in a
spike of an exponential integrate-and-fire cell is followed as closely as the rest.

A cell whose refractoriness is the threshold itself, such as one with channels, may fire again when it is below it.

Events less than `SAME` apart are one event, so that rounding does not decide whether a spike is sent before the second of
two that belong together. An event at the end of the refractory time acts on the cell, as in NEST's precise models.
"""

SAME = 1e-11  # ms
BELOW = -1  # in place of the steps of the refractory time: until the cell is below the threshold
ERROR, SMALL = 0.01, 1e-3  # of a part, relative to a variable, if dt is 1 ms; a variable that is smaller counts as this

# the solution as a power series: y + h f(y) + h**2/2 A f(y) + ..., where A x = f(x) - f(0)
MOVE_BY_SERIES = """@helper
def move(_x, _y, h, _free, _of, _work):
    n = _x.size
    term, at_zero, slope, zero = _work[:n], _work[n : 2 * n], _work[2 * n : 3 * n], _work[3 * n : 4 * n]
    zero[:] = 0.0
    slopes(zero, at_zero, _free, _of)
    slopes(_x, term, _free, _of)
    factor = h
    for i in range(n):
        _y[i] = _x[i]
    for k in range(2, 30):
        changed = False
        for i in range(n):
            term[i] *= factor
            y = _y[i] + term[i]
            changed |= y != _y[i]
            _y[i] = y
        if not changed:
            break
        slopes(term, slope, _free, _of)
        for i in range(n):
            term[i] = slope[i] - at_zero[i]
        factor = h / k


@helper
def is_accurate(x, y, h, free, of, work):
    return True


"""

# the difference of two solutions, of the fourth and of the third order, of which the latter has the slope at the end in
# place of that at the last stage; both weights are those of Simpson's rule
WHOLE_IN_PARTS = """@helper
def is_accurate(x, y, h, free, of, work):
    \"\"\"Return whether a move of h ms from x to y, which has just been made, is as accurate as dt demands.\"\"\"
    t, current, scalars, arrays, stride, cell = of
    n, dt = x.size, length_of_step(scalars, arrays, stride, cell)
    slopes(y, work[n : 2 * n], free, of)
    share = max(ERROR * dt**4, 1e-13)
    close = h < 1e-12 * dt
    for i in range(n):
        error = abs(work[i] - work[n + i]) * h / 6.0
        close |= error <= share * max(abs(x[i]), abs(y[i]), SMALL)
        if not close:
            return False
        close = h < 1e-12 * dt
    return True


@helper
def whole(_x, _y, _free, _of, _work):
    t, current, scalars, arrays, stride, cell = _of
    n, h, close = _x.size, length_of_step(scalars, arrays, stride, cell) / <parts>, True
    before = _work[2 * n : 3 * n]
    for i in range(n):
        before[i] = _x[i]
    for part in range(<parts>):
        of = t + part * h, current, scalars, arrays, stride, cell
        move(before, _y, h, _free, of, _work)
        close &= is_accurate(before, _y, h, _free, of, _work)
        for i in range(n):
            before[i] = _y[i]
    return close


"""

FRAME = """@helper
def reached_within(x, y, h, of, work):
    \"\"\"Return a time at which the threshold is exceeded on the way of h ms from x to y, 0.0 if there is none.\"\"\"
    n = x.size
    d, z = work[4 * n : 5 * n], work[5 * n : 6 * n]
    after = distance(y, of)
    if after >= 0.0:
        return h
    slopes(x, d, True, of)
    first = rate(x, d, of)
    if first <= 0.0:
        return 0.0
    slopes(y, d, True, of)
    last = rate(y, d, of)
    if last >= 0.0:
        return 0.0
    before = distance(x, of)
    if not before + first * (after - before - last * h) / (first - last) >= 0.0:
        return 0.0
    low, high = 0.0, h
    for _ in range(50):
        at = 0.5 * (low + high)
        move(x, z, at, True, of, work)
        if distance(z, of) >= 0.0:
            return at
        slopes(z, d, True, of)
        if rate(z, d, of) > 0.0:
            low = at
        else:
            high = at
    return 0.0


@helper
def crossing(x, high, of, work):
    \"\"\"Return when a cell on its way from x reaches the threshold, which it exceeds after `high` ms (Newton).\"\"\"
    n = x.size
    d, z = work[4 * n : 5 * n], work[5 * n : 6 * n]
    low, below = 0.0, distance(x, of)
    move(x, z, high, True, of, work)
    at = high * below / (below - distance(z, of))
    for _ in range(60):
        move(x, z, at, True, of, work)
        gap = distance(z, of)
        if gap >= 0.0:
            high = at
        else:
            low = at
        slopes(z, d, True, of)
        following = at - gap / rate(z, d, of)
        if not (low < following and following < high):
            following = 0.5 * (low + high)
        if abs(following - at) <= 1e-15 * high:
            return following
        at = following
    return at


@helper
def walk(cells, events, k, begin, x, y, work):
    \"\"\"Move a cell from event to event to the end of a step; return the lag of its spike, -1.0 if it does not fire.\"\"\"
    scalars, arrays, stride = array_of(cells.scalars), array_of(cells.arrays), cells.stride
    refractory, free_at, head = array_of(cells.refractory), array_of(events.free), array_of(events.head)
    following, lags = array_of(events.following), array_of(events.lag)
    receptors, weights = array_of(events.receptor), array_of(events.weight)
    cell, current = cells.first + k, array_of(cells.current)[k]
    dt, longest = length_of_step(scalars, arrays, stride, k), longest_part(scalars, arrays, stride, k)
    most = longest
    event, waits, left, lag, crossed = head[cell], np.int64(refractory[k]), dt, -1.0, False
    head[cell], free = -1, waits == 0
    while True:
        of = begin + (dt - left), current, scalars, arrays, stride, k
        if free and (crossed or distance(x, of) >= 0.0):
            crossed = False
            if lag >= 0.0:  # a second spike in one step: the run is ended
                events.twice = cell + 1
            lag = min(left, 0.9999999999999998 * dt)
            time = waiting_time(x, of)
            reset(x, of)
            later = time - left  # than the end of this step
            whole_steps = np.int64(max(np.floor((later - SAME) / dt), -1.0))
            waits = np.int64(time) if time <= 0.0 else whole_steps + 2
            free_at[cell] = max((whole_steps + 1) * dt - later, 0.0)
            free = time == 0.0
            if events.twice > 0 or (free and distance(x, of) >= 0.0):
                events.twice = cell + 1
                return lag
        stop = lags[event] if event >= 0 else 0.0
        ends = waits == 1 and free_at[cell] >= stop - SAME
        if ends:
            stop = free_at[cell]
        h = left - stop
        cut = h > most
        if cut:
            h = most
        if h > 0.0:
            move(x, y, h, free, of, work)
            if not is_accurate(x, y, h, free, of, work):
                most = 0.5 * h
                continue
            most = min(2.0 * most, longest)
            within = reached_within(x, y, h, of, work) if free else 0.0
            if within > 0.0:
                h, cut, crossed = crossing(x, within, of, work), True, True
                move(x, y, h, free, of, work)
            for i in range(x.size):
                x[i] = y[i]
            if waits == BELOW and distance(x, of) < 0.0:
                free, waits = True, np.int64(0)
        left = left - h if cut else stop
        if cut:
            continue
        if ends:
            free, waits = True, np.int64(0)
            continue
        if event < 0:
            break
        while event >= 0 and lags[event] >= stop - SAME:
            arrive(x, receptors[event], weights[event], free, of)
            event = following[event]
    refractory[k] = waits - 1 if waits > 1 else waits
    return lag


@helper
def step_of(cells, events, k, begin):
    \"\"\"Advance a cell by one step; return how long before its end the cell fired [ms], -1.0 if it did not.\"\"\"
    state, refractory, work = array_of(cells.state), array_of(cells.refractory), array_of(events.work)
    scalars, arrays, stride, n = array_of(cells.scalars), array_of(cells.arrays), cells.stride, <n>
    x, y, rest = work[:n], work[n : 2 * n], work[2 * n :]
    for i in range(n):
        x[i] = state[i * stride + k]
    waits, lag, done = refractory[k], -1.0, False
    of = begin, array_of(cells.current)[k], scalars, arrays, stride, k
    if array_of(events.head)[cells.first + k] < 0 and waits != 1:
        close = whole(x, y, waits == 0, of, rest)
        if close and waits != 0:
            done = True
            if waits > 0:
                refractory[k] = waits - 1
            elif distance(y, of) < 0.0:
                refractory[k] = 0
        elif close and distance(x, of) < 0.0:
            done = reached_within(x, y, length_of_step(scalars, arrays, stride, k), of, rest) == 0.0
    if done:
        for i in range(n):
            state[i * stride + k] = y[i]
        return lag
    lag = walk(cells, events, k, begin, x, y, rest)
    for i in range(n):
        state[i * stride + k] = flushed(x[i])
    return lag


@by_address
def advance(cells_, progress_):
    cells, progress = record_at(cells_), record_at(progress_)
    events = record_or_none(cells, "events")
    spikes, lags = array_of(progress.spikes), array_of(progress.lags)
    empty = progress.parity * progress.capacity
    found = empty + progress.total
    begin = np.float64(progress.step) * length_of_step(array_of(cells.scalars), array_of(cells.arrays), cells.stride, 0)
    for k in range(cells.count):
        lag = step_of(cells, events, k, begin)
        if lag >= 0.0:
            spikes[found], lags[found] = cells.first + k, lag
            found += 1
    progress.total = found - empty
    return 0
"""
