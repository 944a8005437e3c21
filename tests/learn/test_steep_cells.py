"""Gradients of cells whose potential rises faster and faster before a spike: against differences of exact spike times."""

import numpy as np
import pytest

import brainsim as bs


class Quartic(bs.Neuron):
    """A cell of Touboul (2008), doi:10.1137/070687268, with numbers of its own.

    Examples
    --------
    >>> Quartic(a=1.0)
    Quartic(a=1.0)
    """

    equations = "dv/dt = (v**4 + 2.0*a*v - w + I)/tau\ndw/dt = (0.3*v - w)/tau_w"
    threshold = "v >= v_peak"
    reset = "v = v_reset; w = w + b"
    dimensions = False
    a: float = bs.parameter(0.3, "", "slope at 0")
    b: float = bs.parameter(0.4, "", "step of the adaptation")
    tau: float = bs.parameter(10.0, "ms", "time constant of v", above=0.0)
    tau_w: float = bs.parameter(60.0, "ms", "time constant of w", above=0.0)
    v_peak: float = bs.parameter(8.0, "", "where a spike ends")
    v_reset: float = bs.parameter(-1.0, "", "potential after a spike")
    v: float = bs.initial("v_reset", "", "potential")
    w: float = bs.initial(0.0, "", "adaptation")


class Tired(Quartic):
    """A quadratic cell whose spikes end higher after each of them.

    Examples
    --------
    >>> Tired(a=2.0)
    Tired(a=2.0)
    """

    equations = "dv/dt = (v**2 - a + I)/tau\ndw/dt = -w/tau_w"
    threshold = "v >= v_peak + w"
    a: float = bs.parameter(1.0, "", "depth of the well")


# model, how its currents scale, a parameter of it, and the potential at which it rises most slowly if nothing else changes
CELLS = {
    "AdEx": (bs.AdEx(), 1.0, "delta_t", bs.AdEx().v_th),
    "EIF": (bs.EIF(t_ref=0.0), 0.3, "delta_t", bs.EIF().v_th),
    "Izhikevich": (bs.Izhikevich(), 0.014, "b", -62.5),
    "QIF": (bs.QIF(), 0.35, "k", 0.5 * (bs.QIF().v_rest + bs.QIF().v_crit)),
    "Quartic": (Quartic(), 0.003, "a", -((Quartic().a / 2.0) ** (1.0 / 3.0))),
    "Tired": (Tired(), 0.003, "a", 0.0),
}
INPUTS, HIDDEN, OUTPUTS, DURATION, TAU = 6, 8, 3, 60.0, 5.0
PROJECTIONS, STEPS = ("in", "within", "out"), (0.05, 0.025, 0.0125)
# a passage of that potential is grazing if it is slower than this share of the way from there to the peak in 1 ms
GRAZING = 0.003


def network_of(kind, seed, what="", place=0, change=1.0):
    """Return a network with two populations of steep cells, and its input spikes; one number may be multiplied."""
    model, unit, parameter, _ = CELLS[kind]
    if what == parameter:
        model = type(model)(**{name: getattr(model, name) * (change if name == what else 1.0) for name in model.parameters})
    rng, net = np.random.default_rng(seed), bs.Network(seed=seed)
    times, ids = np.sort(rng.uniform(0.0, 25.0, 24)), rng.integers(0, INPUTS, 24)
    source = bs.Population(INPUTS, bs.SpikeTrains(times, ids), name="source")
    a, out = (bs.Population(n, model, name=name) for n, name in ((HIDDEN, "a"), (OUTPUTS, "out")))
    synapse = bs.Exponential(tau=4.0)

    def connect(pre, post, p, mean, name):
        i, j = np.nonzero(rng.random((pre.n, post.n)) < p)
        weight = (unit * rng.normal(mean, 0.3 * abs(mean), len(i))).astype(np.float32).astype(float)
        if what == name:
            weight[place] *= change
        delay = rng.uniform(1.0, 6.0, len(i)).round(3)  # ms
        net.connect(pre, post, bs.FromArrays(i, j), weight=weight, delay=delay, synapse=synapse, name=name)

    connect(source, a, 0.7, 500.0, "in")
    connect(a, a, 0.25, 60.0, "within")
    connect(a, out, 0.9, 220.0, "out")
    net.stimulate(a, bs.CurrentInput(unit * rng.uniform(250.0, 420.0, HIDDEN)), name="into a")
    net.stimulate(out, bs.CurrentInput(unit * rng.uniform(150.0, 300.0, OUTPUTS)), name="into out")
    return net, (times, ids)


