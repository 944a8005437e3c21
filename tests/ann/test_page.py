"""The page of two bodies, in browsers: both read what is drawn, whole and damaged, as Python reads it."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from brainsim.ann.conversion.spiking import WINDOW
from brainsim.ann.conversion.thresholds import SPIKE_BITS, scale_layers, step_of
from tests.helpers.browser import chromium, wait, watched
from tests.helpers.firefox import firefox
from tests.pages.engine import run_in_jsc

THREE = [[(0.2, 0.15), (0.7, 0.12), (0.75, 0.3), (0.45, 0.45), (0.78, 0.6), (0.7, 0.85), (0.2, 0.88)]]
CLOSE = 1e-9  # of the artificial network, whose sums Python adds up in another order


@pytest.fixture(scope="module")
def report():
    data = bs.ann.datasets.digits()
    mlp = bs.ann.MLP((24, 16), epochs=15, seed=1).fit(data.X_train, data.y_train)
    return bs.ann.bodies(mlp, data.X_test, data.y_test, calib=data.X_train, T=(32,))


@pytest.fixture(scope="module")
def snn(report):
    return report.pairs[0].snn


@pytest.fixture(scope="module")
def path(report, tmp_path_factory):
    return report.page(tmp_path_factory.mktemp("page") / "digits.html", T=40).file


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


@pytest.fixture
def show(browser, path):
    """Return a function that opens the page; in the end there must be no error and no request."""
    with watched(browser) as show_file:

        def opened(**given):
            page = show_file(path, **({"viewport": {"width": 1366, "height": 900}} | given))
            wait(page, "window.bodies && bodies.isReady && !bodies.busy")
            return page

        yield opened


def draw(page, strokes):
    """Draw with the mouse; places are shares of the pad."""
    box = page.locator("#pad").bounding_box()
    for stroke in strokes:
        (x, y), *others = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in stroke]
        page.mouse.move(x, y)
        page.mouse.down()
        for place in others:
            page.mouse.move(*place)
        page.mouse.up()
    wait(page, "!bodies.busy")


def press(page, name, key, times=1):
    page.focus(f"#{name}")
    for _ in range(times):
        page.keyboard.press(key)
    wait(page, "!bodies.busy")


THERE = """({ strokes: bodies.pad.strokes, clean: [...bodies.x], x: [...bodies.state.reading.x],
evidence: bodies.state.reading.evidence.map((trace) => [...trace]), drive: [...bodies.state.reading.drive],
steps: [...bodies.state.reading.steps], cells: [...bodies.state.reading.cells],
activations: bodies.state.activations.map((one) => [...one]), rates: bodies.state.rates.map((one) => [...one]),
active: bodies.damage.active.map((one) => [...one]), alive: bodies.damage.alive.map((one) => [...one]),
gains: bodies.damage.gains.map((one) => [...one]) })"""


def there(page):
    """Return what the page computed, as arrays."""
    return as_arrays(page.evaluate(THERE))


OF_LAYERS = ("activations", "rates", "active", "alive", "gains")


def as_arrays(found):
    found |= {name: np.array(found[name]) for name in ("clean", "x", "evidence", "drive", "steps", "cells")}
    return found | {name: [np.array(part) for part in found[name]] for name in OF_LAYERS}


def picture_of(strokes, fine=4, pen=2.0):
    """Return what `pictureOf` of the page makes of strokes, for the frame of the digits: 8 x 8, all rows, 19.5 of ink."""
    frame = pytest.importorskip("brainsim.ann.report.page")._frame(bs.ann.datasets.digits().X_test, 8, 8)
    points = np.concatenate([np.array(stroke) for stroke in strokes])
    (left, upper), (right, lower) = points.min(axis=0), points.max(axis=0)
    upwards = (fine * (frame["bottom"] - frame["top"]) - 2 * pen) / max(lower - upper, 0.15)
    sideways = min(upwards, (fine * frame["widest"] - 2 * pen) / max(right - left, 0.15 / 3))
    scale, middle = (sideways, min(upwards, 2 * sideways)), (fine * 8 / 2, fine * (frame["top"] + frame["bottom"]) / 2)
    mid = (left + right) / 2, (upper + lower) / 2
    py, px = np.mgrid[:32, :32] + 0.5
    far = np.full((32, 32), np.inf)
    for stroke in strokes:
        placed = [tuple(middle[k] + (point[k] - mid[k]) * scale[k] for k in range(2)) for point in stroke]
        for (x, y), (to_x, to_y) in zip(placed, placed[1:], strict=False):
            dx, dy = to_x - x, to_y - y
            along = np.clip(((px - x) * dx + (py - y) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
            off_x, off_y = px - x - along * dx, py - y - along * dy
            far = np.minimum(far, off_x * off_x + off_y * off_y)
    limit = min(np.sort(far.ravel())[int(np.floor(frame["ink"] * fine**2 + 0.5)) - 1], 25.0)
    return (frame["high"] * (far <= limit).reshape(8, fine, 8, fine).sum(axis=(1, 3)) / fine**2).ravel()


def digest_of(page):
    page.evaluate("document.getElementById('digest').textContent = ''; document.getElementById('hash').click()")
    wait(page, "document.getElementById('digest').textContent")
    return page.inner_text("#digest", timeout=1000) or page.evaluate("document.getElementById('digest').textContent")


def simulated(snn, found, T):
    """Return a simulation of the network with the picture and the damage of the page, at its end."""
    sim = bs.Simulation(snn.network_for(found["x"], T), dt=1.0, threads=1)
    for k, (layer, bias) in enumerate(zip(snn.plan.layers[:-1], snn.trained.biases, strict=False)):
        current = layer.in_bits(bias * found["gains"][k]) if k else found["drive"]
        sim.set(f"hidden{k + 1}{WINDOW}", amplitude=np.vstack([current, np.zeros_like(current)]))
    for k, projection in enumerate(sim.network.projections, 1):
        W, theta = sparse.csr_array(snn.trained.weights[k]), snn.plan.layers[k - 1].theta
        unit = step_of(np.abs(W.data * theta).max(), SPIKE_BITS)
        weight = np.round(W.data * found["gains"][k][W.indices] * theta / unit) * unit
        sim.set(projection.name, weight=weight * found["alive"][k])
    for k, (active, theta) in enumerate(zip(found["active"], snn.thresholds, strict=True)):
        sim.set(f"hidden{k + 1}", v_th=np.where(active, theta, 1e300))
    result = sim.run(snn.duration(T))
    return sim, result


def test_a_digit_that_is_drawn_is_read_by_both_as_in_python(show, snn):
    page = show()
    page.click("#clear")
    draw(page, THREE)
    found, T, lag = there(page), 40, 2
    assert len(found["strokes"][0]) == len(THREE[0])
    assert found["clean"].tolist() == found["x"].tolist() == picture_of(found["strokes"]).tolist()
    assert 15.0 < found["x"].sum() < 25.0
    # the spiking network, to the bit
    assert found["drive"].tolist() == snn.plan.drive(found["x"][None], T)[0].tolist()
    assert found["evidence"][:, lag:].T.tolist() == snn.evidence(found["x"][None], T)[0].tolist()
    sim, result = simulated(snn, found, T)
    assert digest_of(page) == sim.digest()
    assert found["steps"].size == sum(len(result.spikes[name]) for name in ("hidden1", "hidden2")) > 100
    counts = snn.counts(found["x"][None], T)
    for rates, count, theta in zip(found["rates"], counts, snn.thresholds, strict=True):
        assert rates == pytest.approx(theta * count[0] / T, rel=1e-12)
    # the artificial one
    for here, in_page in zip(snn.trained.activations(found["x"][None]), found["activations"], strict=True):
        assert in_page == pytest.approx(here[0], abs=CLOSE)
    best = snn.trained.predict(found["x"][None])[0]
    assert page.inner_text("#artificial") == str(best)
    assert page.inner_text("#spiking") == str(snn.predict(found["x"][None], T)[0])


def test_both_stopped_early_answer_as_python_does_after_as_many_steps(show, snn):
    page = show()
    x, lag = there(page)["x"][None], 2
    press(page, "control-4", "Home")
    assert page.inner_text("#spiking") == page.inner_text("#artificial") == "–"
    for stop in range(2, 12):
        press(page, "control-4", "ArrowRight")
        wanted = ("–", "–") if stop <= lag else (str(snn.trained.predict(x)[0]), str(snn.predict(x, stop - lag)[0]))
        assert (page.inner_text("#artificial"), page.inner_text("#spiking")) == wanted
        if stop > lag:
            for k, (in_page, theta) in enumerate(zip(there(page)["rates"], snn.thresholds, strict=True)):
                steps = stop - k  # each layer begins a step after the one before it
                assert in_page == pytest.approx(theta * snn.counts(x, steps)[k][0] / steps, rel=1e-12)


def check_damaged(found, digest, snn):
    """Compare what a page computed with damage with Python's networks that have the same damage."""
    T = 40
    assert [int((of == 0).sum()) for of in found["active"]] == [round(0.3 * n) for n in (24, 16)]
    assert 0.1 < np.mean(np.concatenate(found["alive"]) == 0) < 0.3
    assert np.std(found["x"] - found["clean"]) == pytest.approx(0.15, rel=3.0 / np.sqrt(2 * 64))  # three standard errors
    assert all(np.ptp(gains) > 0.3 for gains in found["gains"][:-1])
    assert np.all(found["gains"][-1] == 1.0)
    (first, *others), gains = snn.plan.layers, found["gains"]
    rows = first.weight.data * found["alive"][0] * gains[0][first.weight.indices]
    left = sparse.csr_array((rows, first.weight.indices, first.weight.indptr), (64, 24))
    plan = snn.plan._replace(
        layers=[replace(first, weight=left, bias=first.in_bits(snn.trained.biases[0] * gains[0])), *others]
    )
    assert found["drive"].tolist() == plan.drive(found["x"][None], T)[0].tolist()  # rounded, since noise has all bits
    sim, _ = simulated(snn, found, T)
    assert digest == sim.digest()
    # as `bodies` damages: a silenced unit has no weights to others, and a higher threshold is lower weights
    weights = []
    for k, (W, alive) in enumerate(zip(snn.trained.weights, found["alive"], strict=True)):
        rows = sparse.csr_array(W)
        assert rows.nnz == alive.size
        damaged = sparse.csr_array((rows.data * alive, rows.indices, rows.indptr), rows.shape).toarray() * gains[k]
        weights.append(damaged if k == 0 else damaged * found["active"][k - 1][:, None])
    biases = [b * gain for b, gain in zip(snn.trained.biases, gains, strict=True)]
    trained = replace(snn.trained, weights=weights, biases=biases)
    assert found["activations"][-1] == pytest.approx(trained.activations(found["x"][None])[-1][0], abs=CLOSE)
    damaged = type(snn)(trained, snn.plan._replace(layers=scale_layers(trained, snn.thresholds)), None)
    assert pytest.approx(damaged.evidence(found["x"][None], T)[0], abs=1e-4) == found["evidence"][:, 2:].T


