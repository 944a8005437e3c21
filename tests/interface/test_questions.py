"""The page "How do I ...?" of the guide: each answer has at most three lines, runs, and does what was asked for."""

import functools
import re
import shlex
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.commands import cli

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "questions.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="an installed package has no guide")
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
SETUP = re.search(r"```python\n(.*?)```", TEXT, re.S).group(1) if TEXT else ""
# question -> (language, code)
ANSWERS = {
    question: answer
    for question, *answer in re.findall(r"^\*\*\.\.\. (.*?)\?\*\*.*?^```(python|sh)\n(.*?)^```", TEXT, re.M | re.S)
}
NEEDS = {
    "count synapses, find the inputs of a cell, or write a table": ["pandas"],
    "write units": ["quantities"],
    "hand results to pandas, Neo, or an NWB file": ["pandas", "neo", "pynwb"],
    "look at spikes interactively": ["bokeh"],
}


def rate(name="cells", **options):
    return lambda c: bs.simulate(c.net, 100.0, seed=2, **options).spikes[name].rate()


def plain_spikes(c):
    """Return the spikes of the network as it was before the answer."""
    return c.before["result"].spikes["cells"]


def of_cells(c, cells, name):
    return c.result.traces[cells, name].values


def silent(c):
    spikes = bs.simulate(c.net, 200.0, seed=2).spikes[c.exc[:50]]
    return not len(spikes.between(20.1, 80.0)) and len(spikes.between(80.0, 200.0)) > 10


def sine_of_forty_hertz(c):
    record = bs.Trace(c.exc, "sine", every=0.5)
    values = bs.simulate(c.net, 50.0, seed=2, record=record).traces["cells", "sine"].values[:, 0]
    middles = np.arange(101) * 0.5 + 0.05  # of the steps that begin at the samples
    return np.allclose(values, 150.0 * np.sin(2 * np.pi * 0.04 * middles), atol=1e-9)


def doubled(c):
    return np.allclose(c.sim.synapses(c.wires).weight, 2.0 * c.net.synapses(c.wires).weight, rtol=1e-6)


def nearer_than_across(c):
    table, places = c.net.synapses("sheet->sheet"), bs.positions.grid((20, 20), spacing=50.0)
    distance = np.hypot(*(places[table.pre] - places[table.post])[:, :2].T)
    near = distance < 150.0
    return (
        table.weight[near].mean() > 2 * table.weight[~near].mean() and table.delay[near].mean() < table.delay[~near].mean()
    )


