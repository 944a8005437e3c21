"""The same bits for any number of threads, any cutting of the run, with and without recording, and after a restore."""

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.usefixtures("more_partitions")

DT = 0.1
SEED = 5


def build():
    """About 700 cells with every path of the engine in it; returns (network, its parts by name)."""
    rng = np.random.default_rng(1)
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-60.0, v_th=-50.0, v_reset=-60.0, t_ref=2.0)
    cells = bs.Population(600, lif, name="cells", initial={"v": bs.Uniform(-60.0, -50.0)})
    # a parameter that differs from cell to cell: a kernel of its own; a conductance makes it one of exponential Euler
    varied = bs.Population(61, bs.LIF(tau_m=bs.Uniform(10.0, 25.0), t_ref=1.0), name="varied")
    noise = bs.Population(50, bs.Poisson(rate=bs.Uniform(5.0, 40.0)), name="noise")
    times = np.sort(np.round(rng.uniform(0.0, 1000.0, 3000), 1))
    times[0] = 0.0
    train = bs.Population(20, bs.SpikeTrains(times, rng.integers(0, 20, 3000)), name="train")
    exc, inh = cells[:480], cells[480:]
    delta, slow, alpha = bs.Delta(), bs.Exponential(tau=5.0, name="slow"), bs.Alpha(tau=1.0)
    ampa = bs.ExponentialConductance(tau=3.0, name="ampa")

    net = bs.Network(seed=3)
    net.connect(exc, cells, bs.FixedIndegree(40), weight=0.2, delay=bs.Uniform(0.3, 3.0), synapse=delta)
    clipped = bs.Clipped(bs.Normal(1.5, 0.5), low=0.5)
    net.connect(inh, cells, bs.FixedProbability(0.1), weight=bs.Normal(-60.0, 10.0), delay=clipped, synapse=slow)
    net.connect(exc, cells, bs.FixedOutdegree(5), weight=bs.Uniform(10.0, 30.0), delay=5.0, synapse=slow)
    # the longest delay, and two weights that are not short binary numbers: here the order of a sum shows in its last bit
    net.connect(exc[:240], cells, bs.FixedOutdegree(10), weight=21.7, delay=12.0, synapse=slow)
    net.connect(exc[240:], cells, bs.FixedOutdegree(10), weight=13.3, delay=12.0, synapse=slow)
    net.connect(inh, cells, bs.FixedTotal(2000), weight=-0.4, delay=1.2, synapse=delta)
    net.connect(noise, cells, bs.FixedIndegree(3), weight=1.0, delay=0.4, synapse=delta)
    net.connect(noise, exc, bs.FixedIndegree(3), weight=50.0, delay=2.0, synapse=alpha)
    net.connect(train, cells, bs.FixedIndegree(2), weight=80.0, delay=bs.Uniform(0.3, 9.0), synapse=slow)
    net.connect(exc, varied, bs.FixedIndegree(30), weight=2.0, delay=0.9, synapse=ampa)
    net.connect(varied, cells, bs.FixedIndegree(5), weight=0.3, delay=1.1, synapse=delta)
    drive = bs.PoissonInput(rate=3000.0, weight=0.12, synapse=delta)
    net.stimulate(cells, drive, name="drive")
    net.stimulate(exc, bs.PoissonInput(rate=rng.uniform(0.0, 800.0, 480), weight=20.0, synapse=slow), name="own rates")
    net.stimulate(inh, bs.PoissonInput(rate=200_000.0, weight=0.25, synapse=slow), name="dense")
    net.stimulate(varied, bs.PoissonInput(rate=2000.0, weight=3.0, synapse=ampa), name="to varied")
    step = bs.CurrentInput([60.0, -20.0, 90.0], times=[100.0, 333.3, 800.0])
    net.stimulate(cells[100:400], step, name="step")
    net.stimulate(cells[::7], bs.CurrentInput(rng.uniform(0.0, 50.0, 86)), name="each")
    return net, {"cells": cells, "varied": varied, "drive": drive, "step": step}


@pytest.fixture(scope="module")
def network():
    return build()


def traces(parts):
    return [
        bs.Trace(parts["cells"][::50], "v", every=0.7),
        bs.Trace(parts["cells"][:3], "slow.i"),
        bs.Trace(parts["varied"][::9], "ampa.g", every=2.0),
    ]


def simulation(network, **options):
    net, parts = network
    options = {"record": traces(parts)} | options
    return bs.Simulation(net, dt=DT, seed=None if "state" in options else SEED, **options)


@pytest.fixture(scope="module")
def whole(network):
    """One run of one second on one thread: what all others are held against."""
    return simulation(network, threads=1).run(1000.0)


def bytes_of_spikes(result):
    return {name: (s.times.tobytes(), s.ids.tobytes()) for name, s in result.spikes.items()}


def bytes_of_traces(result):
    return {key: (t.times.tobytes(), t.ids.tobytes(), t.values.tobytes()) for key, t in result.traces.items()}


def bytes_of_state(result):
    state = result.state
    found = {("step",): state.step}
    for name, variables in state.variables.items():
        found |= {(name, variable): values.tobytes() for variable, values in variables.items()}
        found |= {(name, "arriving", label): values.tobytes() for label, values in state.arriving[name].items()}
        found[name, "refractory"] = state.refractory[name].tobytes()
        found[name, "pending"] = tuple(array.tobytes() for array in state.pending[name])
    return found


