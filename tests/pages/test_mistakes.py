"""What cannot go into a page, and wrong controls, are refused by name before a file is written."""

import re

import pytest

import brainsim as bs
from brainsim.pages import page as page_module
from brainsim.pages import wasm
from tests.pages.test_bits import balanced


@pytest.fixture
def net():
    return balanced(100)


def refused(match, network, path, controls=(), buttons=(), error=ValueError, **options):
    file = path / "page.html"
    with pytest.raises(error, match=match):
        bs.page(network, file, controls, buttons, **options)
    assert not file.exists()


@pytest.mark.parametrize(
    ("target", "name", "low", "high", "match"),
    [
        ("celsl", "tau_m", 5.0, 40.0, "'celsl' is not an input, a population or a projection.*'cells'"),
        ("cells", "tau", 5.0, 40.0, "LIF has no parameter 'tau'.*tau_m"),
        ("cells", "tau_m", 30.0, 40.0, "must contain the present value, 20 ms .got 30 to 40"),
        ("PoissonInput->cells", "rates", 0.0, 1.0, "PoissonInput has no value 'rates'.*rate"),
        ("excitatory->cells", "delay", 1.0, 2.0, "of a projection only the weight"),
        ("PoissonInput->cells", "start", 0.0, 1.0, "PoissonInput has no value 'start'; available: rate, weight$"),
        ("cells", "v", -70.0, -50.0, "v is a variable, which changes by itself; a bs.Button writes to it"),
        ("cells", "tau_m", -1.0, 40.0, "at -1, LIF.tau_m: must be > 0 ms"),
    ],
)
def test_a_control_of_what_does_not_exist_or_is_not_allowed(tmp_path, net, target, name, low, high, match):
    refused(match, net, tmp_path, [bs.Control(target, name, low, high, steps=2)])


def test_a_control_of_some_of_the_cells(tmp_path, net):
    excitatory, cells = net.projections[0].pre, net.populations["cells"]
    for view in (excitatory, cells[:]):
        said = "moves all cells of a population; give 'cells', of which these are a view$"
        refused(said, net, tmp_path, [bs.Control(view, "tau_m", 5.0, 40.0)])
    other = bs.Population(10, bs.LIF(), name="cells")
    refused("belongs to another network; give its name$", net, tmp_path, [bs.Control(other, "tau_m", 5.0, 40.0)])
    refused(": Network.seed=1. is not an input", net, tmp_path, [bs.Control(net, "tau_m", 5.0, 40.0)])


def test_an_input_whose_values_have_become_different(tmp_path):
    cells, drive, net = bs.Population(9, bs.LIF(), name="cells"), bs.CurrentInput(400.0), bs.Network(seed=1)
    net.stimulate(cells[:5], drive, name="one")
    net.stimulate(cells[5:], drive, name="two")
    sim = bs.Simulation(net)
    sim.set("two", amplitude=300.0)
    control = bs.Control(drive, "amplitude", 0.0, 500.0)
    refused("one and two have different values now; give the name of one of them", sim, tmp_path, [control])


def test_two_controls_of_one_value(tmp_path, net):
    two = [bs.Control("cells", "tau_m", 5.0, high, steps=2) for high in (40.0, 50.0)]
    refused("another control moves the same value", net, tmp_path, two)


def test_two_controls_of_one_constant(tmp_path):
    cells = bs.Population(10, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(400.0))
    controls = [
        bs.Control("cells", "c_m", values=[100.0, 200.0, 300.0]),
        bs.Control("cells", "tau_m", values=[5.0, 20.0, 40.0]),
    ]
    refused("changes the same constant as", net, tmp_path, controls)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"low": 40.0, "high": 5.0}, "high: must be above low = 40"),
        ({"low": 5.0}, "needs the range"),
        ({"values": [3.0, 2.0]}, "numbers that increase"),
        ({"values": 3.0}, r"values: must be a list of numbers, such as \[5, 10, 20\] .got 3.0"),
        ({"low": 1.0, "high": 2.0, "values": [1.0, 2.0]}, "low and high, or values=, not both"),
        ({"low": 1.0, "high": 2.0, "steps": 1}, "steps: must be 2 to"),
        ({"low": 1.0, "high": 2.0, "unit": 3}, "Control.unit: must be a text .got 3"),
    ],
)
def test_a_range_is_checked_at_its_line(given, match):
    with pytest.raises((ValueError, TypeError), match=match):
        bs.Control("cells", "tau_m", **given)


