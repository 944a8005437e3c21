"""What objects show in a notebook: tables, a graph, a raster; escaped, small, and never an error."""

import base64
import html
import io
import os
import pickle
import re
import tracemalloc
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.core.files import PageFile
from brainsim.results.colours import PALETTE
from tests.helpers.pictures import made, random_spikes

EVIL = "<script>alert('x')</script>&\""
OPEN = {"br", "img", "meta"}  # tags without an end


class Balance(HTMLParser):
    """Checks that every tag is closed, and collects texts and tags."""

    def __init__(self, page):
        super().__init__()
        self.stack, self.tags, self.words = [], set(), ""
        self.feed(page)
        assert not self.stack

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in OPEN:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.words += data + " "


def evil_network():
    cells = bs.Population(10, bs.LIF(tau_m=12.5), name=EVIL, initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    wires = net.connect(cells, cells, bs.AllToAll(), weight=-1.0, delay=1.0, synapse=bs.Delta(), name=EVIL + "2")
    net.stimulate(cells, bs.CurrentInput(10.0), name=EVIL + "3")
    return net, cells, wires


def things():
    net, cells, wires = evil_network()
    spikes = bs.Spikes([1.0, 2.0], [0, 1], 2, 10.0, name=EVIL)
    result = bs.Result(spikes={EVIL: spikes}, duration=10.0, dt=0.1, seed=1, stats={"run": 0.5})
    traces = bs.Traces(EVIL, "v", "mV", [1.0, 2.0, 3.0], [0, 3], [[1.0, 2.0], [np.nan, 3.0], [2.0, 4.0]])
    return [net, cells, cells[:5].named(EVIL), cells[2], wires, cells.model, bs.STDP(w_max=2.0), result, spikes, traces]


@pytest.mark.parametrize("thing", things(), ids=lambda thing: type(thing).__name__)
def test_pages_are_whole_and_escaped(thing):
    page = thing._repr_html_()
    found = Balance(page)
    assert "script" not in found.tags
    assert not any(tag in found.tags for tag in ("style", "link", "iframe"))
    assert not re.search(r"""(?:src|href)\s*=\s*["']?http""", page)
    if EVIL in repr(thing):
        assert EVIL.split("(")[0] in found.words


def test_a_network_shows_its_parts():
    words = Balance(evil_network()[0]._repr_html_()).words
    for word in ("LIF(tau_m=12.5)", "AllToAll()", "inhibits", "-1.0 mV", "1.0 ms", "100", "CurrentInput"):
        assert word in words, word


def test_a_projection_and_a_population_show_what_they_are_made_of():
    _, cells, wires = evil_network()
    words = Balance(wires._repr_html_()).words
    assert all(word in words for word in ("of a target cell", "10", "AllToAll()", "Delta(), inhibits"))
    words = Balance(cells._repr_html_()).words
    assert all(word in words for word in ("initial v", "Uniform(-65.0, -50.0)", "LIF(tau_m=12.5)"))


def test_a_model_shows_equations_and_changed_values():
    page = bs.AdEx(a=3.5)._repr_html_()
    assert "dv/dt" in page
    assert re.search(r"font-weight:bold[^>]*>3.5<", page)
    assert page.count("font-weight:bold") == 1
    page = bs.GatedNMDA()._repr_html_()
    assert all(word in page for word in ("gate", "ds/dt = alpha*x*(1 - s)", "spike", "x = x + 1"))


def raster_of(page):
    return plt.imread(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])))


def test_the_raster_has_the_colours_of_the_populations_where_their_spikes_are():
    page = made()._repr_html_()
    image = raster_of(page)
    assert image.shape[:2] == (300, 1200)
    for rows, colour in ((slice(0, 170), PALETTE[0]), (slice(200, 300), PALETTE[1])):
        ink = image[rows].reshape(-1, image.shape[2])[:, :3]
        ink = ink[ink.min(axis=1) < 0.5].mean(axis=0)
        expected = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
        assert np.argmin(ink) == np.argmin(expected)
        assert np.argmax(ink) == np.argmax(expected)


def test_a_spike_is_where_it_was():
    spikes = bs.Spikes([25.0], [1], 4, 100.0)
    image = raster_of(bs.Result(spikes={"a": spikes}, duration=100.0, dt=0.1, seed=1)._repr_html_())
    rows, columns = np.nonzero(image[..., 0] < 0.9)
    assert columns.mean() == pytest.approx(300, abs=2)
    assert rows.min() >= 75
    assert rows.max() < 150


