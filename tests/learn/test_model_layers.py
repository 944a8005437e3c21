"""`bs.learn.ModelLayer`: kernels derived from equations against the written ones, differences and the engine; mistakes."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.learn.spiking.samples import inputs_of
from brainsim.models.catalogue import catalogue
from tests.learn.spiking_nets import assert_gradients, assert_same_spikes

pytestmark = pytest.mark.thorough_but("mistakes")


class Leaky(bs.Neuron):
    equations = "dv/dt = (I - v)/tau_m"
    threshold = "v >= 1"
    reset = "v = v_r"
    dimensions = False
    tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    v_r: float = bs.parameter(-0.1, "", "reset potential")
    v: float = bs.initial(0.0, "", "potential")


class Tired(Leaky):
    equations = "dv/dt = (I - v)/tau_m\nda/dt = -a/tau_a"
    threshold = "v >= 1 + a"
    reset = "v = v_r; a = a + beta"
    tau_a: float = bs.parameter(60.0, "ms", "time constant of the threshold", above=0.0)
    beta: float = bs.parameter(0.2, "", "rise of the threshold")
    a: float = bs.initial(0.0, "", "rise of the threshold")


class Two(Leaky):
    """Two variables that depend on each other."""

    equations = "dv/dt = (I - v - w)/tau_m\ndw/dt = (a*v - w)/tau_w"
    reset = "v = 0; w = w + b"
    tau_w: float = bs.parameter(60.0, "ms", "time constant of the adaptation", above=0.0)
    a: float = bs.parameter(0.2, "", "adaptation below the threshold")
    b: float = bs.parameter(0.1, "", "adaptation by a spike")
    w: float = bs.initial(0.0, "", "adaptation")


class Scaled(Tired):
    """The response of v to a spike has a factor."""

    equations = "dv/dt = (r*I - v)/tau_m\nda/dt = -a/tau_a"
    threshold = "v >= v_th + a"
    r: float = bs.parameter(1.2, "", "resistance")
    v_th: float = bs.parameter(1.1, "", "threshold")


class Started(Two):
    """An initial value depends on a parameter, another one on that."""

    v_0: float = bs.parameter(0.2, "", "potential at the start")
    v: float = bs.initial("v_0", "", "potential")
    w: float = bs.initial("a*v", "", "adaptation")


COMMON = {"recurrent": True, "weight": (1.3, 0.6), "recurrent_weight": (0.1, 0.4), "delay": 2.3, "recurrent_delay": 3.7}
ADEX = {"recurrent": True, "weight": (400.0, 150.0), "recurrent_weight": (20.0, 60.0)}
IZHIKEVICH = {"recurrent": True, "weight": (10.0, 4.0), "recurrent_weight": (0.5, 1.5)}
LIF = {"recurrent": True, "weight": (200.0, 90.0), "recurrent_weight": (15.0, 60.0)}
RNG = np.random.default_rng(3)
EACH = {"delay": RNG.uniform(1.0, 6.0, (5, 8)), "recurrent_delay": RNG.uniform(1.0, 8.0, (8, 8))}
OF_SCALED = ("tau_m", "v_r", "tau_a", "beta", "r", "v_th", "tau_s")
OF_TWO = ("tau_m", "tau_w", "a", "b", "tau_s")
OF_ADEX = ("c_m", "g_l", "v_rest", "v_th", "delta_t", "v_peak", "v_reset", "a", "b", "tau_w", "tau_s")
OF_LIF = ("tau_m", "c_m", "v_rest", "v_th", "v_reset", "tau_s")
KINDS = {  # model, what learns, layer, network
    "linear": (Scaled(), OF_SCALED, COMMON | EACH, {}),
    "smooth": (Started(), (*OF_TWO, "v_0"), COMMON | EACH, {}),
    "AdEx": (bs.AdEx(v_peak=-40.0), OF_ADEX, ADEX, {"dt": 0.25}),
    "one delay": (Scaled(), OF_SCALED, COMMON, {}),
    "LIF": (bs.LIF(t_ref=0.0), OF_LIF, LIF, {}),
    "equal times": (Scaled(tau_m=5.0), OF_SCALED, COMMON, {}),
    "linear, currents": (Scaled(), OF_SCALED, COMMON, {"currents": True}),
    "smooth, currents": (Two(), OF_TWO, COMMON, {"currents": True}),
    "exponential": (Two(), OF_TWO, COMMON | {"method": "exponential_euler"}, {}),
    "rk4": (Two(), OF_TWO, COMMON | {"method": "rk4"}, {}),
    "Izhikevich": (bs.Izhikevich(), ("a", "b", "c", "d", "v_peak", "tau_s"), IZHIKEVICH, {"dt": 0.25}),
}


def network(layer, dt=1.0, currents=False, **options):
    """Return (network, X, y) with random weights and data, as if it had been trained."""
    rng = np.random.default_rng(0)
    net = bs.learn.SpikingNetwork(
        layer, readout=bs.learn.Readout(weight=(0.2, 0.4)), duration=60.0, dt=dt, gain=20.0, fading=True, validation=0.0,
        seed=1, **options,
    )  # fmt: skip
    X = [(rng.uniform(0.0, 30.0, 16), rng.integers(0, 5, 16)) for _ in range(4)]
    X[-1][1][0] = 4  # so that the number of inputs is known
    X = rng.normal(0.3, 0.5, (4, round(60.0 / dt), 5)) if currents else X
    y = np.array([0, 1, 2, 1])
    net._begin(inputs_of(X, "X"), y, "fit")
    return net, X, y


# each model takes some seconds to compile: the others are for the long run
OF_KINDS = [k if k in ("linear", "smooth", "AdEx") else pytest.param(k, marks=pytest.mark.slow) for k in KINDS]


def of_kind(kind):
    model, learns, layer, options = KINDS[kind]
    return network(bs.learn.ModelLayer(8, model, learns=learns, **layer), **options)


class OtherNames(Leaky):
    """`Tired` with names that a kernel could have taken for its own."""

    equations = "dv/dt = (I - v)/tau_m\ndn/dt = -n/k"
    threshold = "v >= 1 + n"
    reset = "v = v_r; n = n + x"
    k: float = bs.parameter(60.0, "ms", "time constant of the threshold", above=0.0)
    x: float = bs.parameter(0.2, "", "rise of the threshold")
    n: float = bs.initial(0.0, "", "rise of the threshold")


def test_a_model_may_use_any_names():
    (one, X, y), (other, *_) = (network(bs.learn.ModelLayer(8, model, **COMMON)) for model in (Tired(), OtherNames()))
    (loss, parts), (same, others) = one.gradients(X, y), other.gradients(X, y)
    assert loss == same
    assert all(np.array_equal(part, others[key]) for key, part in parts.items())


def test_an_initial_value_may_depend_on_another():
    net, *_ = network(bs.learn.ModelLayer(2, bs.Izhikevich(), weight=(0.0, 1.0)))
    assert net._layout.derived(1, False).start.initial.tolist() == [-65.0, -13.0, 0.0]


WRITTEN = {"LIF": (Leaky(), {}, ("tau_m", "tau_s")), "adaptive": (Tired(), {"beta": 0.2, "tau_a": 60.0}, None)}


@pytest.mark.parametrize("kind", WRITTEN)
def test_derived_kernels_approach_the_written_ones(kind):
    """They find a spike by a straight line, with an error of the second order of dt."""
    (model, options, learns), errors = WRITTEN[kind], []
    learns = learns or ("tau_m", "tau_s", "tau_a", "beta")
    for dt in (0.2, 0.05):
        derived, X, y = network(bs.learn.ModelLayer(8, model, learns=learns, **COMMON), dt=dt)
        written, *_ = network(bs.learn.Layer(8, v_reset=-0.1, **COMMON, **options), dt=dt)
        for key, part in derived.parts().items():
            part[...] = written.parts()[key]
        ((loss, parts), (same, wanted)), worst = (net.gradients(X, y) for net in (derived, written)), 0.0
        for k in range(4):
            one, other = (net.activity(X, k)["hidden0"] for net in (derived, written))
            assert one.counts().tolist() == other.counts().tolist()
            a, b = (spikes.times[np.lexsort((spikes.times, spikes.ids))] for spikes in (one, other))
            worst = max(worst, np.abs(a - b).max())
        errors.append(worst)
        assert loss == pytest.approx(same, abs=10.0 * dt * dt)
    assert errors[1] < 0.2 * errors[0] < 0.01
    for key in (("weight", 0), ("recurrent", 0)):
        assert np.linalg.norm(parts[key] - wanted[key]) < 0.05 * np.linalg.norm(wanted[key])


@pytest.mark.slow_but("[smooth]")
@pytest.mark.parametrize("kind", OF_KINDS)
def test_gradients_equal_differences(kind):
    assert_gradients(*of_kind(kind))


@pytest.mark.slow_but("[smooth]")
def test_gradients_equal_differences_in_a_stack_of_layers():
    common = {"weight": (1.3, 0.6), "delay": 2.3}
    layers = (
        bs.learn.ModelLayer(8, Scaled(), learns=OF_SCALED, **COMMON),
        bs.learn.Layer(7, learns=("tau_m", "tau_s"), **common),
        bs.learn.ModelLayer(6, Started(), learns=(*OF_TWO, "v_0"), **common),
    )
    assert_gradients(*network(layers))


class Leak(Leaky):
    equations = "dv/dt = (I - g*v)/c"
    c: float = bs.parameter(20.0, "pF", "capacitance", above=1.0)
    g: float = bs.parameter(0.0, "nS", "conductance", at_least=0.0)


@pytest.mark.slow
def test_a_cell_may_lose_its_leak():
    assert_gradients(*network(bs.learn.ModelLayer(8, Leak(), learns=("c", "g", "v_r", "tau_s"), **COMMON)))


@pytest.mark.parametrize("kind", ["linear", "smooth"])
def test_a_precise_simulation_has_the_spikes_of_the_trainer_to_the_order_of_the_method(kind):
    model, learns, layer, _ = KINDS[kind]
    net, X, y = network(bs.learn.ModelLayer(8, model, learns=learns, **layer), dt=0.02)
    net.partial_fit(X, y, 2)
    ordinary = net.to_network(X[3])
    assert_same_spikes(bs.simulate(ordinary, 60.0, precise=True).spikes["hidden0"], net.activity(X, 3)["hidden0"], 2e-3)
    for name in {*learns} - {"tau_s"}:
        value = getattr(ordinary.populations["hidden0"].model, name)
        assert value == net.parts()[name, 0] != getattr(model, name)


def test_a_state_belongs_to_the_model():
    (net, X, _), (other, *_) = (network(bs.learn.ModelLayer(8, Tired(beta=b), **COMMON)) for b in (0.2, 0.3))
    state = bs.simulate(net.to_network(X[0]), 10.0, dt=1.0, precise=True).state
    with pytest.raises(ValueError, match="hidden0"):
        bs.Simulation(other.to_network(X[0]), dt=1.0, precise=True, state=state)


class TestFiles:
    def trained(self, model=None, **options):
        layer = bs.learn.ModelLayer(6, model or Two(tau_w=40.0), recurrent=True, delay=np.full((5, 6), 2.0), **options)
        net, X, y = network(layer)
        return net.partial_fit(X, y), X, y

    def test_a_network_is_read_with_its_classes_and_goes_on_to_the_bit(self, tmp_path):
        net, X, y = self.trained(method="rk4", learns=("delay", "tau_w", "tau_s"))
        net.save(tmp_path / "net")
        again = bs.learn.SpikingNetwork.load(tmp_path / "net.npz", models=[Leaky, Two])
        assert repr(again.hidden[0]) == repr(net.hidden[0])
        for _ in range(2):
            assert net.training_.vector.tobytes() == again.training_.vector.tobytes()
            assert np.array_equal(net.decision_function(X), again.decision_function(X))
            net.partial_fit(X, y), again.partial_fit(X, y)

    def test_a_class_of_brainsim_is_found(self, tmp_path):
        net, X, _ = network(bs.learn.ModelLayer(2, bs.QIF(t_ref=0.0), weight=(100.0, 50.0)), dt=0.25)
        net.save(tmp_path / "net")
        again = bs.learn.SpikingNetwork.load(tmp_path / "net.npz")
        assert repr(again.hidden[0]) == repr(net.hidden[0])

    def test_a_class_that_is_missing_or_another_is_named(self, tmp_path):
        self.trained()[0].save(tmp_path / "net")
        load = bs.learn.SpikingNetwork.load
        with pytest.raises(ValueError, match=r"a class Two, which a file does not hold; .*load\(path, models=\[Two\]\)"):
            load(tmp_path / "net.npz")
        other = type("Two", (Two,), {"reset": "v = 0; w = w + 2*b"})
        said = r"Two.reset is not that of the saved network \(got 'v = 0; w = w \+ 2\*b', saved was 'v = 0; w = w \+ b'\)"
        with pytest.raises(ValueError, match=said):
            load(tmp_path / "net.npz", models=[other])
        with pytest.raises(TypeError, match="SpikingNetwork.load.models: must be classes of neurons"):
            load(tmp_path / "net.npz", models=[Two()])


class Noisy(Leaky):
    equations = "dv/dt = (I - v)/tau_m + 0.1*xi/sqrt(tau_m)"


class Stepped(Leaky):
    equations = "dv/dt = (I - v*where(v > 0.5, 2, 1))/tau_m"


class Timed(Leaky):
    equations = "dv/dt = (I - v + sin(t))/tau_m"


class Silent(Leaky):
    threshold = ""
    reset = ""


class Chance(Leaky):
    threshold = "rand() < 0.1"


class Between(Leaky):
    threshold = "v >= 1 and v < 2"


NEURONS = [kind for kind in catalogue().values() if issubclass(kind, bs.Neuron)]


def refusal(model):
    """Return why a model cannot learn, or nothing."""
    try:
        bs.learn.ModelLayer(4, model)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("kind", NEURONS, ids=lambda kind: kind.__name__)
def test_no_model_of_brainsim_is_refused_for_its_names(kind):
    """Users can rename the parameters of their own models only; `GLIF4` has one called f_v."""
    told = refusal(kind(t_ref=0.0) if "t_ref" in kind.parameters else kind())
    assert "is needed for the crossing" not in told
    assert not (told and kind in (bs.LIF, bs.AdEx, bs.QIF, bs.GLIF4, bs.GLIF5))


class Clashing(Leaky):
    equations = "dv/dt = (I - v)/tau_m\ndgap/dt = -gap"
    gap: float = bs.initial(0.0, "", "something else")


MISTAKES = {
    "no model": (lambda: bs.learn.ModelLayer(4, 3.0), "ModelLayer.model: float: must be a neuron"),
    "class": (lambda: bs.learn.ModelLayer(4, Leaky), r"ModelLayer.model: Leaky is a class; write Leaky\(\)"),
    "noise": (lambda: bs.learn.ModelLayer(4, Noisy()), "ModelLayer.model: Noisy.*there is noise in dv/dt"),
    "condition": (lambda: bs.learn.ModelLayer(4, Stepped()), r"ModelLayer.model: Stepped.*cannot be differentiated"),
    "time": (lambda: bs.learn.ModelLayer(4, Timed()), "the equations depend on t"),
    "no threshold": (lambda: bs.learn.ModelLayer(4, Silent()), "has no threshold: cells of a layer must fire"),
    "chance": (lambda: bs.learn.ModelLayer(4, Chance()), "there are random numbers"),
    "two conditions": (lambda: bs.learn.ModelLayer(4, Between()), "the threshold must be one comparison"),
    "refractory": (
        lambda: bs.learn.ModelLayer(4, bs.LIF()),
        r"refractory times cannot be differentiated; write LIF\(t_ref=0.0\)",
    ),
    "refractory condition": (
        lambda: bs.learn.ModelLayer(4, bs.HodgkinHuxley()),
        r"HodgkinHuxley: the refractory condition 'v >= v_th' cannot be differentiated; use cells .* bs.AdEx\(t_ref=0.0\)",
    ),
    "values": (lambda: bs.learn.ModelLayer(2, Leaky(tau_m=[10.0, 20.0])), "tau_m must be one number for all cells"),
    "name": (lambda: bs.learn.ModelLayer(4, Clashing()), "the name 'gap' is needed for the crossing"),
    "exact": (lambda: bs.learn.ModelLayer(4, Two(), method="exact"), "method 'exact' needs variables that are linear"),
    "method": (lambda: bs.learn.ModelLayer(4, Two(), method="huen"), "ModelLayer.method: there is no 'huen'.*'heun'"),
    "learns": (
        lambda: bs.learn.ModelLayer(4, Leaky(), learns="tau_mm"),
        "learns: there is no 'tau_mm'; did you mean 'tau_m'",
    ),
    "gradient": (
        lambda: bs.learn.SpikingNetwork(bs.learn.ModelLayer(4, Leaky()), gradient="surrogate"),
        "'surrogate' is for LIF and LI cells, and those of hidden layer 0 are Leaky; write gradient='exact'",
    ),
}


@pytest.mark.parametrize(("call", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(call, said):
    with pytest.raises((ValueError, TypeError), match=said):
        call()


def test_it_shows_what_it_is():
    layer = bs.learn.ModelLayer(4, Leaky(), tau_s=4.0, method="rk4", delay=np.ones((3, 4)))
    assert repr(layer) == "ModelLayer(4, Leaky(), tau_s=4.0, delay=<3 x 4>, method='rk4')"
    assert ("tau_m", 0) not in network(bs.learn.ModelLayer(4, Leaky()))[0].parts()
