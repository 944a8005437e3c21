"""States: of which network they are, what is checked before a kernel sees them, and that equal runs have equal ones."""

import copy

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.loop.progress import Pace

AMPA = bs.Exponential(tau=2.0)


def network(seed=1, *, n=50, weight=20.0, delay=1.5, v_th=-55.0, rate=2000.0, name="cells", rule=None, amplitude=None):
    cells = bs.Population(n, bs.LIF(v_th=v_th), name=name, initial={"v": bs.Uniform(-65.0, -56.0)})
    net = bs.Network(seed=seed)
    net.connect(cells, cells, rule or bs.FixedIndegree(5), weight=weight, delay=delay, synapse=AMPA, name="wires")
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=30.0, synapse=AMPA), name="noise")
    if amplitude is not None:
        net.stimulate(cells, bs.CurrentInput(amplitude), name="current")
    return net


@pytest.fixture(scope="module")
def state():
    return bs.simulate(network(), 30.0, seed=2).state


def test_it_is_read_as_that_of_a_simulation(state):
    sim = bs.Simulation(network(), state=state)
    assert [*state] == [*sim.state]
    assert [*state["cells"]] == [*sim.state["cells"]]
    for variable, values in state["cells"].items():
        assert np.array_equal(values, sim.state["cells"][variable])
    with pytest.raises(bs.MissingName, match="state: has no 'cell'; did you mean 'cells'"):
        state["cell"]
    with pytest.raises(bs.MissingName, match=r"state\['cells'\]: has no 'V'; did you mean 'v'"):
        state["cells"]["V"]


