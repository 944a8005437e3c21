"""`bs.learn.Trainer` as users meet it: outputs of any cells, samples that do not fit, networks that change."""

import numpy as np

import brainsim as bs
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
        trainer = trainer_of(cells, weight=5.0, epochs=1, learning_rate=1e-9, wake=0.0).fit(None, [([40.0], [1])])
        assert len(trainer.predict()[0]) == 0
        by_weight = trainer.gradients(None, [([40.0], [1])]).parts["weight", "source->out"].reshape(30, 2)
        assert np.all(by_weight[:, 0] == 0.0)
        assert by_weight[:, 1].min() < 0.0
        assert by_weight[:, 1].max() <= 0.0
    wanted = [([20.0, 35.0, 50.0], [0, 1, 0])]
    trainer = trainer_of(Adaptive(), weight=80.0, epochs=100, learning_rate=0.03, decay=0.97, floor=1.0).fit(None, wanted)
    losses = trainer.history_["loss"]
    assert losses[-1] < 0.25 * losses[0]  # 0.7 of it if too many spikes stay
