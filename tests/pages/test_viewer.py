"""The viewer of a page in a browser: what is seen, moved, said and drawn, around an engine that draws spikes at random."""

import re
import struct

import numpy as np
import pytest

from brainsim.results.colours import PALETTE
from tests.helpers.browser import chromium, opened, wait, watched
from tests.helpers.firefox import firefox
from tests.pages.fake import VIEWER, about_of, write_fake
from tests.plot.test_palette import BLINDNESS, TO_XYZ, lab, least_distance, linear

pytestmark = pytest.mark.thorough_but("TestDarkPalette", "nothing_is_fetched")

EVIL = "</script><script>window.evil = 1</script><b>&'"
SIZES = {"excitatory": 200, "inhibitory": 50}
DARK = "#14171b"  # the ground of the dark theme, in base.css


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


@pytest.fixture
def show(browser, tmp_path):
    """Return a function that opens a page and waits for the engine; in the end there must be no error and no request."""
    with watched(browser) as show_file:

        def opened_page(about=None, *, ready=True, **given):
            path = write_fake(tmp_path / "page.html", about or about_of(SIZES))
            page = show_file(path, **({"viewport": {"width": 1200, "height": 800}} | given))
            if ready:
                wait(page, "window.brainsim && brainsim.player.ready")
            return page

        yield opened_page


def step(page):
    return page.evaluate("brainsim.player.step")


def pause(page):
    """Pause, and wait for the picture that is still under way."""
    page.evaluate("brainsim.player.play(false)")
    wait(page, "!brainsim.player.waiting")
    page.wait_for_timeout(60)


def reach(page, steps):
    wait(page, f"brainsim.player.step >= {steps}")


class TestWhatIsSaid:
    def test_text_is_text(self, show):
        about = about_of({EVIL: 20, "b": 5}, title=EVIL, text=EVIL, states=(EVIL, "b"))
        about["controls"][0] |= {"label": EVIL, "help": EVIL, "unit": EVIL}
        about["buttons"][0] |= {"label": EVIL, "help": EVIL}
        page = show(about)
        assert page.evaluate("window.evil") is None
        assert page.title() == EVIL
        assert page.inner_text("#title") == EVIL
        assert page.inner_text("#text") == EVIL
        assert page.inner_text(".slider label >> nth=0") == EVIL
        assert page.locator("body b").count() == 0

    def test_which_network_and_how_fast(self, show):
        page = show()
        assert re.fullmatch(r"250 cells, 625,000 synapses · brainsim [\d.]+.*", page.inner_text("#facts"))
        reach(page, 300)
        wait(page, "/times as fast as real time/.test(document.getElementById('status').textContent)")

    def test_slow_motion(self, show):
        page = show(about_of(SIZES, engine={"slow": 0.5}))  # ms of computing for a step of 0.1 ms
        reach(page, 300)
        wait(page, "/slow motion: this device needs 5[.\\d]* s/.test(document.getElementById('status').textContent)")

    def test_a_fault_is_said_and_the_network_starts_again(self, show):
        message = "LIF.v: not a number at 40 ms <in cell 3>"
        page = show(about_of(SIZES, engine={"faultAt": 400, "message": message}))
        page.wait_for_selector("#fault:visible")
        assert page.inner_text("#fault") == message
        assert page.inner_text("#play") == "Continue"
        page.click("#again")
        reach(page, 500)
        assert not page.is_visible("#fault")

    def test_where_the_engine_cannot_run(self, show):
        page = show(about_of(SIZES, engine={"refuses": "This browser has no SIMD."}), ready=False)
        page.wait_for_selector("#fault:visible")
        assert page.inner_text("#fault") == "This browser has no SIMD."
        assert page.is_disabled("#play")

    def test_without_web_assembly(self, show):
        page = show(script="delete window.WebAssembly", ready=False)
        page.wait_for_selector("#fault:visible")
        assert "it lacks WebAssembly" in page.inner_text("#fault")
        assert page.inner_text("#title") == "A network"

    def test_without_scripts(self, show, browser, tmp_path):
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(write_fake(tmp_path / "page.html", about_of(SIZES)).as_uri())
        assert "needs JavaScript and WebAssembly" in page.inner_text("noscript")
        page.close()

    def test_the_hash(self, show):
        page = show()
        reach(page, 100)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        page.click("#hash")
        wait(page, "document.getElementById('digest').textContent")
        found = re.fullmatch(r"([0-9a-f]{64}) after ([\d,]+) steps", page.inner_text("#digest"))
        assert int(found[1], 16) == int(found[2].replace(",", "")) == step(page)


