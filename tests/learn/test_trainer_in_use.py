"""`bs.learn.Trainer` as users meet it: outputs of any cells, samples that do not fit, networks that change."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from tests.learn.spiking_nets import assert_same_spikes
from tests.learn.trained_graphs import Adaptive


def trainer_of(out, weight=40.0, duration=60.0, **options):
    """Return a trainer of 30 inputs onto two cells, with spikes of their own."""
    rng = np.random.default_rng(1)
    source = bs.Population(30, bs.SpikeTrains(np.sort(rng.uniform(0.0, 60.0, 90)), rng.integers(0, 30, 90)), name="source")
    net, out = bs.Network(seed=1), bs.Population(2, out, name="out")
    synapse, delay = bs.Exponential(tau=4.0), bs.Uniform(1.0, 5.0)
    net.connect(source, out, bs.AllToAll(), weight=bs.Normal(weight, weight / 3.0), delay=delay, synapse=synapse)
    given = {"loss": "spikes", "dt": 0.5, "tau_first": 8.0, "validation": 0.0, "duration": duration}
    return bs.learn.Trainer(net, out, **given | options)


def test_outputs_of_any_cells_are_moved_to_where_spikes_are_missing():
    """They have no derivative there, so their potentials are raised, and lowered before a spike that nothing asks for."""
    for cells in (Adaptive(), bs.LIF(t_ref=0.0)):
        trainer = trainer_of(cells, weight=5.0, epochs=1, learning_rate=1e-9, wake=0.0)
        with pytest.warns(UserWarning, match="1 of the 2 cells of 'out' did not fire"):
            trainer.fit(None, [([40.0], [1])])
        assert len(trainer.predict()[0]) == 0
        by_weight = trainer.gradients(None, [([40.0], [1])]).parts["weight", "source->out"].reshape(30, 2)
        assert np.all(by_weight[:, 0] == 0.0)
        assert by_weight[:, 1].min() < 0.0
        assert by_weight[:, 1].max() <= 0.0
    wanted = [([20.0, 35.0, 50.0], [0, 1, 0])]
    trainer = trainer_of(Adaptive(), weight=80.0, epochs=100, learning_rate=0.03, decay=0.97, floor=1.0).fit(None, wanted)
    losses = trainer.history_["loss"]
    assert losses[-1] < 0.25 * losses[0]  # 0.7 of it if too many spikes stay


def test_outputs_that_need_no_spike_are_not_woken():
    """Cells of which no spike is wanted, and those of which a loss reads the potential."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer = trainer_of(bs.LIF(), weight=15.0, epochs=20, wake=0.5).fit(None, [([40.0], [1])])
        assert trainer.predict()[0].ids.tolist().count(0) == 0
        wanted = np.full((1, 120, 2), -62.0)
        trainer = trainer_of(bs.LIF(), weight=5.0, epochs=20, wake=0.5, loss="sequence").fit(None, wanted)
    assert trainer.history_["loss"][-1] < trainer.history_["loss"][0]
    assert len(trainer.activity()["out"]) == 0
    trainer = trainer_of(bs.LIF(), weight=5.0, epochs=1, wake=0.0)
    with pytest.warns(UserWarning, match="1 of the 2 cells of 'out' did not fire in the last epoch, but spikes of them are"):
        trainer.fit(None, [([40.0], [1])])


@pytest.mark.parametrize("t_ref", [0.0, 2.0])
@pytest.mark.parametrize("gradient", ["surrogate", "eprop"])
def test_spikes_between_points_of_the_grid_are_moved_to_them(gradient, t_ref):
    """As in a simulation without exact times, so that it has the spikes of the training."""
    rng, net, synapse = np.random.default_rng(2), bs.Network(seed=2), bs.Exponential(tau=4.0)
    source, out = bs.Population(20, bs.SpikeTrains([], []), name="source"), bs.Population(2, bs.LI(), name="out")
    cells = bs.Population(15, bs.LIF(t_ref=t_ref), name="cells")
    net.connect(source, cells, bs.AllToAll(), weight=bs.Normal(150.0, 50.0), delay=1.0, synapse=synapse)
    net.connect(cells, out, bs.AllToAll(), weight=bs.Normal(0.0, 50.0), delay=1.0, synapse=synapse)
    X = [(np.sort(rng.uniform(0.0, 40.0, 60)), rng.integers(0, 20, 60)) for _ in range(4)]
    given = {"dt": 0.5, "duration": 50.0, "epochs": 1, "validation": 0.0, "gradient": gradient}
    trainer = bs.learn.Trainer(net, out, **given).fit(X, [0, 1, 0, 1])
    for k in range(4):
        with pytest.warns(UserWarning, match="was rounded"):
            found = bs.simulate(trainer.to_network(X[k]), 50.0, dt=0.5, seed=0).spikes["cells"]
        assert len(found) > 20
        assert_same_spikes(found, trainer.activity(X, k)["cells"], 1e-9)
    assert (trainer.to_network().populations["cells"].model is cells.model) == (t_ref > 0.0)
    net.connect(
        source, bs.Population(2, bs.LIF(t_ref=0.7), name="other"), bs.AllToAll(), weight=1.0, delay=1.0, synapse=synapse
    )
    with pytest.raises(ValueError, match=r"'other': LIF.t_ref: must be a multiple of the time step, 0.5 ms, with gradient="):
        bs.learn.Trainer(net, out, **given)


