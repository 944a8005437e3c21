"""Random networks of leaky cells that fire, with gap junctions and delayed couplings, against a twin in plain loops."""

import math

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.usefixtures("more_partitions")


class Potentials(bs.RateConnection):
    """A connection that transmits a potential."""

    source_unit = "mV"
    weight_unit = "pA/mV"


def drawn(seed):
    """Return a network of a gap junction and a delayed coupling between cells that fire, its steps and dt."""
    rng = np.random.default_rng(seed)
    n, dt, steps, orders = int(rng.integers(3, 12)), float(rng.choice([0.1, 0.2])), 400, rng.integers(1, 3, 2).tolist()
    cells = bs.Population(n, bs.LIF(t_ref=1.0), name="cells", initial={"v": rng.uniform(-70.0, -50.0, n)})
    net = bs.Network(seed=seed)
    rule = [bs.FixedProbability(0.5), bs.AllToAll(), bs.FixedTotal(2 * n)][seed % 3]
    weight = bs.Uniform(0.1, 2.0) if seed % 2 else 0.7
    net.connect(cells, cells, rule, weight=weight, synapse=bs.GapJunction(order=orders[0]), name="gap")
    delay = bs.Uniform(dt, 12 * dt) if seed % 4 < 2 else 3 * dt
    given = Potentials(variable="v", order=orders[1], name="given")
    net.connect(cells, cells, bs.FixedIndegree(3), weight=bs.Uniform(-0.5, 0.5), delay=delay, synapse=given, name="late")
    net.stimulate(cells, bs.CurrentInput(rng.uniform(100.0, 500.0, n)))
    return net, cells, steps, dt, orders


def twin(net, cells, steps, dt, orders):
    """Return the potentials at each step, and the spikes as (step, cell)."""
    model, n, (injected,) = cells.model, cells.n, net.inputs
    v, fired, refractory, spikes = [np.array(cells.initial["v"])], [set()], [0] * n, []
    gaps, late = (table(net, name, dt) for name in ("gap", "late"))
    for step in range(steps):
        totals, conductance = [[0.0, 0.0] for _ in range(n)], [0.0] * n
        for i, j, weight, _ in gaps:
            for a, b in ((i, j), (j, i)):
                totals[b][0] += weight * given(v, fired, step, a, orders[0])
                conductance[b] += weight
        for i, j, weight, delay in late:
            totals[j][1] += weight * given(v, fired, step - delay, i, orders[1], late=True)
        new, now = v[-1].copy(), set()
        for k in range(n):
            leak = model.c_m / model.tau_m
            slope = (leak + conductance[k]) / model.c_m
            drive = (leak * model.v_rest + sum(totals[k]) + injected.input.amplitude[k]) / model.c_m
            if refractory[k]:
                refractory[k] -= 1
                continue
            new[k] = drive / slope + (v[-1][k] - drive / slope) * math.exp(-slope * dt)
            if new[k] >= model.v_th:
                new[k], refractory[k] = model.v_reset, round(model.t_ref / dt)
                now.add(k)
                spikes.append((step + 1, k))
        v.append(new)
        fired.append(now)
    return np.array(v), spikes


def given(v, fired, step, cell, order, late=False):
    """Return what a cell gives during a step that begins at a point of time; before 0 what it gives at 0."""
    if step < 0:
        return v[0][cell]
    if order == 1:
        return v[step][cell]
    if late:
        return v[step][cell] if cell in fired[step + 1] else 0.5 * (v[step][cell] + v[step + 1][cell])
    return v[step][cell] if step == 0 or cell in fired[step] else 1.5 * v[step][cell] - 0.5 * v[step - 1][cell]


def table(net, name, dt):
    """Return (source, target, weight, delay in steps) of each pair of a coupling."""
    found = net.synapses(name, dt=dt)
    weights = found.weight.astype(np.float32) if np.ptp(found.weight) else found.weight
    delays = np.rint(found.delay / dt).astype(int)
    return list(zip(*(column.tolist() for column in (found.pre, found.post, weights, delays)), strict=True))


@pytest.mark.parametrize("seed", range(12))
def test_spike_for_spike(seed):
    net, cells, steps, dt, orders = drawn(seed)
    v, spikes = twin(net, cells, steps, dt, orders)
    result = bs.simulate(net, steps * dt, dt=dt, seed=1, threads=1 + seed % 3, record=bs.Trace(cells, "v"))
    found = result.spikes["cells"]
    order = np.lexsort((found.ids, found.times))
    assert [(round(found.times[k] / dt), int(found.ids[k])) for k in order] == sorted(spikes)
    assert len(spikes) > 5
    assert np.abs(result.traces["cells", "v"].values - v).max() < 1e-9
