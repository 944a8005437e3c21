"""A second process compiles what a first network needs, from the other end."""

import os
import signal
import subprocess
import sys
import time

import pytest

from brainsim.jit import ahead
from brainsim.jit.background import Job

NETWORK = """
import brainsim as bs
cells = bs.Population(20, bs.LIF(), name="cells", initial={"v": bs.Uniform(-60.0, -50.0)})
net = bs.Network(seed=1)
net.connect(cells, cells, bs.FixedProbability(0.5), weight=0.1, delay=1.5, synapse=bs.Delta())
"""
RUN = (
    NETWORK
    + """
import sys
result = bs.simulate(net, 20.0, seed=2, record=bs.Trace(cells, "v"))
from brainsim.jit import ahead
print(len(result.spikes["cells"]), result.traces["cells", "v"].values.tobytes().hex()[-64:])
print(len(ahead._now.begun))
"""
)


@pytest.fixture
def run(tmp_path):
    """Run a script with an empty cache and so many processes that compile; return the lines that it prints."""

    def run(script, compilers="2"):
        environment = {"BRAINSIM_COMPILERS": compilers, "BRAINSIM_CACHE_DIR": str(tmp_path / f"cache{compilers}")}
        options = {"env": os.environ | environment, "capture_output": True, "text": True, "timeout": 300}
        done = subprocess.run([sys.executable, "-c", script], **options)
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        return done.stdout.splitlines()

    return run


@pytest.fixture
def two_processors(monkeypatch):
    monkeypatch.setattr(ahead, "processors", lambda: 2)
    monkeypatch.setenv("BRAINSIM_COMPILERS", "2")


def files_in(folder):
    return {path.name for path in folder.rglob("*.code")}


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.skipif(ahead.processors() == 1, reason="nothing is compiled ahead on one processor")
def test_another_process_leaves_in_the_cache_what_one_process_would(run, tmp_path):
    alone, together = run(RUN, "1"), run(RUN, "2")
    assert alone[1] == "0"
    assert int(together[1]) > 0
    assert alone[0] == together[0]
    assert files_in(tmp_path / "cache1") <= files_in(tmp_path / "cache2")
    assert run(RUN, "2") == [alone[0], "0"]  # with a filled cache no process is started


