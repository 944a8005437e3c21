"""Receptors against closed forms of their waveforms, their charge, and SciPy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import brainsim as bs
from tests.helpers.equations.single_cells import run

pytestmark = pytest.mark.thorough_but("charge", "nmda", "5.0-DoubleExponential", "decay")

AT = 2.0  # ms, when the event comes


class Clamp(bs.Neuron):
    """A cell whose v is clamped, and that adds up the current into it."""

    equations = "dq/dt = I"
    v: float = bs.initial(-40.0, "mV", "membrane potential")
    q: float = bs.initial(0.0, "pA*ms", "charge that has come in")


def event(synapse, weight, duration=200.0, dt=0.1, **options):
    """Return the receptor's first variable and the charge, from the step at which one event arrives."""
    name = f"{type(synapse).__name__.lower()}.{synapse.variables[0]}"
    values, _ = run(Clamp(), duration, dt, events=(synapse, weight, AT), record=[name, "q"], **options)
    first = round(AT / dt)
    return values[name][first:, 0], values["q"][first:, 0]


def double(t, rise, decay):
    """Two exponentials with their peak at 1, and the time of the peak."""
    peak = np.log(decay / rise) * rise * decay / (decay - rise)
    return (np.exp(-t / decay) - np.exp(-t / rise)) / (np.exp(-peak / decay) - np.exp(-peak / rise)), peak


@pytest.mark.parametrize("kind", [bs.DoubleExponential, bs.DoubleExponentialConductance, bs.NMDA])
@pytest.mark.parametrize(("rise", "decay"), [(0.5, 5.0), (2.0, 100.0), (3.0, 3.3)])
def test_double_exponentials_rise_to_their_weight(kind, rise, decay):
    values, _ = event(kind(tau_rise=rise, tau_decay=decay), 7.0)
    t = np.arange(values.size) * 0.1
    expected, peak = double(t, rise, decay)
    assert np.allclose(values, 7.0 * expected, rtol=0, atol=1e-9)
    assert values.max() == pytest.approx(7.0, rel=1e-3)
    assert abs(t[values.argmax()] - peak) <= 0.05 + 1e-9


def test_a_double_exponential_of_equal_times_is_an_alpha_function():
    values, _ = event(bs.DoubleExponential(tau_rise=4.0, tau_decay=4.0), 7.0)
    assert np.allclose(values, event(bs.Alpha(tau=4.0), 7.0)[0], rtol=0, atol=1e-9)


CHARGES = {
    bs.Exponential(tau=4.0): 4.0,
    bs.Alpha(tau=4.0): np.e * 4.0,
    bs.DoubleExponential(tau_rise=2.0, tau_decay=8.0): 2.0 * 4.0 ** (4 / 3),
    bs.ExponentialCharge(tau=4.0): 1.0,
    bs.AlphaCharge(tau=4.0): 1.0,
    bs.DoubleExponentialCharge(tau_rise=2.0, tau_decay=8.0): 1.0,
}


@pytest.mark.parametrize("synapse", CHARGES, ids=lambda synapse: type(synapse).__name__)
def test_an_event_brings_the_charge_that_its_docstring_says(synapse):
    _, charge = event(synapse, 30.0)
    assert charge[0] == 0.0
    assert charge[-1] == pytest.approx(30.0 * CHARGES[synapse], rel=1e-6)


