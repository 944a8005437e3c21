"""An operator from outside that makes all partitions wait for each other: each cell is drawn to the one before it."""

from dataclasses import dataclass

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators import registry as operators
from brainsim.engine.operators.registry import register_operator
from brainsim.engine.operators.signals import Observed
from brainsim.features.noise.operator import Noise as BuiltInNoise
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.models.inputs import Input
from brainsim.testing import check_input

pytestmark = pytest.mark.usefixtures("more_partitions", "unregistered")


@dataclass(frozen=True, eq=False, repr=False)
class RingCoupling(Input):
    """Adds strength times the difference to the potential of the cell before it, one step late, to v."""

    strength: float

    @property
    def observed(self):
        return "neighbour", "mV"

    def check(self, view):
        pass


class Coupled(Operator):
    inputs = (RingCoupling,)

    def __init__(self, context):
        self._context = context

    @classmethod
    def build(cls, partition):
        for stimulus in cls.own_inputs(partition.layout):
            v, first = partition.variable(stimulus.target.parts[0][0].name, "v")
            # one buffer for even and one for odd steps: no partition can be two steps ahead of another
            seen = vars(partition.shared).setdefault("coupled", np.zeros(2 * stimulus.target.n))
            scratch = np.zeros(v.size)
            context = Context(v=v, first=first, seen=seen, strength=stimulus.input.strength, scratch=scratch)
            return cls(context)
        return None

    @classmethod
    def max_slice(cls, layout):
        return 1 if cls.own_inputs(layout) else super().max_slice(layout)

    @classmethod
    def observed(cls, partition, stimulus):
        context = partition.operator(cls)._context
        cells = context["first"] + np.arange(context["scratch"].size)
        return Observed(cells, [], context["scratch"], np.arange(cells.size))

    def calls(self):
        return [(Phase.BEFORE_UPDATE, 0, pull, self._context), (Phase.EMITTED, 0, show, self._context)]

    def reset(self, step):
        self._context["seen"][:] = 0.0


@by_address
def pull(coupled_, progress_):
    c, p = record_at(coupled_), record_at(progress_)
    v, seen, scratch = array_of(c.v), array_of(c.seen), array_of(c.scratch)
    n = seen.size // 2
    for k in range(v.size):
        scratch[k] = seen[(p.step % 2) * n + (c.first + k - 1) % n]
        v[k] += c.strength * (scratch[k] - v[k])
    return 0


@by_address
def show(coupled_, progress_):
    c, p = record_at(coupled_), record_at(progress_)
    v, seen = array_of(c.v), array_of(c.seen)
    for k in range(v.size):
        seen[((p.step + 1) % 2) * (seen.size // 2) + c.first + k] = v[k]
    return 0


def ring():
    cells = bs.Population(30, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, RingCoupling(0.01), name="ring")
    net.stimulate(cells, bs.CurrentInput("300 + 10*i"))
    return net


def test_an_operator_may_ask_for_slices_of_one_step():
    """Without connections a slice has 64 steps; partitions that were as far apart would read what is not there yet."""
    register_operator(Coupled)
    assert len(bs.simulate(ring(), 50.0, seed=3).spikes["cells"]) > 20
    check_input(RingCoupling(0.01), only=["acts", "trace"])
    alone, *others = (bs.simulate(ring(), 50.0, seed=2, threads=threads) for threads in (1, 2, 3))
    for result in others:
        assert result.spikes["cells"] == alone.spikes["cells"]
        assert np.array_equal(result.state.variables["cells"]["v"], alone.state.variables["cells"]["v"])


def test_operators_of_the_package_are_asked_too(monkeypatch):
    register_operator(Coupled)
    assert bs.Simulation(ring(), seed=2, threads=2)._run.partitions[0].progress["slice"] == 1
    operators.OPERATORS.remove(Coupled)
    monkeypatch.setattr(BuiltInNoise, "max_slice", classmethod(lambda cls, layout: 3))
    net = bs.Network(seed=1)
    net.stimulate(bs.Population(3, bs.LIF(), name="cells"), bs.NoiseInput(10.0))
    assert bs.Simulation(net, seed=1)._run.partitions[0].progress["slice"] == 3
    assert net.estimate(ranks=1).cost.slices == pytest.approx(1000.0 / 0.3)


def test_it_is_recorded_as_it_says():
    register_operator(Coupled)
    net = ring()
    cells = net.populations["cells"]
    traces = bs.simulate(net, 5.0, seed=2, threads=2, record=[bs.Trace(cells, "v"), bs.Trace(cells[5:20], "ring")]).traces
    seen, v = traces["cells", "ring"], traces["cells", "v"]
    assert seen.unit == "mV"
    # the sample at a point is what the step that ends there has read: v of the cell before at its beginning
    assert np.allclose(seen.values[2:], v.values[1:-1, 4:19])


def test_without_a_method_only_fields_over_time_can_be_recorded():
    register_operator(type("Coupled", (Operator,), {"inputs": (RingCoupling,), "build": classmethod(lambda c, p: None)}))
    cells, net = bs.Population(3, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, RingCoupling(0.1), name="ring")
    with pytest.raises(NotImplementedError, match=r"RingCoupling.observed: 'neighbour' .* a method observed"):
        bs.Simulation(net, seed=1, record=bs.Trace(cells, "ring"))
