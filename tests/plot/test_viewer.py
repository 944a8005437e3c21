"""The viewer: what is in its file, and, in a browser, that it zooms, hides populations and names spikes."""

import base64
import json
import re
import sys
import types
import zlib

import numpy as np
import pytest

import brainsim as bs
from brainsim import plot
from brainsim.plot.elements.styles import PALETTE
from brainsim.plot.viewer import _contents, pack_floats, pack_spikes
from brainsim.results.result import Result, Spikes, Traces
from tests.helpers.browser import chromium, opened
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import made

EVIL = "</script><script>window.evil = 1</script>&'"


def unpacked(sizes, text):
    """Return steps and cells as the page unpacks them."""
    raw, n = zlib.decompress(base64.b64decode(text)), sizes["spikes"]
    cut = n * sizes["delta"]
    delta = np.frombuffer(raw[:cut], f"<u{sizes['delta']}").astype(np.int64)
    return np.cumsum(delta), np.frombuffer(raw[cut:], f"<u{sizes['id']}")


def on_grid(count, n, duration=1000.0, name="a", seed=0, dt=0.1):
    rng = np.random.default_rng(seed)
    return Spikes(rng.integers(1, round(duration / dt) + 1, count) * dt, rng.integers(0, n, count), n, duration, 0.0, name)


def of(*spikes, dt=0.1, traces=None, start=0.0, duration=1000.0, **rest):
    return Result(
        spikes={s.name: s for s in spikes}, duration=duration, dt=dt, seed=1, traces=traces or {}, start=start, **rest
    )


