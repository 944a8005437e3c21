"""NumPy's settings for errors of arithmetic are the user's: brainsim computes the same with all of them."""

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.thorough


@pytest.fixture(autouse=True)
def _errors_are_raised():
    with np.errstate(all="raise"):
        yield


def network():
    sheet = bs.Population(50, bs.LIF(), name="sheet", positions=np.arange(100.0).reshape(50, 2) * 40.0)
    net = bs.Network(seed=1)
    net.connect(sheet, sheet, bs.DistanceRule("exp(-d**2/9)"), weight="exp(-d**2)", delay=1.5, synapse=bs.Delta())
    net.stimulate(sheet, bs.PoissonInput(rate=1e7, weight=0.01, synapse=bs.Delta()), name="drive")
    net.stimulate(sheet, bs.CurrentInput("400*exp(-(t/1)**2)"))
    return net, sheet


def test_building_and_running():
    net, sheet = network()
    seen = []
    sim = bs.Simulation(net, seed=2, record=bs.Trace(sheet, "v"))
    sim.run(20.0, every=10.0, callback=lambda sim: seen.append(np.geterr()["under"]))
    sim.set("drive", rate=2e6)
    piece = sim.run(10.0)
    assert seen == ["raise", "raise"]  # in a callback they are the user's
    assert np.geterr()["under"] == "raise"
    with np.errstate(all="ignore"):
        net, sheet = network()
        other = bs.Simulation(net, seed=2)
        other.run(20.0)
        other.set("drive", rate=2e6)
        assert other.run(10.0).spikes == piece.spikes
    assert str(net.estimate())


def test_what_a_callback_sets_stays_and_does_not_reach_the_run():
    net, _ = network()
    sim = bs.Simulation(net, seed=2)
    with np.errstate(all="warn", under="ignore"):  # as NumPy begins
        sim.run(4.0, every=1.0, callback=lambda sim: np.seterr(all="raise"))
        assert np.geterr()["under"] == "raise"


def test_analysing():
    rng = np.random.default_rng(1)
    spikes = bs.Spikes(np.sort(rng.uniform(0.0, 2000.0, 300)), rng.integers(0, 5, 300), n=5, duration=2000.0)
    for analyse in (bs.analysis.correlations, bs.analysis.spectrum, bs.analysis.cv2, bs.analysis.fano, bs.analysis.lv):
        analyse(spikes)
    spikes.population_rate(bin=1.0, sigma=20.0)
    bs.plot.isi_histogram(spikes)
    assert bs.Clipped(bs.Gamma(300.0, 0.1), low=1.0).mean == pytest.approx(30.0)
    assert bs.ann.theory.siegert_rate(np.array([-500.0, 20.0]), 2.0, v_th=15.0).shape == (2,)


def test_encoding_and_converting():
    code = bs.encode.PopulationCode(cells=20)
    assert np.all(code.activity(np.linspace(0.0, 1.0, 5)) >= 0.0)
    rng = np.random.default_rng(1)
    X, y = rng.normal(0.0, 100.0, (40, 4)), np.arange(40) % 2
    mlp = bs.ann.MLP(4, epochs=3, seed=1).fit(X, y)
    assert mlp.predict_proba(X).shape == (40, 2)
    assert bs.ann.convert(mlp, calib=X).predict(X, T=8).shape == (40,)
    assert bs.ann.activations.sigmoid(-1000.0) == 0.0
