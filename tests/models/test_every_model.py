"""What holds for every model of the catalogue, found by introspection: a new one is tested as soon as it is public."""

import inspect
import re
import warnings

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions import language as lang
from tests.helpers.equations.catalogue import MODELS, NEURONS, SYNAPSES, WEIGHTS, simulated, working_current

DT = 0.1
SPIKING = [name for name, kind in NEURONS.items() if kind.threshold and not kind.spiking_source]


@pytest.mark.parametrize("name", MODELS)
def test_documentation_has_equation_example_and_source(name):
    model = MODELS[name]
    text = inspect.getdoc(model)
    assert re.search(r"``[^`]*[=<>*/][^`]*``|::\n", text), "the equation"
    assert re.search(r"doi:10\.\d{4,}/\S+", text), "a reference with its DOI"
    assert ">>> " in text, "an example"


@pytest.mark.parametrize("name", NEURONS)
def test_stays_finite_and_does_something(name):
    """200 ms under a step of current: all variables are numbers, and something happens."""
    # so fast that a source sends spikes also in so short a time
    result = run(name, NEURONS[name](**({"rate": 50.0} if NEURONS[name].spiking_source else {})))
    state = values_of(result, name)
    for variable, values in state.items():
        assert np.isfinite(values).all(), variable
    if NEURONS[name].threshold:
        assert len(result.spikes["cells"]) >= 2
    else:
        assert any(np.ptp(values) > 0.0 for values in state.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, kind in NEURONS.items() if kind.cell_equations.uses_current])
@pytest.mark.parametrize("synapse", [bs.Delta(), bs.Exponential(), bs.ExponentialConductance(e_rev=-70.0)])
def test_takes_synapses(name, synapse):
    """The same under synaptic events as well; conductances act only on a membrane potential in mV."""
    kind = NEURONS[name]
    if not isinstance(synapse, bs.Exponential) and ("v" not in kind.initials or kind.initials["v"].unit != "mV"):
        return
    weight = 0.1 * working_current(name) if isinstance(synapse, bs.Exponential) else WEIGHTS[synapse.weight_unit]
    alone, result = run(name, kind()), run(name, kind(), synapse=synapse, weight=weight)
    values = values_of(result, name)
    assert all(np.isfinite(trace).all() for trace in values.values())
    assert any(not np.array_equal(trace, values_of(alone, name)[key]) for key, trace in values.items())


@pytest.mark.parametrize("name", SPIKING)
def test_resets_and_respects_the_refractory_time(name):
    model = NEURONS[name]()
    result, cell = run(name, model), type(model).cell_equations
    state, spikes = values_of(result, name), result.spikes["cells"]
    at, known = np.rint(spikes.times / DT).astype(int), {n: getattr(model, n) for n in model.parameters}
    for variable, tree in cell.reset:
        later = [action for action in cell.reset if action[0] == variable][-1][1]
        if later is tree and lang.names_in(tree) <= set(known) and not lang.calls_in(tree) & {"rand", "randn"}:
            target = lang.evaluate(tree, known)
            np.testing.assert_allclose(state[variable][at, spikes.ids], target, rtol=1e-12, atol=1e-12, err_msg=variable)
    waits = cell.refractory
    if waits is None or lang.is_condition(waits) or not lang.names_in(waits) <= set(known):
        return
    if name == "ClopathAdEx":  # v is held at the top of the spike, and its reset follows when the spike ends
        return
    steps = round(float(lang.evaluate(waits, known)) / DT)
    for id_ in range(result.spikes["cells"].n):
        fired = at[spikes.ids == id_]
        assert np.all(np.diff(fired) > steps)
        for variable in cell.frozen:
            for start in fired[fired + steps < len(state[variable])]:
                assert np.ptp(state[variable][start : start + steps + 1, id_]) == 0.0, f"{variable} moves while refractory"


