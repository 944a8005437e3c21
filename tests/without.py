"""What can be deleted: ``python -m tests.without`` copies the package without each feature and each public room, and all.

In each copy a network with Poisson input, exponential synapses and a trace must have the spikes and the state that it has
with the whole package, to the bit; and who asks for what was deleted must read one clear sentence, also by importing a room
that needs it.

``python -m tests.without --tests ranks [what pytest is given]`` deletes a feature or a room, or all, with its tests and its
page, in a copy of the repository, and runs the tests that are left: all must pass, or need what was deleted.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.helpers.lacking import SENTENCE

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "brainsim"
ROOMS = ("analysis", "ann", "brian2", "commands", "connectomes", "encode", "examples", "explore", "fitting", "learn")
ROOMS += ("nestml", "nir", "plot", "pages", "pynn", "sonata", "sweeps", "testing")
# feature -> its folders and files
FEATURES = {
    "cells at rest": "features/resting",
    "exact times": "features/precise features/pairs/precise_and_plasticity.py testing/reference/exact_times.py "
    "testing/reference/exact_times_network.py testing/reference/exact_times_learning.py "
    "testing/reference/exact_times_curved.py",
    "couplings": "features/couplings features/pairs/couplings_and_plasticity testing/reference/couplings.py "
    "testing/reference/couplings_learning.py",
    "plasticity": "features/plasticity features/pairs/couplings_and_plasticity features/pairs/precise_and_plasticity.py "
    "testing/reference/plasticity.py testing/reference/plasticity_network.py testing/reference/plasticity_synapses.py "
    "testing/reference/plasticity_homeostasis.py testing/reference/couplings_learning.py "
    "testing/reference/exact_times_learning.py",
    "ranks": "features/ranks features/pairs/ranks_and_streams.py",
    "checkpoints": "features/checkpoints",
    "estimates": "features/estimates",
    "streams": "features/streams features/pairs/ranks_and_streams.py",
    "growing": "features/growing testing/reference/changes.py",
    "formats": "features/formats",
    "clamps": "features/clamps testing/reference/clamps.py",
    "html": "features/html",
    "adjoints": "features/adjoints",
    "further neurons": "features/neurons",
    "convolution": "features/convolution",
    "signals": "features/signals",
    "noise": "features/noise",
}
NETWORK = """
import hashlib
import brainsim as bs

def network():
    cells = bs.Population(100, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=20.0, delay=1.5, synapse=bs.Exponential())
    net.stimulate(cells, bs.PoissonInput(rate=8000.0, weight=25.0, synapse=bs.Exponential()))
    return cells, net, wires

cells, net, wires = network()
result = bs.simulate(net, 100.0, seed=2, threads=1, record=[bs.Trace(cells[:3], "v")])
spikes, trace = result.spikes["cells"], result.traces["cells", "v"]
digest = hashlib.sha256()
for values in (spikes.times, spikes.ids, trace.values, result.state.variables["cells"]["v"]):
    digest.update(values.tobytes())
print(len(spikes), digest.hexdigest()[:16])
"""
# feature or room -> what a user who needs it writes
NEEDED = {
    "cells at rest": "many = bs.Population(2500, bs.LIF(), name='many'); net.add(many); bs.simulate(net, 5.0, threads=1)",
    "exact times": "bs.simulate(net, 1.0, precise=True)",
    "couplings": "net.connect(cells, cells, bs.AllToAll(), weight=0.1, synapse=bs.GapJunction()); bs.simulate(net, 1.0)",
    "plasticity": "net.connect(cells, cells, bs.OneToOne(), weight=0.1, delay=1, synapse=bs.Delta(), plasticity=bs.STDP()); "
    "bs.simulate(net, 1.0)",
    "ranks": "bs.simulate(net, 1.0, ranks=True)",
    "checkpoints": "sim = bs.Simulation(net); sim.run(1.0); sim.save('some.npz'); bs.Simulation.load(net, 'some.npz')",
    "estimates": "net.estimate()",
    "streams": "bs.simulate(net, 1.0, to='stream.npz', overwrite=True)",
    "growing": "sim = bs.Simulation(net); sim.set('cells', tau_m=10.0); sim.rewire(wires, remove=[0]); "
    "sim.run(1.0); sim.continue_with(net)",
    "formats": "result.save('some.h5')",
    "clamps": "net.stimulate(cells[:1], bs.VoltageClamp(-60.0)); bs.simulate(net, 1.0)",
    "html": "result.view",
    "further neurons": "bs.HodgkinHuxley()",
    "convolution": "bs.Convolution([[[[1.0, 2.0]]]], (1, 4, 4))",
    "signals": "bs.signals.sine(20.0, 15.0, frequency=8.0)",
    "noise": "net.stimulate(cells, bs.NoiseInput(100.0)); bs.simulate(net, 1.0)",
    "adjoints": "bs.learn.ModelLayer(8, bs.LIF(t_ref=0.0))",
    "plot": "result.view()",
    "pages": "bs.Simulation(net).page()",
    "fitting": "bs.fit",
}
# features that work without being seen, or need a package
SILENT = {"cells at rest", "html"}
IN_ROOM = {"adjoints": "learn"}  # what is needed for a feature, if it is a room
PACKAGES = {"ranks": "mpi4py", "formats": "h5py", "import brainsim.pynn": "pyNN", "import brainsim.brian2": "brian2"}
# the tests that run when something was deleted: those of the core, of what checks models, and of the public names
OF_CORE = [f"tests/{room}" for room in ("core", "build", "rng", "network", "results", "engine", "laws", "testing")]
OF_CORE += ["tests/interface/test_public.py", "tests/interface/test_documented.py"]
LISTED = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]  # all files of the repository, new ones as well


def copy_without(places, folder):
    """Copy the package into a folder, without some of its folders and files."""
    package = Path(folder, "brainsim")
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for place in places:
        delete(package / place)
    files = [*package.rglob("*.py")]
    return f"{sum(file.read_text(encoding='utf-8').count(chr(10)) for file in files):,} lines in {len(files)} files"


def script_for(without):
    """Return a script that prints a line for the network, and for each feature what goes wrong, or "works"."""
    lines = {name: line for name, line in NEEDED.items() if name in FEATURES or name == without}
    lines |= {f"import brainsim.{room}": f"import brainsim.{room}" for room in ROOMS if room != without} if without else {}
    return f"""{NETWORK}
