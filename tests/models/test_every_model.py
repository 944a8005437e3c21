"""What holds for every model, input and rule: `brainsim.testing` checks each, a new model as soon as it is public."""

import inspect
import re

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from brainsim.testing import check_input, check_neuron, check_plasticity, check_rule, check_synapse
from brainsim.testing.neurons import PROPERTIES, working_current
from brainsim.testing.synapses import WEIGHTS
from tests.helpers.equations.catalogue import MODELS, NEURONS, PLASTICITY, SYNAPSES

DELTA = bs.Delta()
# models whose kernels take seconds to compile, because they have many exponentials
HEAVY = {name for name, kind in NEURONS.items() if len(kind.initials) > 3 and name != "TraubMiles"}


@pytest.mark.parametrize("name", MODELS)
def test_documentation_has_equation_example_and_source(name):
    model = MODELS[name]
    text = inspect.getdoc(model)
    assert re.search(r"``[^`]*[=<>*/][^`]*``|::\n", text), "the equation"
    assert re.search(r"doi:10\.\d{4,}/\S+", text), "a reference with its DOI"
    assert ">>> " in text, "an example"


@pytest.mark.slow_but("[LIF-", "[AdEx-", "[Izhikevich-", "[HodgkinHuxley-", "-alive]", "-bits]", "-extreme]", "-reset]")
@pytest.mark.thorough_but(
    "[LIF-", "[AdEx-cells]", "[AdEx-bits]", "[Izhikevich-single]", "[HodgkinHuxley-alive]", "[GLIF3-reset]", "[ALIF-alive]"
)
@pytest.mark.parametrize(
    ("name", "only"),
    [
        pytest.param(name, only, marks=pytest.mark.slow) if only == "single" and name in HEAVY else (name, only)
        for name in NEURONS
        for only in PROPERTIES
    ],
)
def test_neuron(name, only):
    check_neuron(NEURONS[name], only=[only])


@pytest.mark.slow_but("[LIF-", "[AdEx-", "[Izhikevich-", "[HodgkinHuxley-", "-alive]", "-bits]", "-extreme]", "-reset]")
@pytest.mark.thorough_but(
    "[LIF-", "[AdEx-cells]", "[AdEx-bits]", "[Izhikevich-single]", "[HodgkinHuxley-alive]", "[GLIF3-reset]", "[ALIF-alive]"
)
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, kind in NEURONS.items() if kind.cell_equations.uses_current])
@pytest.mark.parametrize("synapse", [bs.Delta(), bs.Exponential(), bs.ExponentialConductance(e_rev=-72.5)])
def test_neuron_takes_synapses(name, synapse):
    """Conductances act only on a membrane potential in mV."""
    kind = NEURONS[name]
    if "v" in kind.initials and (isinstance(synapse, bs.Exponential) or kind.initials["v"].unit == "mV"):
        weight = 0.1 * working_current(kind()) if isinstance(synapse, bs.Exponential) else WEIGHTS[synapse.weight_unit]
        check_synapse(synapse, weight=weight, target=kind(), only=["acts"])


@pytest.mark.thorough_but("[Exponential]", "[NMDA]", "[Delta]")
@pytest.mark.parametrize("name", SYNAPSES)
def test_synapse(name):
    check_synapse(SYNAPSES[name])


OPTIONS = {"ClopathSTDP": {"target": bs.ClopathAdEx()}, "CalciumPlasticity": {"weight": 3.0}}


@pytest.mark.thorough_but("[STDP]", "[TsodyksMarkram]", "[DopamineSTDP]")
@pytest.mark.parametrize("name", PLASTICITY)
def test_plasticity(name):
    check_plasticity(PLASTICITY[name], **OPTIONS.get(name, {}))


WAVE = "9000 + 5000*sin(2*pi*t/20)"
INPUTS = {
    "events": bs.PoissonInput(rate=9000.0, weight=0.3, synapse=DELTA),
    "few events": bs.PoissonInput(rate=200.0, weight=40.0, synapse=bs.Exponential()),
    "events of each cell": bs.PoissonInput(rate=np.linspace(5e3, 2e4, 7), weight=bs.Uniform(0.1, 0.3), synapse=DELTA),
    "events over time": bs.PoissonInput(rate=WAVE, weight=0.3, synapse=DELTA),
    "events over time of each cell": bs.PoissonInput(rate=WAVE + " + 10*i", weight=0.3, synapse=DELTA),
    "many events at times": bs.PoissonInput(rate="where(t < 15, 0, 2e5)", weight=0.01, synapse=DELTA),
    "listed events": bs.EventInput(times=np.arange(1.0, 29.0), ids=np.arange(28) % 7, weight=20.0, synapse=DELTA),
    "current": bs.CurrentInput(np.linspace(300.0, 400.0, 7)),
    "steps of current": bs.CurrentInput([300.0, 100.0], times=[1.0, 16.0]),
    "current over time": bs.CurrentInput("300 + 10*i + 50*sin(t/9)"),
    "table of currents": bs.CurrentInput(bs.TimedArray([300.0, 400.0, 250.0], 10.0)),
    "white noise": bs.NoiseInput("100 + 1*t", correlation=0.2),
    "noise": bs.NoiseInput("10 + 10*t", mean=bs.TimedArray([100.0, 200.0], 2.0), tau=3.0, correlation=0.2),
    "clamp": bs.VoltageClamp("-60 + i/9*sin(2*pi*t/7)"),
}


@pytest.mark.parametrize("name", INPUTS)
def test_input(name):
    check_input(INPUTS[name])


RULES = [
    bs.AllToAll(),
    bs.AllToAll(autapses=False),
    bs.FixedProbability(0.2, autapses=False),
    bs.FixedProbability(1.0),
    bs.FixedIndegree(5),
    bs.FixedIndegree(5, autapses=False, multapses=False),
    bs.FixedOutdegree(4),
    bs.FixedOutdegree(4, autapses=False, multapses=False),
    bs.FixedTotal(300),
    bs.FixedTotal(900, autapses=False, multapses=False),
    bs.FromArrays([0, 0, 5, 5], [3, 3, 1, 2]),
    bs.FromFrame({"pre": [0, 7, 2], "post": [1, 1, 3]}),
    bs.FromSparse(sparse.coo_array((np.ones(3), ([0, 1, 63], [3, 3, 35])), shape=(64, 36))),
    bs.DistanceRule.gaussian(0.5, sigma=40.0),
    bs.DistanceRule("exp(-d/50)", k=3),
    bs.DistanceRule("exp(-d/50)", k=3, autapses=True, multapses=True),
]


@pytest.mark.thorough_but("[FixedProbability(0.2", "[FixedIndegree(5, ")
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_rule(rule):
    check_rule(rule)


def test_rule_for_as_many_cells():
    check_rule(bs.OneToOne(), sizes=(36, 36))
