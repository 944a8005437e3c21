"""A page in Chromium and Firefox: the hash that it shows is that of Python, and nothing is asked of a network."""

import re
import time

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.browser import chromium, opened
from tests.helpers.firefox import firefox

SECONDS = 0.2  # of each network
pytestmark = pytest.mark.thorough


class Own(bs.Neuron):
    """A model of the user's: a leaky cell whose threshold adapts."""

    equations = "dv/dt = (v_rest - v)/tau + exp(-h)*I/c_m; dh/dt = -h/tau_h"
    threshold = "v > v_th"
    reset = "v = v_rest; h += 0.3"
    tau: float = bs.parameter(10.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "membrane capacitance", above=0.0)
    tau_h: float = bs.parameter(50.0, "ms", "time constant of h", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_th: float = bs.parameter(-50.0, "mV", "threshold without spikes")
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    h: float = bs.initial(0.0, "", "trace of spikes")


def readme():
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)
    cells = bs.Population(2_500, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
    net = bs.Network(seed=1)
    net.connect(cells[:2_000], cells, bs.FixedIndegree(200), weight=0.2, delay=1.5, synapse=bs.Delta())
    net.connect(cells[2_000:], cells, bs.FixedIndegree(50), weight=-1.0, delay=1.5, synapse=bs.Delta())
    net.stimulate(cells, bs.PoissonInput(rate=10_000.0, weight=0.2, synapse=bs.Delta()))
    return net


def stdp():
    sources = bs.Population(200, bs.Poisson(rate=30.0), name="sources")
    cells = bs.Population(5, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    rule = bs.STDP(a_plus=0.01, a_minus=0.0105, w_max=60.0)
    net.connect(sources, cells, bs.AllToAll(), weight=30.0, delay=1.0, synapse=bs.Exponential(), plasticity=rule)
    return net


def gap_junctions():
    cells = bs.Population(50, bs.HodgkinHuxley(), name="cells", initial={"v": bs.Uniform(-70.0, -50.0)})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedProbability(0.1), weight=0.5, synapse=bs.GapJunction())
    net.stimulate(cells, bs.CurrentInput(300.0))
    return net


def conductances():
    cells = bs.Population(400, bs.HodgkinHuxley(), name="cells", initial={"v": bs.Uniform(-70.0, -50.0)})
    net = bs.Network(seed=1)
    excitation, inhibition = bs.ExponentialConductance(tau=5.0, e_rev=0.0), bs.ExponentialConductance(tau=10.0, e_rev=-80.0)
    net.connect(cells[:320], cells, bs.FixedProbability(0.05), weight=6.0, delay=1.0, synapse=excitation)
    net.connect(cells[320:], cells, bs.FixedProbability(0.05), weight=67.0, delay=1.0, synapse=inhibition)
    net.stimulate(cells, bs.CurrentInput(200.0))
    return net


def own():
    cells = bs.Population(100, Own(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(np.linspace(100.0, 900.0, 100)))
    return net


NETWORKS = [readme, stdp, *(pytest.param(one, marks=pytest.mark.slow) for one in (gap_junctions, conductances, own))]
READ = re.compile(r"([0-9a-f]{64}) after ([\d,]+) steps")


@pytest.fixture(params=NETWORKS, ids=lambda one: one.__name__, scope="module")
def written(request, tmp_path_factory):
    """Return the address of a page, and the digest of the same run in Python."""
    net = request.param()
    page = bs.page(net, tmp_path_factory.mktemp("page") / "network.html", title="A network", seconds=SECONDS, seed=2)
    sim = bs.Simulation(net, seed=2)
    sim.run(1000.0 * SECONDS)
    return page.file.resolve().as_uri(), sim.digest(), round(1000.0 * SECONDS / sim.dt)


def shown(evaluate, steps):
    """Return the digest that a page shows at the end of its run."""
    for done, act in [
        ("window.brainsim?.player.ready", "brainsim.player.pace = Infinity"),
        (f"brainsim.player.step === {steps} && !brainsim.player.waiting", "document.getElementById('hash').click()"),
        ("document.getElementById('digest').textContent", "0"),
    ]:
        end = time.monotonic() + 120.0
        while not evaluate(f"Boolean({done})"):
            assert time.monotonic() < end, f"{done}: {evaluate('document.body.innerText')}"
            time.sleep(0.05)
        evaluate(act)
    found = READ.fullmatch(evaluate("document.getElementById('digest').textContent"))
    assert int(found[2].replace(",", "")) == steps
    return found[1]


def test_in_chromium(written):
    address, digest, steps = written
    with chromium() as browser:
        page, problems = opened(browser, viewport={"width": 1200, "height": 900})
        page.goto(address)
        assert shown(page.evaluate, steps) == digest
        assert problems == []


def test_in_firefox(written, tmp_path):
    address, digest, steps = written
    with firefox(tmp_path) as browser:
        browser.goto(address)
        assert shown(browser.evaluate, steps) == digest
        assert browser.evaluate("performance.getEntriesByType('resource').length") == 0
