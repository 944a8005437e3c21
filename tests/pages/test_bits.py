"""A page has the bits of Python: spikes, state and weights."""

import pytest

import brainsim as bs
from tests.pages.engine import run_there


def balanced(n=500, storage="stored"):
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)
    cells = bs.Population(n, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
    exc, inh = cells[: 4 * n // 5].named("excitatory"), cells[4 * n // 5 :].named("inhibitory")
    net = bs.Network(seed=1)
    rule = bs.FixedProbability(0.1)
    net.connect(exc, cells, rule, weight=0.5, delay=1.5, synapse=bs.Delta(), storage=storage)
    net.connect(inh, cells, rule, weight=-2.5, delay=1.5, synapse=bs.Delta(), storage=storage)
    net.stimulate(cells, bs.PoissonInput(rate=10_000.0, weight=0.2, synapse=bs.Delta()))
    return net


@pytest.mark.parametrize("warm", [0.0, 33.3])
def test_a_network_continues_in_node_with_the_same_bits(tmp_path, warm):
    net = balanced()
    here, there = (bs.Simulation(net, seed=2, threads=threads) for threads in (2, 1))
    for sim in (here, there):
        if warm:
            sim.run(warm)
    digest, spikes = run_there(there, [100.0, 0.1, 50.0], tmp_path)
    result = here.run(150.1)
    assert digest == here.digest()
    assert spikes == len(result.spikes["cells"]) > 100