def test_a_button_is_checked(tmp_path, net):
    cells = net.populations["cells"]
    with pytest.raises(TypeError, match="needs add= or to="):
        bs.Button("push", cells, "v")
    with pytest.raises(TypeError, match="must be a population or a view"):
        bs.Button("push", "cells", "v", add=1.0)
    refused("has no variable 'w'", net, tmp_path, buttons=[bs.Button("push", cells, "w", add=1.0)], error=KeyError)


def test_values_that_are_no_single_number(tmp_path):
    cells = bs.Population(3, bs.LIF(tau_m=[10.0, 20.0, 30.0]), name="cells")
    net = bs.Network(seed=1)
    net.add(cells)
    refused("must be one number now", net, tmp_path, [bs.Control(cells, "tau_m", 5.0, 40.0)], error=TypeError)


def test_what_needs_python_is_refused(tmp_path, net):
    cells = net.populations["cells"]
    sim = bs.Simulation(net, record=[bs.Trace(cells[:2], "v")])
    refused("record=", sim, tmp_path)
    sim = bs.Simulation(net, threads=1)
    sim.run(1.0, every=1.0, callback=lambda sim: None)
    refused("run with a callback", sim, tmp_path)
    sim.reset()
    assert bs.page(sim, tmp_path / "page.html").file.exists()
    with bs.Simulation(net, to=tmp_path / "run.npz") as sim:
        refused("streams to a file", sim, tmp_path / "nowhere")


def test_a_simulation_that_records_no_spikes_has_a_page(tmp_path, net):
    sim = bs.Simulation(net, seed=2, spikes=False)
    assert sim.page(tmp_path / "page.html").file.exists()


def test_what_is_no_control_or_button(tmp_path, net):
    control, button = bs.Control("cells", "tau_m", 5.0, 40.0), bs.Button("push", net.populations["cells"], add=1.0)
    refused("page.controls: must be a list of bs.Control, such as", net, tmp_path, button, error=TypeError)
    refused("page.controls: must be a list of bs.Control.*got None", net, tmp_path, None, error=TypeError)
    refused("page.controls: must be a list of bs.Control.*got 'rate'", net, tmp_path, "rate", error=TypeError)
    refused(r"page.buttons: must be a list of bs.Button.*got {'a': 1}", net, tmp_path, buttons={"a": 1}, error=TypeError)
    with pytest.raises(TypeError, match="page.file: must be the path of a file; type controls= before what can be moved"):
        bs.page(net, [control])
    refused("page.buttons: must be a list of bs.Button, such as", net, tmp_path, buttons=[control], error=TypeError)


def test_a_file_that_cannot_be_written_is_told_before_anything_is_compiled(tmp_path, net, monkeypatch):
    monkeypatch.setattr(page_module, "make", lambda *_, **__: pytest.fail("compiled"))
    for file, error in {
        "nowhere/page.html": FileNotFoundError,
        "page.png": ValueError,
        "": IsADirectoryError,
        "a\0.html": ValueError,
    }.items():
        with pytest.raises(error, match="page.file: "):
            bs.page(net, tmp_path / file)


def test_options_belong_to_a_network(tmp_path, net):
    refused("page.dt: belongs to a Network", bs.Simulation(net), tmp_path, dt=0.2, error=TypeError)
    refused("page: there is no argument 'control'; did you mean 'controls'", net, tmp_path, control=[], error=TypeError)
    refused("must be a Network or a Simulation", 3, tmp_path, error=TypeError)
    refused(
        "page.network: must be a Network or a Simulation .got Result: [^\n]*$",
        bs.simulate(net, 1.0),
        tmp_path,
        error=TypeError,
    )
    refused("page.seconds: must be > 0", net, tmp_path, seconds=0.0)


def test_an_old_llvmlite_is_refused_by_name(tmp_path, net, monkeypatch):
    monkeypatch.setattr(wasm.llvmlite, "__version__", "0.45.1")
    refused(re.escape("needs llvmlite 0.46 or newer (got 0.45.1)"), net, tmp_path, error=ImportError)