class TestTime:
    def test_runs_at_the_chosen_speed(self, show):
        page = show(about_of(SIZES, pace=0.2))
        reach(page, 200)
        steps, ms = page.evaluate(
            """(async () => {
                const from = brainsim.player.step, at = performance.now()
                await new Promise((go) => setTimeout(go, 2000))
                return [brainsim.player.step - from, performance.now() - at]
            })()"""
        )
        assert 0.1 < steps * 0.1 / ms < 0.25

    def test_pauses_and_goes_on(self, show):
        page = show()
        reach(page, 100)
        page.click("#play")
        page.wait_for_timeout(200)
        before = step(page)
        page.wait_for_timeout(300)
        assert step(page) == before
        assert page.inner_text("#play") == "Continue"
        assert page.inner_text("#news").startswith("paused: ")
        page.click("#play")
        reach(page, before + 50)

    def test_one_step(self, show):
        page = show()
        pause(page)
        before = step(page)
        page.click("#step")
        wait(page, f"brainsim.player.step === {before + 1}")
        page.focus("#picture")
        page.keyboard.press("ArrowRight")
        wait(page, f"brainsim.player.step === {before + 2}")

    def test_space_pauses(self, show):
        page = show()
        reach(page, 50)
        page.focus("#picture")
        page.keyboard.press(" ")
        assert not page.evaluate("brainsim.player.playing")
        page.keyboard.press(" ")
        assert page.evaluate("brainsim.player.playing")
        page.focus("#play")  # where the space bar presses the button, once
        page.keyboard.press(" ")
        assert not page.evaluate("brainsim.player.playing")

    def test_starts_again(self, show):
        page = show(about_of(SIZES, pace=1.0))
        reach(page, 9000)
        pause(page)
        page.click("#again")
        wait(page, "brainsim.player.step < 6000")
        reach(page, 300)
        assert page.evaluate("brainsim.history.frames[0].from") == 0

    def test_stops_after_the_seconds_of_its_author(self, show):
        page = show(about_of(SIZES, seconds=0.05))
        wait(page, "brainsim.player.step >= 500")
        page.wait_for_timeout(200)
        assert step(page) == 500
        assert page.inner_text("#play") == "Continue"
        page.click("#play")
        reach(page, 600)

    @pytest.mark.parametrize("event", ["visibilitychange", "scroll"])
    def test_rests_while_nobody_sees_it(self, show, event):
        page = show()
        reach(page, 100)
        hidden = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
        hidden += "document.dispatchEvent(new Event('visibilitychange'))"
        away = "document.body.style.paddingTop = '%s'"
        page.evaluate(hidden % "true" if event == "visibilitychange" else away % "4000px")
        page.wait_for_timeout(400)
        before = step(page)
        page.wait_for_timeout(300)
        assert step(page) == before
        page.evaluate(hidden % "false" if event == "visibilitychange" else away % "0px")
        reach(page, before + 50)

    def test_waits_where_the_reader_wants_little_motion(self, show):
        page = show(reduced_motion="reduce")
        page.wait_for_timeout(300)
        assert step(page) == 0
        page.click("#play")
        reach(page, 50)

    def test_without_workers(self, show):
        page = show(script="window.Worker = function () { throw new Error('no workers here') }")
        reach(page, 300)

    def test_fastest(self, show):
        page = show()
        page.select_option("#speed", label="fastest")
        reach(page, 10_000)


