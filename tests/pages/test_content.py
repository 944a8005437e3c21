"""Nothing but the network is in a page: no leftover of memory, no path, nothing that a title could run."""

import base64
import gzip
import re
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.jit.records import Context
from brainsim.pages import page as page_module
from brainsim.pages.page import alone, contents
from tests.pages.test_bits import NETWORKS, balanced

MARK = 0xA7


def plastic():
    """A network with whatever has scratch: plasticity, procedural synapses, a rate that changes, noise."""
    cells = bs.Population(60, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net, current = bs.Network(seed=1), bs.Exponential()
    rule = bs.FixedProbability(0.2)
    net.connect(cells, cells, rule, weight=30.0, delay=1.5, synapse=current, plasticity=bs.STDP(w_max=60.0), name="learn")
    net.connect(cells, cells, rule, weight=-20.0, delay=1.0, synapse=current, storage="procedural", name="fixed")
    net.stimulate(cells, bs.PoissonInput(rate="3000 + 1000*sin(2*pi*t/100)", weight=40.0, synapse=current))
    net.stimulate(cells, bs.NoiseInput(sigma=50.0, tau=5.0))
    return net


@pytest.mark.thorough
def test_memory_that_was_not_written_is_not_in_the_page(monkeypatch):
    """Arrays that are made without content hold a mark, and so does scratch after a run; none of it gets into the page."""
    empty = np.empty

    def marked(*given, **options):
        array = empty(*given, **options)
        if array.dtype.kind in "fiu" and array.flags.c_contiguous:
            array.reshape(-1).view(np.uint8)[:] = MARK
        return array

    monkeypatch.setattr(np, "empty", marked)
    monkeypatch.setattr(np, "empty_like", lambda other, dtype=None, **_: marked(np.shape(other), dtype or other.dtype))
    found = {}
    for name, net in {"plastic": plastic(), "balanced": balanced(100)}.items():
        sim = bs.Simulation(net, seed=2, threads=1)
        earlier = sim.run(10.0).state
        sim.run(10.0)
        there = alone(sim)
        for context in Context.made:
            for field in context.scratch:  # as if it held what a longer run leaves
                context[field].view(np.uint8)[:] = MARK
        blobs = contents(there, states={"earlier": earlier})[1]
        found |= {(name, blob): data.find(bytes(4 * [MARK])) for blob, data in blobs.items()}
    assert len(found) == 8
    assert {place: at for place, at in found.items() if at >= 0} == {}


def test_titles_and_names_are_escaped_and_no_path_is_in_the_page(tmp_path):
    evil = "</script><script>alert(1)</script><!--"
    cells = bs.Population(10, bs.LIF(), name=evil)
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(400.0))
    page = bs.page(net, tmp_path / "page.html", title=evil, text=evil)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text == page.text
    assert "alert(1)</script>" not in text
    assert text.count("<script") == text.count("</script>")
    parts = re.findall(r'id="(?:blob-\w+|engine)"[^>]*>([^<]*)<', text)
    whole = text.encode() + b"".join(gzip.decompress(base64.b64decode(part)) for part in parts)
    assert len(parts) >= 3
    for path in (Path(bs.__file__).parent, tmp_path, Path.home()):
        assert str(path).encode() not in whole
    assert b"http://" not in whole.replace(b"http://www.w3.org", b"")
    assert b"https://" not in whole


@pytest.mark.parametrize(
    ("make", "most"),
    [
        (lambda: balanced(1000, "procedural"), 90e3),
        pytest.param(lambda: balanced(2500, "procedural"), 150e3, marks=pytest.mark.thorough),
        pytest.param(NETWORKS["stdp"], 90e3, marks=pytest.mark.thorough),
    ],
    ids=["procedural", "readme", "stdp"],
)
def test_sizes(make, most):
    """What can be computed is not in a page: neither synapses nor tables of exponentials; the viewer is packed."""
    assert bs.page(make(), seed=2).nbytes < most


@pytest.mark.thorough
def test_a_stored_synapse_with_a_shared_weight_takes_a_byte(tmp_path):
    few, many = (bs.page(balanced(n), seed=2).nbytes for n in (500, 2000))
    assert many - few < 0.1 * (2000**2 - 500**2) + 9 * 1500  # and a cell its random potential


def test_a_large_page_is_said_before_it_is_written(tmp_path, monkeypatch, capsys):
    file = tmp_path / "page.html"
    monkeypatch.setattr(page_module, "LARGE", 1000)
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: print("written"))
    bs.page(balanced(100), file, seed=2)
    said = capsys.readouterr().out.splitlines()
    assert said == [f"page: 0.0 MB, {file}", "written"]