def test_damage_is_that_of_python_with_the_same_choice(show, snn):
    page = show()
    press(page, "control-0", "ArrowRight", 6)  # 30 % silenced
    press(page, "control-1", "ArrowRight", 4)  # 20 % deleted
    press(page, "control-2", "ArrowRight", 4)  # thresholds drift by 20 %
    press(page, "control-3", "ArrowRight", 3)  # noise of 15 %
    check_damaged(there(page), digest_of(page), snn)
    whole = there(page)["evidence"]
    page.click("#other")
    wait(page, "!bodies.busy")
    assert there(page)["evidence"].tolist() != whole.tolist()
    page.click("#back")
    wait(page, "!bodies.busy")
    found = there(page)
    assert found["evidence"][:, 2:].T.tolist() == snn.evidence(found["clean"][None], 40)[0].tolist()


DAMAGED = {"silenced": 0.3, "deleted": 0.2, "drift": 0.2, "noise": 0.15}


@pytest.mark.thorough
def test_firefox_reads_as_python_reads(path, snn, tmp_path):
    with firefox(tmp_path) as page:
        page.goto(path.as_uri())
        page.wait_for("window.bodies && bodies.isReady && !bodies.busy")
        page.evaluate(f"(bodies.pad.clear(), bodies.pad.strokes.push(...{json.dumps(THREE)}), bodies.pad.changed())")
        page.evaluate(f"bodies.harm({DAMAGED})")
        page.wait_for("!bodies.busy")
        found = as_arrays(page.evaluate(THERE))
        assert found["clean"].tolist() == picture_of(found["strokes"]).tolist()
        page.evaluate("document.getElementById('hash').click()")
        page.wait_for("document.getElementById('digest').textContent")
        check_damaged(found, page.evaluate("document.getElementById('digest').textContent"), snn)
        assert page.evaluate("performance.getEntriesByType('resource').length") == 0