def test_what_a_network_needs_is_found_without_its_numbers():
    """The functions are those of a run, though none was called to build the network."""
    code = (
        NETWORK
        + """
import io, pickle
from brainsim.engine.simulation import needed
from brainsim.jit import cache, decorators
found = []
needed.compile_last_first = lambda functions, out: found.extend(name for name, make in functions)
needed.compile_needed(io.BytesIO(pickle.dumps((net, {"threads": 1}))))
cache.tell, read = lambda: found.append(""), cache.read
asked = []
cache.read = lambda name: asked.append(name) or read(name)
bs.simulate(net, 1.0, seed=1, threads=1)
print(sorted({*asked} - {*found}))
"""
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def names_begun(monkeypatch, tmp_path, *lines):
    """Start a process that runs these lines; return the names that it has begun."""
    body = "\n".join(f"    {line}" for line in lines)
    (tmp_path / "elsewhere.py").write_text(f"import os, time\ndef main(stream):\n{body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    ahead.compile_ahead("elsewhere", "main", "a task")
    late = time.monotonic() + 60.0
    while not ahead._now.begun and time.monotonic() < late:
        time.sleep(0.01)
    return list(ahead._now.begun)


def test_nobody_waits_for_a_process_that_was_killed(two_processors, monkeypatch, tmp_path):
    (pid,) = names_begun(monkeypatch, tmp_path, "print('begun', os.getpid(), flush=True)", "time.sleep(100)")
    os.kill(int(pid), signal.SIGKILL)
    assert ahead.wait_for(pid)


def test_nobody_waits_for_what_was_not_begun(two_processors, monkeypatch, tmp_path):
    assert names_begun(monkeypatch, tmp_path, "print('begun one', flush=True)", "print('done one')") == ["one"]
    assert ahead.wait_for("one")
    assert not ahead.wait_for("two")


@pytest.mark.parametrize("reason", ["one processor", "one compiler", "cannot be sent", "too large", "embedded", "frozen"])
def test_no_process_is_started(two_processors, monkeypatch, reason):
    monkeypatch.setattr(subprocess, "Popen", lambda *given, **options: pytest.fail("a process was started"))
    task = "a task"
    if reason == "one processor":
        monkeypatch.setattr(ahead, "processors", lambda: 1)
    elif reason == "one compiler":
        monkeypatch.setenv("BRAINSIM_COMPILERS", "1")
    elif reason == "embedded":
        monkeypatch.setattr(sys, "executable", "/opt/blender/blender")
    elif reason == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    elif reason == "cannot be sent":
        task = lambda: None  # noqa: E731
    else:
        monkeypatch.setattr(ahead, "LARGEST", 10)
    ahead.compile_ahead("elsewhere", "main", task)


OWN_MODEL = """
import brainsim as bs
class Mine(bs.LIF):
    pass
open(__file__ + ".log", "a").write("imported ")
"""
SENT = """
import io, pickle, sys
import brainsim as bs
from brainsim.engine.simulation.needed import compile_needed
sys.path.insert(0, sys.argv[1])
import own_model
net = bs.Network(seed=1)
net.add(bs.Population(2, {model}, name="cells"))
data = pickle.dumps((net, {{"threads": 1}}))
del sys.modules["own_model"]
compile_needed(io.BytesIO(data))
"""


@pytest.mark.parametrize("model", ["bs.LIF()", "own_model.Mine()"])
def test_modules_of_the_user_are_not_imported_a_second_time(tmp_path, model):
    """They may run whatever they like when they are imported."""
    (tmp_path / "own_model.py").write_text(OWN_MODEL)
    command = [sys.executable, "-c", SENT.format(model=model), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ("own_model.Mine is not of brainsim" in done.stderr) == (done.returncode != 0) == (model != "bs.LIF()"), (
        done.stderr
    )
    assert (tmp_path / "own_model.py.log").read_text() == "imported "


def test_a_module_may_simulate_while_it_is_imported(tmp_path):
    """To write one of its classes, another thread would import it, and wait for the thread that imports it."""
    (tmp_path / "own_model.py").write_text(
        "import brainsim as bs\nfrom brainsim.jit import ahead, background\nahead.processors = lambda: 2\n"
        "class Mine(bs.LIF):\n    pass\n"
        "background.in_background(ahead.compile_ahead, 'elsewhere', 'main', Mine())\nprint('imported')\n"
    )
    environment = os.environ | {"BRAINSIM_COMPILERS": "2", "BRAINSIM_CACHE_DIR": str(tmp_path / "cache")}
    options = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 300}
    assert subprocess.run([sys.executable, "-c", "import own_model"], **options).stdout == "imported\n"


@pytest.mark.thorough
def test_a_class_that_only_this_process_knows_is_compiled_here(run):
    script = """
import brainsim as bs
class Mine(bs.Neuron):
    equations = "dv/dt = -v"
    dimensions = False
    threshold = "v > 1"
    reset = "v = 0"
    v: float = bs.initial(2.0, "mV", "potential")
cells = bs.Population(3, Mine(), name="cells")
net = bs.Network(seed=1)
net.connect(cells, cells, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.Delta())
print(len(bs.simulate(net, 5.0, seed=1).spikes["cells"]))
"""
    assert int(run(script)[0]) > 0


def test_who_waits_for_a_job_is_told_that_it_was_given_up():
    job = Job(print, ("never",))
    job.cancel()
    assert job.cancelled()
    with pytest.raises(RuntimeError, match="the job was cancelled"):
        job.result()
