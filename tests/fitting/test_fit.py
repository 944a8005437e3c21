"""Parameters are found from what a model did; a generation is one run; the bits do not depend on threads."""

import numpy as np
import pytest

import brainsim as bs

CURRENT = np.repeat(np.random.default_rng(1).uniform(0.0, 800.0, 60), 100)
DURATION = 600.0
FREE = {"tau_m": (5.0, 30.0), "v_th": (-55.0, -40.0)}
SMALL = {"candidates": 32, "starts": 2, "generations": 25}


def recorded(model, *, current=CURRENT, seed=2):
    cell = bs.Population(1, model, name="cell")
    net = bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(bs.TimedArray(current, 0.1)))
    result = bs.simulate(net, current.size * 0.1, seed=seed, record=[bs.Trace(cell, "v")])
    return result.spikes["cell"], result.traces["cell", "v"].values[:, 0]


@pytest.fixture(scope="module")
def cell():
    return recorded(bs.LIF(tau_m=12.0, v_th=-48.0))


@pytest.fixture
def runs(monkeypatch):
    """The numbers of cells of all simulations, in a list that grows."""
    found = []

    def counted(net, *args, **options):
        found.append(sum(p.n for p in net.populations.values()))
        return simulate(net, *args, **options)

    simulate = bs.simulate
    monkeypatch.setattr(bs, "simulate", counted)
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("loss", ["van rossum", "trace"])
def test_the_parameters_are_found(cell, loss):
    pytest.importorskip("cmaes")
    spikes, v = cell
    given = {"v": v} if loss == "trace" else {"spikes": spikes}
    fit = bs.fit(bs.LIF(), current=CURRENT, free=FREE, loss=loss, **given, **(SMALL | {"generations": 60}))
    assert fit.parameters["tau_m"] == pytest.approx(12.0, rel=0.01)
    assert fit.parameters["v_th"] == pytest.approx(-48.0, rel=0.01)
    assert fit.model == bs.LIF(**fit.parameters)


def test_a_generation_is_one_run(cell, runs):
    pytest.importorskip("cmaes")
    spikes, _ = cell
    fit = bs.fit(bs.LIF(), current=CURRENT, spikes=spikes, free=FREE, **(SMALL | {"generations": 3}))
    assert runs[:3] == [32, 32, 32]
    assert len(runs) == fit.runs <= 7  # then that of the middle, and those that score the part not seen


@pytest.mark.thorough
def test_the_bits_do_not_depend_on_threads(cell):
    pytest.importorskip("cmaes")
    spikes, v = cell
    for given in ({"spikes": spikes}, {"v": v}):
        one, two = (
            bs.fit(bs.LIF(), current=CURRENT, free=FREE, threads=threads, **given, **(SMALL | {"generations": 4}))
            for threads in (1, 2)
        )
        assert one.parameters == two.parameters
        for name, values in one.candidates.items():
            assert np.array_equal(values, two.candidates[name])


@pytest.mark.parametrize("loss", ["gamma", "md", "van rossum", "rates"])
def test_losses_are_those_of_the_analysis(loss):
    """What is summed while it runs is what the functions of bs.analysis say of all spikes."""
    rng = np.random.default_rng(3)
    trains = [np.sort(rng.uniform(0.0, DURATION, 30)), np.sort(rng.uniform(0.0, DURATION, 40))]
    fit = bs.fit(
        bs.LIF(), current=CURRENT, spikes=trains, free={"tau_m": (5.0, 30.0)}, loss=loss, method="grid", points=4, hold_out=0
    )
    target = bs.Spikes(np.concatenate(trains), np.repeat([0, 1], [30, 40]), n=2, duration=DURATION)
    for tau_m, value in zip(fit.candidates["tau_m"], fit.candidates["loss"], strict=True):
        spikes, _ = recorded(bs.LIF(tau_m=tau_m))
        twice = bs.Spikes(np.tile(spikes.times, 2), np.repeat([0, 1], len(spikes)), n=2, duration=DURATION)
        expected = {
            "gamma": 1.0 - bs.analysis.coincidence_factor(twice, target).mean(),
            "md": 1.0 - bs.analysis.md_star(spikes, target),
            "van rossum": bs.analysis.van_rossum(twice, target).sum() / 70,
            "rates": ((len(spikes) - 35) / 35) ** 2,
        }
        assert value == pytest.approx(expected[loss], abs=1e-12)


def test_several_recordings_and_a_function(cell):
    spikes, _ = cell
    first = spikes.times[spikes.times < 300.0]
    options = {"free": {"tau_m": (5.0, 30.0)}, "method": "grid", "points": 5, "hold_out": 0}

    def difference(spikes, target):
        return np.abs(spikes.counts() - target.counts()[0])

    both = bs.fit(bs.LIF(), current=[CURRENT, CURRENT[:3000]], spikes=[spikes, first], loss=difference, **options)
    alone = [
        bs.fit(bs.LIF(), current=current, spikes=train, loss=difference, **options).candidates["loss"]
        for current, train in ((CURRENT, spikes), (CURRENT[:3000], first))
    ]
    assert np.array_equal(both.candidates["loss"], np.mean(alone, axis=0))


def test_tied_parameters_and_those_of_the_electrode(cell):
    _, v = cell
    v = v[:-1] + 1e-3 * 20.0 * CURRENT + 5.0
    options = {"current": CURRENT, "v": v, "method": "grid", "hold_out": 0, "junction_potential": 5.0, "points": 5}
    free = {"scale": (0.5, 1.5), "series_resistance": (0.0, 40.0)}
    fit = bs.fit(bs.LIF(v_th=-48.0), free=free, tied={"tau_m": "12*scale", "c_m": "200*scale**0"}, **options)
    assert fit.parameters == {"scale": 1.0, "series_resistance": 20.0, "tau_m": 12.0, "c_m": 200.0}
    assert fit.loss < 1e-12


def test_the_part_that_is_not_scored(cell):
    """Spikes before `skip` and after the part that is fitted do not count."""
    spikes, _ = cell
    late = spikes.times[(spikes.times > 100.0) & (spikes.times <= 300.0)]
    options = {"current": CURRENT, "free": {"tau_m": (5.0, 30.0)}, "method": "grid", "skip": 100.0}
    found = [bs.fit(bs.LIF(), spikes=one, **options).candidates["loss"] for one in (spikes, np.append(late, 599.0))]
    assert np.array_equal(*found)
