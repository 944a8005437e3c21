"""An input from outside, with the operator that acts on it: white noise on v, a new number for each cell and step."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators import registry as operators
from brainsim.engine.operators.registry import register_operator
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import gaussian
from brainsim.models.inputs import Input
from brainsim.rng.hashing import hashed, step_key
from brainsim.rng.streams import stream_key
from brainsim.testing import check_input

pytestmark = pytest.mark.usefixtures("unregistered")


@dataclass(frozen=True, eq=False, repr=False)
class WhiteNoise(Input):
    """Adds sigma * sqrt(dt) * xi to v, mV, at each step."""

    sigma: float  # mV per square root of ms

    def check(self, view):
        pass


class Noise(Operator):
    depends_on = "inputs"
    inputs = (WhiteNoise,)

    def __init__(self, partition, inputs):
        calls = []
        for stimulus in inputs:
            v, first = partition.variable(stimulus.target.parts[0][0].name, "v")
            context = Context(
                v=v,
                first=first,
                scale=stimulus.input.sigma * float(np.sqrt(partition.layout.dt)),
                key=stream_key(partition.seed, "noise", stimulus.name),
            )
            calls.append((Phase.AFTER_UPDATE, 0, add_noise, context))
        super().__init__(calls)

    @classmethod
    def expected_bytes(cls, layout):
        return 1_000_000


@by_address
def add_noise(noise_, progress_):
    noise, p = record_at(noise_), record_at(progress_)
    v, key = array_of(noise.v), step_key(noise.key, p.step)
    for k in range(v.size):
        v[k] += noise.scale * gaussian(hashed(key, noise.first + k))
    return 0


def test_an_input():
    register_operator(Noise)
    check_input(WhiteNoise(1.0))


def test_it_can_be_set_and_its_bytes_are_estimated():
    register_operator(Noise)
    cells, net = bs.Population(30, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, WhiteNoise(1.0), name="noise")
    assert 1_000_000 < {name: size for name, _, size in net.estimate().rows}["30 cells"] < 1_100_000
    sim = bs.Simulation(net, seed=1)
    quiet = copy.deepcopy(sim)
    quiet.set("noise", sigma=0.0)
    assert np.ptp(sim.run(5.0).state.variables["cells"]["v"]) > 0.0 == np.ptp(quiet.run(5.0).state.variables["cells"]["v"])


def test_one_without_an_operator_is_refused():
    cells, net = bs.Population(30, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, WhiteNoise(1.0), name="noise")
    with pytest.raises(TypeError, match=r"noise: no operator acts on .*WhiteNoise.*@register_operator"):
        bs.Simulation(net, seed=1)


def test_one_that_cannot_be_recorded_says_so():
    register_operator(Noise)
    cells, net = bs.Population(3, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, WhiteNoise(1.0), name="noise")
    message = r"Trace\(cells, 'noise'\): an input of the class WhiteNoise does not say .* give WhiteNoise a property obs"
    with pytest.raises(ValueError, match=message):
        bs.Simulation(net, seed=1, record=bs.Trace(cells, "noise"))


def test_a_class_that_is_defined_again_takes_the_place_of_the_former():
    n = len(operators.OPERATORS)
    for _ in range(4):

        @register_operator
        class Again(Operator):
            pass

    assert operators.OPERATORS[n:] == [Again]