class TestControls:
    def test_move_by_keyboard(self, show):
        page = show()
        page.focus("#control-0")
        page.keyboard.press("ArrowRight")
        assert page.inner_text("output >> nth=0") == "10,100 Hz"
        assert page.get_attribute("#control-0", "aria-valuetext") == "10,100 Hz"
        page.focus("#control-1")
        page.keyboard.press("Home")
        assert page.inner_text("output >> nth=1") == "0 mV"
        page.keyboard.press("End")
        assert page.inner_text("output >> nth=1") == "−2 mV"

    def test_change_the_network(self, show):
        page = show()
        page.focus("#control-0")
        page.keyboard.press("End")
        page.wait_for_timeout(100)
        before = step(page)
        reach(page, before + 3000)
        page.click("#play")
        faster = page.evaluate("brainsim.history.mean(0)")
        assert (
            faster > 30.0
        )  # the engine of these tests fires at 20 Hz at the start, and at 40 Hz with this control at its end

    def test_back_to_the_start(self, show):
        page = show()
        assert not page.is_visible("#back")
        page.focus("#control-0")
        page.keyboard.press("End")
        page.click("#back")
        assert page.inner_text("output >> nth=0") == "10,000 Hz"
        assert not page.is_visible("#back")

    def test_say_what_they_do(self, show):
        page = show()
        tip = page.locator(f"#{page.get_attribute('#control-0', 'aria-describedby')}")
        assert tip.text_content() == "PoissonInput 'drive': rate"
        assert not tip.is_visible()
        page.focus("#control-0")
        assert tip.is_visible()
        page.keyboard.press("Escape")
        assert not tip.is_visible()
        page.hover("#buttons button")
        assert page.locator("#button-0-help").is_visible()

    def test_buttons_and_states(self, show):
        script = """window.sent = []
            const send = Worker.prototype.postMessage
            Worker.prototype.postMessage = function (message) { sent.push(message); send.call(this, message) }"""
        page = show(about_of(SIZES, states=("asynchronous", "synchronous")), script=script)
        page.click("#buttons button")
        page.select_option("#state", label="synchronous")
        wait(page, "sent.some((m) => m.type === 'restart')")
        sent = page.evaluate("sent.filter((m) => ['button', 'restart'].includes(m.type))")
        assert sent == [{"type": "button", "button": 0}, {"type": "restart", "state": 1}]

    def test_everything_has_a_name(self, show):
        page = show(about_of(SIZES, states=("a", "b"), weights=[("learn", PALETTE[0])]))
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        unnamed = page.evaluate(
            """[...document.querySelectorAll("button, select, input")]
                .filter((one) => !(one.innerText && one.tagName === "BUTTON") && !one.ariaLabel && !one.labels?.length)
                .map((one) => one.outerHTML)"""
        )
        assert unnamed == []
        assert page.get_attribute("#picture", "aria-label").startswith("Raster")


class TestCells:
    def test_the_first_of_two_populations(self, show):
        page = show()
        assert page.evaluate("brainsim.watches.list") == [{"variable": 0, "cell": 0}, {"variable": 1, "cell": 0}]

    def test_a_click_on_the_raster_shows_a_cell(self, show):
        page = show()
        x, y = page.evaluate(
            """(() => {
                const p = brainsim.picture
                return [p.left + 50, p.panels.get("raster").top + p.base[1] + 7.5 * p.perRow]
            })()"""
        )
        box = page.locator("#picture").bounding_box()
        page.mouse.click(box["x"] + x, box["y"] + y)
        assert page.evaluate("brainsim.watches.list") == [{"variable": 0, "cell": 0}, {"variable": 1, "cell": 7}]

    def test_by_number(self, show):
        page = show()
        page.click("summary >> nth=0")
        page.click("#watch")
        page.fill(".watch >> nth=2 >> input", "999")
        page.keyboard.press("Enter")
        assert page.evaluate("brainsim.watches.list.at(-1)") == {"variable": 1, "cell": 49}
        page.click(".watch >> nth=0 >> button")
        assert [one["cell"] for one in page.evaluate("brainsim.watches.list")] == [0, 49]
        before = step(page)
        reach(page, before + 300)
        assert page.evaluate("brainsim.history.frames.at(-1).traces.length") == 2

    def test_spikes_that_a_reset_hides(self, show):
        page = show()
        reach(page, 3000)
        pause(page)
        own = page.evaluate(
            "brainsim.history.frames.flatMap((f) => [...f.steps].filter((_, k) => f.cells[k] === 200 && f.marks[1]))"
        )
        assert own
        assert page.evaluate("brainsim.history.frames.flatMap((f) => [...(f.marks[1] ?? [])])") == own


