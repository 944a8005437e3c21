"""An event that adds to I is a current that lasts the step before it."""

import numpy as np
import pytest

import brainsim as bs

TIMES = [2.0, 2.1, 5.0]  # ms, when events arrive
STEPS = bs.CurrentInput([0.0, 500.0, 0.0, 500.0, 0.0], times=[0.0, 1.9, 2.1, 4.9, 5.0])


class Filtered(bs.Neuron):
    """A cell that filters its current, and has a slow variable that v drives."""

    equations = """
        di/dt = (I - i)/tau_i
        dv/dt = (v_rest - v)/tau + i/c - u/c
        du/dt = (a*(v - v_rest) - u)/tau_u
    """
    threshold = "v > v_th"
    reset = "v = v_rest; u = u + 20*a*tau_u/tau"
    t_ref: float = bs.parameter(1.0, "ms", "refractory time")
    tau: bs.values.Value = bs.parameter(10.0, "ms", "membrane time constant", above=0.0)
    tau_i: float = bs.parameter(2.0, "ms", "of the filter", above=0.0)
    tau_u: float = bs.parameter(40.0, "ms", "of the slow variable", above=0.0)
    c: float = bs.parameter(100.0, "pF", "capacitance", above=0.0)
    a: float = bs.parameter(1.0, "nS", "coupling")
    v_rest: float = bs.parameter(-60.0, "mV", "rest")
    v_th: float = bs.parameter(1e9, "mV", "threshold")
    i: float = bs.initial(0.0, "pA", "filtered current")
    v: float = bs.initial("v_rest", "mV", "potential")
    u: float = bs.initial(0.0, "pA", "slow variable")
    dimensions = False


def variant(**texts):
    return type("Variant", (Filtered,), texts)


def run(model, given, weight=500.0, duration=20.0, **options):
    """Return the result of two cells with events, or with a current."""
    cells, net = bs.Population(2, model, name="cells"), bs.Network(seed=1)
    if isinstance(given, bs.Synapse):
        source = bs.Population(1, bs.SpikeTrains([np.array(TIMES) - 1.0]), name="source")
        net.connect(source, cells, bs.AllToAll(), weight=weight, delay=1.0, synapse=given)
    else:
        net.stimulate(cells, given)
    return bs.simulate(net, duration, record=bs.Trace(cells, "v"), **options)


MODELS = [bs.LIF(v_th=1e9), bs.LIF(v_th=1e9, tau_m=np.array([5.0, 20.0])), bs.LI(), bs.IF(v_th=1e9), Filtered()]
MODELS += [variant(method=m)() for m in ("euler", "heun", "rk4", "exponential_euler", "exponential_strang")]
MODELS += [variant(method="rk4", substeps=3)(tau=np.array([3.0, 30.0]))]


@pytest.mark.thorough_but("[LIF", "[Filtered")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{type(model).__name__} {model.method} {model.substeps}")
def test_it_does_what_a_current_of_one_step_does(model):
    events, current = (run(model, given).traces["cells", "v"].values for given in (bs.Pulse(), STEPS))
    assert np.ptp(events, axis=0).min() > 0.1
    np.testing.assert_allclose(events, current, rtol=1e-13)


def test_spikes_and_what_a_refractory_cell_misses():
    """v misses what comes in the steps after a spike; the variable that takes up the current does not."""
    events, current = (run(Filtered(v_th=-59.9), given) for given in (bs.Pulse(), STEPS))
    assert len(events.spikes["cells"]) == 2
    assert events.spikes["cells"] == current.spikes["cells"]
    np.testing.assert_allclose(events.traces["cells", "v"].values, current.traces["cells", "v"].values, rtol=1e-13)
    missed = run(bs.LIF(v_th=-64.8, v_reset=-65.0, t_ref=2.0), bs.Pulse()).spikes["cells"]
    assert missed.times.tolist() == pytest.approx([2.0, 2.0, 5.0, 5.0])


def test_factors_and_other_inputs():
    half = type("Half", (bs.Synapse,), {"arrival": "I = I + 0.5*w", "weight_unit": "pA"})
    whole, halved = (run(bs.LI(), synapse).traces["cells", "v"].values for synapse in (bs.Pulse(), half()))
    np.testing.assert_allclose(halved + 65.0, 0.5 * (whole + 65.0), atol=1e-12)
    cells, net = bs.Population(200, bs.LIF(v_th=1e9), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.PoissonInput(rate=1000.0, weight=100.0, synapse=bs.Pulse()))
    v = bs.simulate(net, 200.0, record=bs.Trace(cells, "v", every=10.0)).traces["cells", "v"].values[10:]
    # one spike per ms of 100 pA for 0.1 ms: 10 pA on average, and 200 pF
    assert v.mean() + 65.0 == pytest.approx(10.0 * 20.0 / 200.0, rel=0.02)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (bs.AdEx(), {}, "a current that lasts one step needs equations that are linear .* but dv/dt is not"),
        (bs.Izhikevich(), {}, "dv/dt is not"),
        (variant(equations="dv/dt = -v/tau; di/dt = -i; du/dt = -u")(), {}, "have no I, so no synaptic or injected"),
        (bs.LIF(), {"precise": True}, "precise=True has no steps, in which events that add to I would act"),
    ],
    ids=["AdEx", "Izhikevich", "no I", "precise"],
)
def test_cells_that_cannot_have_it(model, options, message):
    with pytest.raises(bs.EquationError, match=message):
        run(model, bs.Pulse(), **options)


def test_conductances_make_equations_that_are_not_linear():
    cells, net = bs.Population(2, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.ExponentialConductance(e_rev=0.0))
    net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Pulse(), name="pulses")
    with pytest.raises(bs.EquationError, match="cells: a current that lasts one step needs .* but dv/dt is not"):
        bs.simulate(net, 1.0)


def test_the_weight_is_a_current():
    with pytest.raises(bs.EquationError, match="'I' is in pA, but 'w' is in mV"):
        type("Wrong", (bs.Synapse,), {"arrival": "I = I + w", "weight_unit": "mV"})