@pytest.mark.parametrize("name", NEURONS)
def test_parameters_of_each_cell_are_those_of_separate_runs(name):
    """Cell k has parameter k a tenth larger: each is, to the last bit, as in a run of cells that all have it so."""
    kind = NEURONS[name]
    others = [(key, value) for key, spec in kind.parameters.items() if (value := changed(kind, key, spec)) is not None]
    if not others:
        return
    defaults = {key: kind.parameters[key].default for key, _ in others}
    arrays = {
        key: np.array([default, *(value if key == other else default for other, value in others)])
        for key, default in defaults.items()
    }
    together = run(name, kind(**arrays), n=1 + len(others))
    for cell, alone in enumerate([{}, *({key: value} for key, value in others)]):
        separate = run(name, kind(**alone), n=1 + len(others))
        for variable in kind.initials:
            values = [values_of(result, name)[variable][:, cell] for result in (together, separate)]
            assert np.array_equal(*values, equal_nan=True), f"{variable} with {alone}"
        times = [r.spikes["cells"].times[r.spikes["cells"].ids == cell] for r in (together, separate)]
        assert np.array_equal(*times), f"spikes with {alone}"


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.usefixtures("more_partitions")
def test_bits_do_not_depend_on_threads(name):
    one, two, three = (run(name, NEURONS[name](), n=7, threads=threads) for threads in (1, 2, 3))
    assert one.spikes["cells"] == two.spikes["cells"] == three.spikes["cells"]
    for variable in NEURONS[name].initials:
        traces = [result.traces["cells", variable] for result in (one, two, three)]
        assert traces[0] == traces[1] == traces[2], variable


@pytest.mark.parametrize(
    "name",
    [
        # one kernel of many exponentials takes seconds to compile
        pytest.param(n, marks=pytest.mark.slow) if len(k.initials) > 3 and n != "TraubMiles" else n
        for n, k in NEURONS.items()
    ],
)
def test_single_precision_runs(name):
    """It stays finite and fires about as often."""
    double, single = (run(name, NEURONS[name](), precision=precision) for precision in ("double", "single"))
    for variable, values in values_of(single, name).items():
        assert np.isfinite(values).all(), variable
    counts = [len(result.spikes["cells"]) for result in (double, single)]
    assert counts[1] == pytest.approx(counts[0], rel=0.2, abs=5)


@pytest.mark.parametrize("name", SYNAPSES)
@pytest.mark.usefixtures("more_partitions")
def test_each_synapse_acts_on_a_lif(name):
    """Poisson events move the potential, finitely; weights count, threads do not; single precision runs."""
    synapse, lif = SYNAPSES[name](), bs.LIF(v_th=-40.0)
    assert synapse.weight_unit in WEIGHTS
    cells = bs.Population(5, lif, name="cells")
    options = {"synapse": synapse, "record": ["v"], "duration": 100.0}
    runs = [simulated(cells, threads=threads, **options) for threads in (1, 2, 3)]
    runs.append(simulated(cells, precision="single", **options))
    values = [result.traces["cells", "v"].values for result in runs]
    assert np.isfinite(values[0]).all()
    assert np.abs(values[0] - lif.v_rest).max() > 0.02
    assert np.array_equal(values[0], values[1])
    assert np.array_equal(values[0], values[2])
    np.testing.assert_allclose(values[3], values[0], atol=2e-3)


def run(name, model, n=2, **options):
    """Run cells of a model under a current at which it works, all variables recorded."""
    current, cells = working_current(name), bs.Population(n, model, name="cells")
    if current is not None:
        options |= {"current": np.full(n, current)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*was rounded")  # a refractory time a tenth longer
        return simulated(cells, record=list(model.initials), dt=DT, **options)


def values_of(result, name):
    return {variable: result.traces["cells", variable].values for variable in NEURONS[name].initials}


def changed(kind, key, spec):
    """Return another value that the class allows for a parameter, or None."""
    if spec.timed or isinstance(spec.default, bs.values.Distribution):
        return None
    for value in (1.1 * spec.default, 0.9 * spec.default, 0.1) if spec.default else (0.1,):
        try:
            kind(**{key: value})
        except ValueError:
            continue
        return value
    return None