import importlib.util
for name, line in {lines!r}.items():
    if (package := {PACKAGES!r}.get(name)) and not importlib.util.find_spec(package):
        continue
    try:
        cells, net, wires = network()
        exec(line)
        print(name, "works", sep="\t")
    except Exception as error:
        print(name, f"{{type(error).__name__}}: {{' '.join(str(error).split())}}", sep="\t")
"""


def run(folder, script):
    """Return the lines that a script prints, with the brainsim of a folder."""
    given = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=given, capture_output=True, text=True, timeout=300)
    return done.stdout.strip().splitlines() or done.stderr.strip().splitlines()[-1:]


def what_is_printed_without(places, without=None):
    """Return what the network prints in a copy of the package, how large that is, and feature -> what it answers."""
    with tempfile.TemporaryDirectory() as folder:
        size = copy_without(places, folder)
        first, *others = run(folder, script_for(without))
        return first, size, dict(line.split("\t") for line in others)


def cases():
    """Return name -> folders and files to be deleted: of each feature and room, and of all together."""
    each = {name: places.split() for name, places in FEATURES.items()} | {room: [room] for room in ROOMS}
    return each | {"all": [*ROOMS, "features"]}


def run_tests(name, *given):
    """Run the tests that are left without a feature or a room, or without all; return the exit status of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        listed = subprocess.run(LISTED, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
        for file in (file for file in listed if Path(ROOT, file).is_file()):
            Path(folder, file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, Path(folder, file))
        for place in (*(f"brainsim/{place}" for place in cases()[name]), *deleted_with(name)):
            delete(Path(folder, place))
        given = [name for name in given if not name.startswith("tests/") or Path(folder, name).exists()]
        command = [sys.executable, "-m", "pytest", "-p", "tests.helpers.lacking", *given]
        return subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": folder}).returncode


def delete(place):
    """Delete a file or a folder, if it is there."""
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)


def main():
    """Delete each, and print what the network does without it; exit with 1 if it does not have its spikes and state."""
    whole, size, answers = what_is_printed_without([])
    print(f"{'with everything':23s} {whole}   {size}   {failing(answers, None)}", flush=True)
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process
        for name, (printed, size, answers) in zip(
            cases(), pool.map(what_is_printed_without, cases().values(), cases()), strict=True
        ):
            broken = "" if name == "all" else failing(answers, name)
            failed |= printed != whole or bool(broken)
            said = "; ".join(filter(None, (answers.get(name), broken)))
            print(f"without {name:15s} {printed}   {size}   {said}", flush=True)
    return int(failed)


def failing(answers, without):
    """Return which other features do not work in a copy that lacks one, as text; "" if all do."""
    return "; ".join(
        f"{name}: {answer}"
        for name, answer in answers.items()
        if answer != "works" and name != without and not (_needs_a_room(name, without) and SENTENCE in answer)
    )


def _needs_a_room(name, without):
    """Return whether what is used needs a room, or something else that was deleted: it must then say so."""
    return name.startswith("import ") or (without is not None and IN_ROOM.get(name) == without)


def deleted_with(name):
    """Return what is deleted with a feature or a room: its folder or file of tests, and its page."""
    found = []
    for place in cases()[name]:
        file = Path("tests", place).with_suffix("")
        tests = [file, file.with_name(f"test_{file.name}.py")]
        found += [path.as_posix() for path in (*tests, Path("brainsim", place, "README.md")) if (ROOT / path).exists()]
    return found


if __name__ == "__main__":
    sys.exit(run_tests(*sys.argv[2:]) if sys.argv[1:2] == ["--tests"] else main())