def first_times(net):
    """Return the first exact spike of each output.

    With dt = 0.05 ms, spikes jump by up to 1e-6 ms as a number changes, which a few differences show; here by 4e-10 ms.
    """
    out = bs.simulate(net, DURATION, dt=STEPS[-1], seed=1, precise=True).spikes["out"]
    return np.array([np.min(out.times[out.ids == k], initial=np.inf) for k in range(OUTPUTS)])


def loss_of(first):
    return np.log(np.exp(-first / TAU).sum()) + first[0] / TAU


def exact_derivative(kind, seed, what, place, value):
    """Return the derivative of the loss of exact spikes, of which no first one is grazing."""
    found = []
    for h in (2e-4, 4e-4):
        above, below = (first_times(network_of(kind, seed, what, place, 1.0 + s * h)[0]) for s in (1, -1))
        at = [value * (1.0 + s * h) for s in (1, -1)]
        at = [float(np.float32(w)) for w in at] if what in PROJECTIONS else at  # to which a simulation rounds weights
        found.append((loss_of(above) - loss_of(below)) / (at[0] - at[1]))
    return (4.0 * found[0] - found[1]) / 3.0


def slowest_passage(net, kind, out):
    """Return how slowly a cell passes the potential at which it rises most slowly, as `GRAZING` counts it.

    Of all spikes until each of the cells `out` has fired, on which the loss depends. A cell of another kind, which fires at
    the threshold, counts there.
    """
    dt, found = STEPS[-1], []
    cells = [population for population in net.populations.values() if "v" in population.model.initials]
    result = bs.simulate(net, DURATION, dt=dt, seed=1, precise=True, record=[bs.Trace(some, "v") for some in cells])
    last = max(np.min(result.spikes[out].times[result.spikes[out].ids == k], initial=DURATION) for k in range(OUTPUTS))
    for some in cells:
        model, spikes, v = some.model, result.spikes[some.name], result.traces[some.name, "v"].values
        steep = isinstance(model, type(CELLS[kind][0]))
        low, high = (CELLS[kind][3], model.v_peak) if steep else (model.v_reset, model.v_th)
        for step, cell in zip((spikes.times / dt).astype(int), spikes.ids, strict=True):
            if step * dt < last:
                before = v[: step + 1, cell]
                passed = np.flatnonzero(before < low)[-1] + 1 if steep else step
                passed = min(passed, step)  # a slope before the spike, if all happens in one step
                found.append((before[passed] - before[passed - 1]) / dt / (high - low))
    return min(found)


def gradients(net, X, parameter, dt):
    """Return the gradient of the trainer: name of a projection, or of the parameter -> array."""
    learns = [bs.learn.Learns(name) for name in PROJECTIONS]
    learns += [bs.learn.Learns(cells, parameter) for cells in ("a", "out")]
    given = {"tau_first": TAU, "late": 0.0, "clip": 0.0, "floor": 0.0, "gain": 1.0, "validation": 0.0}
    trainer = bs.learn.Trainer(net, "out", learns, loss="first", dt=dt, duration=DURATION, **given)
    parts = trainer.partial_fit([X] * OUTPUTS, range(OUTPUTS), 0).gradients([X], [0]).parts
    both = np.atleast_1d(parts[parameter, "a"] + parts[parameter, "out"])
    return {name: parts["weight", name] for name in PROJECTIONS} | {parameter: both}


def errors_of(kind, seed, places=2):
    """Return the errors of gradients relative to exact derivatives: a row for each number, a column for each of `STEPS`."""
    (net, X), parameter = network_of(kind, seed), CELLS[kind][2]
    assert slowest_passage(net, kind, "out") > GRAZING
    found, rng, rows = [gradients(net, X, parameter, dt) for dt in STEPS], np.random.default_rng(seed), []
    for name, last in found[-1].items():
        values = net.synapses(name).weight if name in PROJECTIONS else [getattr(CELLS[kind][0], name)]
        for place in rng.permutation(np.flatnonzero(np.abs(last) > 0.05 * np.abs(last).max()))[:places]:
            exact = exact_derivative(kind, seed, name, place, float(values[place]))
            rows.append([abs(parts[name][place] / exact - 1.0) for parts in found])
    return rows


@pytest.mark.thorough
@pytest.mark.parametrize("kind", CELLS)
def test_gradients_tend_to_those_of_exact_spikes(kind):
    """A straight line to the peak had derivatives of 0 for AdEx, and of 0.2 to 1.8 times the exact one for EIF."""
    errors = np.array(errors_of(kind, 0) + errors_of(kind, 1))
    assert len(errors) >= 8
    first, _, last = np.median(errors, 0)
    assert first < 0.012
    assert last < 0.5 * first


