"""The tour: all pictures in their order, captions with the numbers of the run, and one page that holds everything."""

import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.commands import cli
from brainsim.examples import tour as example
from brainsim.explore.theory import if_counts, siegert_rate
from brainsim.plot.page import write_page
from tests.helpers.browser import chromium, opened

pytestmark = pytest.mark.thorough

TITLES = (
    "A neuron charges and fires",
    "How often it fires",
    "Noise makes the threshold soft",
    "Synapses",
    "Not one neuron but many kinds",
    "A network",
    "Memory",
    "Decision",
    "From spikes to numbers",
    "A digit, read in spikes",
    "Learning from spike times",
)


@pytest.fixture(scope="module")
def shown():
    """Return the pictures of a small tour."""
    before = dict(matplotlib.rcParams)
    found = list(bs.ann.tour.pictures(seed=1, small=True))
    assert dict(matplotlib.rcParams) == before
    return found


def picture(shown, title):
    """Return the picture with a title."""
    return next(one for one in shown if title in one.title)


def numbers(caption, pattern):
    """Return the numbers in a part of a caption, which must be there once."""
    (found,) = re.findall(pattern, caption)
    return [float(one.replace(",", "")) for one in (found if isinstance(found, tuple) else (found,))]


def test_all_pictures_in_order_with_captions(shown):
    assert len(shown) == len(TITLES) == 11
    for place, (one, title) in enumerate(zip(shown, TITLES, strict=True), 1):
        assert one.title.startswith(f"{place}. {title}")
        assert len(one.figure.axes) >= 2
        assert one.caption.endswith((".", ")"))
        assert len(re.findall(r"\d", one.caption)) >= 4
        assert 2 <= len(re.findall(r"[.)](?:\s|$)", one.caption)) <= 6


def test_one_neuron_follows_its_equation(shown):
    caption = picture(shown, "A neuron charges").caption
    reached, expected = numbers(caption, r"to (-[\d.]+) mV \(the equation says (-[\d.]+) mV")
    assert reached == expected == round(-65.0 + 14.0 * (1.0 - np.exp(-150.0 / 20.0)), 2)
    every, closed = numbers(caption, r"every ([\d.]+) ms \(([\d.]+) ms in closed form")
    assert every == pytest.approx(2.0 + 20.0 * np.log(30.0 / 15.0), abs=0.1)
    assert closed == round(2.0 + 20.0 * np.log(30.0 / 15.0), 1)


def test_rates_lie_on_the_closed_form(shown):
    one = picture(shown, "How often it fires")
    dots = next(line for line in one.figure.axes[1].lines if line.get_marker() == "o")
    drive, rate = (values[1:] for values in dots.get_data())
    above = drive > 20.0
    closed = 1000.0 / (2.0 + 20.0 * np.log((drive[above] - 10.0) / (drive[above] - 20.0)))
    assert numbers(one.caption, r"at most ([\d.]+) %")[0] == round(100.0 * np.abs(rate[above] / closed - 1.0).max(), 3)
    assert np.abs(rate[above] / closed - 1.0).max() < 1e-3
    assert min(numbers(one.caption, r"\(R2 = ([\d.]+)\).*\(R2 = ([\d.]+)\)")) > 0.95


def test_noise_and_siegert(shown):
    one = picture(shown, "Noise")
    simulated, theory = numbers(one.caption, r"at ([\d.]+) Hz \(Siegert's theory: ([\d.]+) Hz")
    assert theory == round(float(siegert_rate(16.0, 5.0)), 2)
    noisy = [line for line in one.figure.axes[1].lines if line.get_marker() == "o"][-1]
    assert simulated == round(float(noisy.get_ydata()[np.argmin(np.abs(noisy.get_xdata() - 16.0))]), 2)
    assert simulated == pytest.approx(theory, rel=0.25)  # ten cells in two seconds


def test_synapses(shown):
    one = picture(shown, "Synapses")
    rises, closed = numbers(one.caption, r"rises by ([\d.]+) mV \(([\d.]+) mV in closed form")
    when = 20.0 / 3.0 * np.log(4.0)
    assert closed == round(40.0 / 200.0 * 20.0 / 3.0 * (np.exp(-when / 20.0) - np.exp(-when / 5.0)), 2)
    assert rises == closed
    below, at, above = numbers(one.caption, r"-50 mV by ([-+\d.]+) mV.*-70 mV by ([-+\d.]+) mV.*-80 mV by ([-+\d.]+) mV")
    assert below < -1.0 < at == 0.0 < above
    currents, conductances = one.figure.axes[2].lines[1:3]
    ratios = [line.get_ydata()[-1] / line.get_ydata()[0] for line in (currents, conductances)]
    assert numbers(one.caption, r"sum to (\d+) times the effect of one")[0] == round(ratios[0]) == 100
    assert numbers(one.caption, r"only ([\d.]+) times the effect of one")[0] == round(ratios[1], 1)


def test_kinds_of_neurons(shown):
    one = picture(shown, "many kinds")
    first, last, fast = numbers(one.caption, r"from ([\d.]+) ms between spikes to ([\d.]+) ms; the fast .* ([\d.]+) ms;")
    assert first < 0.6 * last
    assert fast < 0.5 * last
    rates = [bar.get_width() for bar in one.figure.axes[1].patches]
    assert rates[3] == max(rates)
    assert rates[3] == pytest.approx(1000.0 / fast, rel=0.1)
    bursts, most = numbers(one.caption, r"(\d+) bursts of up to (\d+) spikes")
    assert most >= 4
    assert bursts * most >= rates[2] * 0.45 >= 2 * bursts