class TestOfWhichNetwork:
    """A state is refused by any other network, and the message names the part that differs."""

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"seed": 5}, "seed of the network"),
            ({"weight": 21.0}, "projection 'wires'"),
            ({"weight": bs.Normal(20.0, 1.0)}, "projection 'wires'"),
            ({"delay": 1.6}, "projection 'wires'"),
            ({"rule": bs.FixedIndegree(6)}, "projection 'wires'"),
            ({"v_th": -54.0}, "population 'cells'"),
            ({"v_th": bs.Uniform(-55.0, -54.0)}, "population 'cells'"),
            ({"rate": 2001.0}, "input 'noise'"),
            ({"amplitude": 10.0}, "added: input 'current'"),
        ],
    )
    def test_other_network_is_refused(self, state, change, named):
        with pytest.raises(ValueError, match=f"of another network.*{named}"):
            bs.simulate(network(**change), 10.0, state=state)

    def test_storage_makes_no_difference(self, state):
        cells = bs.Population(50, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        net.connect(cells, cells, bs.FixedOutdegree(5), weight=20.0, delay=1.5, synapse=AMPA)
        again = bs.Network(seed=1)
        again.connect(cells, cells, bs.FixedOutdegree(5), weight=20.0, delay=1.5, synapse=AMPA, storage="procedural")
        assert bs.simulate(again, 10.0, state=bs.simulate(net, 10.0, seed=1).state).stop == 20.0

    def test_listed_pairs_are_part_of_it(self):
        rules = [bs.FromArrays([0, 1], [2, 3]), bs.FromArrays([0, 1], [2, 4])]
        saved = bs.simulate(network(rule=rules[0]), 10.0, seed=2).state
        with pytest.raises(ValueError, match="projection 'wires'"):
            bs.simulate(network(rule=rules[1]), 10.0, state=saved)

    def test_changes_between_pieces_are_part_of_it(self):
        sim = bs.Simulation(network(), seed=2)
        sim.run(20.0)
        sim.set("noise", rate=3000.0)
        sim.set("cells", v_th=-54.0)
        saved = sim.run(20.0).state
        expected = sim.run(20.0)
        with pytest.raises(ValueError, match="population 'cells', input 'noise'"):
            bs.simulate(network(), 20.0, state=saved)
        resumed = bs.simulate(network(rate=3000.0, v_th=-54.0), 20.0, state=saved)
        assert resumed.spikes["cells"] == expected.spikes["cells"]
        assert len(expected.spikes["cells"]) > 20

    def test_state_through_a_file_still_knows(self, state, tmp_path):
        result = bs.simulate(network(), 30.0, seed=2)
        loaded = bs.Result.load(result.save(tmp_path / "run.npz")).state
        assert loaded.network == state.network
        assert bs.simulate(network(), 10.0, state=loaded).start == 30.0
        with pytest.raises(ValueError, match="projection 'wires'"):
            bs.simulate(network(weight=1.0), 10.0, state=loaded)

    def test_state_that_does_not_say(self, state):
        unknown = copy.deepcopy(state)
        unknown.network = {}
        with pytest.raises(ValueError, match="does not name its network"):
            bs.simulate(network(), 10.0, state=unknown)


def test_what_becomes_of_a_state_does_not_reach_the_simulation_that_began_with_it(state):
    given = copy.deepcopy(state)
    sim = bs.Simulation(network(), state=given)
    first = sim.run(5.0)
    given.variables["cells"]["v"][:], given.step = -1e9, 7
    sim.reset()
    again = sim.run(5.0)
    assert first.spikes == again.spikes
    assert first.start == again.start == 30.0


class TestDamagedState:
    """Everything that a kernel indexes with, or adds, is checked first."""

    @pytest.mark.parametrize("ids", [[50], [-1], [2**40], [3, 1000]])
    def test_cells_under_way_that_do_not_exist(self, state, ids):
        bad = copy.deepcopy(state)
        bad.pending["cells"] = np.full(len(ids), bad.step), np.array(ids)
        with pytest.raises(ValueError, match=r"state.pending\['cells'\]: ids must be 0 to 49"):
            bs.simulate(network(), 10.0, state=bad)

    @pytest.mark.parametrize("step", [-1, 301, 2**31, 2**62])
    def test_steps_under_way_that_have_not_been(self, state, step):
        bad = copy.deepcopy(state)
        bad.pending["cells"] = np.array([step]), np.array([0])
        with pytest.raises(ValueError, match=r"state.pending\['cells'\]: steps must be 0 to 300"):
            bs.simulate(network(), 10.0, state=bad)

    @pytest.mark.parametrize(
        ("field", "key", "values"),
        [
            ("variables", "v", np.zeros(49)),
            ("variables", "v", np.zeros((50, 1))),
            ("variables", "v", np.zeros(50, complex)),
            ("variables", "v", np.zeros(50, object)),
            ("arriving", "exponential", np.zeros(49)),
            ("arriving", "exponential", np.full(50, np.nan)),
            ("refractory", None, np.zeros(50)),
            ("refractory", None, np.zeros((2, 25), np.int32)),
            ("pending", None, (np.zeros(2), np.zeros(2, int))),
            ("pending", None, (np.zeros(2, int), np.zeros(3, int))),
        ],
    )
    def test_wrong_arrays(self, field, key, values):
        net = network(weight=1.0)
        bad = copy.deepcopy(bs.simulate(_with_delta(net), 5.0, seed=1).state)
        if key is None:
            getattr(bad, field)["cells"] = values
        else:
            # the buffer is that of the delta synapse
            getattr(bad, field)["cells"]["delta" if field == "arriving" else key] = values
        with pytest.raises(ValueError, match="cells"):
            bs.simulate(net, 5.0, state=bad)

    def test_not_finite(self, state):
        bad = copy.deepcopy(state)
        bad.variables["cells"]["v"][3] = np.nan
        with pytest.raises(ValueError, match=r"state.variables\['cells'\]\['v'\]: must be finite \(got nan for cell 3\)"):
            bs.simulate(network(), 10.0, state=bad)

    @pytest.mark.parametrize("step", [-1, 2**31, 10**12])
    def test_step_beyond_the_last(self, state, step):
        bad = copy.deepcopy(state)
        bad.step = step
        with pytest.raises(ValueError, match="state.step"):
            bs.simulate(network(), 10.0, state=bad)


def _with_delta(net):
    """Return the network with a delta synapse, whose events wait in a buffer."""
    net.stimulate(net.populations["cells"], bs.PoissonInput(rate=100.0, weight=0.1, synapse=bs.Delta()), name="delta")
    return net


class TestEqualStates:
    """What is under way does not depend on how long the machine took."""

    def test_chunks_do_not_show_in_what_is_under_way(self, monkeypatch):
        whole = bs.simulate(network(), 100.0, seed=2).state
        monkeypatch.setattr(Pace, "steps", lambda self, left: min(left, 7))
        pieces = bs.simulate(network(), 100.0, seed=2).state
        assert whole.pending["cells"][0].size > 0
        for part in (0, 1):
            assert np.array_equal(whole.pending["cells"][part], pieces.pending["cells"][part])

    def test_nothing_is_under_way_long_after_the_last_spike(self):
        listed = bs.Population(3, bs.SpikeTrains(times=[1.0, 2.0], ids=[0, 1]), name="listed")
        cells = bs.Population(3, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        net.connect(listed, cells, bs.AllToAll(), weight=1.0, delay=3.0, synapse=AMPA)
        sim = bs.Simulation(net, seed=1)
        assert sim.run(4.0).state.pending["listed"][0].tolist() == [10, 20]
        assert sim.run(20.0).state.pending["listed"][0].size == 0


class TestLastStep:
    """Spikes are kept with their step in 31 bits."""

    def test_run_across_the_last_step_is_refused_before_it_begins(self):
        net = bs.Network(seed=1)
        cells = bs.Population(1, bs.LIF(), name="cells")
        net.stimulate(cells, bs.CurrentInput(1000.0))
        sim = bs.Simulation(net, seed=1)
        saved = sim.run(1.0).state
        saved.step = 2**31 - 101
        late = bs.Simulation(net, state=saved)
        with pytest.raises(ValueError, match=r"at most 2\*\*31 - 1 steps"):
            late.run(10.1)
        result = late.run(10.0)
        assert len(result.spikes["cells"]) > 0
        assert result.spikes["cells"].times.min() > (2**31 - 101) * 0.1


def every_random_number(cells, net):
    """Add to a network what draws random numbers in a run: sources, inputs, noise with a memory, and a rule."""
    poisson, gamma = (
        bs.Population(20, bs.Poisson(rate=30.0), name="poisson"),
        bs.Population(20, bs.GammaRenewal(), name="gamma"),
    )
    for source in (poisson, gamma):
        rule = bs.STDP(w_max=60.0) if source is poisson else bs.QuantalRelease()
        net.connect(source, cells, bs.FixedIndegree(5), weight=30.0, delay=1.5, synapse=AMPA, plasticity=rule)
    net.stimulate(cells, bs.NoiseInput(50.0, tau=5.0))


@pytest.mark.parametrize("precise", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_with_another_seed_only_random_numbers_from_now_on_differ(precise):
    def made(**options):
        net = network()
        if not precise:
            every_random_number(net.populations["cells"], net)
        return bs.Simulation(net, precise=precise, threads=1, **options)

    sim = made(seed=2)
    past = sim.run(30.0).state
    whole, parts, same = made(state=past.with_seed(5)), made(state=past.with_seed(5)), made(state=past.with_seed(2))
    assert (past.seed, whole.seed) == (2, 5)
    for name, values in past["cells"].items():
        assert np.array_equal(whole.state["cells"][name], values)
    assert np.array_equal(whole.synapses("wires").post, sim.synapses("wires").post)
    whole.run(40.0)
    parts.run(7.7)
    later = made(state=parts.run(12.3).state)
    assert later.run(20.0).state["cells"]["v"].tobytes() == whole.state["cells"]["v"].tobytes()
    futures = [each.run(40.0).spikes for each in (sim, same, made(state=past.with_seed(6)))]
    assert futures[0] == futures[1]
    for name in futures[0]:
        assert futures[0][name] != whole.result().spikes[name] != futures[2][name], name


def test_a_network_without_random_numbers_has_one_future():
    cells, net = bs.Population(10, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -56.0)}), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(400.0))
    past = bs.simulate(net, 20.0, seed=2).state
    one, two = (bs.simulate(net, 50.0, state=past.with_seed(seed)).spikes["cells"] for seed in (3, 4))
    assert one == two
    with pytest.raises(ValueError, match=r"must be the seed of the state, 2 \(got 5\); .* state.with_seed\(5\)"):
        bs.simulate(net, 50.0, seed=5, state=past)
    with pytest.raises(TypeError, match=r"State.with_seed: must be a whole number"):
        past.with_seed(1.5)
