"""Calls with arguments that do not exist, and with values of a wrong kind: the message says what to type."""

import inspect
from pathlib import Path

import pytest

import brainsim as bs
from brainsim.core.hints import answers_calls
from tests.helpers.mistakes import mistakes

CELLS = bs.Population(5, bs.LIF(), name="cells")


def network(**given):
    net = bs.Network(seed=1)
    net.connect(CELLS, CELLS, bs.AllToAll(), **({"weight": 0.1, "delay": 1.0, "synapse": bs.Delta(), "name": "w"} | given))
    return net


@pytest.fixture(scope="module")
def result():
    return bs.simulate(network(), 50.0, seed=1, record=[bs.Trace(CELLS, "v")])


@pytest.fixture(scope="module")
def simulation():
    net = network()
    net.connect(
        CELLS, CELLS, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.Delta(), plasticity=bs.STDP(w_max=1.0), name="p"
    )
    return bs.Simulation(net, seed=1)


test_arguments = mistakes(
    (lambda: network(p=0.1), TypeError, "Network.connect: there is no argument 'p'", "bs.FixedProbability(0.1)"),
    (lambda: bs.CurrentInput(400.0, end=80), TypeError, "CurrentInput: there is no argument 'end'; did you mean 'stop'?"),
    (lambda: bs.PoissonInput(100.0), TypeError, "PoissonInput: arguments are given by name: PoissonInput(rate=100.0)"),
    (lambda: bs.PoissonInput(n=100), TypeError, "PoissonInput: there is no argument 'n'", "each cell receives events"),
    (lambda: bs.Population(5, bs.LIF(), v=-60.0), TypeError, "Population: there is no argument 'v'", "initial={'v': -60.0}"),
    (lambda: bs.sweep(network, g=[1.0]), TypeError, "sweep: there is no argument 'g'", "over={'g': [4.0, 5.0]}"),
    (lambda: bs.learn.SpikingNetwork(64, 10), TypeError, "SpikingNetwork: only hidden may be given without a name"),
    (lambda: bs.learn.SpikingNetwork(64, lr=0.1), TypeError, "there is no argument 'lr'; did you mean 'learning_rate'?"),
    (lambda: bs.learn.SpikingNetwork(64, num_steps=50), TypeError, "'num_steps'; did you mean 'duration'?"),
    (lambda: bs.ann.MLP(64, device="cuda"), TypeError, "there is no argument 'device'; training runs on the processor"),
    (lambda: bs.encode.DeltaModulation(4.0), TypeError, "arguments are given by name: DeltaModulation(threshold=4.0)"),
    (lambda: bs.simulate(network(), 1.0, rec=[]), TypeError, "simulate: there is no argument 'rec'; did you mean 'record'?"),
    (lambda: bs.simulate(network(), 1.0, 0.1), TypeError, "simulate: only network, duration may be given without a name"),
    (lambda: bs.LIF(v_thresh=-50.0), TypeError, "LIF: unknown parameter 'v_thresh'; did you mean 'v_th'?"),
    (lambda: bs.LIF(E_L=-70.0), TypeError, "LIF: unknown parameter 'E_L'; did you mean 'v_rest'?"),
    (lambda: bs.LIF(tau_syn_E=5.0), TypeError, "synapse=bs.Exponential(tau=5.0)"),
    (lambda: bs.RateUnit(v_thresh=5.0), TypeError, "RateUnit: unknown parameter 'v_thresh'; available:"),
    (lambda: CELLS.record("v"), AttributeError, "Population has no 'record'", "record=[bs.Trace(cells, 'v')]"),
    (lambda: network(synapse=bs.STDP()), TypeError, "Network.connect.synapse: must be a synapse", "plasticity=STDP()"),
)

test_values = mistakes(
    (lambda: bs.STDP(w_max="x"), TypeError, "STDP.w_max: must be a number in the unit of the weight (got 'x')"),
    (lambda: bs.TripletSTDP(w_0={}), TypeError, "TripletSTDP.w_0: must be a number", "(got {})"),
    (lambda: bs.simulate(network(), 10.0, spikes=Path("x")), TypeError, "simulate.spikes: must be True, False", "Path('x')"),
    (lambda: bs.Result.load([1]), TypeError, "Result.load: must be the path of a file, such as 'run.npz' (got [1])"),
)