@pytest.mark.thorough
def test_javascriptcore_reads_as_python_reads(path, snn, tmp_path):
    """Without the window: the scripts that compute, on the engine of Safari."""
    here, viewer = Path(__file__), Path(bs.ann.__file__).parent / "viewer"
    scripts = [str(viewer / name) for name in ("drawing.js", "artificial.js", "spiking.js")]
    given = {"strokes": THREE, "damage": DAMAGED, "scripts": scripts}
    found = run_in_jsc(path.read_text(encoding="utf-8"), here.with_name("bodies_in_jsc.js"), given, tmp_path)
    found = as_arrays(found)
    assert found["clean"].tolist() == picture_of(found["strokes"]).tolist()
    check_damaged(found, found["digest"], snn)


@pytest.mark.parametrize("kept", [True, False])
def test_guesses_are_counted_and_stay_where_that_is_allowed(show, snn, report, kept):
    refuse = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } })"
    page = show(script=None if kept else refuse)
    assert page.locator("#guesses button:enabled").count() == 0
    press(page, "control-1", "ArrowRight", 12)  # 60 % of the weights
    page.click("#guesses button >> nth=1")
    wait(page, "!bodies.testing && bodies.guesses.all.length", 60)
    guess = page.evaluate("bodies.guesses.all[0]")
    assert guess["guess"] == "alike"
    assert guess["deleted"] == 0.6
    healthy, pair = page.evaluate("bodies.healthy"), report.pairs[0]
    some = np.concatenate([np.flatnonzero(pair.y == digit)[:10] for digit in range(10)])
    X, y = pair.X[some], pair.y[some]
    assert healthy == {"artificial": np.mean(snn.trained.predict(X) == y), "spiking": np.mean(snn.predict(X, 40) == y)}
    lost = {body: healthy[body] - guess[body] for body in healthy}
    assert min(lost.values()) > 0.05
    difference = lost["artificial"] - lost["spiking"]
    assert guess["more"] == ("alike" if abs(difference) <= 0.02 + 1e-9 else "artificial" if difference > 0 else "spiking")
    assert f"{round(100 * guess['spiking'])} %" in page.inner_text("#result")
    assert re.match(r"You were right in [01] of 1 guess\b", page.inner_text("#tally"))
    assert ("until this window is closed" in page.inner_text("#tally")) is not kept
    page.reload()
    wait(page, "window.bodies && bodies.isReady")
    assert page.evaluate("bodies.guesses.all") == ([guess] if kept else [])
    if kept:
        page.click("#forget")
        assert page.inner_text("#tally") == "Your guesses stay on this device."


