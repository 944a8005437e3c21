"""A page has the bits of Python: spikes, state and weights."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.pages.export import Export
from brainsim.pages.page import alone, bind, contents
from brainsim.pages.writing import elements
from tests.pages.engine import answers, run_there


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


def moved(net, controls, buttons, plan, folder, **options):
    """Return the digests here and there of a run in which controls are moved and buttons pressed.

    `plan` is a list of durations [ms], of (number of a control, position), and of numbers of buttons.
    """
    here, there = (bs.Simulation(net, seed=2, threads=1, **options) for _ in range(2))
    bound, messages = bind(here, controls), []
    for part in plan:
        if isinstance(part, float):
            here.run(part)
            messages.append(part)
        elif isinstance(part, tuple):
            k, position = part
            bound[k].set(here, bound[k].values[position])
            messages.append({"type": "control", "control": k, "position": position})
        else:
            buttons[part].press(here)
            messages.append({"type": "button", "button": part})
    return here.digest(), run_there(there, messages, folder, controls, buttons)[0]


def test_controls_and_buttons_have_the_bits_of_set_and_of_the_state(tmp_path):
    net = balanced()
    cells, (_, inhibition) = net.populations["cells"], net.projections
    controls = [
        bs.Control(net.inputs[0], "rate", 5_000.0, 15_000.0, steps=5),
        bs.Control(inhibition, "weight", -5.0, 0.0, steps=21),
        bs.Control(cells, "tau_m", values=[10.0, 20.0, 30.0]),
    ]
    buttons = [bs.Button("push", cells[50:60], "v", add=3.3), bs.Button("reset", cells[::7], "v", to=1.0)]
    plan = [20.0, (0, 4), 13.3, (1, 1), 1, (2, 0), 0.1, 0, 20.0, (1, 4), (0, 0), (2, 2), 25.0, 0, (0, 3), 5.0]
    here, there = moved(net, controls, buttons, plan, tmp_path)
    assert here == there


def test_an_input_that_two_views_have_is_moved_for_both(tmp_path):
    cells, drive, net = bs.Population(10, bs.LIF(), name="cells"), bs.CurrentInput(300.0), bs.Network(seed=1)
    net.stimulate(cells[:5], drive)
    net.stimulate(cells[5:], drive)
    control = bs.Control(drive, "amplitude", values=[300.0, 500.0])
    here, there = (bs.Simulation(net, seed=2, threads=1) for _ in range(2))
    here.set(drive, amplitude=500.0)
    here.run(30.0)
    moved_there = run_there(there, [{"type": "control", "control": 0, "position": 1}, 30.0], tmp_path, [control])
    assert moved_there == (here.digest(), 30)


@pytest.mark.parametrize("every", [1, 3], ids=["by a table", "cell by cell"])
def test_a_rate_goes_to_0_and_back(tmp_path, every):
    cells = bs.Population(60, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells[::every], bs.PoissonInput(rate=0.0, weight=2.0, synapse=bs.Delta()), name="drive")
    control = bs.Control("drive", "rate", values=[0.0, 1.0, 9_000.0])
    here, there = moved(net, [control], [], [5.0, (0, 2), 20.0, (0, 0), 10.0, (0, 1), 0.1, (0, 2), 20.0], tmp_path)
    assert here == there


@pytest.mark.parametrize("precision", ["double", "single"])
def test_events_under_way_get_another_weight(tmp_path, precision):
    """It is moved after the spikes and before they arrive; in single precision the store still has weights in double."""
    trains = bs.Population(3, bs.SpikeTrains([1.0, 2.0, 2.5], [0, 2, 1]), name="trains")
    cells = bs.Population(4, bs.LIF(tau_m=20.0), name="cells")
    net = bs.Network(seed=1)
    net.connect(trains, cells, bs.AllToAll(), weight=1.0, delay=5.0, synapse=bs.Delta(), name="weak")
    control = bs.Control("weak", "weight", values=[0.97, 1.0, 1.02])
    here, there = moved(net, [control], [], [3.0, (0, 2), 10.0], tmp_path, precision=precision)
    assert here == there


@pytest.mark.parametrize("precision", ["double", "single"])
def test_weights_of_two_populations_pass_each_other(tmp_path, precision):
    """Those of four projections are two numbers first, so that their synapses would share segments."""
    ends = [bs.Population(n, bs.LIF(), name=name) for n, name in ((80, "E"), (20, "I"))]
    net = bs.Network(seed=1)
    for pre, weight in zip(ends, (1.0, -4.0), strict=True):
        for post in ends:
            rule, name = bs.FixedIndegree(10), pre.name + post.name
            net.connect(pre, post, rule, weight=weight, delay=1.5, synapse=bs.Delta(), name=name)
    net.stimulate(ends[0] + ends[1], bs.PoissonInput(rate=9000.0, weight=1.0, synapse=bs.Delta()))
    controls = [bs.Control(name, "weight", values=[0.3, 1.0, 1.7]) for name in ("EE", "EI")]
    controls.append(bs.Control("IE", "weight", values=[-4.4, -4.0, -3.1]))
    plan = [20.0, (0, 2), 7.3, (1, 0), (2, 2), 15.0, (0, 0), (1, 2), 20.0, (2, 0), 5.0]
    here, there = moved(net, controls, [], plan, tmp_path, precision=precision)
    assert here == there


@pytest.mark.parametrize(
    ("plasticity", "sign"), [(bs.STDP(w_max=3.0), 0.1), (bs.TsodyksMarkram(), -1.0)], ids=["STDP", "TM"]
)
def test_a_weight_passes_those_of_synapses_with_plasticity(tmp_path, plasticity, sign):
    """A difference in the last bit is forgotten soon, so the end is while the weight is moved."""
    cells = bs.Population(60, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    for name, weight, rule in (("plastic", 1.13, plasticity), ("moved", 0.57, None)):
        wires = {"weight": sign * weight, "delay": 1.5, "synapse": bs.Delta(), "name": name, "plasticity": rule}
        net.connect(cells, cells, bs.FixedIndegree(20), **wires)
    net.stimulate(cells, bs.PoissonInput(rate=9000.0, weight=0.3 if sign > 0 else 0.837, synapse=bs.Delta()))
    control = bs.Control("moved", "weight", values=sorted(sign * value for value in (0.21, 0.57, 1.51)))
    here, there = moved(net, [control], [], [20.0, (0, 2 if sign > 0 else 0), 100.0], tmp_path)
    assert here == there


def test_weights_between_the_same_cells_do_not_pass_each_other(tmp_path):
    cells = bs.Population(20, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    for name, weight in (("strong", 2.0), ("weak", 1.0)):
        net.connect(cells, cells, bs.FixedIndegree(5), weight=weight, delay=1.0, synapse=bs.Delta(), name=name)
    apart = [bs.Control("weak", "weight", 0.0, 1.4), bs.Control("strong", "weight", 1.5, 3.0)]
    bs.page(net, tmp_path / "a.html", apart)
    with pytest.raises(ValueError, match="can pass the weight of 'strong', 2, from the same cells to the same cells"):
        bs.page(net, tmp_path / "b.html", [bs.Control("weak", "weight", 0.0, 3.0)])
    apart[1] = bs.Control("strong", "weight", 1.3, 3.0)
    with pytest.raises(ValueError, match="'weak'.*can pass the weight of 'strong', 1.3 to 3"):
        bs.page(net, tmp_path / "b.html", apart)
    assert not (tmp_path / "b.html").exists()


@pytest.mark.thorough
def test_spikes_at_the_start_count(tmp_path):
    trains = bs.Population(5, bs.SpikeTrains([0.0, 0.0, 1.0, 2.5], [1, 3, 2, 4]), name="trains")
    cells = bs.Population(20, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(trains, cells, bs.AllToAll(), weight=30.0, delay=0.5, synapse=bs.Delta())
    here, there = (bs.Simulation(net, seed=2, threads=1) for _ in range(2))
    here.run(2.0)
    assert run_there(there, [1.0, 1.0], tmp_path) == (here.digest(), 21)


class Leaky(bs.Neuron):
    """A user's model, with an exponential and a random number."""

    equations = "dv/dt = (v_rest - v + delta*exp((v - v_soft)/delta))/tau + I/c; dw/dt = -w/tau"
    threshold = "v > v_soft + 5*delta*rand()"
    reset = "v = v_rest; w = w + 1"

    tau = bs.parameter(20.0, "ms", "time constant", above=0.0)
    c = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest = bs.parameter(-65.0, "mV", "rest")
    v_soft = bs.parameter(-50.0, "mV", "where it rises")
    delta = bs.parameter(2.0, "mV", "sharpness", above=0.0)
    v = bs.initial("v_rest", "mV", "potential")
    w = bs.initial(0.0, "", "count")


