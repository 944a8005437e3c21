"""The floors of the house: who may import whom, what an import costs, and how long a file or a function may be."""

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csgraph

from brainsim.core.doors import CORE, all_through, listed_doors, load_or_name, through
from tests.helpers.modules import PACKAGE, imported, modules
from tests.without import ROOMS

FLOORS = ["core", "jit", "rng", "results", "analysis", "encode", "equations", "models", "network", "build", "engine"]
FLOORS += [
    "features",
    "connectomes",
    "plot",
    "pages",
    "sweeps",
    "explore",
    "testing",
    "learn",
    "fitting",
    "ann",
    "examples",
    "commands",
]
FLOORS += ["pynn", "brian2", "nir", "sonata", "nestml"]
EXEMPT = {"brainsim", "brainsim.__main__"}  # the front door and the back door see every floor
SHOWS_EXAMPLES = {"brainsim.ann", "brainsim.learn"}  # some of their names are doors into the examples
LONGEST_FILE, LONGEST_FUNCTION = 420, 60
# classes with which users do everything: most lines are docstrings
FACES = {
    "brainsim.network.network": 600,
    "brainsim.engine.simulation.simulation": 1000,
    "brainsim.learn.spiking.network": 520,
    "brainsim.results.spikes": 470,
}
MOST_ARGUMENTS = 8  # of a compiled function
COMPILED = {"kernel", "by_address", "helper", "inlined"}  # decorators
# what compiles: nobody imports it before something has to be compiled
NUMBA_AT_HOME = {f"brainsim.jit.{name}" for name in ("compiler", "entry", "inner", "passes", "portable", "reference_type")}


def floor(module):
    """Return the floor of a module of brainsim by its name."""
    parts = module.split(".")
    return FLOORS.index(parts[1]) if len(parts) > 1 else 0  # the face of the package imports nothing when it is loaded


def upward(modules):
    """Return (module, what it imports) of all imports that go up, late ones and those for types among them."""
    return [
        (module, name)
        for module, tree in modules.items()
        if module not in EXEMPT
        for name, _ in imported(module, tree, types=True)
        if name.split(".")[0] == "brainsim" and floor(name) > floor(module)
    ]


def only_for_types(module, name):
    """Return whether a module imports another one for annotations alone."""
    return name not in {each for each, _ in imported(module, modules()[module])}


def test_no_import_goes_up():
    found = upward(modules())
    assert {arrow for arrow in found if not only_for_types(*arrow)} == set()
    # arguments of public methods whose values are those of features, and names of rooms that are doors into the examples
    expected = {"brainsim.network.network", "brainsim.network.projection", *SHOWS_EXAMPLES}
    assert {module for module, _ in found} == expected & modules().keys()


def test_nothing_imports_the_examples():
    """They are a leaf; `brainsim run` and some names of `bs.ann` and `bs.learn` find them by their names."""
    inner = {m: tree for m, tree in modules().items() if not m.startswith("brainsim.examples")}
    found = {(m, name) for m, tree in inner.items() for name, _ in imported(m, tree, types=True)}
    examples = {m for m, name in found if f"{name}.".startswith("brainsim.examples.")}
    assert examples == SHOWS_EXAMPLES & modules().keys()
    assert all(only_for_types(m, name) for m, name in found if m in SHOWS_EXAMPLES and "examples" in name)


@pytest.mark.parametrize("door", sorted(CORE | listed_doors()))
def test_doors_lead_to_functions(door):
    found = through(door)
    assert callable(found) or found.__name__.startswith("brainsim.")


def test_what_was_deleted_is_named():
    with pytest.raises(ImportError, match="^simulate.to: this copy of brainsim lacks 'no door', which was deleted"):
        through("no door", "simulate.to")
    with pytest.raises(ImportError, match=r"^bs.X: this copy of brainsim lacks 'bs.X', which was deleted"):
        load_or_name("brainsim.no_module", "bs.X", "bs.X")
    with pytest.raises(AttributeError, match="has no attribute"):  # a mistake is not called a deletion
        load_or_name("brainsim.core.doors:no_name", "bs.X", "bs.X")
    assert all_through("no door") == []


def meetings(modules):
    """Return (feature, feature) of all imports between features, but those of files for pairs and of these files."""
    places = [(m.split(".")[1:3], name.split(".")[1:3]) for m in modules for name, _ in imported(m, modules[m], types=True)]
    return {(a[1], b[1]) for a, b in places if a[0] == "features" and b[:1] == ["features"] and len(b) > 1 and a != b}


def test_features_meet_in_files_for_pairs():
    found = meetings({m: tree for m, tree in modules().items() if m.startswith("brainsim.features.")})
    assert {pair for pair in found if pair[0] != "pairs"} == set()
    text = "from brainsim.features.plasticity.kind import Plastic"
    assert meetings({"brainsim.features.ranks.mpi": ast.parse(text)}) == {("ranks", "plasticity")}


