"""What a user sees who looks around: `help(bs)`, names that do not exist, and how things show themselves."""

import copy
import pickle
import pydoc
import re
import subprocess
import sys
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.core import hints
from brainsim.models.attributes import OF_CELLS_AND_SYNAPSES, OF_RULES
from brainsim.results.synapses import SynapseTable

CALLS = {
    "Network.connect": bs.Network.connect,
    "Simulation.run": bs.Simulation.run,
    "simulate": bs.simulate,
    "sweep": bs.sweep,
}
KNOWN = {
    "bs": bs.__all__,
    "Network": dir(bs.Network),
    "Simulation": [*dir(bs.Simulation), "network", "dt", "seed", "threads", "n_synapses"],
    "Neuron": (),
    **{
        f"{kind}Text": [n for n, of in OF_CELLS_AND_SYNAPSES.items() if of in (None, kind)] for kind in ("Neuron", "Synapse")
    },
    "PlasticityText": OF_RULES,
    "Bursts RegularBursts": ("rate", "spikes", "interval"),
    "PulsePackets": ("sigma", "packet", "times"),
    "Curve": ("x", "y", "of"),
    "SpikingNetwork Trainer MLP RNN": signature(bs.learn.SpikingNetwork).parameters,
    "Population View": [*signature(bs.Population).parameters, *dir(bs.Population)],
    "ConductanceInput CurrentInput EventInput NoiseInput PoissonInput VoltageClamp": (),
    **{name: signature(call).parameters for name, call in CALLS.items()},
    **{f"bs.{name}": getattr(bs, name).__all__ for name in ("analysis", "ann", "encode", "learn", "plot", "positions")},
    **{
        kind.__name__: [*dir(kind), *kind.__dataclass_fields__]
        for kind in (bs.Result, bs.Spikes, bs.Traces, bs.Weights, SynapseTable)
    },
}
MOST_LINES, WIDEST = 150, 129  # of help(bs)
TEXT = (Path(hints.__file__).parent / "words.txt").read_text(encoding="utf-8")


def small():
    net, cells = bs.Network(seed=1), bs.Population(20, bs.LIF(), name="cells")
    net.connect(cells, cells, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.Delta())
    net.stimulate(cells, bs.CurrentInput(400.0))
    return net


@pytest.fixture(scope="module")
def simulation():
    one = bs.Simulation(small(), seed=2, threads=1)
    one.run(50.0)
    return one