def test_excitation_and_inhibition_cancel(shown):
    one = picture(shown, "A network")
    exc, inh, left, spread = numbers(one.caption, r"gets (\d+) pA .* and (-\d+) pA of .* only ([-+]\d+) pA.* of (\d+) pA")
    assert exc + inh == pytest.approx(left, abs=1.01)
    assert abs(left) < 0.2 * exc
    assert spread > abs(left)
    rate, cv = numbers(one.caption, r"at ([\d.]+) Hz.*variation of ([\d.]+) ")
    events = 4000.0 + 320.0 * rate  # a second, each of 20 pA for 5 ms
    assert exc == pytest.approx(1e-3 * 20.0 * 5.0 * events, rel=0.1)
    assert 0.7 < cv < 1.5


def test_memory(shown):
    one = picture(shown, "Memory")
    hopfield, spiking = numbers(one.caption, r"to an overlap of ([\d.]+) and ([\d.]+)")
    assert min(hopfield, spiking) > 0.95
    by_load = next(ax for ax in one.figure.axes if ax.get_xlabel().startswith("load"))
    ends = [
        round(float(np.interp(0.05, *np.array(line.get_data(), float))), 2)
        for line in by_load.lines
        if line.get_marker() in ("s", "o")
    ]
    assert sorted(ends) == sorted([hopfield, spiking])
    assert max(numbers(one.caption, r"At a load of 0.25, .* overlaps are ([\d.]+) and ([\d.]+):")) < 0.8


def test_decision(shown):
    one = picture(shown, "Decision")
    assert "60 trials" in one.caption
    r2 = numbers(one.caption, r"R2 is ([-\d.]+) for accuracy and ([-\d.]+) for time")
    assert min(r2) > 0.5  # ten trials at each level of evidence


def test_staircase(shown):
    one = picture(shown, "From spikes to numbers")
    assert "All counts of 2,562 cells equal floor(1/2 + T z)" in one.caption
    assert numbers(one.caption, r"sends (\d+) spikes in 16")[0] == if_counts(0.33, 16)
    dots = one.figure.axes[2].lines[1]
    np.testing.assert_allclose(dots.get_ydata(), 0.5 / dots.get_xdata())
    said = numbers(one.caption, r"at most ([\d.]+) with 4, ([\d.]+) with 16, ([\d.]+) with 64 steps")
    assert said == [round(float(value), 4) for value in dots.get_ydata()]


def test_a_digit(shown):
    one = picture(shown, "A digit")
    data = bs.ann.datasets.digits(seed=1)
    mlp = bs.ann.MLP((24,), epochs=20, seed=1).fit(data.X_train, data.y_train)
    snn = bs.ann.convert(mlp, data.X_train)
    ann, *spiking = numbers(one.caption, r"reads ([\d.]+) %, .* ([\d.]+) % with 2, ([\d.]+) % with 8, ([\d.]+) % with 32")
    assert ann == round(100.0 * mlp.score(data.X_test, data.y_test), 1)
    assert spiking == [round(100.0 * snn.score(data.X_test, data.y_test, T), 1) for T in (2, 8, 32)]
    marks = [line for ax in one.figure.axes for line in ax.lines if line.get_marker() == "|"]
    assert sum(line.get_xdata().size for line in marks) == snn.spikes(data.X_test[:1], 32)[0].sum()


def test_a_page_of_its_own(tmp_path, monkeypatch, capsys):
    made = [("1. One", plt.figure(), "A caption with 3 < 4."), ("2. Two", plt.figure(), "Another.")]
    asked = []
    monkeypatch.setattr(example, "pictures", lambda **given: asked.append(given) or iter(made))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "tour", "--seed", "4"]) == 0
    assert cli.main(["run", "tour", "--out", "other.html"]) == 0
    assert asked == [{"seed": 4}, {}]
    page = (tmp_path / "tour.html").read_text()
    assert page.count('src="data:image/png;base64,') == page.count("<figure>") == 2
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert page.index("1. One") < page.index("A caption with 3 &lt; 4.") < page.index("2. Two") < page.index("Another.")
    assert '<meta name="viewport" content="width=device-width' in page  # else a phone shrinks it all
    assert re.search(r"img {[^}]*min-width: 900px", page)
    assert re.search(r"\.picture { overflow-x: auto", page)
    assert page.count('<div class="picture"><img') == 2
    assert (tmp_path / "other.html").exists()
    out = capsys.readouterr().out
    assert "1. One\n2. Two\npage        tour.html\n" in out
    assert not {figure.number for _, figure, _ in made} & set(plt.get_fignums())


@pytest.mark.slow
@pytest.mark.parametrize("width", [1200, 400])
def test_a_browser_shows_all_pictures(width, shown, tmp_path):
    write_page(tmp_path / "tour.html", example.TITLE, shown, example.INTRODUCTION)
    with chromium() as browser:
        page, problems = opened(browser, viewport={"width": width, "height": 800})
        page.goto((tmp_path / "tour.html").as_uri())
        assert page.inner_text("h1") == example.TITLE
        widths = page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth && image.width)")
        assert len(widths) == len(TITLES)
        assert min(widths) >= 900 if width < 900 else min(widths) > 0.5 * width  # on a phone one scrolls a picture
        assert page.evaluate("document.documentElement.scrollWidth") <= width  # and not the page
        text = page.inner_text("body")
        assert all(one.title in text and one.caption in text for one in shown)
        assert problems == []


def test_the_example_is_the_tour(monkeypatch):
    assert next(example.pictures()).title == f"1. {TITLES[0]}"
    with pytest.raises(ValueError, match="tour.seed"):
        next(bs.ann.tour.pictures(seed=-1))
