"""Parameters of models that learn: sums of their gradients, ranges, bits, mistakes."""

import copy
import pickle

import numpy as np
import pytest

import brainsim as bs
from brainsim.jit.decorators import Entry
from tests.learn.test_model_layers import COMMON, KINDS, OF_TWO, Leaky, Started, Two, network, of_kind

pytestmark = pytest.mark.thorough_but("test_mistakes")


@pytest.mark.parametrize("kind", ["linear", "smooth"])
def test_gradients_of_samples_and_chunks_add_up(kind):
    net, *_ = of_kind(kind)
    rng = np.random.default_rng(5)
    X = [(rng.uniform(0.0, 30.0, 16), rng.integers(0, 5, 16)) for _ in range(20)]  # two chunks
    y = rng.integers(0, 3, 20)
    whole = net.gradients(X, y).parts
    for name in KINDS[kind][1]:
        parts = [net.gradients([x], [label]).parts[name, 0] for x, label in zip(X, y, strict=True)]
        assert whole[name, 0] == pytest.approx(float(np.mean(parts)), rel=1e-10), name
    inputs = net._inputs(X, "X")
    with net._runner(inputs, net._targets(y, 20, "y")) as runner:
        runs = [runner.run(net._vector, np.arange(20), learn=True).gradient for _ in range(2)]
    assert runs[0].tobytes() == runs[1].tobytes()


@pytest.mark.parametrize("kind", ["linear", "smooth"])
def test_all_else_has_the_bits_of_a_layer_whose_parameters_do_not_learn(kind):
    model, _, layer, options = KINDS[kind]
    (one, X, y), (other, *_) = of_kind(kind), network(bs.learn.ModelLayer(8, model, **layer), **options)
    (loss, parts), (same, fewer) = one.gradients(X, y), other.gradients(X, y)
    assert loss == same
    assert all(np.array_equal(part, parts[key]) for key, part in fewer.items())
    assert {key for key in parts if key not in fewer} == {(name, 0) for name in KINDS[kind][1]}


def samples(n=96):
    rng = np.random.default_rng(1)
    X, y = rng.uniform(10.0, 20.0, (n, 8)), rng.integers(0, 2, n)
    X[y == 1, :4] -= 8.0
    X[y == 0, 4:] -= 8.0
    return X, y


OPTIONS = {"duration": 40.0, "epochs": 4, "learning_rate": 0.03, "validation": 0.0}


def layer_of_started(**options):
    learns = (*OF_TWO, "v_0", "delay")
    return bs.learn.ModelLayer(16, Started(), recurrent=True, weight=(1.3, 0.6), learns=learns, **options)


def test_the_bits_do_not_depend_on_threads_or_on_how_training_is_split():
    X, y = samples()
    nets = [bs.learn.SpikingNetwork(layer_of_started(), threads=n, **OPTIONS).fit(X, y) for n in (1, 2, 3, 4)]
    bits = nets[0].training_.vector.tobytes()
    assert all(net.training_.vector.tobytes() == bits for net in nets[1:])
    split = bs.learn.SpikingNetwork(layer_of_started(), **OPTIONS).partial_fit(X, y, 1)
    for again in (copy.deepcopy(split), pickle.loads(pickle.dumps(split))):
        assert again.partial_fit(X, y, 3).training_.vector.tobytes() == bits
    start = {name: getattr(Started(), name) for name in Started().parameters if name != "v_r"} | {"tau_s": 5.0}
    assert all(nets[0].parts()[name, 0] != value for name, value in start.items())


def test_parameters_alone_can_learn():
    teacher, X, _ = network(bs.learn.ModelLayer(8, Two(tau_m=18.0, tau_w=30.0, a=0.3, b=0.2), tau_s=5.5, **COMMON))
    wanted, layer = teacher.potentials(X), bs.learn.ModelLayer(8, Two(), learns=OF_TWO, **COMMON)
    options = {"duration": 60.0, "loss": "sequence", "learning_rate": 0.01, "validation": 0.0}
    net = bs.learn.SpikingNetwork(layer, **options).partial_fit(X, wanted)
    training, layout = net.training_, net.training_.layout
    for key, part in net.parts().items():
        part[...] = getattr(Two(), key[0], 5.0) if key[0] in OF_TWO else teacher.parts()[key]
    training.scale[: layout.delays[0].start] = 0.0  # weights and biases
    before = training.vector.copy()
    net.partial_fit(X, wanted, 200)
    assert np.array_equal(before[training.scale == 0.0], training.vector[training.scale == 0.0])
    assert net.history_["loss"][-1] < 0.1 * net.history_["loss"][1]
    assert float(net.parts()["tau_m", 0]) == pytest.approx(18.0, abs=0.5)  # those of the teacher
    assert float(net.parts()["tau_s", 0]) == pytest.approx(5.5, abs=0.25)


def test_nothing_is_compiled_again(monkeypatch):
    net, X, y = of_kind("linear")
    net.partial_fit(X, y, 1)

    def compiled(self):
        raise AssertionError("a kernel is compiled again")

    monkeypatch.setattr("brainsim.jit.decorators.load_source", compiled)
    monkeypatch.setattr(Entry, "_compile", compiled)
    before, derived = net.parts()["tau_m", 0].copy(), net._layout.derived(1, False)
    kept = derived.start.scalars.copy()
    net.partial_fit(X, y, 2)
    assert net.parts()["tau_m", 0] != before
    assert np.array_equal(derived.start.scalars, kept)  # which others may read at the same time