class TestHelp:
    def test_help_is_a_page(self):
        """Also a second time, when every name is loaded."""
        for _ in range(2):
            text = pydoc.plain(pydoc.render_doc(bs))
            n = len(text.splitlines())
            assert 60 < n <= MOST_LINES, f"help(bs) has {n} lines; at most {MOST_LINES}: join lines of brainsim/__init__.py"
            for name in [*bs.__all__, "EquationError", "MissingName"]:
                assert re.search(rf"\b{name}\b", text), name
            assert "help(bs.Neuron)" in text
            wide = [line for line in text.splitlines() if len(line) > WIDEST]
            assert wide == [], f"help(bs) has lines of more than {WIDEST} characters"

    @pytest.mark.thorough
    def test_importing_all_and_looking_through(self):
        code = (
            "from brainsim import *\nassert LIF().tau_m == 20.0 and callable(simulate)\n"
            "import brainsim as bs\nassert set(bs.__all__) <= set(dir(bs)) and 'LIF' in bs.__all__\n"
            "assert 'EquationError' not in globals()\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=300)

    @pytest.mark.parametrize("name", ["LIF", "AdEx", "Exponential", "Network", "Simulation", "Spikes"])
    def test_help_of_a_class_is_about_what_a_user_needs(self, name):
        text = pydoc.plain(pydoc.render_doc(getattr(bs, name)))
        assert text.index("Examples") < text.index("Method resolution order")
        assert not re.findall(r"^ \|  _[a-z]\w*", text, re.MULTILINE), "no internals"


class TestTables:
    def test_each_section_is_of_something_that_answers(self):
        assert sorted(re.findall(r"^\[(.*)\]$", TEXT, re.MULTILINE)) == sorted(KNOWN)

    @pytest.mark.parametrize("of", KNOWN)
    def test_suggested_words_are_not_names_that_exist(self, of):
        section = re.search(rf"^\[{re.escape(of)}\]\n(.*?)(?=^\[|\Z)", TEXT, re.MULTILINE | re.DOTALL)[1]
        words = [hints._fold(word) for line in section.splitlines() if not line.startswith(" ") for word in line.split()]
        assert sorted(words) == sorted(hints.words_of(of.split()[0])), "each word once"
        assert not set(words) & {hints._fold(name) for name in KNOWN[of] if not name.startswith("_")}

    @pytest.mark.parametrize("of", KNOWN)
    def test_answers_name_what_exists(self, of):
        named = [
            path
            for said in hints.words_of(of.split()[0]).values()
            for path in re.findall(r"\bbs\.([A-Za-z_.]*[A-Za-z])", said)
        ]
        assert named
        for path in named:
            thing = bs
            for part in path.split("."):
                thing = getattr(thing, part)

    @pytest.mark.parametrize(
        ("name", "said"),
        {
            "run": "bs.simulate(net, 1000.0)",
            "Hebbian": "plasticity=bs.STDP()",
            "STP": "plasticity=bs.TsodyksMarkram()",
            "EProp": "gradient='eprop'",
            "RSTDP": "plasticity=bs.DopamineSTDP()",
            "Homeostasis": "homeostasis=bs.Normalisation(8.0)",
            "IntrinsicPlasticity": "bs.HomeostaticLIF",
            "StructuralPlasticity": "sim.rewire(projection",
            "gap_junction": "did you mean 'GapJunction'?",
            "ElectricalSynapse": "synapse=bs.GapJunction()",
            "DistanceDependentProbability": "bs.DistanceRule",
            "OUInput": "bs.NoiseInput(100.0, tau=5.0)",
            "OU": "bs.NoiseInput(100.0, tau=5.0)",
            "OrnsteinUhlenbeck": "bs.NoiseInput(100.0, tau=5.0)",
            "SineCurrent": "bs.signals.sine",
            "StepCurrent": "bs.CurrentInput([300.0, 0.0], times=",
            "StepCurrentSource": "bs.CurrentInput([300.0, 0.0], times=",
            "network_operation": "callback=f",
            "run_regularly": "callback=f",
            "Linear": "bs.ann.MLP(hidden=(100,))",
            "torch": "bs.ann.convert(model)",
            "snn": "bs.learn.SpikingNetwork(",
            "snntorch": "bs.learn.SpikingNetwork(",
            "store": "sim.save('run.ckpt')",
            "restore": "bs.Simulation.load(net, 'run.ckpt')",
            "silence": "bs.VoltageClamp",
            "SpikeMonitor": ".spikes['cells']",
            "StateMonitor": "bs.Trace",
            "NeuronGroup": "bs.Population",
            "Synapses": "net.connect",
            "Gaussian": "bs.Normal",
            "SpatialNeuron": "points",
            "Unifrom": "did you mean 'Uniform'?",
            "lif": "did you mean 'LIF'?",
            "FixedDegree": "'FixedIndegree' or 'FixedOutdegree'",
            "xyz": "help(bs) lists the names",
        }.items(),
    )
    def test_unknown_names_of_brainsim(self, name, said):
        with pytest.raises(AttributeError) as caught:
            getattr(bs, name)
        assert str(caught.value).startswith(f"brainsim has no {name!r}; ")
        assert said in str(caught.value)
        assert len(str(caught.value)) < 260

    def test_unknown_names_of_modules(self):
        for module, name, said in [
            ("learn", "EventProp", "bs.learn has no 'EventProp'; bs.learn.SpikingNetwork learns by the exact gradient"),
            ("learn", "GRU", "bs.learn has no 'GRU'; bs.ann.RNN"),
            ("learn", "Laier", "did you mean 'Layer'"),
            ("learn", "xyz", "bs.learn has no 'xyz'; help(bs.learn) lists what it has"),
            ("positions", "disk", "bs.positions has no 'disk'; bs.positions.ball(100, 250.0, seed=1)"),
            ("positions", "disc", "bs.positions.ball"),
            ("positions", "random", "bs.positions.box"),
            ("positions", "gird", "did you mean 'grid'?"),
            ("positions", "xyz", "help(bs.positions) lists what it has"),
        ]:
            with pytest.raises(AttributeError, match=re.escape(said)):
                getattr(getattr(bs, module), name)
            assert not hasattr(getattr(bs, module), name)

    def test_unknown_names_of_objects(self, simulation):
        net, result = simulation.network, simulation.result()
        for thing, name, said in [
            (net, "run", "Network has no 'run'; a network is a description; bs.simulate(net, 1000.0) runs it"),
            (net, "conect", "Network has no 'conect'; did you mean 'connect'?"),
            (simulation, "spikes", "sim.result().spikes['cells']"),
            (simulation, "sead", "did you mean 'seed'?"),
            (result, "plot", "bs.plot.overview(result)"),
            (result, "spike", "did you mean 'spikes'?"),
            (result.spikes["cells"], "t", "spikes.times"),
            (result, "xyz", "see help(bs.Result)"),
            (simulation.synapses("cells->cells"), "w", "SynapseTable has no 'w'; the weights are table.weight"),
            (bs.Traces("cells", "v", "mV", [0.0], [0], [[1.0]]), "v", "Traces has no 'v'; the samples are traces.values"),
        ]:
            with pytest.raises(AttributeError, match=re.escape(said)):
                getattr(thing, name)
            assert not hasattr(thing, name)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: bs.Simulation.run_until(), "Simulation.run_until"),
        (lambda: bs.Simulation.load(), "Simulation.load"),
        (lambda: bs.Simulation.rewire(), "Simulation.rewire"),
        (lambda: bs.Spikes.to_neo(), "Spikes.to_neo"),
        (lambda: bs.Network.to_sparse(), "Network.to_sparse"),
        (lambda: bs.learn.SpikingNetwork.fit(), "SpikingNetwork.fit"),
        (lambda: bs.Result.load(), "Result.load"),
    ],
)
def test_a_missing_argument_is_of_a_method_that_users_know(call, name):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value).startswith(f"{name}() missing")