def by_indices(c):
    """A chain, and four groups of fifty cells within which there are more synapses than between them."""
    chain, groups = c.net.synapses("chain"), c.net.synapses("groups")
    within = (groups.pre // 50 == groups.post // 50).mean()
    return (
        (chain.post == chain.pre + 1).all()
        and chain.pre.size == 199
        and abs(within - 4 * 0.4 / (4 * 0.4 + 12 * 0.02)) < 0.03
    )


def near_on_the_ring(c):
    table = c.net.synapses("ring")
    between = np.abs(table.pre - table.post)
    return np.allclose(table.weight, 0.4 * np.exp(-np.minimum(between, 200 - between) / 20.0), rtol=1e-5)


def listed_events(c):
    conductance = bs.simulate(c.net, 30.0, seed=2, record=bs.Trace(c.exc, "ampa.g")).traces["cells", "ampa.g"]
    before, after = (conductance.values[np.searchsorted(conductance.times, time)] for time in (19.9, 20.1))
    return after[3] - before[3] > 8.0


def kept(c):
    cells = bs.Population(3, c.Keeping(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(400.0))
    result = bs.simulate(net, 50.0, seed=2, record=bs.Trace(cells, "v_spike"))
    values = result.traces["cells", "v_spike"].at(result.spikes["cells"])
    return values.size > 3 and (values >= -50.0).all() and (values < -49.0).all()


def spread(result):
    return result.state.variables["cells"]["v"].std()


def less_spread(c):
    """Gap junctions pull the potentials together."""
    return spread(c.result) < 0.95 * spread(bs.simulate(c.before["net"], 20.0, seed=2))


def forked(c):
    a, b = c.sim.run(20.0), c.fork.run(20.0)
    c.fork.set("drive", rate=0.0)
    return a.spikes == b.spikes and c.sim.run(50.0).spikes["exc"].rate() > c.fork.run(50.0).spikes["exc"].rate()


def written(name, start):
    return lambda c: Path(name).read_bytes().startswith(start)


def waves_of_poisson(c):
    signals = bs.simulate(c.net, 150.0, seed=2, record=bs.Trace(c.exc[:1], "waves", every=0.1)).traces["cells", "waves"]
    expected = 2000.0 + 1500.0 * np.sin(2 * np.pi * 8.0 * (signals.times + 0.05) / 1000.0)
    return np.allclose(signals.values[:, 0], expected) and c.sources.n == 100


# question -> does the answer do it? `c` holds the names that the code has made
CHECKS = {
    "record a synaptic conductance": lambda c: (
        c.conductances.shape == (501, 3) and (c.conductances[1:].max(axis=0) > 0).all()
    ),
    "record a synaptic current, or the sum of all": lambda c: (
        c.total.shape == (501, 3) and (of_cells(c, c.cells, "gaba.current") <= 0.0).all() and c.total.max() > 0.0
    ),
    "record only a part of the run": lambda c: (
        c.late.traces["cells", "v"].times[0] == 90.0 and c.late.spikes["cells"] == plain_spikes(c).between(50.0)
    ),
    "record the mean over a population": lambda c: c.mean.shape == (501,) and np.ptp(c.mean) > 0.0,
    "get a local field potential": lambda c: c.times[0] == 6.0 and abs(c.lfp.mean()) < 1e-9 and c.lfp.size == 941,
    "get the value of a variable at each spike": lambda c: (
        c.before_.size > 10 and ((c.before_ > -65.0) & (c.before_ < -50.0)).all()
    ),
    "get v at the moment of the spike, above the threshold": kept,
    "record when something other than a spike happens": lambda c: len(c.close) > 0 and c.close.n == 50,
    "record less often than each step": lambda c: c.slow.traces["cells", "v"].times.tolist() == list(range(0, 51, 5)),
    "give each cell a current, or noise, of its own": lambda c: (
        np.ptp(bs.simulate(c.net, 40.0, seed=2, record=bs.Trace(c.exc, "graded")).traces["cells", "graded"].values[-1]) > 99
    ),
    "let one Poisson train drive two populations": lambda c: (
        [p.pre.n for p in c.net.projections[-2:]] == [1, 1] and c.net.populations["train"].n == 1
    ),
    "inject a conductance, as a dynamic clamp does": lambda c: (
        np.ptp(bs.simulate(c.net, 60.0, seed=2, record=bs.Trace(c.exc[:10], "shunt")).traces["cells", "shunt"].values) > 9.9
    ),
    "let listed events drive synapses, without spikes": listed_events,
    "record to a file, if it does not fit into memory": lambda c: (
        bs.Result.load("run.npz").traces["cells", "v"] == c.result.traces["cells", "v"]
    ),
    "inject a sine, a ramp, or noise": sine_of_forty_hertz,
    "let a Poisson rate change in time": waves_of_poisson,
    "send pulse packets": lambda c: (
        np.histogram(bs.simulate(c.net, 80.0, seed=2).spikes["packets"].times, [0, 10, 30, 50, 70, 80])[0].tolist()
        == [0, 100, 0, 100, 0]
    ),
    "send bursts": lambda c: abs(np.median(bs.simulate(c.net, 1000.0, seed=2).spikes["bursts"].isi()) - 4.0) < 1e-6,
    "play my own spike times": lambda c: (
        bs.simulate(c.net, 50.0, seed=2).spikes["measured"].times.tolist() == [10.0, 12.0, 30.5]
    ),
    "replace the spikes of a source during a run": lambda c: (
        c.result.spikes["source"].times.tolist() == [5.0, 15.0, 25.0, 35.0]
    ),
    "silence cells for a while": silent,
    "let weights, delays or probabilities depend on the distance": nearer_than_across,
    "write weights as a formula of i and j": near_on_the_ring,
    "connect by a condition, or with a probability, of i and j": by_indices,
    "read synapses back": lambda c: (
        len(c.table) == 5000
        and (c.table.post_cells == c.table.post).all()
        and abs(c.matrix.sum() - c.table.weight.sum()) < 1e-6
    ),
    "count synapses, find the inputs of a cell, or write a table": lambda c: (
        c.number == 5000 and c.inputs_of_7.size == 20 and len(Path("synapses.csv").read_text().splitlines()) == 5001
    ),
    "let one spike open AMPA and NMDA channels": lambda c: (
        np.array_equal(c.net.synapses("nmda").post, c.net.synapses("wires").post)
        and np.allclose(c.net.synapses("nmda").weight, 0.1 * c.net.synapses("wires").weight, rtol=1e-6)
    ),
    "stop learning, or go back to the start with what was learned": lambda c: (
        np.all(c.sim.synapses(c.learning).weight == 0.5) and c.sim.time == 0.0
    ),
    "change weights during a run": doubled,
    "have short-term plasticity and STDP on the same synapse": lambda c: 0.0 < c.x.values.min() < 0.8 * c.x.values.max(),
    "make synapses learn": lambda c: c.weights.shape == (6, 100) and (c.weights[-1] != c.weights[0]).any(),
    "let vesicles be released at random": lambda c: c.net.projections[-1].plasticity is c.release and rate()(c) > 0.0,
    "couple two networks": lambda c: bs.simulate(c.net, 100.0, seed=2).spikes["cells"] != plain_spikes(c),
    "couple cells by gap junctions, by graded synapses or by their rates": less_spread,
    "simulate several compartments": lambda c: (
        np.ptp(bs.simulate(c.net, 50.0, seed=2).state.variables["pyramidal"]["v_d"]) > 0.5
    ),
    "call a function given by points, f(v)": lambda c: c.Drawn().f is c.measured,
    "find the f-I curve or the phase plane of a cell": lambda c: (
        (np.diff(c.curve.rates, axis=0) >= 0.0).all() and len(plt.get_fignums()) >= 1
    ),
    "change a rate or a parameter during a run": lambda c: c.sim.run(100.0).spikes["cells"].rate() < plain_spikes(c).rate(),
    "show the same stimulus many times": lambda c: len({len(trial) for trial in c.trials}) > 1,
    "go on with another dt": lambda c: np.array_equal(c.fine.state["cells"]["v"], c.result.state.variables["cells"]["v"]),
    "give every cell its own parameters": lambda c: c.varied.model.v_th[0] == -52.0 and c.varied.model.tau_m.low == 5.0,
    "start conductances at other values than 0": lambda c: c.sim.run(0.1).state.variables["cells"]["ampa.g"][-1] > 4.0,
    "write units": lambda c: (c.lif.tau_m, c.lif.v_th, round(c.lif.c_m.high, 9)) == (20.0, -50.0, 250.0),
    "stop at a condition": lambda c: c.result.duration < 200.0 and c.result.spikes["exc"].rate() > 20.0,
    "do something every 10 ms": lambda c: c.result.spikes["exc"].rate() < 0.9 * c.before["result"].spikes["exc"].rate(),
    "try two continuations of one run": forked,
    "continue tomorrow": lambda c: c.tomorrow.run(20.0).spikes == c.sim.run(20.0).spikes,
    "run many seeds in parallel": lambda c: c.rates.size == 4 and len(set(np.ravel(c.rates))) > 1,
    "choose the seeds": lambda c: c.again.spikes["cells"] == plain_spikes(c) != c.other.spikes["cells"],
    "see the progress in a notebook": lambda c: c.result.duration == 50.0 and "50/50 ms" in c.shown,
    "get the spike times of each cell": lambda c: len(c.trains) == 250 and np.array_equal(c.trains[7], c.of_one),
    "count spikes in bins, for each cell, or get the intervals of one": lambda c: (
        c.counts.shape == (250, 10)
        and c.counts.sum() == len(plain_spikes(c))
        and c.intervals.size == max(c.counts[7].sum() - 1, 0)
    ),
    "put results together": lambda c: (
        c.whole.duration == 60.0 and sum(len(p.spikes["cells"]) for p in c.pieces) == len(c.whole.spikes["cells"])
    ),
    "make surrogates of spike trains": lambda c: (
        np.array_equal(c.dithered.counts(), c.spikes.counts()) and c.dithered != c.spikes
    ),
    "take the cells that fire most": lambda c: (
        c.most.counts().min() >= np.sort(plain_spikes(c).counts())[-10] and set(c.most.cells) <= set(range(250))
    ),
    "compute a PSTH, a correlogram, a spectrum": lambda c: c.rates.size > 0 < c.pairs.size and c.power.sum() > 0.0,
    "compute a spike-triggered average": lambda c: c.average.shape == (c.lags.size, 1) and np.isfinite(c.average).all(),
    "analyse spikes of my own, from an experiment": lambda c: c.spikes.counts().tolist() == [2, 1],
    "hand results to pandas, Neo, or an NWB file": lambda c: (
        len(c.frame) == len(plain_spikes(c))
        and len(c.trains) == 250
        and bs.Result.load("run.nwb").spikes["cells"] == plain_spikes(c)
    ),
    "draw a figure for a paper": lambda c: (
        c.figure.get_size_inches().tolist() == [3.4, 4.0] and written("figure.pdf", b"%PDF")(c)
    ),
    "put several pictures into one figure": lambda c: c.top.lines and c.bottom.get_ylabel(),
    "draw a result that was saved": written("run.png", b"\x89PNG"),
    "make a film": written("run.gif", b"GIF8"),
    "look at spikes interactively": lambda c: "bokeh" in Path("run.html").read_text(encoding="utf-8").lower(),
    "start from an example": lambda c: "import brainsim as bs" in Path("balanced.py").read_text(encoding="utf-8"),
}


class Names:
    """The names that code has made, as attributes; `before_` is the one called before, and `before` those of the page."""

    def __init__(self, names, before, shown):
        vars(self).update(names, before_=names.get("before"))
        self.before, self.shown = before, shown


@functools.cache
def setup():
    """Return the code of the network, compiled once."""
    return compile(SETUP, PAGE.name, "exec")


def made():
    names = {"__name__": "questions"}
    exec(setup(), names)
    return names


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder, with one processor: a sweep then needs no other process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAINSIM_NUM_THREADS", "1")
    yield
    plt.close("all")


def test_every_question_has_an_answer_and_a_check():
    assert len(ANSWERS) == len(re.findall(r"^\*\*\.\.\. ", TEXT, re.M))
    assert set(ANSWERS) == set(CHECKS)


@pytest.mark.thorough_only(
    "[make a film",
    "[find the f-I",
    "dynamic clamp",
    "listed events",
    "or write a table",
    "[couple",
    "on the distance]",
    "on the same synapse]",
    "a synaptic conductance]",
)
@pytest.mark.parametrize("question", CHECKS)
def test_answer(question, capsys):
    language, code = ANSWERS[question]
    statements = re.sub(r"\(\n\s+(.*?)\n\)", r"(\1)", code)  # what the formatter breaks because it is long is one line
    assert len([line for line in statements.splitlines() if line.strip()]) <= 3
    for package in NEEDS.get(question, ()):
        pytest.importorskip(package)
    names = made()
    before = dict(names)
    if language == "sh":
        assert cli.main(shlex.split(code)[1:]) == 0
    else:
        exec(compile(code, PAGE.name, "exec"), names)
    if question == "couple cells by gap junctions, by graded synapses or by their rates":
        before |= made()  # without them
    assert CHECKS[question](Names(names, before, capsys.readouterr().err))
