"""Every example builds, runs and draws itself, and shows what its docstring says."""

import ast
import importlib
import inspect
import io
import itertools
import runpy
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.commands.examples import EXAMPLES, example_names
from brainsim.commands.running import simulate_example


def module(name):
    """Return the module of an example."""
    return importlib.import_module(f"brainsim.examples.{name}")


NETWORKS = [name for name in example_names() if hasattr(module(name), "build")]  # the others are pages: see test_tour.py


def variants():
    """Return (name, options) for every example under each choice of its options."""
    found = []
    for name in NETWORKS:
        options = getattr(module(name), "OPTIONS", {})
        choices = {
            key: (False, True) if values is False else values
            for key, values in options.items()
            if values is False or isinstance(values, tuple)
        }
        found += [(name, dict(zip(choices, values, strict=True))) for values in itertools.product(*choices.values())]
    return found


@pytest.mark.slow_only("[stdp_window", "[coincidence", "[fear", "[grid")
@pytest.mark.thorough_but("balanced", "larva-{'shuffled': False", "[memory", "single", "synfire")
@pytest.mark.parametrize(("name", "options"), variants(), ids=lambda value: str(value) if value else "")
def test_builds_runs_and_draws(name, options):
    example = module(name)
    network, traces = example.build(**options, **getattr(example, "SMALL", {}))
    settings = {"dt": getattr(example, "DT", 0.1), "precise": getattr(example, "PRECISE", False)}
    result = simulate_example(example, network, 50.0, **settings, seed=2, record=traces, threads=1)
    assert len(result.traces) + len(result.weights) == len(traces)
    picture = io.BytesIO()
    figure = getattr(example, "draw", bs.plot.overview)(result, window=(0.0, 50.0))
    figure.savefig(picture)
    assert picture.getvalue().startswith(b"\x89PNG")
    assert cut_off(figure) == []


def cut_off(figure):
    """Return the labels of axes, titles and captions that reach beyond the page."""
    texts = [text for ax in figure.axes for text in (ax.xaxis.label, ax.yaxis.label, ax.title)] + figure.texts
    boxes = {text.get_text(): text.get_window_extent() for text in texts if text.get_visible() and text.get_text()}
    page = figure.bbox.padded(1.0)
    return [words for words, box in boxes.items() if not (page.contains(*box.min) and page.contains(*box.max))]


@pytest.mark.parametrize("name", NETWORKS)
def test_options_are_keywords_of_build(name):
    example, parameters = module(name), inspect.signature(module(name).build).parameters
    for option, values in getattr(example, "OPTIONS", {}).items():
        assert parameters[option].default == (values[0] if isinstance(values, tuple) else values)
    assert set(getattr(example, "SMALL", {})) <= set(parameters)


@pytest.mark.parametrize("name", NETWORKS)
def test_is_a_script_to_copy(name):
    text = Path(EXAMPLES, f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < (220 if name == "microcircuit" else 130)  # its parameters alone are forty lines
    assert "import brainsim as bs\n" in text
    assert f'savefig("{name}.png")' in text
    example = module(name)
    begin, end = getattr(example, "WINDOW", (0.0, example.DURATION))
    assert 0.0 <= begin < end <= example.DURATION


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_can_be_copied(name):
    """Outside of `draw`, an example imports nothing of brainsim but its public names."""
    tree = ast.parse(Path(EXAMPLES, f"{name}.py").read_text(encoding="utf-8"))
    rest = ast.Module([node for node in tree.body if getattr(node, "name", "") != "draw"], [])
    assert not [n.module for n in ast.walk(rest) if isinstance(n, ast.ImportFrom) and n.module.startswith("brainsim")]
    names = {alias.name for n in ast.walk(rest) if isinstance(n, ast.Import) for alias in n.names}
    assert {n for n in names if n.startswith("brainsim")} == {"brainsim"}
    parts = [n.attr for n in ast.walk(rest) if isinstance(n, ast.Attribute) and ast.unparse(n.value) in ("bs", "bs.ann")]
    assert not [attr for attr in parts if attr not in {*bs.__all__, *bs.ann.__all__}]


@pytest.mark.parametrize("name", ["single", "synfire"])
def test_runs_as_a_script(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(Path(EXAMPLES, f"{name}.py")), run_name="__main__")
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000
    assert "Result: " in capsys.readouterr().out


def test_single_follows_the_law_of_its_docstring():
    example = module("single")
    network, traces = example.build()
    spikes = bs.simulate(network, example.DURATION, seed=2, record=traces).spikes["cell"]
    for (begin, current), end in zip(example.STEPS.items(), [*list(example.STEPS)[1:], example.DURATION], strict=True):
        fired = spikes.between(begin, end).times
        drive = 0.1 * current  # mV at infinity
        if drive <= 15.0:
            assert fired.size == 0
        else:
            interval = 2.0 + 20.0 * np.log(drive / (drive - 15.0))
            np.testing.assert_allclose(np.diff(fired), interval, atol=0.1)
            assert fired.size >= 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_strong_volley_travels_through_the_chain_and_a_weak_one_dies_out(seed):
    example = module("synfire")
    network, traces = example.build(seed=seed)
    spikes = bs.simulate(network, example.DURATION, seed=seed + 10, record=traces).spikes["chain"]
    strong, weak = (fired_by_the_last_group(spikes, time) for time in example.VOLLEYS)
    assert strong > 90
    assert weak < 25


def fired_by_the_last_group(spikes, time):
    """Return how many spikes the last group fires when a volley that started at `time` would reach it [ms]."""
    last = spikes.of(slice(900, 1000))
    return len(last.between(time + 50.0, time + 65.0))


def test_cuba_sustains_itself_at_the_published_rate():
    network, _ = module("cuba").build()
    spikes = bs.simulate(network, 500.0, seed=2).spikes["cells"].between(100.0, 500.0)
    assert spikes.rate() == pytest.approx(5.5, abs=0.8)


def test_coba_is_awake_long_after_the_volley():
    network, _ = module("coba").build()
    spikes = bs.simulate(network, 400.0, seed=2).spikes["cells"].between(300.0, 400.0)
    assert 8.0 < spikes.rate() < 35.0


def test_the_states_of_the_balanced_network_differ():
    # a fifth of the cells: rates and regularity still tell the states apart
    found = {}
    for state in module("balanced").OPTIONS["state"]:
        network, _ = module("balanced").build(state=state, n=2500)
        spikes = bs.simulate(network, 300.0, seed=2, threads=1).spikes["cells"].between(100.0, 300.0)
        found[state] = spikes.rate(), spikes.cv(least=3)
    assert found["SI-slow"][0] < found["AI"][0] < found["SI-fast"][0] < found["SR"][0]
    assert found["SR"][1] < found["AI"][1]