class TestPicture:
    def test_rates_are_those_of_the_spikes(self, show):
        page = show(about_of(SIZES | {"sources": 10}, pace=1.0))
        assert page.evaluate("brainsim.picture.rated") == [0, 1]
        for ms in (500, 50, 2000):
            page.select_option("#window", str(ms))
            reach(page, step(page) + 1500)
            pause(page)
            found, expected = page.evaluate(
                """(() => {
                    const h = brainsim.history, from = Math.ceil(h.start / h.bin) * h.bin
                    const inside = (f) => [...f.steps].filter((s, k) => s > from && f.cells[k] >= 200 && f.cells[k] < 250)
                    return [h.mean(1), h.frames.flatMap(inside).length / 50 / ((h.step - from) * 0.0001)]
                })()"""
            )
            assert expected > 0
            assert found == pytest.approx(expected)
            page.evaluate("brainsim.player.play(true)")

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_spikes_are_in_the_rows_and_colours_of_their_populations(self, show, theme):
        page = show(color_scheme=theme)
        reach(page, 2000)
        pause(page)
        colours = page.evaluate(
            """(() => {
                const p = brainsim.picture, {data, width} = p.pixels, {populations} = brainsim.about
                const middles = p.base.map((base, k) => Math.floor((base + populations[k].size * p.perRow / 2) * p.ratio))
                return middles.map((y) => {
                    const found = new Set()
                    for (let at = 4 * (y - 9) * width; at < 4 * (y + 9) * width; at += 4)
                        if (data[at + 3]) found.add([...data.slice(at, at + 3)].join())
                    return [...found]
                })
            })()"""
        )
        palette = PALETTE if theme == "light" else on_dark()
        assert colours == [[",".join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5))] for colour in palette[:2]]

    def test_is_the_same_after_a_change_of_size(self, show):
        """What is drawn piece by piece and what is drawn again have the same spikes in each row."""
        page = show()
        reach(page, 6000)
        pause(page)
        rows = """(() => {
            const {data, width, height} = brainsim.picture.pixels
            return Array.from({length: height}, (_, y) => {
                let n = 0
                for (let x = 3; x < width - 3; x++) n += data[4 * (y * width + x) + 3] > 0
                return n
            })
        })()"""
        before = page.evaluate(rows)
        page.evaluate("brainsim.picture.redrawRaster()")
        after = page.evaluate(rows)
        assert np.abs(np.subtract(before, after)).max() <= 4  # marks at the edge that has moved out meanwhile
        assert sum(before) > 1000

    def test_weights_as_a_histogram(self, show):
        page = show(about_of(SIZES, weights=[("learn", PALETTE[2])]))
        wait(page, "brainsim.history.weights && brainsim.history.weights[0].length === 60")
        pause(page)
        blue = page.evaluate(
            """(() => {
                const {width, height} = document.getElementById("picture")
                const {data} = document.getElementById("picture").getContext("2d").getImageData(0, 0, width, height)
                let n = 0
                for (let k = 0; k < data.length; k += 4)
                    n += data[k] === 0x2f && data[k + 1] === 0x9a && data[k + 2] === 0xd8
                return n
            })()"""
        )
        assert blue > 1000

    def test_few_cells_have_no_rates(self, show):
        page = show(about_of({"pre": 3, "post": 2}))
        assert page.evaluate("[...brainsim.picture.panels.keys()]") == ["raster", 0, 1]

    def test_is_saved(self, show):
        page = show(about_of(SIZES, title="The balanced network"))
        reach(page, 300)
        with page.expect_download() as waiting:
            page.click("#save")
        assert waiting.value.suggested_filename == "the-balanced-network.png"
        content = waiting.value.path().read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", content[16:24])
        assert [width, height - 64] == page.evaluate("[brainsim.picture.canvas.width, brainsim.picture.canvas.height]")

    @pytest.mark.parametrize("width", [360, 800, 1366, 1920])
    def test_fits_the_screen(self, show, width):
        names = {"a population with a long name indeed": 40, "b": 20, "layer 6, inhibitory": 10}
        about = about_of(
            names, title="A network of several populations of cells", text="words " * 40, weights=[("w", PALETTE[0])]
        )
        about["controls"][0]["label"] = "a control whose name_is_rather_long_for_a_narrow_screen_such_as_this"
        page = show(about, viewport={"width": width, "height": 740})
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("brainsim.picture.across") > 0.5 * min(width, 500)

    @pytest.mark.parametrize("width", [390, 908])
    def test_in_a_frame_it_says_how_high_it_is_and_stays_so(self, show, browser, tmp_path, width):
        """As the site shows it: the frame gets this height, and nothing in it has to be scrolled."""
        write_fake(tmp_path / "inner.html", about_of(SIZES))
        outer = tmp_path / "outer.html"
        given = "document.querySelector('iframe').style.height = `${data.height}px`"
        outer.write_text(
            f'<!doctype html><script>addEventListener("message", ({{ data }}) => {{ window.said = data.height; {given} }})'
            f'</script><iframe src="inner.html" style="width: {width}px; height: 400px; border: 0"></iframe>',
            encoding="utf-8",
        )
        page, problems = opened(browser, viewport={"width": 1000, "height": 900})
        page.goto(outer.as_uri())
        wait(page, "window.said > 500")
        page.wait_for_timeout(1000)
        html = "document.documentElement"
        inner, said = page.frames[1], page.evaluate("said")
        assert said < 1400
        for side in ("Width", "Height"):
            assert inner.evaluate(f"{html}.scroll{side} - {html}.client{side}") == 0
        page.wait_for_timeout(300)
        assert page.evaluate("said") == said
        assert problems == []
        page.close()

    def test_thresholds_and_notes_of_weights_are_read_in_full(self, show):
        about = about_of(SIZES, weights=[(f"learning {k}", PALETTE[k]) for k in range(4)])
        about["variables"] = [variable | {"threshold": -47.25} for variable in about["variables"]]
        about["weights"] = [weights | {"each": True, "count": 60} for weights in about["weights"]]
        for width in (390, 1366):
            page = show(about, viewport={"width": width, "height": 844})
            reach(page, 500)
            said = page.evaluate(
                """(() => {
                    const {picture} = brainsim, said = [], fillText = picture.ink.fillText.bind(picture.ink)
                    picture.ink.fillText = (text, x, y) => {
                        said.push([text, picture.ink.textAlign === "left" ? x + picture.ink.measureText(text).width : x])
                        fillText(text, x, y)
                    }
                    picture.draw()
                    return said
                })()"""
            )
            assert {"\u221247.3 mV", "rate"} <= {text for text, _ in said}
            assert [text for text, right in said if right > width - 16 or "weights" in text and "…" in text] == []

    def test_the_theme_is_that_of_the_system_until_it_is_switched(self, show):
        page = show(color_scheme="dark")
        ground = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(ground) == "rgb(20, 23, 27)"
        page.click("#theme")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        wait(page, "brainsim.picture.colours.paper === '#fff'")
        assert page.inner_text("#theme") == "Dark"