def test_methods_of_mix_ins_can_be_pickled():
    for method in (bs.Simulation.run_until, bs.Spikes.to_neo):
        assert pickle.loads(pickle.dumps(method)) is method


class TestProtocols:
    """A class that answers unknown names must not deceive what looks for known ones."""

    def test_copies_and_pickles(self, simulation):
        result = simulation.result()
        for twin in (copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
            assert dict(twin.spikes) == dict(result.spikes)
        assert copy.deepcopy(result.spikes["cells"]) == result.spikes["cells"]
        assert list(copy.deepcopy(simulation.network).populations) == ["cells"]
        assert np.asarray(result, dtype=object).shape == ()

    def test_words_with_underscores_are_not_looked_up(self, simulation):
        for thing in (simulation, simulation.network, simulation.result(), bs):
            for name in ("__array__", "_ipython_display_", "_repr_png_", "__deepcopy_it__"):
                with pytest.raises(AttributeError) as caught:
                    getattr(thing, name)
                assert "did you mean" not in str(caught.value)

    def test_what_is_not_complete_says_so(self):
        empty = bs.Result.__new__(bs.Result)
        with pytest.raises(AttributeError, match="Result.spikes: cannot be read yet"):
            empty.spikes  # noqa: B018


def test_a_simulation_shows_where_it_is(simulation):
    assert repr(simulation) == ("Simulation at 50 ms: 20 cells in 1 population, 400 synapses, dt = 0.1 ms, seed 2, 1 thread")