@pytest.mark.slow  # 30 networks, each with hundreds of simulations
def test_thirty_networks():
    """The medians of 201 errors are 0.36, 0.17 and 0.093 %: less than half, and then a little more than half.

    A single error falls to 1/2.2, then to 1/1.9, by the median. None is left out: the slowest passage is 0.0036. The largest
    is 56 %, 19 % and 12 %.
    """
    errors = np.array([row for kind in CELLS for seed in range(5) for row in errors_of(kind, seed)])
    assert len(errors) >= 150
    first, second, last = np.median(errors, 0)
    assert first < 0.01
    assert second < 0.5 * first
    assert last < 0.3 * first
    assert np.median(errors[:, 0] / errors[:, 2]) > 4.0


def layers_of(kind, seed, dt):
    """Return a network of layers, whose hidden cells are steep, as if it had been trained; and its input spikes."""
    model, unit, parameter, _ = CELLS[kind]
    rng = np.random.default_rng(seed)
    times, ids = np.sort(rng.uniform(0.0, 30.0, 30)), np.append(rng.integers(0, INPUTS, 29), INPUTS - 1)
    weights = {"weight": (700.0 * unit, 200.0 * unit), "recurrent_weight": (30.0 * unit, 60.0 * unit)}
    layer = bs.learn.ModelLayer(
        HIDDEN, model, recurrent=True, learns=(parameter,), delay=1.7, recurrent_delay=2.9, tau_s=4.0, **weights
    )
    readout = bs.learn.Readout(kind="spiking", weight=(0.5, 0.5), delay=1.3)
    given = {"tau_first": TAU, "late": 0.0, "clip": 0.0, "floor": 0.0, "gain": 1.0, "validation": 0.0}
    net = bs.learn.SpikingNetwork(layer, readout=readout, loss="first", dt=dt, duration=DURATION, seed=seed, **given)
    return net.partial_fit([(times, ids)] * OUTPUTS, range(OUTPUTS), 0), (times, ids)


def exact_derivative_of_layers(net, X, key, place):
    """Return the derivative of the loss of exact spikes by one number, as `exact_derivative` does."""
    values, found = net.parts()[key].reshape(-1), []
    value, is_weight = values[place], key[0] in ("weight", "recurrent")
    for h in (2e-4, 4e-4):
        losses, at = [], []
        for sign in (1, -1):
            values[place] = value * (1.0 + sign * h)
            if is_weight:
                values[place] = np.float32(values[place])  # to which a simulation rounds weights
            out = bs.simulate(net.to_network(X), DURATION, dt=STEPS[-1], seed=1, precise=True).spikes["readout"]
            # an output that does not fire counts as at the end
            first = np.array([np.min(out.times[out.ids == k], initial=DURATION) for k in range(OUTPUTS)])
            losses.append(loss_of(first))
            at.append(values[place])
        found.append((losses[0] - losses[1]) / (at[0] - at[1]))
    values[place] = value
    return (4.0 * found[0] - found[1]) / 3.0


def errors_of_layers(kind, seed, places=2):
    """Return the errors of the gradients of layers, as `errors_of` does."""
    nets, rng, rows = [layers_of(kind, seed, dt) for dt in STEPS], np.random.default_rng(seed), []
    assert slowest_passage(nets[0][0].to_network(nets[0][1]), kind, "readout") > GRAZING
    found = [net.gradients([X], [0]).parts for net, X in nets]
    for key in (("weight", 0), ("recurrent", 0), ("weight", 1), (CELLS[kind][2], 0)):
        last = np.abs(found[-1][key]).reshape(-1)
        for place in rng.permutation(np.flatnonzero(last > 0.05 * last.max()))[:places]:
            exact = exact_derivative_of_layers(*nets[0], key, place)
            rows.append([abs(parts[key].reshape(-1)[place] / exact - 1.0) for parts in found])
    return rows


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["AdEx", "Izhikevich", "QIF"])
def test_gradients_of_layers_tend_to_those_of_exact_spikes(kind):
    errors = np.array(errors_of_layers(kind, 0) + errors_of_layers(kind, 1))
    assert len(errors) >= 8
    first, _, last = np.median(errors, 0)
    assert first < 0.012
    assert last < 0.5 * first


@pytest.mark.slow  # 30 networks, each with dozens of simulations
def test_thirty_networks_of_layers():
    errors = np.array([row for kind in CELLS for seed in range(5) for row in errors_of_layers(kind, seed)])
    assert len(errors) >= 150
    first, second, last = np.median(errors, 0)
    assert first < 0.01
    assert second < 0.5 * first
    assert last < 0.3 * first
