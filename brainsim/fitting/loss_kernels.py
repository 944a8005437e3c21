"""Loops over the spikes of all candidates in their order of time, which add to the losses while a simulation runs."""

import math

from brainsim.jit.decorators import kernel


@kernel
def add_coincidences(times, cells, target, window, next_of, found):
    """Count in `found` how many spikes of each cell coincide with one of the target, each with one at most.

    Spikes lie in the order of time. `next_of` is the first spike of the target with which the next one of a cell may
    coincide; it is kept from one chunk to the next. To pair each spike with the earliest one that is left makes the most
    pairs.
    """
    for k in range(times.size):
        cell = cells[k]
        i = next_of[cell]
        while i < target.size and target[i] < times[k] - window:
            i += 1
        if i < target.size and target[i] <= times[k] + window:
            found[cell] += 1
            i += 1
        next_of[cell] = i


@kernel
def add_filtered(times, cells, target, tau, next_of, x, last, total):
    """Add to `total` what spikes add to the integral of x^2 / tau; x jumps up with them, down with those of the target.

    ``x`` and ``last`` are the filtered difference of each cell and the time at which it was computed.
    """
    for k in range(times.size):
        cell = cells[k]
        _pass_target(times[k], cell, target, tau, next_of, x, last, total)
        x[cell] *= math.exp((last[cell] - times[k]) / tau)
        total[cell] += x[cell] + 0.5
        x[cell] += 1.0
        last[cell] = times[k]


@kernel
def add_rest_of_target(until, target, tau, next_of, x, last, total):
    """Add to `total` what spikes of the target up to a time add that no later spike of a cell has passed."""
    for cell in range(x.size):
        _pass_target(until, cell, target, tau, next_of, x, last, total)


@kernel
def _pass_target(until, cell, target, tau, next_of, x, last, total):
    i = next_of[cell]
    while i < target.size and target[i] <= until:
        x[cell] *= math.exp((last[cell] - target[i]) / tau)
        total[cell] += 0.5 - x[cell]
        x[cell] -= 1.0
        last[cell] = target[i]
        i += 1
    next_of[cell] = i


@kernel
def add_own_pairs(times, cells, window, recent, head, found):
    """Count in `found` the ordered pairs of spikes of each cell at most `window` apart, each with itself among them.

    ``recent`` has the last spikes of each cell, as many as fit into the window, and ``head`` where the next one goes.
    """
    room = recent.shape[1]
    for k in range(times.size):
        cell = cells[k]
        found[cell] += 1
        for i in range(room):
            if times[k] - recent[cell, i] <= window:
                found[cell] += 2
        recent[cell, head[cell]] = times[k]
        head[cell] = (head[cell] + 1) % room


@kernel
def add_squares(v, target, total):
    """Add the squares of the difference from the target to `total`, sample by sample, so that chunks do not matter."""
    for i in range(v.shape[0]):
        wanted, row = target[i], v[i]
        for k in range(total.size):
            total[k] += (row[k] - wanted) * (row[k] - wanted)


@kernel
def add_rows(values, total):
    """Add the rows of an array to `total`, one by one."""
    for i in range(values.shape[0]):
        for k in range(total.size):
            total[k] += values[i, k]


@kernel
def add_escape(u, spike, dt, total):
    """Add -log of the probability of a spike, or of none, to `total`: its rate is exp(u) per ms, 0 where u is -inf."""
    for i in range(u.shape[0]):
        for k in range(total.size):
            m = dt * math.exp(min(u[i, k], 50.0))
            if not spike[i]:
                total[k] += min(m, 50.0)
            elif m < 1e-20:
                total[k] += 50.0
            else:
                total[k] -= math.log(-math.expm1(-m))


@kernel
def add_curvature(u, first_order, second_order, spans, hessian, gradient, slopes):
    """Add what samples say of gradient and curvature; the slopes of u are central differences over `spans`.

    ``u`` has, for each start, a column for itself and two for each free parameter, further up and further down.
    """
    starts, free = spans.shape
    for i in range(u.shape[0]):
        for s in range(starts):
            at, weight = s * (1 + 2 * free), second_order[i, s]
            if not math.isfinite(u[i, at]):
                continue
            for k in range(free):
                up, down = u[i, at + 1 + 2 * k], u[i, at + 2 + 2 * k]
                slopes[k] = (up - down) / spans[s, k] if math.isfinite(up) and math.isfinite(down) else 0.0
                gradient[s, k] += first_order[i, s] * slopes[k]
                for j in range(k + 1):
                    hessian[s, k, j] += weight * slopes[k] * slopes[j]


@kernel
def add_products(residual, products, squares):
    """Add up the squares of residuals, and their products with the one before."""
    for i in range(1, residual.size):
        products += residual[i] * residual[i - 1]
        squares += residual[i] * residual[i]
    return products, squares
