"""Figures of lessons: in a browser, moved by keyboard, they have the numbers of Python and the bits of brainsim."""

import importlib
import json
import math
import runpy
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.browser import chromium, opened, wait, watched

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no site")
FIGURES = sorted(path.stem for path in (DOCS / "live").glob("*.html"))
CLOSE = 1e-9


def imported(name):
    """Return a module of docs or docs/_ext that needs no Sphinx."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(DOCS / "_ext"), str(DOCS), *sys.path])
        return importlib.import_module(name)


def code_of(lesson, until):
    """Return what the code of a lesson leaves, up to the block that contains a text."""
    return types.SimpleNamespace(**imported("figures").names_of(lesson, until))


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


@pytest.fixture
def show(browser, tmp_path):
    """Return a function that opens a figure as the site has it; in the end there must be no error and no request."""
    with watched(browser) as show_file:

        def opened_figure(name, **given):
            path = tmp_path / f"{name}.html"
            path.write_text(imported("live_pages").alone(DOCS / "live" / f"{name}.html"), encoding="utf-8")
            page = show_file(path, **({"viewport": {"width": 1366, "height": 900}} | given))
            assert page.evaluate("'figure' in window")
            return page

        yield opened_figure


def pressed(page, name, key, times=1):
    """Press a key on a control, as a reader without a mouse does."""
    page.focus(f"#{name}")
    for _ in range(times):
        page.keyboard.press(key)


@pytest.mark.parametrize("width", [390, 1366])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_fits_and_every_control_is_reached_by_keyboard(show, name, width):
    for scheme in ("light", "dark"):
        page = show(name, viewport={"width": width, "height": 800}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == {
            "light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)",
        }[scheme]  # fmt: skip
        wanted = set(
            page.evaluate(
                "[...document.querySelectorAll('input, select, button, canvas[tabindex]')].map((one) => one.outerHTML)"
            )
        )
        reached = set()
        for _ in range(len(wanted) + 2):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.outerHTML"))
        assert wanted <= reached


def test_the_cell_fires_as_the_formula_of_lesson_1(show):
    names, page = code_of("1-two-kinds-of-units", "def relu"), show("cell")
    pressed(page, "current", "ArrowLeft", 13)
    pressed(page, "resistance", "ArrowRight", 10)
    state = page.evaluate("figure.state")
    assert state == {"current": 170, "resistance": 200}
    currents = np.arange(0.0, 801.0, 10.0)
    for resistance in (50.0, 100.0, 200.0):
        model = bs.LIF(tau_m=resistance * 0.2, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=2.0)
        there = page.evaluate(f"[{','.join(map(str, currents))}].map((one) => figure.rate(one, {resistance}))")
        assert there == pytest.approx(names.rate_of(currents, model), abs=CLOSE)
    assert page.evaluate("figure.activation(300)") == pytest.approx(0.24 * names.relu(240.0), abs=CLOSE)
    shown = page.inner_text("#said")
    assert f"{names.rate_of(np.array([170.0]), model)[0]:.1f} Hz" in shown


def test_the_potential_of_the_cell_is_that_of_a_simulation(show):
    page = show("cell")
    cells = bs.Population(1, bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=2.0), name="cells")
    net = bs.Network()
    net.stimulate(cells, bs.CurrentInput(140.0))  # without a spike, which would be rounded to a step
    trace = bs.simulate(net, 100.0, record=bs.Trace(cells, "v")).traces["cells", "v"]
    there = page.evaluate(f"{trace.times.tolist()}.map((time) => figure.potential(time, 140, 100))")
    assert there == pytest.approx(trace.values[:, 0], abs=CLOSE)


def test_xor_has_the_gradient_of_lesson_5(show):
    names, page = code_of("5-how-a-machine-learns", "runs = []"), show("xor")
    assert page.evaluate("figure.starts") == [
        np.concatenate([part.ravel() for part in names.start((2, 3, 2), seed)]).tolist() for seed in range(10)
    ]
    weights = names.start((2, 3, 2), 1)
    assert page.evaluate("figure.gradient(figure.state.weights)") == pytest.approx(
        np.concatenate([part.ravel() for part in names.backwards(weights, names.x, names.label)]), abs=CLOSE
    )
    pressed(page, "rate", "ArrowRight", 5)  # 0.5 to 1.0
    pressed(page, "step-1", "Enter", 2)
    pressed(page, "step-100", "Space")
    losses = names.descend(weights, names.x, names.label, steps=102, rate=1.0)
    flat = np.concatenate([part.ravel() for part in weights])
    assert page.evaluate("figure.state.weights") == pytest.approx(flat, abs=CLOSE)
    assert page.evaluate("figure.state.losses")[:-1] == pytest.approx(losses, abs=CLOSE)
    pressed(page, "errors", "Space")
    assert "After 102 steps" in page.inner_text("#said")
    assert "derivative" in page.inner_text("#said")


def test_one_weight_can_be_changed(show):
    page = show("xor")
    assert "derivative" not in page.inner_text("#said")
    before = page.evaluate("figure.state.weights")
    pressed(page, "which", "ArrowDown", 3)
    pressed(page, "weight", "Home")
    after = page.evaluate("figure.state.weights")
    assert [n for n in range(17) if before[n] != after[n]] == [3]
    assert after[3] == -6.0
    pressed(page, "restart", "Enter")
    assert page.evaluate("figure.state.weights") == before


def test_a_memory_has_the_weights_and_the_energy_of_lesson_8(show):
    names, page = code_of("8-memory", "picture = "), show("hopfield", reduced_motion="reduce")
    assert page.evaluate("figure.state.picture") == names.picture.tolist()
    page.focus("#grid")
    for key in ("Space", "ArrowRight", "ArrowDown", "Space"):
        page.keyboard.press(key)
    drawn = names.picture.copy()
    drawn[[0, 21]] *= -1.0
    assert page.evaluate("figure.state.picture") == drawn.tolist()
    pressed(page, "store", "Enter")
    pressed(page, "others", "ArrowRight", 40)
    patterns = np.array(page.evaluate("figure.patterns()"), dtype=float)
    assert patterns.shape == (60, 400)
    assert (patterns[0] == drawn).all()
    assert abs(patterns[1:].mean()) < 0.03
    weights = names.store(patterns)
    assert page.evaluate("Array.from(figure.weights())") == pytest.approx(weights.ravel(), abs=CLOSE)
    pressed(page, "erase", "Enter")
    cue = np.array(page.evaluate("figure.state.picture"), dtype=float)
    assert (cue[:200] == drawn[:200]).all()
    assert (cue[200:] != drawn[200:]).sum() > 60
    pressed(page, "recall", "Enter")
    wait(page, "figure.state.energies.length > 2000")
    state, energies = cue.copy(), [-0.5 * cue @ weights @ cue]
    for i in page.evaluate("figure.state.order"):
        state[i] = 1.0 if weights[i] @ state >= -1e-12 else -1.0  # sums of 400 numbers: a tie is not exactly 0
        energies.append(-0.5 * state @ weights @ state)
    assert page.evaluate("figure.state.picture") == state.tolist()
    assert page.evaluate("figure.state.energies") == pytest.approx(energies, abs=CLOSE)
    assert np.diff(energies).max() < CLOSE


def test_letters_are_counted_as_in_lesson_12(show):
    page, pieces = show("shannon"), json.loads((DOCS / "live" / "shannon.json").read_text(encoding="utf-8"))
    names = imported("figures").names_of("12-language", "pairs = ")
    for piece in pieces:
        letters = np.array([names["LETTERS"].index(letter) for letter in piece["text"]])
        for name, guesses in imported("figures").counted(names, letters).items():
            right = guesses[np.arange(len(letters) - 1), letters[1:]]
            ranks = 1 + (guesses > right[:, None]).sum(axis=1)
            assert piece["models"][name]["p"] == pytest.approx(right[piece["given"] - 1 :], abs=CLOSE)
            assert piece["models"][name]["ranks"] == ranks[piece["given"] - 1 :].tolist()
    for piece in pieces:
        for model in piece["models"].values():
            counts = np.unique(model["ranks"], return_counts=True)[1] / len(model["ranks"])
            there = page.evaluate(
                "([ranks, p]) => [figure.bitsOfRanks(ranks), figure.surprise(p)]", [model["ranks"], model["p"]]
            )
            here = [-(counts * np.log2(counts)).sum(), -np.log2(model["p"]).mean()]
            assert there == pytest.approx(here, abs=CLOSE)


def test_the_reader_guesses_letter_by_letter(show):
    page, piece = show("shannon"), json.loads((DOCS / "live" / "shannon.json").read_text(encoding="utf-8"))[0]
    rest = piece["text"][piece["given"] :]
    for k, letter in enumerate(rest):
        for wrong in "zq"[: k % 3]:
            page.keyboard.press(wrong)
        page.keyboard.press("Space" if letter == " " else letter)
    assert page.evaluate("figure.state.ranks") == [1 + k % 3 for k in range(len(rest))]
    assert "That was all." in page.inner_text("#said")
    you = page.locator("#table tr").nth(1).inner_text().split("\t")
    assert you[0] == "you"
    assert float(you[3]) == pytest.approx(math.log2(3), abs=0.01)
    assert page.locator("#table tr").count() == 2 + len(piece["models"])


def test_readings_scatter_as_the_formulas_of_lesson_2(show):
    page, rate = show("readings"), 100.0
    pressed(page, "time", "ArrowRight", 2)  # 200 to 1000 ms
    pressed(page, "cells", "ArrowRight", 24)
    assert page.evaluate("figure.state") == {"code": "irregular", "x": 0.7, "time": 1000, "cells": 25, "seed": 1}
    for code, expected in (
        ("irregular", lambda x, time, cells: np.sqrt(x / (rate * time / 1000.0) / cells)),
        ("latency", lambda x, time, cells: 1.0 / time / np.sqrt(cells)),
        (
            "regular",
            lambda x, time, cells: regular_error(rate * x * time / 1000.0) / (rate * time / 1000.0) / np.sqrt(cells),
        ),
    ):
        for x, time, cells in ((0.7, 50, 1), (0.33, 200, 4)):
            given = {"code": code, "x": x, "time": time, "cells": cells, "seed": 5}
            deviation, read = page.evaluate("(given) => [figure.error(given), figure.readings(given, 4000)]", given)
            assert deviation == pytest.approx(expected(x, time, cells), abs=CLOSE)
            assert np.mean(read) == pytest.approx(x, abs=4.0 * deviation / np.sqrt(4000.0))
            assert np.std(read) == pytest.approx(deviation, rel=0.06)
    for bits in (2, 4, 8):  # the dashed lines of the lesson
        assert page.evaluate(f"figure.bitsOf({1.0 / np.sqrt(12.0) / (2**bits - 1)})") == pytest.approx(bits, abs=CLOSE)
    page.select_option("#code", "latency")
    assert "off by 0.000" in page.inner_text("#said")


def regular_error(mean):
    """Return the standard deviation of a count of a regular train that begins at any phase, summed over its two values."""
    low, high = np.floor(mean), np.floor(mean) + 1.0
    return np.sqrt((high - mean) * (low - mean) ** 2 + (mean - low) * (high - mean) ** 2)


def test_two_spikes_add_up_as_in_lesson_3(show):
    names, page = code_of("3-connections", "tau_m = {tau_m:g} ms: fires"), show("coincidence")
    times = np.linspace(-5.0, 60.0, 131)
    for tau in (5.0, 20.0):
        weight = 50.0 * (tau + 3.0)
        there = page.evaluate(f"{times.tolist()}.map((t) => figure.response(t, figure.weight({tau}, 1), {tau}))")
        assert there == pytest.approx(names.response(times, weight, 2.0, tau_m=tau), abs=CLOSE)
        fires = page.evaluate(f"{names.lags.tolist()}.map((lag) => figure.highest(lag, {tau}, {weight}) >= -50)")
        assert names.lags[np.array(fires)].max() == {5.0: 3.5, 20.0: 10.0}[tau]  # as the simulation prints
    fine = np.arange(0.0, 80.0, 0.001)
    for lag, tau in ((0.0, 20.0), (8.0, 20.0), (25.0, 5.0)):
        both = names.response(fine, 500.0, 2.0, tau_m=tau) + names.response(fine - lag, 500.0, 2.0, tau_m=tau)
        assert page.evaluate(f"figure.highest({lag}, {tau}, 500)") + 65.0 == pytest.approx(both.max(), abs=1e-6)
    pressed(page, "lag", "ArrowLeft", 10)
    assert "The cell fires." in page.inner_text("#said")
    pressed(page, "lag", "ArrowRight")
    assert page.evaluate("figure.state.lag") == 10.5
    assert "stays silent" in page.inner_text("#said")


def test_the_owl_hears_as_the_simulation_of_lesson_3(show):
    names, page = code_of("3-connections", "correlation = np.array"), show("owl")
    assert page.evaluate("figure.highest(6)") == pytest.approx(names.peak + 65.0, abs=CLOSE)
    assert page.evaluate("figure.correlation(6)") == pytest.approx(names.correlation, abs=CLOSE)
    pressed(page, "lag", "ArrowLeft", 16)
    assert page.evaluate("figure.state.lag") == -10
    assert "The mouse is on the right" in page.inner_text("#said")
    assert "The cell with −100 µs has the highest potential" in page.inner_text("#said")


def test_weights_roll_down_the_derivatives_of_lesson_7(show):
    names, page = code_of("7-gradients-in-spikes", "smallest = "), show("descent")
    for w in (7.0, 10.0, 20.0):
        t = names.spike_time(w)
        by_weight = -names.k(t) / (w * names.slope_of_k(t))
        assert page.evaluate(f"[figure.spikeTime({w}), figure.timeByWeight({w})]") == pytest.approx(
            [t, by_weight], abs=CLOSE
        )
    pressed(page, "start", "ArrowRight", 12)  # 4 to 7
    pressed(page, "step-1", "Enter")
    after = page.evaluate("figure.state.weights")
    t = names.spike_time(7.0)
    assert after["time"] == pytest.approx(7.0 + (t - 3.0) * names.k(t) / (7.0 * names.slope_of_k(t)), abs=CLOSE)
    assert after["time"] == pytest.approx(12.6, abs=0.05)  # the answer of the lesson
    assert after["count"] == after["surrogate"] == 7.0  # it fires once, so nothing is wrong
    pressed(page, "step-100", "Space", 3)
    assert page.evaluate("figure.spikeTime(figure.state.weights.time)") == pytest.approx(3.0, abs=0.05)
    pressed(page, "start", "ArrowLeft", 12)
    pressed(page, "step-10", "Enter")
    weight, edge = 4.0, names.smallest
    for _ in range(10):
        weight += 10.0 * (weight < edge) / (1.0 + 3.0 * abs(weight / edge - 1.0)) ** 2 / edge
    silent = page.evaluate("figure.state.weights")
    assert silent == {"count": 4, "time": 4, "surrogate": pytest.approx(weight, abs=CLOSE)}
    assert weight > edge


def test_the_error_of_food_is_that_of_lesson_9(show):
    names, page = code_of("9-reward-and-emotion", "omitted = "), show("reward")
    pressed(page, "trial-1", "Enter")
    assert page.evaluate("figure.state.errors") == pytest.approx(names.first, abs=CLOSE)
    pressed(page, "trial-100", "Enter", 3)
    assert page.evaluate("figure.state.errors") == pytest.approx(names.learned, abs=CLOSE)
    assert page.evaluate("figure.state.value") == pytest.approx(names.value, abs=CLOSE)
    assert page.evaluate("figure.trial([...figure.state.value], 20, 0)") == pytest.approx(names.omitted, abs=CLOSE)
    pressed(page, "food", "ArrowLeft", 5)
    pressed(page, "trial-1", "Enter")
    assert "Errors: 1.00 at 0.8 s, 1.00 at 1.6 s, −1.00 at 2.1 s." in page.inner_text("#said")  # as the lesson asks
    pressed(page, "withheld", "Space")
    pressed(page, "trial-1", "Enter")
    assert page.evaluate("Math.min(...figure.state.errors)") < -0.5
    pressed(page, "restart", "Enter")
    assert page.evaluate("figure.state.value") == [0] * 30


def test_forty_clouds_are_decided_by_keyboard(show):
    page, ratio, scale, before = show("dots"), 8.8, 282.0, 123.0  # the numbers that lesson 10 prints
    printed = (DOCS / "course" / "10-cognition.md").read_text(encoding="utf-8")
    assert f"k/s² = {ratio:g}, 1/s² = {scale:g} ms, T0 = {before:g} ms" in printed
    for bound in (0.5, 1.0, 2.0):
        for c in (0.01, 0.05, 0.4):
            right = 1.0 / (1.0 + np.exp(-2.0 * ratio * c * bound))
            time = before + scale * bound * np.tanh(ratio * c * bound) / (ratio * c)
            assert page.evaluate(f"[figure.right({c}, {bound}), figure.time({c}, {bound})]") == pytest.approx(
                [right, time], abs=CLOSE
            )
    slow, fast = (page.evaluate(f"figure.time(1e-6, {bound})") - before for bound in (2.0, 1.0))
    assert slow / fast == pytest.approx(4.0)  # the answer of the lesson
    pressed(page, "begin", "Enter")
    for n in range(40):
        side = page.evaluate("figure.state.trials[figure.state.answers.length].side")
        wrong = n % 4 == 0
        page.keyboard.press("ArrowRight" if (side > 0) != wrong else "ArrowLeft")
    mine = page.evaluate("figure.mine()")
    assert [one["number"] for one in mine] == [10] * 4
    assert sum(one["right"] for one in mine) == pytest.approx(3.0, abs=CLOSE)
    assert "30 of 40 right" in page.inner_text("#said")
    pressed(page, "left", "Enter")
    assert page.evaluate("figure.state.answers.length") == 40
    pressed(page, "bound", "End")
    assert page.evaluate("figure.state.bound") == 2.5


def network_of(name, monkeypatch):
    """Return what the script of a live page gives to `bs.page`."""
    given = []
    monkeypatch.setattr(bs, "page", lambda *words, **options: given.append((words, options)))
    runpy.run_path(str(DOCS / "gallery" / "live" / f"plot_live_{name}.py"))
    monkeypatch.undo()
    return given[0]


MOVES = {  # keys on the slider, and the button that is pressed
    "noise": [(0, "ArrowRight", 5), (1, "ArrowLeft", 4), (2, "ArrowRight", 1)],
    "window": [(0, "ArrowRight", 5), 0],
    "compete": [(0, "ArrowRight", 10)],
    "push": [(0, "ArrowRight", 3), 2, (0, "ArrowLeft", 8), 4],
    "balanced": [(0, "ArrowLeft", 10), 0, (2, "ArrowRight", 5)],
    "groups": [1, (0, "ArrowRight", 5)],
}


@pytest.mark.thorough
@pytest.mark.parametrize("width", [390, 1366])
@pytest.mark.parametrize("name", MOVES)
def test_a_network_that_is_moved_has_the_bits_of_python(browser, tmp_path, monkeypatch, name, width):
    from brainsim.pages.page import bind

    (net, _, controls, *rest), options = network_of(name, monkeypatch)
    buttons = rest[0] if rest else []
    path = bs.page(net, tmp_path / f"{name}.html", controls, buttons, **options).file
    dark = width == 390
    page, problems = opened(browser, viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
    page.goto(path.as_uri())
    wait(page, "window.brainsim && brainsim.player.ready")
    assert (page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)") != dark
    page.evaluate("brainsim.player.play(false)")
    wait(page, "!brainsim.player.waiting")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    sim = bs.Simulation(net, dt=options.get("dt", 0.1), seed=options["seed"], threads=1)
    bound, done = bind(sim, controls), 0
    for move in MOVES[name]:
        page.evaluate("brainsim.player.advance(500)")
        wait(page, "!brainsim.player.waiting")
        step = page.evaluate("brainsim.player.step")
        sim.run((step - done) * sim.dt)
        done = step
        if isinstance(move, int):
            page.locator("#buttons button").nth(move).focus()
            page.keyboard.press("Enter")
            buttons[move].press(sim)
        else:
            k, key, times = move
            pressed(page, f"control-{k}", key, times)
            bound[k].set(sim, bound[k].values[int(page.input_value(f"#control-{k}"))])
    page.evaluate("brainsim.player.advance(1000)")
    wait(page, "!brainsim.player.waiting")
    page.evaluate("document.getElementById('hash').click()")
    wait(page, "document.getElementById('digest').textContent")
    digest, steps = (
        page.inner_text("#digest").split(" after ")
        if page.locator("#digest").is_visible()
        else (page.evaluate("document.getElementById('digest').textContent").split(" after "))
    )
    sim.run((int(steps.split()[0].replace(",", "")) - done) * sim.dt)
    assert digest == sim.digest()
    assert problems == []
    page.close()


def test_the_smallest_push_is_forgotten_and_a_larger_one_is_not(monkeypatch):
    (net, _, _, buttons), options = network_of("push", monkeypatch)
    for button, parted in ((buttons[1], False), (buttons[2], True)):  # 1e-4 and 0.01 mV
        sim = bs.Simulation(net, seed=options["seed"])
        assert len(sim.run(100.0).spikes["only in the first"]) == 0
        button.press(sim)
        assert (len(sim.run(150.0).spikes["only in the first"]) > 100) == parted
