"""Experiments on mapped brains, on one that is made up: what activating, silencing and shuffling do, and their pictures."""

import csv

import numpy as np
import pytest

import brainsim as bs
from brainsim.commands.cli import main
from brainsim.examples import fly, larva
from brainsim.examples._figures import brains


def rates_of(cells=1000, **options):
    network, traces = fly.build(cells=cells, **options)
    return bs.simulate(network, 400.0, seed=2, record=traces, threads=1).spikes["brain"].rates()


def test_only_the_wiring_leads_taste_to_the_proboscis():
    brain = fly.read(cells=1000)
    taste, proboscis = brain.where(cell_class="taste"), brain.where(cell_class="proboscis")
    whole, shuffled = rates_of(), rates_of(shuffled=True)
    assert whole[taste].mean() == pytest.approx(150.0, rel=0.1)  # 3.5 deviations of 1,200 Poisson events
    assert (whole[proboscis] > 0.0).mean() > 0.5
    assert shuffled[proboscis].mean() < 0.5 * whole[proboscis].mean()
    assert shuffled[brain.where(cell_class="relay")].mean() < 0.1 * whole[brain.where(cell_class="relay")].mean()
    assert np.array_equal(shuffled[taste], whole[taste])  # the same events


def test_silence_is_the_loss_of_what_cells_send():
    brain = fly.read(cells=1000)
    relay, proboscis = brain.where(cell_class="relay"), brain.where(cell_class="proboscis")
    silenced = rates_of(silence="cell_class=relay")
    assert silenced[relay].sum() > 0.0
    assert silenced[proboscis].sum() == 0.0


def test_trials_in_one_run_start_from_rest():
    network, traces = fly.build(cells=1000, trials=2)
    result = bs.simulate(network, fly.lasts(trials=2), seed=2, record=traces, threads=1)
    trials = fly.split(result.spikes["brain"], trials=2)
    assert [(trial.start, trial.duration) for trial in trials] == [(0.0, 1000.0), (1100.0, 1000.0)]
    assert len(trials[0].between(900.0, 1000.0)) > 0
    assert len(result.spikes["brain"].between(1050.0, 1100.0)) == 0
    alone = bs.simulate(fly.build(cells=1000)[0], 1000.0, seed=2, threads=1).spikes["brain"]
    assert np.array_equal(alone.times, trials[0].times)
    assert np.array_equal(alone.ids, trials[0].ids)


@pytest.mark.thorough_only("[options1-window1-trials1]")
@pytest.mark.parametrize(
    ("options", "window", "trials"),
    [
        (["--trials", "2"], (1100.0, 2100.0), [(0.0, 1000.0), (1100.0, 2100.0)]),  # of a long run the last second is drawn
        (["--trials", "2", "--duration", "1300"], (0.0, 1300.0), [(0.0, 1000.0), (1100.0, 1300.0)]),
        (["--trials", "3", "--duration", "900"], (0.0, 900.0), [(0.0, 900.0)]),
        (["--duration", "1500"], (0.0, 1500.0), [(0.0, 1500.0)]),
        (["--duration", "2500"], (1500.0, 2500.0), [(0.0, 2500.0)]),
    ],
)
def test_the_trials_that_are_drawn(tmp_path, monkeypatch, options, window, trials):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fly, "EDGES", 20)
    fly.read.cache_clear()
    drawn, figure = [], brains.brain_figure
    noted = lambda *given, **named: drawn.append((given, named)) or figure(*given, **named)  # noqa: E731
    monkeypatch.setattr(brains, "brain_figure", noted)
    assert main(["run", "fly", "--cells", "1000", "--threads", "1", *options]) == 0
    fly.read.cache_clear()
    [((_, spikes, _, shown, _), named)] = drawn
    assert shown == window
    assert [(trial.start, trial.stop) for trial in named["trials"]] == trials
    assert all(np.array_equal(trial.times, spikes.between(trial.start, trial.stop).times) for trial in named["trials"])
    assert (tmp_path / "fly.png").stat().st_size > 10_000