@pytest.mark.parametrize("kind", [bs.Exponential, bs.Alpha, bs.DoubleExponential])
def test_a_weight_as_charge_is_the_same_receptor_on_another_scale(kind):
    charged = getattr(bs, kind.__name__ + "Charge")
    assert charged.weight_unit == "pA*ms"
    times = {"tau": 4.0} if "tau" in kind.parameters else {"tau_rise": 2.0, "tau_decay": 8.0}
    charge = 30.0 * CHARGES[kind(**times)]
    ours, others = event(charged(**times), charge)[0], event(kind(**times), 30.0)[0]
    assert np.allclose(ours, others, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("v", [-80.0, -65.0, -40.0, 0.0, 20.0])
def test_nmda_is_blocked_as_jahr_and_stevens_say(v):
    """``1/(1 + [Mg]/3.57 exp(-0.062 v))``: 6 % of the receptors are open at -65 mV."""
    for mg in (0.0, 1.0, 2.0):
        _, charge = event(bs.NMDA(mg=mg), 2.0, 1500.0, initial={"v": v})
        whole = 2.0 * 2.0 * 50.0 ** (50 / 49) * (0.0 - v)  # of the conductance, as of DoubleExponential
        # the charge is taken by the trapezoidal rule
        assert charge[-1] == pytest.approx(whole / (1 + mg / 3.57 * np.exp(-0.062 * v)), rel=3e-4, abs=1e-9)


def gabab(t, y):
    r, s = y
    return [-0.0012 * r, 0.18 * r - 0.034 * s]


@pytest.mark.parametrize("spikes", [1, 10])
def test_gabab_follows_its_kinetics(spikes):
    w = 0.0135 * spikes
    values, charge = event(bs.GABAB(g_max=60.0), w, 1000.0, dt=0.4)
    solved = solve_ivp(gabab, (0.0, 998.0), [w, 0.0], method="DOP853", rtol=1e-11, atol=1e-14, dense_output=True)
    r, s = solved.sol(np.arange(values.size) * 0.4)
    assert np.allclose(values, r, rtol=1e-8, atol=0)
    current = 60.0 * s**4 / (s**4 + 100.0) * (-95.0 + 40.0)
    assert charge[-1] == pytest.approx(np.trapezoid(current, dx=0.4), rel=1e-2)


def test_gabab_answers_to_bursts():
    """Destexhe et al. (1996): four G proteins open a channel, so ten spikes do far more than ten times what one does."""
    one, ten = (event(bs.GABAB(), 0.0135 * n, 1000.0, dt=0.4)[1][-1] for n in (1, 10))
    assert ten / one > 5000


def test_several_receptors_on_one_cell_add_their_currents():
    """Five of different time constants on one LIF, each with an event of its own, against SciPy at 1e-10."""
    cell = bs.Population(1, bs.LIF(v_th=0.0), name="cell")
    source = bs.Population(1, bs.SpikeTrains([1.0], [0]), name="source")
    net = bs.Network(seed=1)
    fast = bs.ExponentialConductance(tau=2.0, name="fast")
    slow = bs.ExponentialConductance(tau=20.0, name="slow")
    gaba = bs.DoubleExponentialConductance(tau_rise=1.0, tau_decay=8.0, e_rev=-80.0, name="gaba")
    nmda = bs.NMDA(tau_rise=2.0, tau_decay=60.0)
    current = bs.Alpha(tau=3.0)
    events = ((fast, 10.0, 1.0), (slow, 3.0, 5.0), (gaba, 8.0, 9.0), (nmda, 9.0, 2.0), (current, 100.0, 4.0))
    for synapse, weight, delay in events:
        net.connect(source, cell, bs.AllToAll(), weight=weight, delay=delay, synapse=synapse)
    result = bs.simulate(net, 60.0, dt=0.005, seed=1, record=bs.Trace(cell, "v", every=1.0))

    def since(t, start):
        return np.maximum(t - 1.0 - start, 0.0) if t >= 1.0 + start else np.inf

    def slope(t, y):
        v = y[0]
        g = 10.0 * np.exp(-since(t, 1.0) / 2.0) + 3.0 * np.exp(-since(t, 5.0) / 20.0)
        i = g * (0.0 - v)
        i += 8.0 * _double_at(since(t, 9.0), 1.0, 8.0) * (-80.0 - v)
        i += 9.0 * _double_at(since(t, 2.0), 2.0, 60.0) * (0.0 - v) / (1 + 1 / 3.57 * np.exp(-0.062 * v))
        x = since(t, 4.0) / 3.0
        i += 100.0 * (x * np.exp(1 - x) if x < np.inf else 0.0)
        return [(-65.0 - v) / 20.0 + i / 200.0]

    v, at, found = [-65.0], 0.0, [-65.0]
    for end in (2.0, 3.0, 5.0, 6.0, 10.0, 60.0):  # from one event to the next: what SciPy sees is smooth
        times = np.arange(at + 1.0, end + 0.5)
        part = solve_ivp(slope, (at, end), v, method="DOP853", rtol=1e-10, atol=1e-10, t_eval=times)
        v, at = part.y[:, -1], end
        found += part.y[0].tolist()
    values = result.traces["cell", "v"].values[:, 0]
    assert max(found) > -55.0
    assert np.abs(values - found).max() < 2e-3


def _double_at(t, rise, decay):
    return double(t, rise, decay)[0] if t < np.inf else 0.0


@pytest.mark.parametrize("kind", [bs.DoubleExponential, bs.DoubleExponentialConductance, bs.NMDA])
def test_the_rise_is_not_slower_than_the_decay(kind):
    with pytest.raises(ValueError, match="tau_rise <= tau_decay must hold"):
        kind(tau_rise=200.0)


def test_delta_acts_on_a_variable_of_any_unit():
    cell = bs.Neuron.of(
        "dv/dt = -v/tau : 1; dz/dt = -z/tau : pA; tau = 10 ms", threshold="v >= 1", reset="v = 0", name="Plain"
    )
    cells, net = bs.Population(2, cell(), name="cells"), bs.Network(seed=1)
    for synapse, weight in ((bs.Delta(weight_unit="1"), 0.5), (bs.Delta(variable="z", weight_unit="pA"), 40.0)):
        net.stimulate(cells, bs.EventInput(times=[1.0], ids=[0], weight=[weight], synapse=synapse), name=f"onto {weight}")
    result = bs.simulate(net, 1.0, record=[bs.Trace(cells, "v"), bs.Trace(cells, "z")])
    assert [result.traces["cells", name].values[-1].tolist() for name in "vz"] == [[0.5, 0.0], [40.0, 0.0]]
    assert repr(bs.Delta(weight_unit="")) == "Delta(weight_unit='')"
    assert bs.Delta(weight_unit="mV") == bs.Delta() != bs.Delta(weight_unit="1") == bs.Delta(weight_unit="")
    with pytest.raises(ValueError, match=r"'v', which is a plain number, .* write weight_unit = '' in .* within Delta\(\)"):
        net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Delta())
    with pytest.raises(ValueError, match=r"Delta.weight_unit: unknown unit 'V'; 1 V is 1000 mV"):
        bs.Delta(weight_unit="V")