def check_same(result, expected):
    assert bytes_of_spikes(result) == bytes_of_spikes(expected)
    assert bytes_of_traces(result) == bytes_of_traces(expected)
    assert bytes_of_state(result) == bytes_of_state(expected)


def test_the_network_is_alive(whole):
    assert {name: len(s) > 1000 for name, s in whole.spikes.items()} == dict.fromkeys(whole.spikes, True)
    assert 2.0 < whole.spikes["cells"].rate() < 100.0
    assert whole.spikes["cells"].cv(least=3) > 0.4
    assert whole.traces["varied", "ampa.g"].values.max() > 0.0
    assert all(len(steps) > 0 for steps, _ in whole.state.pending.values())
    assert whole.state.refractory["cells"].max() > 0
    assert np.count_nonzero(whole.spikes["train"].times == 0.0) > 0
    assert whole.stats["methods"] == {"cells": "exact", "varied": "exponential_euler", "noise": "exact"}


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_and_pieces(network, whole, threads):
    sim = simulation(network, threads=threads)
    for duration in (0.1, 33.3, 266.6, 0.2, 400.0, 99.9, 199.9):
        sim.run(duration)
    check_same(sim.result(), whole)


@pytest.mark.parametrize(("first", "threads"), [(300.0, (1, 1)), (299.9, (2, 1)), (0.1, (1, 3))])
def test_a_restored_run_goes_on(network, tmp_path, first, threads):
    total = 500.0
    one = simulation(network, threads=1).run(total)
    begun = simulation(network, threads=threads[0]).run(first)
    begun.save(tmp_path / "begun.npz")
    loaded = bs.Result.load(tmp_path / "begun.npz")
    assert bytes_of_state(loaded) == bytes_of_state(begun)
    # a network built anew, as it would be in another process
    rest = simulation(build(), threads=threads[1], state=loaded.state).run(round(total - first, 1))
    assert rest.start == first
    assert bytes_of_state(rest) == bytes_of_state(one)
    for name, spikes in one.spikes.items():
        later = spikes.times > first + DT / 2
        assert rest.spikes[name].times.tobytes() == spikes.times[later].tobytes()
        assert rest.spikes[name].ids.tobytes() == spikes.ids[later].tobytes()
    for key, trace in one.traces.items():
        later = trace.times > first + DT / 2
        assert rest.traces[key].times.tobytes() == trace.times[later].tobytes()
        assert rest.traces[key].values.tobytes() == trace.values[later].tobytes()


def changed(network, threads, change, at=150.0):
    sim = simulation(network, threads=threads)
    sim.run(at)
    change(sim, network[1])
    sim.run(150.0)
    return sim.result()


# what is changed half-way -> whether cells fire more (1) or less (-1) after it
CHANGES = {
    "rate": (lambda sim, parts: sim.set(parts["drive"], rate=6000.0), 1),
    "rate of zero": (lambda sim, parts: sim.set("drive", rate=0.0), -1),
    "rate for each cell": (lambda sim, parts: sim.set("drive", rate=np.linspace(3000.0, 12_000.0, 600)), 1),
    "weight": (lambda sim, parts: sim.set("drive", weight=0.3), 1),
    "current": (lambda sim, parts: sim.set(parts["step"], amplitude=[0.0, 0.0, 0.0]), -1),
    "parameter": (lambda sim, parts: sim.set(parts["cells"], v_th=-48.0, tau_m=15.0), -1),
    "state": (lambda sim, parts: sim.state["cells"]["slow.i"].__iadd__(100.0), 1),
}


@pytest.fixture(scope="module")
def unchanged(network):
    return simulation(network, threads=1).run(300.0)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_half_way_acts_and_is_independent_of_threads(network, unchanged, change):
    act, sign = CHANGES[change]
    one = changed(network, 1, act)
    before, after = unchanged.spikes["cells"].between(0.0, 150.0), unchanged.spikes["cells"].between(150.0)
    assert one.spikes["cells"].between(0.0, 150.0) == before
    assert sign * (len(one.spikes["cells"].between(150.0)) - len(after)) > 0
    for threads in (2, 3):
        check_same(changed(network, threads, act), one)


def test_set_to_what_it_is_changes_nothing(network, unchanged):
    def act(sim, parts):
        sim.set("drive", rate=3000.0)
        sim.set("step", amplitude=[60.0, -20.0, 90.0])
        sim.set("cells", v_th=-50.0)

    check_same(changed(network, 2, act, at=150.0), unchanged)


def test_another_seed_gives_other_spikes(network, whole):
    other = bs.simulate(network[0], 100.0, dt=DT, seed=SEED + 1)
    assert other.spikes["cells"] != whole.spikes["cells"].between(0.0, 100.0)
    # listed spikes and wiring do not hang on it
    assert np.array_equal(other.spikes["train"].times, whole.spikes["train"].between(0.0, 100.0).times)


def test_reset_takes_back_what_set_has_changed():
    cells = bs.Population(10, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    drive = bs.CurrentInput(400.0)
    net.stimulate(cells, drive)
    sim = bs.Simulation(net, seed=1)
    first = sim.run(100.0).spikes["cells"]
    sim.set(cells, v_th=0.0)
    sim.set(drive, amplitude=900.0)
    sim.reset()
    assert sim.run(100.0).spikes["cells"] == first