def test_what_fails_is_said_and_the_page_goes_on(show):
    """Without a way on, a reading that failed left the page busy for ever, and a guess left it without controls."""
    page = show()
    page.evaluate("void (bodies.spiking.drive = () => { throw new Error('no drive') })")
    draw(page, THREE)
    assert page.inner_text("#fault") == "This did not work: no drive"
    press(page, "control-1", "ArrowRight", 12)
    page.click("#guesses button >> nth=1")
    wait(page, "!bodies.testing && !bodies.busy")
    assert page.inner_text("#result") == "The guess was not counted: no drive"
    page.evaluate("delete bodies.spiking.drive")
    draw(page, THREE)
    assert not page.is_visible("#fault")
    assert page.inner_text("#spiking").isdigit()
    # the engine itself: an array that is not there
    page.evaluate("bodies.spiking.send({ type: 'array', array: 999, values: new Float64Array(1) })")
    wait(page, "!byId('fault').hidden")
    page.evaluate("byId('fault').hidden = true")
    draw(page, THREE)
    assert page.is_visible("#fault")
    page.evaluate("byId('fault').hidden = true")
    given = "{ promise: Promise.resolve(), reason: new Error('nobody listens') }"
    page.evaluate(f"dispatchEvent(new PromiseRejectionEvent('unhandledrejection', {given}))")
    wait(page, "byId('fault').textContent.endsWith('nobody listens')")


def test_a_network_that_cannot_start_says_so(browser, path):
    refuse = "window.Worker = undefined; WebAssembly.instantiate = () => Promise.reject(new Error('no room'))"
    with watched(browser) as show_file:
        page = show_file(path, script=refuse)
        wait(page, "window.bodies && !byId('fault').hidden")
        assert page.inner_text("#fault") == "This did not work: no room"
        assert page.inner_text("#status") == ""