def connected(synapse, weight, n=60, model=None, **options):
    """A network of cells that are driven, connected by a synapse of some kind."""
    cells = bs.Population(n, bs.LIF() if model is None else model, name="cells", initial={"v": bs.Uniform(-65.0, -52.0)})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedProbability(0.2), weight=weight, synapse=synapse, name="wires", **options)
    net.stimulate(cells, bs.CurrentInput(400.0), name="current")
    return net


CURRENT = bs.Exponential(tau=5.0)
RULES = {"plasticity": bs.STDP(w_max=60.0), "delay": bs.Uniform(0.5, 3.0)}
NETWORKS = {
    "stdp": lambda: connected(CURRENT, bs.Uniform(0.0, 40.0), **RULES),
    "gap junctions": lambda: connected(bs.GapJunction(), 0.5),
    "conductances": lambda: connected(bs.ExponentialConductance(tau=5.0, e_rev=0.0), 0.5, delay=1.0),
    "channels": lambda: connected(CURRENT, 20.0, 20, bs.HodgkinHuxley(), delay=1.0),
    "model of a user": lambda: connected(CURRENT, 20.0, model=Leaky(), delay=1.0),
    "short-term": lambda: connected(CURRENT, 40.0, plasticity=bs.TsodyksMarkram(), delay=1.0),
    "exact times": lambda: connected(CURRENT, 20.0, delay=1.0),
    "single": lambda: connected(CURRENT, 20.0, delay=1.0),
}
LEARNING = {"weight": bs.Uniform(0.0, 40.0)} | RULES
NETWORKS |= {
    "stdp at exact times": NETWORKS["stdp"],
    "normalised": lambda: connected(CURRENT, **LEARNING, homeostasis=bs.Normalisation(100.0, every=7.3)),
    "normalised by source": lambda: connected(CURRENT, **LEARNING, homeostasis=bs.Normalisation(100.0, 7.3, "source")),
    "scaled": lambda: connected(CURRENT, **LEARNING, homeostasis=bs.Scaling(20.0, tau=50.0, beta=0.05, every=3.3)),
}
OPTIONS = {"exact times": {"precise": True}, "stdp at exact times": {"precise": True}, "single": {"precision": "single"}}

