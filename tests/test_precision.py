"""precision="single": state and arithmetic in float32, the same statistics, the same bits for any number of threads."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import balanced, coba, cuba


@pytest.mark.parametrize("example", [cuba, coba, balanced], ids=lambda e: e.__name__.split(".")[-1])
def test_same_bits_for_any_number_of_threads(example):
    net, _ = example.build(n=500)
    one, *others = (bs.simulate(net, 200.0, seed=2, threads=k, precision="single") for k in (1, 2, 3))
    assert len(one.spikes["cells"]) > 100
    assert one.stats["precision"] == "single"
    for other in others:
        assert other.spikes["cells"] == one.spikes["cells"]
        v = [r.state.variables["cells"]["v"] for r in (one, other)]
        assert v[0].dtype == np.float32
        assert np.array_equal(*v)


def test_rates_are_those_of_double_precision():
    net, _ = cuba.build()
    single, double = (bs.simulate(net, 1000.0, seed=2, precision=p).spikes["cells"] for p in ("single", "double"))
    assert single != double  # the network amplifies the last digits
    # two runs of 1 s from other seeds differ by 2 % (5.6 +- 0.1 Hz)
    assert abs(single.rate() / double.rate() - 1) < 0.08
    assert abs(single.cv() - double.cv()) < 0.05


def test_a_cell_that_decays_follows_to_seven_digits():
    cells = bs.Population(3, bs.LIF(v_rest=0.0, v_reset=0.0, v_th=50.0), name="cells", initial={"v": [1.0, 5.0, 10.0]})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([0.0, 50.0, 100.0]))
    single, double = (bs.simulate(net, 20.0, record=[bs.Trace(cells, "v")], precision=p).traces["cells", "v"].values
                      for p in ("single", "double"))  # fmt: skip
    assert single.dtype == double.dtype == np.float64
    assert 0.0 < np.abs(single / double - 1).max() < 200 * 2.0**-24


@pytest.mark.parametrize("rate", [2000.0, 200_000.0, "each"])
def test_poisson_inputs_of_every_kind(rate):
    cells = bs.Population(200, bs.LIF(v_th=1e6), name="cells")
    rates = np.linspace(1000.0, 3000.0, 200) if rate == "each" else rate
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.PoissonInput(rate=rates, weight=0.25, synapse=bs.Delta()))
    states = [bs.simulate(net, 100.0, seed=2, precision=p).state for p in ("single", "double")]
    single, double = (state.variables["cells"]["v"] for state in states)
    # the same events, since random numbers do not depend on the precision
    assert np.allclose(single, double, rtol=1e-4)


def test_a_state_goes_on_in_its_own_precision():
    net, _ = cuba.build(n=500)
    whole = bs.simulate(net, 100.0, seed=2, precision="single").spikes["cells"]
    first = bs.simulate(net, 50.0, seed=2, precision="single")
    rest = bs.simulate(net, 50.0, state=first.state, precision="single").spikes["cells"]
    assert np.array_equal(rest.times, whole.times[whole.times > 50.0 + 1e-9])
    with pytest.raises(ValueError, match=r"simulate.precision: the state was saved in single precision"):
        bs.simulate(net, 50.0, state=first.state)


def test_another_word_is_refused():
    net, _ = cuba.build(n=500)
    with pytest.raises(ValueError, match=r"simulate.precision: must be 'double' or 'single' \(got 'float32'\)"):
        bs.simulate(net, 10.0, precision="float32")