def test_in_firefox(tmp_path):
    path = write_fake(tmp_path / "page.html", about_of(SIZES, weights=[("learn", PALETTE[0])]))
    with firefox(tmp_path) as program:
        program.goto(path.as_uri())
        program.wait_for("window.brainsim && brainsim.player.step > 500")
        assert program.evaluate("brainsim.history.mean(0)") > 5.0
        assert program.evaluate("document.getElementById('fault').hidden")
        assert program.evaluate("performance.getEntriesByType('resource').length") == 0


def on_dark():
    """Return the colours of the palette as the dark theme has them."""
    table = dict(re.findall(r'"(#\w{6})": "(#\w{6})"', (VIEWER / "colours.js").read_text(encoding="utf-8")))
    return [table[colour] for colour in PALETTE]


class TestDarkPalette:
    """The colours of the dark theme have what tests/plot/test_palette.py asks of those on white."""

    @pytest.mark.parametrize("kind", BLINDNESS)
    def test_colours_are_told_apart(self, kind):
        assert least_distance(on_dark(), kind) > (25.0 if kind == "none" else 15.0)
        assert least_distance(on_dark()[:4], kind) > (25.0 if kind == "none" else 19.0)

    def test_contrast(self):
        luminance, ground = linear(on_dark()) @ TO_XYZ[1], (linear([DARK]) @ TO_XYZ[1])[0]
        assert np.all((luminance + 0.05) / (ground + 0.05) >= 4.0)
        assert f"--paper: {DARK}" in (VIEWER / "base.css").read_text(encoding="utf-8")

    def test_neighbours_differ_in_grey(self):
        assert np.abs(np.diff(lab(linear(on_dark()))[:, 0])).min() > 6.0


def test_nothing_is_fetched():
    """No address of anything elsewhere is in the viewer."""
    elsewhere = r"https?:|@import|url\(|innerHTML|insertAdjacentHTML|document\.write|\beval\b"
    for file in (*VIEWER.iterdir(), VIEWER.with_name("unpack.js")):
        text = file.read_text(encoding="utf-8").replace("wasm-unsafe-eval", "")
        assert not re.search(elsewhere, text), file
