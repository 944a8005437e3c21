"""Random networks of leaky cells that fire, with gap junctions and delayed couplings, against the reference."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.testing import reference
from brainsim.testing.verification.random_runs import compare

pytestmark = pytest.mark.usefixtures("more_partitions")


class Potentials(bs.RateConnection):
    """A connection that transmits a potential."""

    source_unit = "mV"
    weight_unit = "pA/mV"


def drawn(seed):
    """Return a network of a gap junction and a delayed coupling between cells that fire, its cells, steps and dt."""
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
    return net, cells, steps, dt


@pytest.mark.parametrize("seed", range(12))
def test_spike_for_spike(seed):
    net, cells, steps, dt = drawn(seed)
    result = bs.simulate(net, steps * dt, dt=dt, seed=1, threads=1 + seed % 3)
    found = compare(reference.run(net, steps, dt, 1), result, dt, 1e-9)
    assert found.failures == []
    assert found.narrow is None
    assert found.spikes > 5
    assert found.largest > 0.0
