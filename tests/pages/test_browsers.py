"""A page has the bits of Python in Chromium, in Firefox, and in the engine of Safari."""

import re
import time
from pathlib import Path

import pytest

import brainsim as bs
from brainsim.examples import cobahh
from tests.helpers.browser import chromium, opened
from tests.helpers.firefox import firefox
from tests.pages.engine import run_in_jsc
from tests.pages.test_bits import NETWORKS, OPTIONS, balanced


def readme():
    """Return the network in twenty lines."""
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)
    cells = bs.Population(2_500, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
    net = bs.Network(seed=1)
    net.connect(cells[:2_000], cells, bs.FixedIndegree(200), weight=0.2, delay=1.5, synapse=bs.Delta())
    net.connect(cells[2_000:], cells, bs.FixedIndegree(50), weight=-1.0, delay=1.5, synapse=bs.Delta())
    net.stimulate(cells, bs.PoissonInput(rate=10_000.0, weight=0.2, synapse=bs.Delta()))
    return net


CASES = {"balanced": lambda: balanced(400), "readme": readme, "COBAHH": lambda: cobahh.build()[0]} | NETWORKS
SOONER = 500  # steps, after which the page is paused


def digest_there(page, path):
    """Return the digest that a page shows, and after how many steps; it runs until a few hundred."""
    page.goto(path.as_uri())
    wait(page, "window.brainsim && brainsim.player.ready")
    wait(page, f"brainsim.player.step > {SOONER}")
    page.evaluate("document.getElementById('hash').click()")
    wait(page, "document.getElementById('digest').textContent")
    text = page.evaluate("document.getElementById('digest').textContent")
    found = re.fullmatch(r"([0-9a-f]{64}) after ([\d,]+) steps", text)
    return found[1], int(found[2].replace(",", ""))


def wait(page, expression, seconds=60.0):
    end = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < end, f"not true within {seconds:g} s: {expression}"
        time.sleep(0.05)


def check(page, name, folder):
    net, options = CASES[name](), {"seed": 2, "threads": 1} | OPTIONS.get(name, {})
    digest, steps = digest_there(page, bs.page(net, folder / f"{name}.html", **options).file)
    sim = bs.Simulation(net, **options)
    sim.run(steps * sim.dt)
    assert digest == sim.digest()


@pytest.fixture(scope="module")
def in_chromium():
    with chromium() as program:
        page, problems = opened(program)
        yield page
        assert problems == []


@pytest.fixture(scope="module")
def in_firefox(tmp_path_factory):
    with firefox(tmp_path_factory.mktemp("firefox")) as page:
        yield page


@pytest.mark.thorough_but("[balanced]")
@pytest.mark.parametrize("name", CASES)
def test_chromium(in_chromium, tmp_path, name):
    check(in_chromium, name, tmp_path)


def test_a_notebook_shows_a_page_that_runs(in_chromium, tmp_path):
    """A frame that holds the page as text; one in Jupyter and in a notebook as HTML is shown like this."""
    net, title = balanced(50), "\"a\" & 'b' <b>&amp;</b>"
    shown = bs.page(net, None, [bs.Control(net.inputs[0], "rate", 0.0, 20_000.0, steps=3)], seed=2, title=title)
    file = tmp_path / "notebook.html"
    file.write_text(f"<!doctype html><body>{shown._repr_html_()}<p id=below>next cell</p></body>", encoding="utf-8")
    in_chromium.goto(file.as_uri())
    (frame,) = in_chromium.frames[1:]
    wait(frame, "window.brainsim && brainsim.player.step > 100")
    assert frame.inner_text("h1") == title
    frame.press("#control-0", "End")
    assert frame.get_attribute("#control-0", "aria-valuetext") == "20,000 Hz"
    assert in_chromium.inner_text("#below") == "next cell"


@pytest.mark.thorough
@pytest.mark.parametrize("name", CASES)
def test_firefox(in_firefox, tmp_path, name):
    check(in_firefox, name, tmp_path)
    assert in_firefox.evaluate("performance.getEntriesByType('resource').length") == 0


@pytest.mark.thorough
@pytest.mark.parametrize("name", CASES)
def test_javascriptcore(tmp_path, name):
    options, steps = {"seed": 2, "threads": 1} | OPTIONS.get(name, {}), 600
    here, there = (bs.Simulation(CASES[name](), **options) for _ in range(2))
    plan = [{"type": "advance", "steps": 200}] * (steps // 200) + [{"type": "digest"}]
    found = run_in_jsc(bs.page(there).text, Path(__file__).with_name("jsc.js"), plan, tmp_path)
    here.run(steps * here.dt)
    assert found[-1] == {"type": "digest", "step": steps, "text": here.digest()}