def test_rooms_of_the_engine_import_one_way():
    """Of two folders of the engine, one can be read without the other."""
    rooms = {m: m.split(".")[2] for m in modules() if m.startswith("brainsim.engine.")}
    arrows = {
        (room, rooms[name])
        for m, room in rooms.items()
        for name, _ in imported(m, modules()[m], types=True)
        if name in rooms and rooms[name] != room
    }
    assert {arrow for arrow in arrows if arrow[::-1] in arrows} == set()


def test_an_upward_import_would_be_seen():
    texts = [
        "from brainsim.engine import driver",
        "import brainsim.engine.synapses.store",
        "from brainsim.engine.synapses.store import Store",
        "def f():\n    from brainsim.network.network import Network",
        "if typing.TYPE_CHECKING:\n    from brainsim.network.population import View",
    ]
    for text in texts:
        assert upward({"brainsim.models.base": ast.parse(text)}), text
    assert not upward({"brainsim.models.base": ast.parse("from brainsim.core import checks\nimport numpy")})
    assert not upward({"brainsim.models.base": ast.parse("from brainsim.models.values import Uniform")})


def test_every_folder_has_its_floor():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders <= {*FLOORS}
    assert {*FLOORS} - folders <= {*ROOMS, "features"}  # in a copy these may have been deleted


def test_no_circular_imports():
    """Modules that load each other work only by luck of the order."""
    inner = {m: tree for m, tree in modules().items() if m not in EXEMPT}
    loads = {m: {n for n, now in imported(m, tree) if now and n in modules() and n != m} for m, tree in inner.items()}
    done = set()

    def visit(module, above):
        assert module not in above, f"a circle: {' -> '.join([*above, module])}"
        if module in done or module not in loads:
            return
        for name in sorted(loads[module]):
            visit(name, [*above, module])
        done.add(module)

    for module in loads:
        visit(module, [])


def circles(arrows):
    """Return the sets of modules of which each reaches all others, of two modules or more; `arrows` is module -> imports."""
    names = sorted({*arrows}.union(*arrows.values()))
    index = {name: k for k, name in enumerate(names)}
    ends = np.array([(index[m], index[n]) for m in arrows for n in arrows[m]]).reshape(-1, 2).T
    graph = sparse.coo_array((np.ones(ends.shape[1]), tuple(ends)), shape=(len(names), len(names)))
    _, together = csgraph.connected_components(graph, connection="strong")
    found = {number: frozenset(np.take(names, np.flatnonzero(together == number)).tolist()) for number in set(together)}
    return {circle for circle in found.values() if len(circle) > 1}


def test_circles_hold_two_modules_of_one_room():
    """A file that is understood only with three others is a part of them: late imports and those for types count."""
    inner = {m: tree for m, tree in modules().items() if m not in EXEMPT}
    found = circles(
        {m: {name for name, _ in imported(m, tree, types=True)} & inner.keys() - {m} for m, tree in inner.items()}
    )
    assert [circle for circle in found if len({floor(module) for module in circle}) > 1] == []
    assert [circle for circle in found if len(circle) > 2] == []


def test_a_circle_would_be_seen():
    arrows = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert circles(arrows) == {frozenset("abc"), frozenset("de")}


def test_numba_is_loaded_only_where_code_is_compiled():
    """Numba takes a quarter of a second, and a process that finds its code in the cache needs none of it."""
    at_load = {
        module
        for module, tree in modules().items()
        for name, now in imported(module, tree)
        if now and (name.split(".")[0] == "numba" or name in NUMBA_AT_HOME)
    }
    assert at_load == NUMBA_AT_HOME


HEAVY = ["numba", "scipy.stats", "scipy", "matplotlib", "tqdm", "llvmlite"]
DESCRIPTION = """
cells = bs.Population(100, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
net = bs.Network(seed=1)
net.connect(cells, cells, bs.FixedIndegree(10), weight=bs.Normal(1.0, 0.1), delay=1.5, synapse=bs.Alpha())
net.stimulate(cells, bs.PoissonInput(rate=10.0, weight=1.0, synapse=bs.Delta()))
repr(net)
class Mine(bs.Neuron):
    equations = "dv/dt = -v + I"
    dimensions = False
    v: float = bs.initial(0.0, "mV", "potential")
"""


@pytest.mark.parametrize(
    ("script", "loaded"),
    [
        ("", []),
        (DESCRIPTION, []),
        ("import brainsim.analysis, brainsim.connectomes, brainsim.encode, brainsim.examples, brainsim.learn", []),
        ("import brainsim.engine.simulation.simulate, brainsim.learn.spiking.kernels.chunk", ["llvmlite"]),
        ("import brainsim.plot", ["matplotlib"]),
        ("import brainsim.explore, brainsim.testing", ["matplotlib", "llvmlite"]),
        ("import brainsim.ann", ["scipy", "matplotlib", "llvmlite"]),
    ],
    ids=["import", "describing a network", "light rooms", "all that simulates and learns", "plot", "explore", "ann"],
)
def test_importing_is_light(script, loaded):
    code = f"import sys, json\nimport brainsim as bs\n{script}\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == loaded


