"""Initial values."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.constants import initial_values
from brainsim.build.layout import Layout


class Chained(bs.Neuron):
    """Initial values read others, which are declared later, and one that is drawn."""

    equations = "da/dt = -a/tau; db/dt = -b/tau; dc/dt = -c/tau; dd/dt = -d/tau"
    dimensions = False
    tau: float = bs.parameter(10.0, "ms", "time constant")
    a: float = bs.initial("2*b + tau", "", "reads b")
    b: float = bs.initial("3*c - d", "", "reads c and d")
    c: float = bs.initial(5.0, "", "reads nothing")
    d: float = bs.initial("c + 1", "", "reads c")


@pytest.mark.parametrize("c", [5.0, [1.0, 2.0, 3.0], bs.Uniform(1.0, 2.0)], ids=repr)
def test_initial_values_may_read_variables_that_are_declared_later(c):
    cells, net = bs.Population(3, Chained(), name="cells", initial={"c": c}), bs.Network(seed=1)
    net.add(cells)
    layout = Layout(net, 0.1, 1)
    state = initial_values(layout, 1)
    rows = {name: layout.state_row("cells", name, "test") for name in "abcd"}
    a, b, c, d = (state[at : at + n] for at, n in (rows[name] for name in "abcd"))
    assert np.all(c > 0.0)
    assert np.allclose(d, c + 1.0)
    assert np.allclose(b, 3.0 * c - d)
    assert np.allclose(a, 2.0 * b + 10.0)
