"""The slow twin: LIF networks in plain loops, with the time grid of the engine and none of its tricks.

One step from t_k to t_k+1: the state moves by closed formulas, events due at t_k+1 are added, threshold, reset.
Synapses are the textbook ones: 'delta' (mV), 'exponential' (pA), 'alpha' (pA, weight is the peak), with `tau` in ms.
"""

import math


def simulate_lif(n, params, connections, steps, dt, *, v0, i_ext=None, events=()):
    """Return (spikes, v): spikes as a sorted list of (step, cell), and v as rows for the steps 0 ... `steps`.

    params: tau_m c_m v_rest v_th v_reset t_ref. connections: (source, target, weight, delay steps, kind, tau).
    events: (step at which they act, target, weight, kind, tau). i_ext: pA per cell.
    """
    taus = sorted({(kind, tau) for *_, kind, tau in [*connections, *events] if kind != "delta"})
    tau_m, c_m = params["tau_m"], params["c_m"]
    v, rest = list(v0), params["v_rest"]
    i_ext = [0.0] * n if i_ext is None else list(i_ext)
    current = {key: [0.0] * n for key in taus}
    rise = {key: [0.0] * n for key in taus}
    refractory = [0] * n
    due = {}
    for step, target, weight, kind, tau in events:
        due.setdefault(step, []).append((target, weight, kind, tau))
    outgoing = {}
    for source, target, weight, delay, kind, tau in connections:
        outgoing.setdefault(source, []).append((target, weight, delay, kind, tau))
    spikes, rows = [], [list(v)]
    decay_m = math.exp(-dt / tau_m)
    for k in range(1, steps + 1):
        for cell in range(n):
            moved = rest + (v[cell] - rest) * decay_m + i_ext[cell] * tau_m / c_m * (1.0 - decay_m)
            for key in taus:
                kind, tau = key
                moved += psp(kind, tau, tau_m, dt, current[key][cell], rise[key][cell]) / c_m
                e = math.exp(-dt / tau)
                current[key][cell] = (current[key][cell] + rise[key][cell] * dt) * e
                rise[key][cell] *= e
            if refractory[cell] == 0:
                v[cell] = moved
        for target, weight, kind, tau in due.pop(k, ()):
            if kind == "delta":
                v[target] += weight if refractory[target] == 0 else 0.0
            elif kind == "exponential":
                current[kind, tau][target] += weight
            else:
                rise[kind, tau][target] += weight * math.e / tau
        for cell in range(n):
            if refractory[cell] > 0:
                refractory[cell] -= 1
            elif v[cell] >= params["v_th"]:
                v[cell] = params["v_reset"]
                refractory[cell] = round(params["t_ref"] / dt)
                spikes.append((k, cell))
                for target, weight, delay, kind, tau in outgoing.get(cell, ()):
                    due.setdefault(k + delay, []).append((target, weight, kind, tau))
        rows.append(list(v))
    return spikes, rows


def psp(kind, tau, tau_m, dt, current, rise):
    """Return c_m times the voltage that a synaptic current adds over one step, by quadrature of the convolution.

    The integral of exp(-(dt - s)/tau_m) i(s) over the step; 8-point Gauss-Legendre is exact to rounding for smooth i.
    """
    total = 0.0
    for x, weight in GAUSS:
        s = 0.5 * dt * (x + 1.0)
        i = current * math.exp(-s / tau) if kind == "exponential" else (current + rise * s) * math.exp(-s / tau)
        total += weight * math.exp(-(dt - s) / tau_m) * i
    return 0.5 * dt * total


def _gauss(points):
    import numpy as np

    return [(float(x), float(w)) for x, w in zip(*np.polynomial.legendre.leggauss(points), strict=True)]


GAUSS = _gauss(8)