@pytest.mark.parametrize(("example", "options"), [(larva, {}), (fly, {"trials": 2, "shuffled": True})])
def test_the_table_of_rates(tmp_path, monkeypatch, capsys, example, options):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(example, "EDGES", 20)
    example.read.cache_clear()
    name = example.__name__.rpartition(".")[2]
    words = [f"--{key}" if value is True else f"--{key}={value}" for key, value in options.items()]
    run = ["run", name, "--cells", "1000", "--seed", "3", "--threads", "1", "--no-plot", "--save", "a.npz", *words]
    assert main([*run, "--rates", "rates.csv"]) == 0
    brain = example.wire(cells=1000, seed=3, shuffled="shuffled" in options)
    spikes = bs.Result.load("a.npz").spikes["brain"]
    table = brain.rates(example.split(spikes, 2) if options else spikes)
    table.to_csv("expected.csv")
    example.read.cache_clear()
    assert (tmp_path / "rates.csv").read_text() == (tmp_path / "expected.csv").read_text()
    assert f"rates       rates.csv ({len(table.active())} of 1,000 cells are active)" in capsys.readouterr().out


def test_the_picture_says_that_it_is_synthetic_and_shows_published_rates(tmp_path):
    network, traces = fly.build(cells=1000)
    result = bs.simulate(network, 300.0, seed=2, record=traces, threads=1)
    table = tmp_path / "published.csv"
    table.write_text("id,rate\n" + "".join(f"s{cell:06d},40.0\n" for cell in range(1000)))
    figure = fly.draw(result, (0.0, 300.0), published=str(table), shuffled=True)
    assert figure.get_suptitle() == "Synthetic brain (made up): 1,000 cells, 109,000 edges, shuffled"
    lines = [line for ax in figure.axes for line in ax.get_lines() if line.get_label() == "published"]
    assert set(lines[0].get_xdata()) == {40.0}


def test_the_way_is_that_of_the_strongest_edges():
    edges = bs.connectomes.Edges([0, 0, 1, 2, 3], [1, 2, 3, 3, 4], count=[9, 9, 30, 60, 9], sign=[1, 1, 1, -1, 1])
    brain = bs.connectomes.Brain("abcde", {}, edges)
    rates = np.array([50.0, 20.0, 20.0, 10.0, 5.0])
    layer = bs.connectomes.layers(brain, [0])
    sent = rates[edges.pre] * edges.count * edges.sign
    assert brains._way(edges, sent, layer, rates, [4]) == [0, 1, 3, 4]  # cell 2 inhibits
    assert brains._way(edges, sent, layer, rates, None) == []


@pytest.fixture
def small():
    """Five cells of three classes, of which one is silent, that send over six edges; their rates, and spikes of 100 ms."""
    edges = bs.connectomes.Edges(
        [0, 0, 1, 2, 3, 4], [1, 2, 2, 0, 0, 0], count=[2, 3, 5, 7, 11, 13], sign=[1, 1, -1, 1, 0, 1]
    )
    kinds = {"super_class": ["sensory", "central", "central", "motor", "motor"], "published": [5.0, 15.0, 25.0, 35.0, 45.0]}
    ids = [0] * 4 + [1] * 2 + [2]
    return bs.connectomes.Brain("abcde", kinds, edges), bs.Spikes(np.arange(7.0) + 1.0, ids, n=5, duration=100.0)


def axes_of(figure, words):
    return next(ax for ax in figure.axes if words in ax.get_title(loc="left"))


def test_the_matrix_is_what_a_cell_of_each_class_gets_from_each_class(small):
    figure = brains.brain_figure(*small, np.array([0]), (0.0, 100.0), weight=0.5)
    ax = axes_of(figure, "drive from rows to columns")
    names = ["sensory", "central"]  # with 40 Hz, and with 20 and 10 Hz; motor cells are silent
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [label.get_text() for label in labels] == names
    # from the sensory cell 0.5 mV * 40 Hz * (2 + 3), from the first of two central ones 0.5 mV * 20 Hz * 5
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.0, 50.0], [0.5 * 10 * 7, -25.0]])


