"""A page has the bits of Python: spikes, state and weights."""

import pytest

import brainsim as bs
from brainsim.pages.page import bind
from tests.pages.engine import run_there


def balanced(n=500, storage="stored"):
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)
    cells = bs.Population(n, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
    exc, inh = cells[: 4 * n // 5].named("excitatory"), cells[4 * n // 5 :].named("inhibitory")
    net = bs.Network(seed=1)
    rule = bs.FixedProbability(0.1)
    net.connect(exc, cells, rule, weight=0.5, delay=1.5, synapse=bs.Delta(), storage=storage)
    net.connect(inh, cells, rule, weight=-2.5, delay=1.5, synapse=bs.Delta(), storage=storage)
    net.stimulate(cells, bs.PoissonInput(rate=10_000.0, weight=0.2, synapse=bs.Delta()))
    return net


@pytest.mark.parametrize("warm", [0.0, 33.3])
def test_a_network_continues_in_node_with_the_same_bits(tmp_path, warm):
    net = balanced()
    here, there = (bs.Simulation(net, seed=2, threads=threads) for threads in (2, 1))
    for sim in (here, there):
        if warm:
            sim.run(warm)
    digest, spikes = run_there(there, [100.0, 0.1, 50.0], tmp_path)
    result = here.run(150.1)
    assert digest == here.digest()
    assert spikes == len(result.spikes["cells"]) > 100


def moved(net, controls, buttons, plan, folder, **options):
    """Return the digests here and there of a run in which controls are moved and buttons pressed.

    `plan` is a list of durations [ms], of (number of a control, position), and of numbers of buttons.
    """
    here, there = (bs.Simulation(net, seed=2, threads=1, **options) for _ in range(2))
    bound, messages = bind(here, controls), []
    for part in plan:
        if isinstance(part, float):
            here.run(part)
            messages.append(part)
        elif isinstance(part, tuple):
            k, position = part
            bound[k].set(here, bound[k].values[position])
            messages.append({"type": "control", "control": k, "position": position})
        else:
            buttons[part].press(here)
            messages.append({"type": "button", "button": part})
    return here.digest(), run_there(there, messages, folder, controls, buttons)[0]


def test_controls_and_buttons_have_the_bits_of_set_and_of_the_state(tmp_path):
    net = balanced()
    cells, (_, inhibition) = net.populations["cells"], net.projections
    controls = [
        bs.Control(net.inputs[0].name, "rate", 5_000.0, 15_000.0, steps=5),
        bs.Control(inhibition, "weight", -5.0, 0.0, steps=5),
        bs.Control(cells, "tau_m", 10.0, 30.0, values=[10.0, 20.0, 30.0]),
    ]
    buttons = [bs.Button("push", cells[50:60], "v", add=3.3), bs.Button("reset", cells[::7], "v", to=1.0)]
    plan = [20.0, (0, 4), 13.3, (1, 1), 1, (2, 0), 0.1, 0, 20.0, (1, 4), (0, 0), (2, 2), 25.0, 0, (0, 3), 5.0]
    here, there = moved(net, controls, buttons, plan, tmp_path)
    assert here == there