def test_spikes_alone_have_the_raster_and_colour_that_they_have_in_the_result():
    spikes = made().spikes["b"]
    assert repr(spikes).removeprefix("Spikes ") in Balance(spikes._repr_html_()).words
    alone = raster_of(spikes._repr_html_())
    only = raster_of(bs.Result(spikes={"b": spikes}, duration=100.0, dt=0.1, seed=1)._repr_html_())
    np.testing.assert_array_equal((alone < 1.0).any(axis=2), (only < 1.0).any(axis=2))
    ink = alone[..., :3][alone[..., :3].min(axis=2) < 0.5].mean(axis=0)
    assert np.argmax(ink) == 0  # the second colour is red


def lines_of(page):
    found = re.findall(r'<polyline points="([^"]+)"[^>]*stroke="(#\w+)"', page)
    return [(np.array([[*map(float, pair.split(","))] for pair in points.split()]), colour) for points, colour in found]


def test_traces_are_drawn_where_their_values_are_and_interrupted_where_there_are_none():
    values = np.array([[0.0, 10.0], [5.0, 10.0], [np.nan, 10.0], [10.0, 10.0], [0.0, 10.0]])
    page = bs.Traces("cells", "v", "mV", [0.0, 1.0, 2.0, 3.0, 4.0], [2, 7], values)._repr_html_()
    (first, a), (second, b), (other, c) = lines_of(page)
    assert (a, b, c) == (PALETTE[0], PALETTE[0], PALETTE[1])
    np.testing.assert_allclose(first, [[0.0, 146.0], [150.0, 75.0]])
    np.testing.assert_allclose(second, [[450.0, 4.0], [600.0, 146.0]])
    np.testing.assert_allclose(other[[0, -1]], [[0.0, 4.0], [600.0, 4.0]])
    assert "0 to 10 mV; cells 2, 7" in Balance(page).words


def test_of_long_traces_no_peak_is_lost():
    values = np.zeros((100_000, 8))
    values[43_210, 0], values[77_777, 0] = 3.0, -1.0
    page = bs.Traces("cells", "v", "mV", np.arange(1e5), np.arange(8), values)._repr_html_()
    found = lines_of(page)
    assert len(found) == 5
    assert (found[0][0][:, 1].min(), found[0][0][:, 1].max()) == (4.0, 146.0)
    assert found[0][0][found[0][0][:, 1].argmin(), 0] == pytest.approx(600 * 0.4321, abs=1.1)
    assert len(page) < 200_000
    assert "-1 to 3 mV; cells 0, 1, 2, 3, 4, ..." in Balance(page).words


def test_a_page_that_was_written_is_shown(tmp_path):
    text = "<!doctype html><p title='x'>a &amp; b</p>"
    (tmp_path / "a.html").write_text(text)
    path = PageFile(tmp_path / "a.html")
    assert path == tmp_path / "a.html"
    assert repr(path) == repr(tmp_path / "a.html")
    assert (pickle.loads(pickle.dumps(path)), os.fspath(path)) == (path, str(tmp_path / "a.html"))
    source = re.fullmatch(r'<iframe srcdoc="([^"]+)" style="[^"]+"></iframe>', path._repr_html_())[1]
    assert html.unescape(source) == text
    path.unlink()
    assert path._repr_html_() is None


def test_of_many_spikes_the_end_is_shown(monkeypatch):
    monkeypatch.setattr("brainsim.features.html.results.MAX_SPIKES", 1000)
    result = bs.Result(spikes={"a": random_spikes(4000, name="a")}, duration=100.0, dt=0.1, seed=1)
    assert ">75<" in result._repr_html_()


@pytest.mark.thorough
def test_large_networks_have_small_pages():
    net = bs.Network(seed=1)
    cells = [bs.Population(1_000_000, bs.LIF(), name=f"p{k}") for k in range(60)]
    for a, b in zip(cells, cells[1:], strict=False):
        net.connect(a, b, bs.FixedIndegree(1000), weight=1.0, delay=1.0, synapse=bs.Delta())
    tracemalloc.start()
    page = net._repr_html_()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(page) < 60_000
    assert peak < 60e6
    assert "and 36 more" in page
    assert "first 24 populations" in page


def test_what_fails_is_shown_as_text(monkeypatch):
    net, *_ = evil_network()
    monkeypatch.setattr("brainsim.features.html.descriptions.html_of_network", lambda net: 1 / 0)
    assert net._repr_html_() is None


def test_names_are_escaped():
    spikes = bs.Spikes([10.0], [0], n=3, duration=100.0, name="cells")
    text = bs.Result(spikes={"<b>": spikes}, duration=100.0, dt=0.1, seed=0)._repr_html_()
    assert "&lt;b&gt;" in text
    assert "<b><" not in text
