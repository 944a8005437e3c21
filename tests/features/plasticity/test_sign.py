"""Rules with ``sign=-1``: the weights are those of the same rule with the other sign, to the last bit."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.plasticity.models.pair import PAIRING, WEIGHT_DEPENDENCE

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("more_partitions")]


class Listening(bs.ClopathAdEx):
    """Cells with a variable that counts what arrives, without an effect on their spikes."""

    equations = bs.ClopathAdEx.equations + "\ndq/dt = -q/tau_q"
    tau_q: float = bs.parameter(50.0, "ms", "decay time of q")
    q: float = bs.initial(0.0, "mV", "what has arrived")


class Counted(bs.Synapse):
    """Adds to q, to which no other synapse adds."""

    arrival = "q = q + w"
    weight_unit = "mV"


class Own(bs.Plasticity):
    """A rule of one's own: no bounds, an amplitude that is not linear in w, w between events, a bound that is a sum."""

    equations = "dx/dt = -x/tau"
    between = "w = w + a*elapsed/tau"
    on_pre = "w = w - a*y; y = y + w/w_0"
    on_post = "w = w*(1 + 0.1*x); x = x + 1"
    amplitude = "w*w/w_0"
    bounds = ("0", "w_0 + a")
    tau: float = bs.parameter(20.0, "ms", "time constant")
    a: float = bs.parameter(0.002, "weight", "change")
    w_0: float = bs.parameter(1.0, "weight", "scale")
    x: float = bs.initial(0.0, "", "of the target")
    y: float = bs.initial(0.0, "", "of the synapse")


RULES = {
    **{f"{how}, {pairing}": (bs.STDP, {"weight_dependence": how, "pairing": pairing, "a_plus": 0.05, "a_minus": 0.04,
                                        "mu": 0.3})
       for how, pairing in zip(WEIGHT_DEPENDENCE, (*PAIRING, "all"), strict=True)},
    "triplets": (bs.TripletSTDP, {}),
    "inhibition": (bs.VogelsSTDP, {"rho_0": 20.0, "w_max": 0.7}),
    "reward": (bs.DopamineSTDP, {"n_base": 0.02, "w_max": 1.0}),
    "voltage": (bs.ClopathSTDP, {"homeostatic": True}),
    "differing": (bs.STDP, {"w_max": bs.Uniform(0.6, 1.0), "a_plus": 0.05}),
    "own": (Own, {}),
}  # fmt: skip


def run(kind, given, sign, precision):
    net = bs.Network(seed=1)
    cells = bs.Population(20, Listening(), name="cells", initial={"v": bs.Uniform(-75.0, -55.0)})
    times = [10.0 + 20.0 * k for k in range(9)]
    reward = bs.Population(1, bs.SpikeTrains([times]), name="reward")
    rule = kind(**given, sign=sign)
    wires = net.connect(
        cells,
        cells,
        bs.FixedIndegree(8),
        weight=bs.Uniform(*sorted((sign * 0.2, sign * 0.6))),
        delay=bs.Uniform(1.0, 3.0),
        synapse=Counted(),
        plasticity=rule,
        modulator=reward if rule.plasticity_equations.modulator else None,
        name="wires",
    )
    net.stimulate(cells, bs.PoissonInput(rate=2500.0, weight=2.0, synapse=bs.Delta()))
    sim = bs.Simulation(net, seed=2, threads=2, precision=precision)
    # weights that are sampled from the mirrored range are not the mirrored weights
    sim.set(wires, w=sign * np.linspace(0.1, 0.55, 160))
    sim.run(150.0)
    return sim, wires


@pytest.mark.slow_but("[additive", "[triplets-double", "[inhibition", "[voltage")
@pytest.mark.parametrize(("name", "precision"), [*((name, "double") for name in RULES), ("triplets", "single")])
def test_it_is_the_rule_for_the_other_sign(name, precision):
    (sim, wires), (other, mirrored) = (run(*RULES[name], sign, precision) for sign in (1, -1))
    a, b = sim.synapses(wires), other.synapses(mirrored)
    assert len(sim.result().spikes["cells"]) > 60
    assert np.mean(np.abs(a.weight - np.linspace(0.1, 0.55, 160)) > 1e-6) > 0.5, "they learn"
    np.testing.assert_array_equal(b.weight, -a.weight)
    for column, values in a.columns.items():
        np.testing.assert_array_equal(b.columns[column], values)
    np.testing.assert_array_equal(other.state["cells"]["q"], -sim.state["cells"]["q"])
    np.testing.assert_array_equal(other.result().spikes["cells"].times, sim.result().spikes["cells"].times)


def test_inhibition_by_currents_holds_the_rate():
    net = bs.Network(seed=1)
    cells, inhibition = bs.Population(20, bs.LIF(), name="cells"), bs.Population(100, bs.Poisson(rate=20.0), name="inh")
    net.stimulate(cells, bs.CurrentInput(np.linspace(400.0, 600.0, 20)))
    rule = bs.VogelsSTDP(rho_0=5.0, eta=1.0, w_max=500.0, sign=-1)
    wires = net.connect(inhibition, cells, bs.AllToAll(), weight=0.0, delay=1.0, synapse=bs.Exponential(tau=10.0),
                        plasticity=rule)  # fmt: skip
    sim = bs.Simulation(net, seed=2)
    before = sim.run(1000.0).spikes["cells"].rate()
    sim.run(20_000.0)
    after = sim.run(20_000.0).spikes["cells"].counts() / 20.0
    assert before > 10.0
    np.testing.assert_allclose(after, 5.0, atol=1.0)
    assert sim.synapses(wires).weight.max() <= 0.0
    trace = bs.simulate(net, 100.0, seed=2, record=bs.WeightTrace(wires, bins=5)).weights[wires]
    np.testing.assert_array_equal(trace.edges, np.linspace(-500.0, 0.0, 6))


def test_normalisation_of_negative_weights():
    cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
    options = {"weight": -0.5, "delay": 1.0, "synapse": bs.Delta(), "plasticity": bs.STDP(sign=-1)}
    wires = net.connect(cells, cells, bs.FixedIndegree(5), homeostasis=bs.Normalisation(-2.0, every=1.0), **options)
    sim = bs.Simulation(net, seed=1)
    sim.run(1.0)
    assert np.allclose(sim.synapses(wires).weight, -0.4)
    with pytest.raises(ValueError, match=r"total: must be < 0, as the weights are, by the bounds of STDP\(sign=-1\)"):
        sim.normalise(wires, 2.0)


def test_what_it_is_called():
    rule = bs.VogelsSTDP(w_max=2.0, sign=-1)
    assert repr(rule) == "VogelsSTDP(w_max=2.0, sign=-1)"
    assert rule != bs.VogelsSTDP(w_max=2.0)
    assert rule.limits() == (-2.0, 0.0)
    assert rule.bound_texts() == ("-w_max", "0")
    with pytest.raises(TypeError, match="unknown parameter 'sign'"):
        bs.TsodyksMarkram(sign=-1)