@pytest.mark.parametrize(
    ("call", "kind", "parts"),
    [
        (lambda s: s.run(10.0, dt=0.1), TypeError, ("Simulation.run: there is no argument 'dt'", "bs.Simulation(net, dt")),
        (lambda s: s.set("cells", v=-60.0), ValueError, ("it is a variable: write sim.state['cells']['v'] = -60.0",)),
        (lambda s: s.state["cells"].v, AttributeError, ("state: write sim.state['cells']['v']",)),
        (lambda s: s.set("p", weight="x"), TypeError, ("projection 'p': w must be a number or an array of 25", "(got 'x')")),
        (lambda s: s.set("p", w=[[1.0], [1.0, 2.0]]), TypeError, ("projection 'p': w must be a number or an array of 25",)),
        (lambda s: s.run(1e308), ValueError, ("run.duration: a simulation has at most 2**31 - 1 steps", "1e+308 ms")),
    ],
)
def test_of_a_simulation(simulation, call, kind, parts):
    with pytest.raises(kind) as caught:
        call(simulation)
    assert all(part in str(caught.value) for part in parts)


def test_a_time_constant_may_be_as_long_as_numbers_are(simulation):
    simulation.set("cells", tau_m=1e308)
    assert bs.LIF(tau_m=1e308).tau_m == 1e308


def test_bins_that_cannot_be_counted(result):
    spikes = result.spikes["cells"]
    for call in (spikes.histogram, spikes.synchrony, lambda bin: bs.analysis.count_matrix(spikes, bin=bin)):
        with pytest.raises(ValueError, match=r"bin: must be longer, since 50 ms have at most 2\*\*31 - 1 bins"):
            call(5e-324)
    with pytest.raises(ValueError, match=r"psth.bin: must be longer, since 10 ms have at most 2\*\*31 - 1 bins"):
        bs.analysis.psth(spikes, [20.0], window=(-5.0, 5.0), bin=5e-324)


def test_counts_of_cells_and_bins_that_are_too_many():
    spikes = bs.Spikes([21.0, 22.0], [5, 7], n=2**20, duration=50.0)
    options = {"events": [20.0], "window": (-5.12, 15.36), "bin": 0.01}
    for call in (
        lambda: bs.analysis.count_matrix(spikes, bin=0.01),
        lambda: bs.analysis.psth(spikes, **options, per_cell=True),
    ):
        with pytest.raises(ValueError, match=r".bin: gives 1,048,576 x (5,000|2,048) counts; choose fewer cells or wider"):
            call()
    times, rates = bs.analysis.psth(spikes, **options)  # which needs no count of each cell
    assert rates.size == 2048
    assert rates.sum() * 0.01e-3 == pytest.approx(2.0 / 2**20)
    assert times[rates > 0.0] == pytest.approx([1.0, 2.0], abs=0.006)


def test_what_a_result_has(result):
    with pytest.raises(TypeError, match="Traces: cannot be indexed; traces.values"):
        result.traces["cells", "v"][0]
    with pytest.raises(bs.MissingName, match=r"\(got 'v'\); write traces\['cells', 'v'\]$"):
        result.traces["v"]
    with pytest.raises(TypeError, match=r"Result.save: must be the path of a file, such as 'run.npz' \(got \[1\]\)"):
        result.save([1])
    with pytest.raises(TypeError, match=r"record=\[bs.WeightTrace\(wires\)\]; weight_histogram\(sim.synapses\(wires\)\)"):
        bs.plot.weights(result)


def test_a_window_in_seconds(result):
    with pytest.warns(UserWarning, match=r"window: \(0.01, 0.04\) ms looks like .* did you mean \(10, 40\)\?"):
        bs.plot.raster(result, window=(0.01, 0.04))


def test_errors_within_a_call_stay_as_they_are():
    @answers_calls
    def function(a, *, b=1):
        """Do what a user's callback may do: call something else wrongly."""
        return len(a, b)

    assert list(inspect.signature(function).parameters) == ["a", "b"]
    with pytest.raises(TypeError, match="len"):
        function([1], b=2)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        function()