class Bounded(Leaky):
    equations = "dv/dt = (g*(I - v) + k)/c"
    threshold = "v >= v_th"
    reset = "v = v_r + tau*0.001"
    conditions = ("v_r < v_th", "v_th + k < 3")
    c: float = bs.parameter(40.0, "pF", "capacitance", above=20.0)
    g: float = bs.parameter(2.0, "nS", "conductance", at_least=0.0)
    k: float = bs.parameter(0.0, "pA", "current")
    tau: float = bs.parameter(6.0, "ms", "time constant", above=0.0)
    v_th: float = bs.parameter(1.0, "mV", "threshold")


OF_BOUNDED = ("c", "g", "k", "tau", "v_r", "v_th")


def test_parameters_stay_in_their_ranges():
    layer = bs.learn.ModelLayer(4, Bounded(), learns=(*OF_BOUNDED, "tau_s"), weight=(1.0, 1.0))
    net, *_ = network(layer, dt=0.5)
    layout, before = net.training_.layout, net.training_.vector

    def after(**moved):
        vector = before.copy()
        for name, value in moved.items():
            vector[layout.at[name, 1]] = value
        layout.keep_in_range(vector, before)
        return {name: float(vector[layout.at[name, 1]]) for name in (*OF_BOUNDED, "tau_s")}

    start = {"c": 40.0, "g": 2.0, "k": 0.0, "tau": 6.0, "v_r": -0.1, "v_th": 1.0, "tau_s": 5.0}
    assert after() == start
    assert after(c=-5.0, g=-1.0, tau=0.1, tau_s=0.1) == start | {"c": 20.2, "g": 0.0, "tau": 0.5, "tau_s": 0.5}
    assert after(k=2.5) == start | {"k": 1.25}  # half a step
    assert after(v_r=3.0, k=0.5) == start | {"v_r": -0.1 + 0.25 * 3.1, "k": 0.125}
    assert after(v_th=np.nan) == start
    scale = {name: float(layout.scales(before)[layout.at[name, 1]]) for name in (*OF_BOUNDED, "tau_s")}
    assert scale == start | {"v_r": 0.1, "k": 0.1}


@pytest.mark.filterwarnings("ignore:.*did not fire in the last epoch")  # steps this large silence all cells
def test_training_with_large_steps_never_leaves_the_ranges():
    X, y = samples(64)
    layer = bs.learn.ModelLayer(8, Bounded(), learns=OF_BOUNDED, weight=(1.3, 0.6))
    net = bs.learn.SpikingNetwork(layer, **OPTIONS | {"learning_rate": 0.3}, batch=4, wake=2.0)
    seen = []
    for _ in range(8):
        net.partial_fit(X, y)
        seen.append({name: float(net.parts()[name, 0]) for name in OF_BOUNDED})
        Bounded(**seen[-1])  # or it raises
    assert any(values["c"] == 20.2 or values["g"] == 0.0 or values["tau"] == 1.0 for values in seen)


class Switched(Leaky):
    equations = "dv/dt = (I - v*where(flag > 0.5, 2, 1))/tau_m + 0.001*floor(count)"
    reset = "v = v_r if kind > 0.5 else 0"
    flag: float = bs.parameter(1.0, "", "whether it decays fast")
    kind: float = bs.parameter(1.0, "", "which reset")
    count: float = bs.parameter(2.0, "", "a whole number")
    idle: float = bs.parameter(2.0, "", "of nothing")


class Delayed(Leaky):
    reset = "v = v_r + 0.1*delay"
    delay: float = bs.parameter(0.0, "", "a name that layers have")
    tau_s: float = bs.parameter(0.0, "", "another one")
    weight: float = bs.parameter(0.0, "", "a third one")


MISTAKES = {
    "unknown": (Two, "tau_ww", r"ModelLayer.learns: there is no 'tau_ww'; did you mean 'tau_w'\?"),
    "variable": (Leaky, "v", "ModelLayer.learns: there is no 'v'"),
    "flag": (
        Switched,
        "flag",
        "ModelLayer.learns: Switched.flag: cannot be differentiated: a condition on 'flag' is not smooth",
    ),
    "condition": (
        Switched,
        "kind",
        "ModelLayer.learns: Switched.kind: cannot be differentiated: a condition on 'kind' is not smooth",
    ),
    "integer": (Switched, ("tau_m", "count"), r"Switched.count: cannot be differentiated: floor\(\) has no derivative here"),
    "without effect": (Switched, "idle", "ModelLayer.learns: Switched.idle: the cells do not depend on it$"),
    "refractory": (lambda: bs.LIF(t_ref=0.0), "t_ref", "LIF.t_ref: refractory times are not learned"),
    "delay": (Delayed, "delay", "ModelLayer.learns: Delayed.delay: synapses have a 'delay' of their own; give the"),
    "tau_s": (Delayed, "tau_s", "Delayed.tau_s: synapses have a 'tau_s' of their own"),
    "weight": (Delayed, "weight", "Delayed.weight: synapses have a 'weight' of their own"),
}


@pytest.mark.parametrize(("model", "learns", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(model, learns, said):
    with pytest.raises(ValueError, match=said):
        bs.learn.ModelLayer(4, model(), learns=learns)


def test_what_does_not_learn_may_be_a_flag_or_have_any_name():
    assert bs.learn.ModelLayer(4, Switched(), learns=("tau_m", "v_r")).learns == ("tau_m", "v_r")
    assert bs.learn.ModelLayer(4, Delayed(), learns="tau_m").learns == ("tau_m",)
