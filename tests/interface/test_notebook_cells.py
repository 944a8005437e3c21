"""What is run in a notebook: cells that are run twice, progress bars, and results that show themselves in a few lines."""

import io
import sys

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.loop import progress

CELLS = bs.Population(10, bs.LIF(), name="cells")


def connect(net, weight=0.1, **given):
    given = {"rule": bs.FixedIndegree(3), "synapse": bs.Exponential(tau=2.0)} | given
    return net.connect(CELLS, CELLS, given.pop("rule"), weight=weight, delay=1.5, **given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"weight": bs.Normal(1.0, 0.1)},
        {"rule": bs.AllToAll(), "weight": np.ones((10, 10))},
        {"rule": bs.FromArrays([0, 1], [2, 3])},
    ],
    ids=["numbers", "distribution", "array", "list"],
)
def test_connecting_twice_alike_is_warned_about(given):
    net = bs.Network(seed=1)
    connect(net, **given)
    with pytest.warns(UserWarning, match=r"Network.connect: 'cells->cells' already exists.*name='cells->cells ag") as seen:
        connect(net, **given)
    assert seen[0].filename == __file__
    assert len(net.projections) == 2


@pytest.mark.filterwarnings("error")
def test_what_differs_or_has_a_name_is_not_warned_about():
    net = bs.Network(seed=1)
    connect(net)
    for given in (
        {"weight": 0.2},
        {"synapse": bs.Exponential(tau=3.0)},
        {"rule": bs.FixedIndegree(4)},
        {"name": "again"},
        {"rule": bs.FromArrays([0], [2])},
        {"rule": bs.FromArrays([0], [3])},
        {"rule": bs.AllToAll(), "weight": np.ones((10, 10))},
        {"weight": bs.Normal(1.0, 0.1)},
    ):
        connect(net, **given)
    net.stimulate(CELLS, bs.CurrentInput(100.0))
    net.stimulate(CELLS, bs.CurrentInput(200.0))
    net.stimulate(CELLS, bs.CurrentInput(100.0), name="another")


def test_stimulating_twice_alike_is_warned_about():
    net = bs.Network(seed=1)
    for given in (lambda: bs.PoissonInput(rate=10.0, weight=1.0, synapse=bs.Delta()), lambda: bs.CurrentInput(np.ones(10))):
        net.stimulate(CELLS, given())
        with pytest.warns(UserWarning, match=r"stimulate: '.*->cells' already exists, with the same target and input"):
            net.stimulate(CELLS, given())


class Notebook(io.StringIO):
    """What a notebook puts in place of the error output: not a terminal."""


Notebook.__module__ = "ipykernel.iostream"


@pytest.mark.parametrize(("stream", "shown"), [(Notebook(), True), (io.StringIO(), False), (None, False)])
def test_bars_are_shown_to_who_watches(stream, shown, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "LONG_RUN", 0.0)
    with progress.Watch(10.0, None, "ms") as watch:
        watch._began -= 1.0  # as if the first chunk had taken a second
        watch.show(1.0)
        assert (watch._bar is not None) == shown
    if shown:
        assert "1/10 ms" in stream.getvalue()


def test_more_work_than_was_expected(capsys):
    """The number of synapses is known when they are drawn; tqdm takes a bar beyond its end for one without a length."""
    with progress.Watch(10.0, True, "synapses") as watch:
        for done in (5, 12.0, 13):
            watch.show(done)
    assert "13/13 synapses" in capsys.readouterr().err


def test_a_build_tells_how_far_it_has_come(monkeypatch):
    """Counting and drawing who is connected is most of the work of a fixed indegree, and comes before anything is stored."""
    told = []
    monkeypatch.setattr(progress.Watch, "show", lambda self, done: told.append(done))
    cells, net = bs.Population(50, bs.LIF(), name="cells"), bs.Network(seed=1)
    for rule in (bs.FixedIndegree(5), bs.FixedProbability(0.1)):
        net.connect(cells, cells, rule, weight=1.0, delay=1.0, synapse=bs.Delta())
    bs.Simulation(net, seed=1)
    assert told == sorted(told)
    assert {250 / 3, 250 / 3 + 125, 250 / 3 * 2 + 125} <= set(told)
    assert told[-1] == pytest.approx(500.0)


def test_without_an_error_output_a_run_goes_on(monkeypatch):
    """As in a Python without a window, and in some services."""
    monkeypatch.setattr(sys, "stderr", None)
    net = bs.Network(seed=1)
    net.stimulate(CELLS, bs.CurrentInput(400.0))
    for shown in (None, True):
        assert bs.simulate(net, 20.0, seed=1, progress=shown).duration == 20.0


def test_a_dataset_is_a_line():
    data = bs.ann.datasets.digits()
    assert repr(data) == "Dataset(X_train: (1437, 64), y_train: (1437,), X_test: (360, 64), y_test: (360,))"
    X_train, *_ = data
    assert X_train is data.X_train


def test_a_network_for_one_time_step_rejects_another():
    net = bs.Network(seed=1, required_dt=0.5)
    net.stimulate(CELLS, bs.CurrentInput(400.0))
    assert (net.required_dt, bs.Network().required_dt) == (0.5, None)
    with pytest.raises(
        ValueError, match=r"dt: must be 0.5 ms, for which this network was made \(got 0.1 ms\); write dt=0.5"
    ):
        bs.simulate(net, 10.0)
    assert bs.simulate(net, 10.0, dt=0.5).dt == 0.5
    for wrong, kind in ((0.0, ValueError), ("1", TypeError)):
        with pytest.raises(kind, match="Network.required_dt: must be"):
            bs.Network(required_dt=wrong)
