"""What PyNN's objects hold before anything runs: parameters, synapses, currents."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal


def test_pynn_finds_it_by_name(sim):
    import pyNN.brainsim  # noqa: F401 - there since brainsim.pynn has been imported
    from pyNN.utility import get_simulator

    sys.argv, before = ["script.py", "brainsim"], sys.argv
    try:
        assert get_simulator()[0] is sim
    finally:
        sys.argv = before


@pytest.mark.thorough
def test_a_script_that_is_told_its_simulator_runs(sim, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from pyNN.utility import get_simulator\n"
        "sim, options = get_simulator(('n', 'number of cells'))\n"
        "sim.setup()\n"
        "print(sim.__name__, sim.Population(int(options.n), sim.IF_cond_exp()).size)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "brainsim.pynn", str(script), "brainsim", "7"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "brainsim.pynn 7\n"
    nothing = subprocess.run(command[:3], capture_output=True, text=True, check=False)
    assert "usage: python -m brainsim.pynn script.py brainsim" in nothing.stderr


def test_all_standard_models_and_functions_are_there(sim):
    import pyNN.mock
    from pyNN import connectors, standardmodels
    from pyNN.models import BaseModelType

    bases = BaseModelType, connectors.Connector
    rooms = standardmodels.cells, standardmodels.synapses, standardmodels.electrodes, standardmodels.receptors, connectors
    names = {
        name for room in rooms for name, kind in vars(room).items() if isinstance(kind, type) and issubclass(kind, bases)
    }
    abstract = {"Connector", "MapConnector", "FixedNumberConnector"}
    abstract |= {name for name in names if name.startswith(("Standard", "STDPT", "STDPW"))}
    functions = {
        name for name, thing in vars(pyNN.mock).items() if callable(thing) and thing.__module__.startswith("pyNN.common")
    }
    assert {name for name in names - abstract | functions if not hasattr(sim, name)} == set()
    assert {"IF_cond_exp", "PointNeuron", "SpikeSourceGamma"} < set(sim.list_standard_models())


def test_parameters_of_cells(sim):
    cells = sim.Population(
        5, sim.IF_cond_exp(tau_m=sim.RandomDistribution("uniform", low=10.0, high=20.0, rng=sim.NumpyRNG(1)))
    )
    assert cells.get("cm") == 1.0
    assert len(set(cells.get("tau_m"))) == 5
    cells[2].i_offset = 0.3
    cells[3:].set(v_thresh=[-52.0, -51.0])
    assert_array_equal(cells.get("i_offset"), [0, 0, 0.3, 0, 0])
    assert_array_equal(cells.get("v_thresh"), [-50, -50, -50, -52, -51])
    assert cells[2].i_offset == 0.3
    assert cells[1:][3].v_thresh == -51.0


def test_parameters_of_receptors(sim):
    cell = sim.PointNeuron(sim.LIF(tau_m=15.0), fast=sim.ExpPSR(tau_syn=2.0), slow=sim.BetaPSR(tau_decay=50.0, e_syn=-70.0))
    cells = sim.Population(2, cell)
    assert cells.get(["tau_m", "fast.tau_syn", "slow.e_syn"]) == [15.0, 2.0, -70.0]
    cells[1:].set(**{"fast.tau_syn": 3.0})
    assert_array_equal(cells.get("fast.tau_syn"), [2.0, 3.0])
    assert cell.can_record("slow.gsyn")
    assert cell.receptor_types == ["fast", "slow"]


@pytest.mark.parametrize("times", [[[2.0, 1.0]], [[1.0], [3.0, 2.5]], [[1.0], [np.nan]], [[np.inf]]])
def test_spikes_must_be_finite_and_in_order(sim, times):
    with pytest.raises(sim.errors.InvalidParameterValueError, match="must be finite and in ascending order"):
        sim.Population(len(times), sim.SpikeSourceArray(spike_times=times))


class TestConnections:
    @pytest.fixture
    def wires(self, sim):
        a, b = sim.Population(4, sim.IF_cond_exp()), sim.Population(3, sim.IF_cond_exp())
        pairs = [(0, 0, 0.1, 1.0), (3, 1, 0.2, 1.5), (0, 0, 0.3, 1.0), (2, 2, 0.4, 2.0)]
        return sim.Projection(a, b, sim.FromListConnector(pairs), sim.StaticSynapse())

    def test_as_a_list(self, wires):
        assert sorted(wires.get(["weight", "delay"], "list")) == [
            (0, 0, 0.1, 1),
            (0, 0, 0.3, 1),
            (2, 2, 0.4, 2),
            (3, 1, 0.2, 1.5),
        ]
        assert len(wires) == wires.size() == 4

    @pytest.mark.parametrize(("how", "first"), [("sum", 0.4), ("min", 0.1), ("max", 0.3), ("first", 0.1), ("last", 0.3)])
    def test_as_an_array(self, wires, how, first):
        table = wires.get("weight", "array", multiple_synapses=how)
        assert table[0, 0] == pytest.approx(first)
        assert table[3, 1] == 0.2
        assert np.isnan(table).sum() == 9

    def test_one_by_one(self, wires):
        one = wires[2]
        one.weight, one.delay = 0.7, 3.0
        assert (one.weight, one.delay) == (0.7, 3.0) == wires.connections[2].as_tuple("weight", "delay")
        assert one.target == wires.post[one.postsynaptic_index]
        with pytest.raises(AttributeError, match="no parameter 'wieght'"):
            one.wieght = 1.0

    def test_all_at_once(self, wires):
        wires.set(weight=0.5, delay=lambda d: 1.0 + d)
        assert sorted(wires.get(["weight", "delay"], "list", with_address=False)) == [(0.5, 1), (0.5, 1), (0.5, 1), (0.5, 3)]


def test_delays_that_setup_leaves_open(sim):
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.1, 0.1)
    a = sim.Population(2, sim.IF_cond_exp())
    sim.Projection(a, a, sim.AllToAllConnector(), sim.StaticSynapse(delay="0.5 + d"))
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.5, 1.5)


@pytest.mark.parametrize(
    ("given", "delay", "message"),
    [
        ({}, -1.0, r"must be >= 0.1 ms, the timestep of setup \(got -1\)"),
        ({}, 0.0, r"must be >= 0.1 ms, the timestep of setup \(got 0\)"),
        ({}, 0.05, r"must be >= 0.1 ms, the timestep of setup \(got 0.05\)"),
        ({}, np.nan, r"must be >= 0.1 ms, the timestep of setup \(got nan\)"),
        ({}, np.inf, r"must be finite \(got inf\)"),
        ({}, "d - 1", r"must be >= 0.1 ms, the timestep of setup \(got -1\)"),
        ({"min_delay": 5.0}, 4.9, r"must be >= 5 ms, the min_delay of setup \(got 4.9\)"),
        ({"max_delay": 2.0}, 2.1, r"must be <= 2 ms, the max_delay of setup \(got 2.1\)"),
    ],
)
def test_delays_that_setup_does_not_allow(sim, given, delay, message):
    """A spike needs a step at least, and PyNN promises that no delay is beyond the limits of `setup`."""
    from pyNN.errors import ConnectionError

    sim.setup(timestep=0.1, **given)
    a = sim.Population(2, sim.IF_cond_exp())
    with pytest.raises(ConnectionError, match="delay: " + message):
        sim.Projection(a, a, sim.AllToAllConnector(), sim.StaticSynapse(delay=delay))
    wires = sim.Projection(a, a, sim.AllToAllConnector(), sim.StaticSynapse())
    with pytest.raises(ConnectionError, match="delay: " + message):
        wires.set(delay=(lambda d: d - 1.0) if isinstance(delay, str) else delay)
    assert wires.get("delay", "list", with_address=False) == [given.get("min_delay", 0.1)] * 4
    if not isinstance(delay, str):
        with pytest.raises(ConnectionError, match="delay: " + message):
            wires[1].delay = delay


def test_the_shortest_and_the_longest_delay_are_allowed(sim):
    sim.setup(timestep=0.1, min_delay=0.3, max_delay=0.7)
    a = sim.Population(2, sim.IF_cond_exp())
    for delay in (0.3, 2.3 - 2.0, 3 * 0.1, 0.7, 7 * 0.1):
        wires = sim.Projection(a, a, sim.AllToAllConnector(), sim.StaticSynapse(delay=delay))
        assert wires.delays.round(9).tolist() == [round(delay, 1)] * 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timestep": 0}, "setup.timestep: must be > 0 ms"),
        ({"timestep": -1}, "setup.timestep: must be > 0 ms"),
        ({"timestep": np.nan}, "setup.timestep: must be finite"),
        ({"timestep": "x"}, "setup.timestep: must be a number"),
        ({"min_delay": 0.05}, 'setup.min_delay: must be >= 0.1 ms, the timestep, or "auto"'),
        ({"min_delay": np.nan}, "setup.min_delay: must be finite"),
        ({"max_delay": -1.0}, 'setup.max_delay: must be >= 0.1 ms, the timestep, or "auto"'),
        ({"min_delay": "none"}, "setup.min_delay: must be a number"),
    ],
)
def test_times_that_setup_refuses(sim, given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        sim.setup(**given)


class TestNativeRNG:
    """The random numbers of brainsim in place of those of NumPy."""

    @pytest.mark.thorough_only("[vonmises-values9-<lambda>]")
    @pytest.mark.parametrize(
        ("name", "values", "law"),
        [
            ("binomial", {"n": 12, "p": 0.3}, lambda s: s.binom(12, 0.3)),
            ("exponential", {"beta": 3.0}, lambda s: s.expon(scale=3.0)),
            ("gamma", {"k": 2.0, "theta": 0.5}, lambda s: s.gamma(2.0, scale=0.5)),
            ("lognormal", {"mu": 0.5, "sigma": 0.4}, lambda s: s.lognorm(0.4, scale=np.exp(0.5))),
            ("normal", {"mu": 15.0, "sigma": 2.0}, lambda s: s.norm(15.0, 2.0)),
            (
                "normal_clipped",
                {"mu": 1.0, "sigma": 2.0, "low": 0.0, "high": 2.0},
                lambda s: s.truncnorm(-0.5, 0.5, 1.0, 2.0),
            ),
            ("poisson", {"lambda_": 4.0}, lambda s: s.poisson(4.0)),
            ("uniform", {"low": -2.0, "high": 3.0}, lambda s: s.uniform(-2.0, 5.0)),
            ("uniform_int", {"low": 3, "high": 9}, lambda s: s.randint(3, 9)),
            ("vonmises", {"mu": 2.0, "kappa": 1.5}, lambda s: s.vonmises(1.5, 2.0)),
        ],
    )
    def test_laws(self, sim, name, values, law):
        """Against the cumulative distribution: by chance, one seed in a hundred is further away than 1.63/sqrt(n)."""
        from scipy import stats

        expected, n = law(stats), 4000
        found = np.sort(sim.RandomDistribution(name, rng=sim.NativeRNG(seed=2), **values).next(n))
        at = np.unique(found)
        share = expected.cdf(at)
        if name == "vonmises":  # angles from -pi to pi
            share -= expected.cdf(-np.pi)
            assert np.abs(found).max() <= np.pi
        assert np.abs(np.searchsorted(found, at, side="right") / n - share).max() < 1.63 / np.sqrt(n)

    def test_values_outside_are_set_to_the_limits(self, sim):
        law = sim.RandomDistribution("normal_clipped_to_boundary", (0.0, 1.0, -1.0, 0.5), rng=sim.NativeRNG(seed=1))
        found = law.next(2000)
        assert (found == -1.0).mean() == pytest.approx(0.1587, abs=0.025)
        assert (found == 0.5).mean() == pytest.approx(0.3085, abs=0.03)

    def test_the_same_seed_gives_the_same_numbers(self, sim):
        one, same, other = sim.NativeRNG(seed=3), sim.NativeRNG(seed=3), sim.NativeRNG(seed=4)
        first = one.next(5)
        assert first.tolist() == same.next(5).tolist() != other.next(5).tolist()
        assert first.tolist() != one.next(5).tolist()
        assert one.next(5, mask=np.array([0, 2])).tolist() == [*same.next(5), *same.next(5)][5:8:2]
        assert sorted(one.permutation(9)) == [*range(9)] != one.permutation(9).tolist()
        assert sim.NativeRNG().seed != sim.NativeRNG().seed
        with pytest.raises(KeyError, match="NativeRNG: 'normal' has the parameters"):
            one.next(2, "normal", {"mu": 1.0})

    def test_where_pynn_draws(self, sim):
        """As in the example random_numbers of PyNN, where NEST takes it in part only."""
        cells = sim.Population(
            10, sim.IF_cond_exp(tau_m=sim.RandomDistribution("normal", (15.0, 2.0), rng=sim.NativeRNG(1)))
        )
        assert cells.sample(3, rng=sim.NativeRNG(2)).size == 3
        found = []
        for _ in range(2):
            rng = sim.NativeRNG(seed=87354762)
            weight = sim.RandomDistribution("gamma", k=2.0, theta=0.5, rng=rng)
            connector = sim.FixedProbabilityConnector(p_connect=0.7, rng=rng)
            wires = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=weight, delay=0.5))
            found.append(wires.get("weight", format="array"))
        assert 50 < len(wires) < 90
        np.testing.assert_array_equal(*found)
        for connector in (sim.FixedNumberPreConnector, sim.FixedNumberPostConnector, sim.FixedTotalNumberConnector):
            assert len(sim.Projection(cells, cells, connector(4, rng=sim.NativeRNG(3)))) in (4, 40)
        ball = sim.space.RandomStructure(sim.space.Sphere(radius=2.0), rng=sim.NativeRNG(4))
        assert np.linalg.norm(ball.generate_positions(20), axis=0).max() <= 2.0


class TestCurrents:
    def test_steps_are_on_the_grid(self, sim):
        step = sim.StepCurrentSource(times=[0.41, 0.42, 0.86], amplitudes=[0.5, -0.5, 0.25])
        assert step.times == pytest.approx([0.4, 0.9])
        assert step.amplitudes.tolist() == [-0.5, 0.25]

    @pytest.mark.parametrize("times", [[0.4, -0.6], [0.5, 0.2]])
    def test_steps_that_go_back(self, sim, times):
        with pytest.raises(ValueError, match="StepCurrentSource.times: must be >= 0 and in ascending order"):
            sim.StepCurrentSource(times=times, amplitudes=[1.0, 2.0])

    def test_a_sine_has_its_phase_at_its_start(self, sim):
        steps, values = sim.ACSource(amplitude=2.0, offset=1.0, start=5.0, stop=25.0, frequency=100.0, phase=90.0).listed(
            1000
        )
        assert steps[0] == 50
        assert steps[-1] == 250
        assert values[[0, 50, -1]] == pytest.approx([3.0, -1.0, 0.0])

    def test_noise_holds_for_its_interval_and_stays_what_it_was(self, sim):
        noise = sim.NoisyCurrentSource(mean=1.0, stdev=0.5, dt=0.5)
        early, late = noise.listed(100)[1], noise.listed(1000)[1]
        assert_array_equal(early[:-1], late[:100])
        assert len(set(late[:5])) == 1
        assert len(set(late[:-1])) == 200
        assert late[:-1].mean() == pytest.approx(1.0, abs=0.15)

    def test_values_can_be_changed(self, sim):
        source = sim.DCSource(amplitude=0.2, start=1.0, stop=2.0)
        source.amplitude += 0.1
        assert [list(part) for part in source.listed(100)] == [[10, 20], [pytest.approx(0.3), 0.0]]


@pytest.mark.parametrize(("kind", "given", "message"), [
    ("IF_cond_exp", {"tau_m": -5.0}, "LIF.tau_m: must be > 0 ms"),
    ("IF_curr_alpha", {"v_reset": -40.0}, "LIF: v_reset < v_th must hold"),
    ("SpikeSourcePoisson", {"rate": [-1.0, 2.0]}, "PoissonSource.rate: must be >= 0 Hz"),
])  # fmt: skip
def test_mistakes_are_errors_where_the_population_is_made(sim, kind, given, message):
    with pytest.raises(ValueError, match=message):
        sim.Population(2, getattr(sim, kind)(**given))


def test_what_is_not_there_says_so(sim):
    with pytest.raises(NotImplementedError, match="MultiCompartmentNeuron"):
        sim.MultiCompartmentNeuron()
    a = sim.Population(2, sim.IF_cond_exp())
    mixed = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence(), dendritic_delay_fraction=0.5, delay=1.0)
    mixed.delay = "1 + d"
    sim.Projection(a, a, sim.AllToAllConnector(), mixed)
    with pytest.raises(ValueError, match="dendritic_delay_fraction: a part of the delay"):
        sim.run(1.0)


def test_without_pynn_the_message_says_what_to_type():
    code = "import sys; sys.modules['pyNN'] = None; import brainsim.pynn"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'pynn>=0.13,<0.14'" in run.stderr