def test_classes_are_sorted_by_their_spikes_and_drawn_as_one_raster(small):
    brain, spikes = small
    names, member = brains._classes(brain, spikes.rates(), "super_class")
    assert (names, member.tolist()) == (["sensory", "central"], [0, 1, 1, 2, 2])
    assert brains._classes(brain, np.array([10.0, 30.0, 0.0, 0.0, 20.0]), "super_class")[0] == [
        "central",
        "motor",
        "sensory",
    ]
    assert brains._classes(brain, spikes.rates(), "nothing")[0] == ["other"]
    many = bs.connectomes.Brain(range(12), {"kind": [f"k{k:02d}" for k in range(12)]}, brain.edges)
    names, member = brains._classes(many, np.arange(12.0), "kind")
    assert names == ["k11", "k10", "k09", "k08", "k07", "k06", "k05", "other"]
    assert member.tolist() == [7] * 5 + [6, 5, 4, 3, 2, 1, 0]
    figure = brains.brain_figure(*small, np.array([0]), (0.0, 100.0))
    ax = axes_of(figure, "3 of 5 cells fire")
    assert {"sensory (1)", "central (2)"} <= {text.get_text() for text in (*ax.get_yticklabels(), *ax.texts)}


def test_bars_are_rates_of_cells_that_are_not_activated(small):
    brain, spikes = small
    halves = [spikes.between(0.0, 50.0), spikes.between(50.0, 100.0)]
    figure = brains.brain_figure(*small, np.array([0]), (0.0, 100.0), trials=halves)
    ax = axes_of(figure, "most active")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["c", "b"]  # from below
    assert [bar.get_width() for bar in ax.patches] == [10.0, 20.0]
    assert ax.get_lines()[0].get_xdata().tolist() == [25.0, 15.0]
    errors = ax.collections[0].get_segments()  # all spikes are in the first half
    assert np.allclose([line[1, 0] - line[0, 0] for line in errors], [2 * 10.0 * 2**0.5, 2 * 20.0 * 2**0.5])


def test_a_brain_without_annotations_or_spikes_is_drawn_as_well():
    edges = bs.connectomes.Edges([0, 1], [1, 2], count=[9, 9], sign=[1, 1])
    brain = bs.connectomes.Brain("abc", {}, edges)
    for times, ids in (([1.0, 2.0], [0, 1]), ([], [])):
        spikes = bs.Spikes(times, ids, n=3, duration=10.0)
        figure = brains.brain_figure(brain, spikes, np.array([0]), (0.0, 10.0))
        figure.canvas.draw()


def test_the_larva_is_read_from_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [["", "class1", "class2", "simple_group", "hemisphere"]]
    groups = [("ORN", "sensories")] * 3 + [("", "LNs")] + [("", "PNs")] * 3 + [("", "dVNCs")] * 2
    rows += [[10 + k, "x", kind, group, "L"] for k, (kind, group) in enumerate(groups)]
    with open("unmatched_full_nodes.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    pairs = [(pre, post) for pre in range(3) for post in range(3, 7)] + [
        (pre, post) for pre in range(3, 7) for post in (7, 8)
    ]
    with open("unmatched_full_edgelist.csv", "w", newline="") as file:
        csv.writer(file).writerows([(10 + pre, 10 + post, 12) for pre, post in pairs])
    brain = larva.wire(data=".")
    assert brain.title == "Larva of the fruit fly"
    assert set(brain.edges.sign[brain.edges.pre == 3]) == {-1}
    assert larva.activated(brain).tolist() == [0, 1, 2]
    assert larva.outputs(brain).tolist() == [7, 8]
    assert main(["run", "larva", "--data", ".", "--duration", "100", "--weight", "1.5"]) == 0
    assert (tmp_path / "larva.png").stat().st_size > 10_000
    assert "building 9 cells and 20 synapses" in capsys.readouterr().out


def test_there_is_at_least_one_trial():
    assert fly.lasts() == fly.lasts(trials=0) == 1000.0
    with pytest.raises(ValueError, match="pulses.count: must be >= 1"):
        fly.build(trials=0, cells=1000)


def test_cells_that_are_not_there(tmp_path):
    with pytest.raises(bs.MissingName, match="has no cell '7205'"):
        fly.build(active="7205", cells=1000)
    with pytest.raises(ValueError, match="no cell has cell_class='tast'; did you mean 'taste'"):
        larva.build(silence="cell_class=tast", cells=1000)
    brain = bs.connectomes.Brain("abc", {}, bs.connectomes.Edges([0], [1], [9], [1]))
    with pytest.raises(ValueError, match="active: 'Brain' has none of the cells for sugar; name others"):
        fly.activated(brain)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        fly.build(data=str(tmp_path / "flywire"))