PLAIN_RUN = """
cells = bs.Population(20, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
net = bs.Network(seed=1)
net.connect(cells[:15], cells, bs.FixedProbability(0.1), weight=10.0, delay=1.5, synapse=bs.Exponential(tau=5.0))
net.connect(cells[15:], cells, bs.FixedProbability(0.1), weight=-10.0, delay=1.5, synapse=bs.Exponential(tau=10.0))
len(bs.simulate(net, 10.0, seed=2, threads=1).spikes["cells"])
"""
# rooms and modules that a plain run does without when it finds its code in the cache; each takes 0.2 to 10 ms
NOT_NEEDED = """
concurrent difflib html http logging numpy.ma secrets socket subprocess uuid brainsim.analysis brainsim.connectomes
brainsim.core.files brainsim.core.structure brainsim.engine.simulation.needed brainsim.engine.states.given
brainsim.engine.operators.currents brainsim.models.inputs
brainsim.engine.operators.poisson brainsim.engine.operators.signals brainsim.engine.operators.varying
brainsim.engine.operators.windows brainsim.engine.recorders.conditions brainsim.engine.recorders.requested
brainsim.engine.recorders.trace_sources brainsim.engine.recorders.traces brainsim.sonata
brainsim.engine.synapses.readback brainsim.jit.ahead brainsim.models.neurons.sources brainsim.models.pair_lists
brainsim.network.probes brainsim.plot brainsim.results.archive brainsim.results.formats brainsim.results.packing
brainsim.results.blocks brainsim.results.synapses brainsim.features
"""


def test_brainsim_alone_loads_nothing():
    """Its names are loaded when they are used, so a script that only asks for the version does not wait."""
    code = "import sys; before = {*sys.modules}; import brainsim; print(*({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, timeout=60)
    assert {*done.stdout.split()} == {"brainsim", "brainsim.core", "brainsim.core.moved"}, done.stderr


def test_a_plain_run_loads_what_it_needs():
    code = f"import sys\nbefore = {{*sys.modules}}\nimport brainsim as bs\n{PLAIN_RUN}\nprint(*({{*sys.modules}} - before))"
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_BOUNDSCHECK"}  # which needs Numba
    for _ in range(2):  # the first one fills the cache
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    loaded, rooms = done.stdout.split(), NOT_NEEDED.split()
    assert [module for module in loaded if any(f"{module}.".startswith(f"{room}.") for room in rooms)] == []


def test_importing_writes_nothing(tmp_path):
    """No work at import: no file appears, no thread is started."""
    code = (
        "import sys, threading\nseen = []\n"
        "def hook(event, given):\n"
        "    if event == 'open' and isinstance(given[1], str) and set(given[1]) & set('wax+'):\n        seen.append(given)\n"
        "sys.addaudithook(hook)\nimport brainsim\nassert seen == [], seen\nassert threading.active_count() == 1\n"
    )
    options = {"capture_output": True, "text": True, "timeout": 60, "cwd": PACKAGE.parent}
    environment = {"BRAINSIM_CACHE_DIR": str(tmp_path / "cache"), "PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, **options)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "cache").exists()


def test_files_and_functions_are_short():
    too_long = []
    for module, tree in modules().items():
        path = PACKAGE.parent / Path(*module.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        lines, most = len(path.read_text(encoding="utf-8").splitlines()), FACES.get(module, LONGEST_FILE)
        if lines > most:
            too_long.append(f"{module} has {lines} lines; at most {most}: move an idea to a file of its own")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                text = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0
                lines = node.end_lineno - node.lineno + 1 - text
                if lines > LONGEST_FUNCTION:
                    too_long.append(
                        f"{module}.{node.name} has {lines} lines besides its docstring; at most {LONGEST_FUNCTION}"
                    )
    assert too_long == []


# file names that three or more rooms have, each for the same thing: the operator of a feature, a picture of what is recorded
SHARED_NAMES = """
base changes connecting couplings equations kernels layers network neurons operator page rules running step traces writing
"""


def test_files_of_one_name_are_the_same_thing_in_several_rooms():
    """What two more files take for something else has to be learnt with each: `timing` and `memory` had three meanings."""
    examples = PACKAGE / "examples"  # are called by their subjects
    named = Counter(file.stem for file in PACKAGE.rglob("*.py") if examples not in file.parents)
    known = {*SHARED_NAMES.split(), "__init__", "__main__"}
    assert {name for name, count in named.items() if count > 2} - known == set()


def test_contributing_says_the_limits_of_the_tests():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"at most {LONGEST_FILE} lines" in text
    assert f"at most {LONGEST_FUNCTION} lines" in text


def test_compiled_functions_have_few_arguments():
    """What belongs together is a record."""
    found = [
        f"{module}.{node.name}"
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and {d.id for d in node.decorator_list if isinstance(d, ast.Name)} & COMPILED
        and len(node.args.args) > MOST_ARGUMENTS
    ]
    assert found == []