@pytest.mark.parametrize("width", [390, 1366])
def test_the_page_fits_and_is_used_by_keyboard(show, width):
    for scheme in ("light", "dark"):
        page = show(viewport={"width": width, "height": 844}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        wanted = "[...document.querySelectorAll('input, button:enabled')].filter((one) => one.checkVisibility()).length"
        for _ in range(page.evaluate(wanted) + 3):  # and two summaries
            page.keyboard.press("Tab")
            page.evaluate("document.activeElement.dataset.reached = 1")
        assert page.locator("input:not([data-reached])").count() == 0
        assert page.locator("#given button:not([data-reached])").count() == 0
        page.focus("#given button >> nth=4")
        page.keyboard.press("Enter")
        wait(page, "!bodies.busy")
        assert page.locator("#given [aria-pressed=true]").get_attribute("aria-label") == "take a 4"
        assert page.inner_text("#spiking") == "4"
        page.keyboard.press("Tab")
        assert "4, " in page.evaluate("document.getElementById('news').textContent")


def test_play_moves_the_time_and_an_empty_pad_has_no_answer(show):
    page = show()
    page.click("#play")
    wait(page, "bodies.stop > 3 && bodies.stop < 20")
    page.click("#play")
    assert 3 < page.evaluate("bodies.stop") < 42
    page.click("#clear")
    wait(page, "!bodies.busy")
    assert page.inner_text("#artificial") == page.inner_text("#spiking") == "–"
    assert "nothing to read" in page.inner_text("#said")


class TestWhatIsRefused:
    def test_shapes(self, report):
        with pytest.raises(
            ValueError, match=r"BodyReport.page.shape: must be the height and the width of a picture with 64"
        ):
            report.page(shape=(8, 9))

    def test_networks_that_are_converted_in_another_way(self, report):
        pair = report.pairs[0]
        odd = replace(pair, snn=bs.ann.convert(pair.snn.trained.source, pair.X, encoder="poisson"))
        with pytest.raises(ValueError, match="BodyReport.page: needs encoder='current'.*got encoder='poisson'"):
            replace(report, pairs=(odd,)).page()

    def test_a_copy_without_pages_says_so(self, report, monkeypatch):
        for name in [name for name in sys.modules if name.startswith(("brainsim.pages", "brainsim.ann.report.page"))]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "brainsim.pages", None)
        with pytest.raises(ImportError, match="BodyReport.page: this copy of brainsim lacks 'brainsim.pages"):
            report.page()


HEARD = """() => { const began = []
const start = OscillatorNode.prototype.start
OscillatorNode.prototype.start = function (when) { began.push(this.frequency.value); start.call(this, when) }
byId("hear").click()
OscillatorNode.prototype.start = start
return began }"""


@pytest.mark.thorough
def test_a_sound_is_picked_and_heard_in_place_of_drawing(browser, tmp_path):
    """Six words of two vowels, a row for each filter; what is shown and heard is what both networks get."""
    data = bs.ann.datasets.vowel_words(train=120, test=36, frames=20, channels=12)
    train, test = (np.maximum(X.transpose(0, 2, 1)[:, ::-1], 0.0).reshape(len(X), -1) for X in (data.X_train, data.X_test))
    mlp = bs.ann.MLP(24, epochs=15, seed=1).fit(train, data.y_train)
    report = bs.ann.bodies(mlp, test, data.y_test, calib=train, T=(32,))
    file = report.page(tmp_path / "words.html", T=30, shape=(12, 20), sound=(200.0, 3600.0, 12.0)).file
    with watched(browser) as show:
        page = show(file, viewport={"width": 1366, "height": 900})
        wait(page, "window.bodies && bodies.isReady && !bodies.busy")
        assert [page.is_visible(f"#{name}") for name in ("clear", "drawn", "hear")] == [False, False, True]
        assert "Pick a sound" in page.inner_text("#paper")
        page.click("#given button:nth-child(3)")
        wait(page, "!bodies.busy")
        found, own = there(page), report.pairs[0].snn
        assert found["x"].tolist() in test.tolist()
        assert found["evidence"][:, 1:].T.tolist() == own.evidence(found["x"][None], 30)[0].tolist()
        assert page.inner_text("#artificial") == str(own.trained.predict(found["x"][None])[0])
        draw(page, THREE)  # nothing is drawn on a sound
        assert there(page)["x"].tolist() == found["x"].tolist()
        assert page.evaluate(HEARD) == pytest.approx(np.geomspace(3600.0, 200.0, 12), rel=1e-6)
    with pytest.raises(
        ValueError, match=r"BodyReport.page.sound: must be the lowest and the highest frequency .*got .3600, 200"
    ):
        report.page(shape=(12, 20), sound=(3600, 200, 10))
