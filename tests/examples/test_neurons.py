"""One neuron compared with theory and activation functions, in numbers and in pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.ann import compare_neuron
from brainsim.examples._tour.neurons import draw_staircase


@pytest.fixture(scope="module")
def curve():
    """Return the curve of the default neuron, at three drives below and above threshold."""
    return compare_neuron(noise=(0.0, 1.0, 5.0), drive=np.linspace(0.0, 50.0, 11), duration=4000.0, cells=60, seed=3)


@pytest.mark.thorough
def test_simulation_without_noise_is_the_closed_form(curve):
    got, line = curve.simulated[0], curve.theory[0]
    assert (got[curve.drive <= 20.0] == 0).all()
    assert got[curve.drive > 20.0] == pytest.approx(line[curve.drive > 20.0], rel=1e-3)
    assert curve.wide_simulated == pytest.approx(curve.wide_theory, rel=1e-3)


def test_simulation_with_noise_is_siegert(curve):
    for got, line in zip(curve.simulated[1:], curve.theory[1:], strict=True):
        often = line > 5.0  # about 1,000 spikes and more
        assert often.sum() >= 6
        assert got[often] == pytest.approx(line[often], rel=0.03)
        assert np.abs(got - line).max() < 0.5


def test_published_rates():
    numbers = compare_neuron(noise=(5.0,), drive=[15.0, 20.0, 25.0, 30.0], against=(), duration=5000.0, cells=100)
    assert numbers.simulated[0] == pytest.approx([9.461, 27.341, 47.217, 66.293], rel=0.03)
    exact = compare_neuron(noise=(0.0,), drive=[21.0, 25.0, 30.0, 50.0], against=())
    assert exact.simulated[0] == pytest.approx([20.017, 41.715, 63.040, 128.972], rel=1e-3)


def test_noise_makes_a_softplus_and_refractoriness_a_sigmoid(curve):
    fits = curve.fits
    assert fits["softplus"].r2 > 0.995
    assert fits["sigmoid"].r2 > 0.999
    assert fits["sigmoid"].height == pytest.approx(500.0, rel=0.02)  # 1/t_ref
    assert 0.97 < fits["relu"].r2 < fits["softplus"].r2
    assert fits["relu"](np.array([-50.0, 0.0])).tolist() == [0.0, 0.0]
    # without noise a softplus is no better than a ReLU; without a refractory time nothing ends
    straight = compare_neuron(
        bs.LIF(v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=0.0), noise=(0.0,), drive=np.linspace(30, 500, 9)
    )
    assert straight.fits["relu"].r2 > 0.9999
    assert straight.fits["relu"].centre == pytest.approx(15.0, abs=1.0)  # (v_th + v_reset)/2


def test_other_neurons():
    model = bs.LIF(tau_m=8.0, c_m=100.0, v_rest=-70.0, v_th=-52.0, v_reset=-60.0, t_ref=1.0)
    other = compare_neuron(model, noise=(0.0, 3.0), drive=[-50.0, -40.0], cells=100, against=())
    assert other.simulated[0] == pytest.approx(other.theory[0], rel=1e-3)
    assert other.simulated[1] == pytest.approx(other.theory[1], rel=0.03)
    assert "NeuronComparison of LIF(" in repr(other)


def test_pictures(curve):
    ax = curve.plot()
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["noise 0 mV", "noise 1 mV", "noise 5 mV", "ReLU", "softplus"]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in dots] == curve.simulated.tolist()
    figure = curve.figure()
    assert len(figure.axes) == 3
    assert "sigmoid R2" in curve.caption
    assert any("refractory time" in text.get_text() for text in figure.texts)
    stairs = draw_staircase((4, 16), plt.figure().gca())
    assert np.unique(stairs.lines[0].get_ydata()).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_mistakes():
    with pytest.raises(TypeError, match="compare_neuron.model: must be 'lif' or a LIF"):
        compare_neuron("qif")
    with pytest.raises(ValueError, match="compare_neuron.model: v_th must be one number"):
        compare_neuron(bs.LIF(v_th=bs.Normal(-50.0, 1.0)))
    with pytest.raises(ValueError, match="compare_neuron.against: there is no 'rely'; did you mean 'relu'?"):
        compare_neuron(against=("rely",))
    with pytest.raises(ValueError, match="compare_neuron.noise: must be >= 0 mV"):
        compare_neuron(noise=(-1.0,))