COMMON = ("stdp",)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in COMMON else pytest.mark.thorough) for name in NETWORKS]
)
def test_all_kinds_of_networks(tmp_path, name):
    """The current is moved on the way, and all cells are pushed."""
    net = NETWORKS[name]()
    controls = [bs.Control("current", "amplitude", 300.0, 500.0, steps=3)]
    buttons = [bs.Button("push", net.populations["cells"], "v", add=0.5)]
    here, there = moved(
        net, controls, buttons, [30.0, (0, 2), 7.7, 0, 40.0, (0, 0), 30.0], tmp_path, **OPTIONS.get(name, {})
    )
    assert here == there


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["stdp", "stdp at exact times", "scaled"])
def test_addresses_of_functions_are_in_records_only(name):
    """Arrays of plain numbers are not searched, so a page would call what is not there."""
    reached = Export(bs.Simulation(NETWORKS[name](), seed=2, threads=1, **OPTIONS.get(name, {}))).image.reached
    plain = [a for key, a in reached.arrays.items() if key not in reached.blank and not reached.has_addresses(a)]
    whole = [array.ravel().view(np.int64) for array in plain if array.dtype.kind in "iu" and array.itemsize == 8]
    assert len(whole) > 3
    assert not [array for array in whole if np.isin(array, [*reached.codes]).any()]


@pytest.mark.thorough
def test_the_exact_fma_has_the_bits_of_the_processor(tmp_path):
    """As in browsers without relaxed SIMD, or whose processor has no fma."""
    net = NETWORKS["conductances"]()
    here, there = (bs.Simulation(net, seed=2, threads=1) for _ in range(2))
    about, blobs = contents(alone(there))
    (way, size), about["engine"]["codes"] = about["engine"]["codes"][0], about["engine"]["codes"][1:]
    assert way == "relaxed"
    blobs["code"] = blobs["code"][size:]
    found = answers(elements(about, blobs), [{"type": "advance", "steps": 500}, {"type": "digest"}], tmp_path)
    assert found[0]["way"] == "exact"
    here.run(50.0)
    assert found[-1]["text"] == here.digest()


def test_a_page_starts_again_with_the_same_spikes_and_the_controls_as_they_are(tmp_path):
    net = balanced(200)
    sim = bs.Simulation(net, seed=2, threads=1)
    controls = [bs.Control("cells", "tau_m", values=[10.0, 20.0])]
    run, digest, again = {"type": "advance", "steps": 300}, {"type": "digest"}, {"type": "restart"}
    plan = [run, digest, again, run, digest, {"type": "control", "control": 0, "position": 0}, again, run, digest]
    found = [a["text"] for a in answers(elements(*contents(alone(sim), controls)), plan, tmp_path) if a["type"] == "digest"]
    assert found[0] == found[1] != found[2]
    sim.set("cells", tau_m=10.0)
    sim.run(30.0)
    assert found[2] == sim.digest()


def test_what_a_frame_shows(tmp_path):
    """Traces are the state after each sample."""
    net = NETWORKS["stdp"]()
    sim = bs.Simulation(net, seed=2, threads=1)
    about, blobs = contents(alone(sim))
    watch = {"type": "watch", "traces": [{"variable": 0, "cell": 3}, {"variable": 0, "cell": 59}], "every": 5}
    plan = [watch, {"type": "advance", "steps": 20}]
    frame = answers(elements(about, blobs), plan, tmp_path)[-1]
    assert frame["traceSteps"] == [5, 10, 15, 20]
    for k, step in enumerate(frame["traceSteps"]):
        sim.run(step * 0.1 - sim.time)
        assert [trace[k] for trace in frame["traces"]] == pytest.approx(sim.state["cells"]["v"][[3, 59]].tolist(), rel=1e-6)
    assert about["variables"][0].items() >= {"name": "v", "unit": "mV", "population": 0, "threshold": -50.0}.items()
    assert about["weights"][0]["count"] == sim.synapses("wires").weight.size
