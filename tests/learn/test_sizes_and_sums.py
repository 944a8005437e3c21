"""What kernels of training are given, and what is made of their sums: sizes of arrays, derivatives of parameters."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.learn.spiking.from_equations.numbers import gradients
from brainsim.learn.spiking.kernels.crossing import CURRENTS
from brainsim.learn.spiking.kernels.work import new_work
from tests.learn import spiking_nets
from tests.learn.test_model_layers import COMMON, Scaled, network


def test_the_cell_that_is_looked_at_has_a_place_for_each_current():
    net, *_ = spiking_nets.network()
    layout = net.training_.layout
    work = new_work(layout, delay_steps=8, max_inputs=16, history=True, waiting=False)
    assert work.now.size == CURRENTS + layout.most_receptors


@pytest.mark.parametrize(("parameter", "expected"), [("r", 1.0 / 1.5), ("tau_m", 0.0)])
def test_a_loss_that_depends_on_the_size_of_the_response(parameter, expected):
    """The sum over spikes is the derivative of the loss by the logarithm of the size, which is r for any tau_m."""
    net, *_ = network(bs.learn.ModelLayer(8, Scaled(r=1.5, tau_m=8.0), learns=("r", "tau_m"), **COMMON))
    layout, vector = net.training_.layout, net.training_.vector
    derived, values = layout.derived(1, False), layout.values(vector, 1, False)
    numbers = layout.numbers(vector, False)[1]
    assert numbers.factor == pytest.approx(1.5)
    records = [{"by_number": np.zeros(len(derived.changing)), "by_start": np.zeros(len(numbers.initial))}]
    found = gradients(derived, values, layout.dt, numbers, records, 0.7, 0.0)[parameter]
    assert found == pytest.approx(0.7 * expected, rel=1e-12, abs=1e-15)