class TestContents:
    @pytest.mark.parametrize(("count", "n"), [(0, 5), (1, 1), (3000, 40), (500, 70_000)])
    def test_spikes_survive_packing(self, count, n):
        spikes = on_grid(count, n)
        steps, ids = unpacked(*pack_spikes(spikes, 0.0, 0.1))
        np.testing.assert_array_equal(steps, np.rint(spikes.times / 0.1))
        np.testing.assert_array_equal(ids, spikes.ids)

    def test_of_a_later_piece(self):
        spikes = Spikes([500.1, 700.0], [3, 4], 9, 500.0, 500.0, "a")
        steps, _ = unpacked(*pack_spikes(spikes, 500.0, 0.1))
        assert steps.tolist() == [1, 2000]

    def test_times_between_the_steps_keep_a_hundredth(self):
        info, packed = _contents(of(Spikes([0.123, 7.0], [0, 1], 2, 1000.0, name="a")), 0)
        assert info["unit"] == pytest.approx(0.001)
        assert info["digits"] == 3
        steps, _ = unpacked(info["parts"][0], packed[0][1])
        assert steps.tolist() == [123, 7000]

    def test_parts_have_the_colours_of_all_pictures(self):
        info, _ = _contents(made(views={"a": [("exc", 0, 40), ("inh", 40, 60)]}), 1000)
        assert [(part["label"], part["first"], part["n"]) for part in info["parts"]] == [
            ("exc", 0, 40),
            ("inh", 40, 20),
            ("b", 0, 40),
        ]
        assert [part["colour"] for part in info["parts"]] == list(PALETTE[:3])

    @pytest.mark.parametrize(("samples", "kept"), [(0, 1), (199, 1), (450, 2), (10_000, 5)])
    def test_traces_of_as_many_cells_as_fit_are_kept(self, samples, kept):
        """Each of two traces gets half of the samples, and never less than one cell."""
        times = np.arange(1, 101) * 0.1
        values = np.arange(500.0).reshape(100, 5)
        traces = {("a", v): Traces("a", v, "mV", times, np.arange(5), values) for v in ("v", "u")}
        info, packed = _contents(of(on_grid(10, 5), traces=traces), samples)
        assert [one["ids"] for one in info["traces"]] == [list(range(kept))] * 2
        assert packed[1] == ("trace-0", pack_floats(values[:, :kept].T))
        info, _ = _contents(of(on_grid(10, 5), traces={("a", "v"): traces["a", "v"]}), 2 * samples)
        assert info["traces"][0]["ids"] == list(range(min(5, max(1, samples // 50))))

    def test_populations_that_only_send_are_sources(self):
        net = bs.Network(seed=1)
        for name, model in (("noise", bs.Poisson(rate=100.0)), ("cells", bs.LIF())):
            net.add(bs.Population(5, model, name=name))
        info, _ = _contents(bs.simulate(net, 20.0, seed=1), 0)
        assert {part["label"]: part["source"] for part in info["parts"]} == {"noise": True, "cells": False}

    def test_names_of_the_cells_that_fired(self):
        result = of(Spikes([1.0, 2.0, 3.0], [4, 1, 4], 6, 1000.0, name="brain"))
        ids = [f"72057594{k}" for k in range(6)]
        info, _ = _contents(result, 0, {"brain": np.array(ids)})
        assert info["parts"][0]["names"] == {1: ids[1], 4: ids[4]}
        info, _ = _contents(made(views={"a": [("exc", 0, 40), ("inh", 40, 60)]}), 0, {"a": np.array([*map(str, range(60))])})
        for part in info["parts"][:2]:
            assert part["names"] == {cell: str(cell + part["first"]) for cell in part["names"]}

    def test_floats_survive_packing(self):
        values = np.random.default_rng(0).normal(size=(3, 50)).astype(np.float32)
        planes = np.frombuffer(zlib.decompress(base64.b64decode(pack_floats(values))), np.uint8).reshape(4, -1)
        np.testing.assert_array_equal(planes.T.copy().view("<f4").reshape(3, 50), values)

    def test_of_long_traces_the_first_cells_are_kept(self):
        info, _ = _contents(made(), 400)
        first, second = info["traces"]
        assert first["ids"] == [0, 1]
        assert first["note"] == " (first 2 of 4 cells)"
        assert second["note"] == ""
        assert (first["first"], first["every"], first["samples"], first["unit"]) == (1.0, 1.0, 100, "mV")


class TestPage:
    @pytest.fixture(autouse=True)
    def bokeh(self):
        pytest.importorskip("bokeh")

    def test_is_one_file_without_a_network(self, tmp_path):
        path = made().view(tmp_path / "a.html", title=EVIL)
        page = path.read_text(encoding="utf-8")
        assert path == tmp_path / "a.html"
        assert path._repr_html_().startswith("<iframe srcdoc=")
        assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=", page)
        assert "<script>window.evil" not in page

    def test_names_cannot_end_the_script(self, tmp_path):
        page = of(on_grid(50, 5, name=EVIL)).view(tmp_path / "a.html").read_text(encoding="utf-8")
        text = re.search(r'id="brainsim-info">(.*?)</script>', page)[1]
        assert json.loads(text)["parts"][0]["label"] == EVIL
        assert "<script>window.evil" not in page

    def test_a_million_spikes_fit_into_twelve_megabytes(self, tmp_path):
        result = of(on_grid(1_000_000, 80_000, duration=10_000.0), duration=10_000.0)
        assert result.view(tmp_path / "a.html").stat().st_size < 12e6


class TestCommand:
    def test_writes_the_page_of_a_file(self, tmp_path, monkeypatch, capsys):
        pytest.importorskip("bokeh")
        from brainsim.commands import cli

        monkeypatch.chdir(tmp_path)
        made().save("run.npz")
        assert cli.main(["view", "run.npz"]) == 0
        assert "run.html" in capsys.readouterr().out
        assert (tmp_path / "run.html").stat().st_size > 1e6

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            (["view", "missing.npz"], "missing.npz"),
            (["view", "run.npz", "--out", "a.png"], "--out: must end in .html"),
            (["view", "run.npz", "--out", "no/where.html"], "no"),
        ],
    )
    def test_mistakes(self, words, text, tmp_path, monkeypatch, capsys):
        from brainsim.commands import cli

        monkeypatch.chdir(tmp_path)
        monkeypatch.setitem(sys.modules, "bokeh", types.ModuleType("bokeh"))  # mistakes are found without it
        made().save("run.npz")
        assert cli.main(words) == 2
        assert text in capsys.readouterr().err

    def test_without_bokeh(self, tmp_path, monkeypatch, capsys):
        from brainsim.commands import cli

        monkeypatch.chdir(tmp_path)
        monkeypatch.setitem(sys.modules, "bokeh", None)
        made().save("run.npz")
        assert cli.main(["view", "run.npz"]) == 2
        assert "pip install bokeh" in capsys.readouterr().err


test_mistakes = mistakes(
    (lambda: plot.view([1.0], "a.html"), TypeError, "view: must be a Result", "got list"),
    (lambda: plot.view(Result(spikes={}, duration=5.0, dt=0.1, seed=1), "a.html"), ValueError, "view: must be the result"),
    (lambda: plot.view(of(on_grid(0, 3, 0.1), duration=0.0), "a.html"), ValueError, "view: must be the result of a run"),
    (lambda: made().view("a.html", title=3), TypeError, "view.title: must be a text (got 3)"),
    (lambda: made().view("a.png"), ValueError, "view.path: must end in .html (got 'a.png')"),
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


@pytest.fixture
def page(browser, tmp_path):
    """Return the page of a result with two populations and traces, ready."""
    pytest.importorskip("bokeh")
    times = np.arange(1, 10_001) * 0.1
    traces = {("a", "v"): Traces("a", "v", "mV", times, [0, 4], -60.0 + np.sin(times[:, None] / [20.0, 50.0]))}
    path = of(on_grid(20_000, 80), on_grid(5000, 20, name=EVIL, seed=1), traces=traces).view(tmp_path / "a.html")
    shown, problems = opened(browser, viewport={"width": 1200, "height": 900})
    shown.goto(path.as_uri())
    shown.wait_for_function("window.brainsim && window.brainsim.ready && window.brainsim.redraws > 0")
    yield shown
    assert problems == []
    shown.close()


def state(page, what):
    return page.evaluate(f"window.brainsim.{what}")


def settled(page, change):
    """Do something and wait until the page has been drawn again."""
    before = state(page, "redraws")
    change()
    page.wait_for_function(f"window.brainsim.redraws > {before}")
    page.wait_for_timeout(100)


@pytest.mark.slow
class TestBrowser:
    def raster(self, page):
        return page.locator("canvas").first.bounding_box()

    def test_shows_all_then_what_is_zoomed_into(self, page):
        assert state(page, "visible") == 25_000
        box = self.raster(page)
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 200)
        for _ in range(6):
            settled(page, lambda: page.mouse.wheel(0, -300))
        x0, x1 = page.evaluate(
            "(() => {const x = Bokeh.documents[0].roots()[0].children[0].x_range; return [x.start, x.end]})()"
        )
        assert 0.0 < x0 < x1 < 1000.0
        inside = sum(
            np.count_nonzero((s.times >= x0) & (s.times <= x1 + 1e-9))
            for s in (on_grid(20_000, 80), on_grid(5000, 20, seed=1))
        )
        assert abs(state(page, "visible") - inside) <= 2
        assert state(page, "bin") < 10.0
        settled(page, lambda: page.locator("[title='Reset']").or_(page.locator(".bk-tool-icon-reset")).first.click())
        assert state(page, "visible") == 25_000

    def test_zooms_to_ten_steps_and_no_closer(self, page):
        box = self.raster(page)
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 200)
        for _ in range(25):
            page.mouse.wheel(0, -600)
            page.wait_for_timeout(60)
        x0, x1 = page.evaluate(
            "(() => {const x = Bokeh.documents[0].roots()[0].children[0].x_range; return [x.start, x.end]})()"
        )
        assert 1.0 - 1e-6 <= x1 - x0 < 10.0

    def test_pans(self, page):
        box = self.raster(page)
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 200)
        for _ in range(4):
            settled(page, lambda: page.mouse.wheel(0, -300))
        before = page.evaluate("Bokeh.documents[0].roots()[0].children[0].x_range.start")
        page.mouse.down()
        settled(page, lambda: page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 200, steps=4))
        page.mouse.up()
        assert page.evaluate("Bokeh.documents[0].roots()[0].children[0].x_range.start") > before

    def test_hides_and_shows_a_population(self, page):
        button = page.locator("#parts button").nth(0)
        settled(page, button.click)
        assert state(page, "visible") == 5000
        assert button.get_attribute("aria-pressed") == "false"
        settled(page, button.click)
        assert state(page, "visible") == 25_000

    def test_names_the_spike_under_the_pointer(self, page):
        spikes = on_grid(20_000, 80)
        k = len(spikes) // 2
        time, cell = float(spikes.times[k]), int(spikes.ids[k])
        page.evaluate(f"Bokeh.documents[0].roots()[0].children[0].x_range.setv({{start: {time - 2}, end: {time + 2}}})")
        page.evaluate(
            "(() => {const hover = window.brainsim.hover;"
            "window.brainsim.hover = (event) => {if (event) window.at = [event.x, event.y]; hover(event)}})()"
        )
        page.wait_for_timeout(500)
        box, seen = self.raster(page), []
        for x, y in ((300.0, 60.0), (800.0, 300.0)):  # where two points of the screen are in the raster
            page.mouse.move(box["x"] + x, box["y"] + y)
            page.wait_for_timeout(200)
            seen.append((x, y, *page.evaluate("window.at")))
        (px, py, dx, dy), (qx, qy, ex, ey) = seen
        page.mouse.move(
            box["x"] + px + (qx - px) * (time - dx) / (ex - dx), box["y"] + py + (qy - py) * (cell - dy) / (ey - dy)
        )
        page.wait_for_timeout(200)
        assert page.inner_text("#tip") == f"a, cell {cell}, {time:.1f} ms"

    def test_draws_traces_on_demand(self, page):
        settled_before = page.evaluate("window.brainsim.traces || null")
        assert settled_before is None
        page.select_option("#traces", "0")
        page.wait_for_function("window.brainsim.traces && window.brainsim.traces.length === 2")
        assert state(page, "traces") == ["cell 0", "cell 4"]
        values = page.evaluate("Array.from(window.brainsim.info.traces[0].values.slice(0, 3))")
        assert values == pytest.approx((-60.0 + np.sin(np.array([0.1, 0.2, 0.3]) / 20.0)).tolist(), abs=1e-4)