def test_what_it_does_before_training_can_be_looked_at():
    trainer, wanted = trainer_of(bs.LIF(), weight=80.0), [([20.0], [0])]
    before = trainer.partial_fit(None, wanted, 0).mean_loss(None, wanted)
    weights = trainer.parts()["weight", "source->out"].copy()
    assert trainer.history_["loss"] == []
    assert np.array_equal(weights, trainer.net.synapses("source->out", 0.5).weight)
    assert trainer.partial_fit(None, wanted, 1).history_["loss"] == [before]
    assert not np.array_equal(weights, trainer.parts()["weight", "source->out"])


def test_an_interrupt_leaves_the_history(monkeypatch):
    trainer = trainer_of(bs.LIF(), weight=80.0, epochs=5)
    run, done = bs.learn.Trainer._begin, []

    def begin(*given):
        run(*given)
        epoch = trainer.training_.run_epoch

        def interrupted(*given):
            if len(done) == 3:
                raise KeyboardInterrupt
            done.append(epoch(*given))

        trainer.training_.run_epoch = interrupted

    monkeypatch.setattr(trainer, "_begin", begin.__get__(trainer))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(None, [([20.0], [0])])
    assert len(trainer.history_["loss"]) == 3


def test_spikes_of_sources_after_the_end_are_left_out():
    trainer = trainer_of(bs.LIF(), weight=80.0, duration=30.0, epochs=1).fit(None, [([20.0], [0])])
    sent = trainer.activity()["source"]
    assert 20 < len(sent) == np.sum(trainer.net.populations["source"].model.times <= 30.0) < 90


def test_a_network_that_has_changed_is_told():
    trainer = trainer_of(bs.LIF(), epochs=1).fit(None, [([20.0], [0])])
    trainer.net.stimulate(trainer.net.populations["out"], bs.CurrentInput(10.0), name="late")
    for call in (trainer.to_network, trainer.predict, lambda: trainer.partial_fit(None, [([20.0], [0])])):
        with pytest.raises(ValueError, match=r"Trainer.net: has got 'late' since the trainer was made; call set_params"):
            call()
    assert trainer.set_params().fit(None, [([20.0], [0])]).to_network().inputs[0].name == "late"


@pytest.mark.thorough
def test_what_was_learned_may_be_near_0():
    trainer = trainer_of(bs.MihalasNiebur(), learns=bs.learn.Learns("out", "a_1"), epochs=1).fit(None, [([20.0], [0])])
    trainer.parts()["a_1", "out"][...] = 1e-11  # pA, which is 10 A
    assert trainer.to_network().populations["out"].model.a_1 == 1e-11


MISTAKES = {
    "a pair": (([1.0, 2.0], [0, 1]), TypeError, "must be a list with a pair (times, ids) for each sample; a single one is"),
    "labels": ([1], TypeError, "must be the wanted spikes of each sample: a list with Spikes, or a pair"),
    "nothing": (None, TypeError, "must be the wanted spikes of each sample: a list with Spikes, or a pair"),
    "cells": ([([1.0], [7])], ValueError, "must have 2 cells, those of 'out' (got 8)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_wanted_spikes(mistake):
    y, kind, message = MISTAKES[mistake]
    with pytest.raises(kind) as error:
        trainer_of(bs.LIF()).fit(None, y)
    assert f"Trainer.fit.y: {message}" in str(error.value)


def test_mistakes_in_what_learns():
    learns, other = bs.learn.Learns, trainer_of(bs.LIF()).net.projections[0]
    with pytest.raises(ValueError, match="the 'source->out' that was given belongs to another network; give its name"):
        trainer_of(bs.LIF(), learns=learns(other))
    with pytest.raises(ValueError, match=r"GLIF5.t_ref: refractory times are not learned"):
        trainer_of(bs.GLIF5(t_ref=0.0), learns=learns("out", "t_ref"))
    net = trainer_of(bs.LIF()).net
    source, out = net.populations["source"], net.populations["out"]
    net.connect(source, out, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Exponential(tau=4.0), name="more")
    with pytest.raises(ValueError, match="'tau' of 'more': is given twice: projections with equal synapses onto the same"):
        bs.learn.Trainer(net, out, [learns("source->out", "tau"), learns("more", "tau")])


def test_one_weight_for_all_keeps_its_digits_where_delays_learn():
    net, synapse = bs.Network(seed=1), bs.Exponential(tau=4.0)
    source = bs.Population(3, bs.SpikeTrains([1.0, 2.0, 3.0, 9.0], [0, 1, 2, 0]), name="source")
    out = bs.Population(2, bs.LIF(), name="out")
    net.connect(source, out, bs.AllToAll(), weight=1000.1, delay=1.2, synapse=synapse)
    trainer = bs.learn.Trainer(net, out, "delay", loss="spikes", dt=0.5, duration=20.0, epochs=3, validation=0.0)
    trainer.fit(None, [([5.0, 12.0], [0, 1])])
    found = bs.simulate(trainer.to_network(), 20.0, dt=0.5, seed=0, precise=True).spikes["out"]
    assert len(found) > 3
    assert_same_spikes(found, trainer.predict()[0], 1e-11)


@pytest.mark.filterwarnings("ignore::UserWarning")  # cells are silent
def test_pickles_of_an_older_version_continue():
    """Modules and attributes had other names; a layout was called a plan."""
    *networks, X, y, losses = pickle.loads(Path(__file__).parents[1].joinpath("data", "learners_0.1.1.pickle").read_bytes())
    for network, loss in zip(networks, losses, strict=True):
        assert network.partial_fit(X, y, 1).history_["loss"][-1] == pytest.approx(loss, rel=1e-12)
