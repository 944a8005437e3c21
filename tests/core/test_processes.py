"""Processes that the package starts run no code that the process of the user would not run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import brainsim

PACKAGE = Path(brainsim.__file__).parent
PATH = [str(PACKAGE.parent), *filter(None, sys.path)]  # for the options without which it would not be found
FLAGS = "isolated safe_path ignore_environment no_site no_user_site optimize utf8_mode"
# what the started process prints: its flags, and its path
SAY = f"import pickle, random, subprocess, sys; print([getattr(sys.flags, n) for n in {FLAGS.split()!r}]); print(sys.path)"
SCRIPT = f"""
import os, subprocess, sys
sys.path[:0] = {PATH!r}
from brainsim.core.processes import python_command
print([getattr(sys.flags, n) for n in {FLAGS.split()!r}])
print(sys.path, flush=True)
os.chdir(sys.argv[1])
subprocess.run(python_command({SAY!r}))
"""


@pytest.fixture
def hostile(tmp_path):
    """Return a folder in which every module of the standard library writes its name to `ran` when it is imported."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name in (*sys.stdlib_module_names, "sitecustomize", "usercustomize", "numpy", "numba", "joblib", "mpi4py"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name + ' '!r})\n")
    return folder


def what_ran(folder):
    ran = folder.parent / "ran"
    return ran.read_text() if ran.exists() else ""


def run_script(folder, text, *options, **environment):
    """Run a script that lies in another folder; return what it prints."""
    (folder.parent / "programs").mkdir(exist_ok=True)
    (folder.parent / "programs" / "script.py").write_text(text)
    names = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    command = [sys.executable, *options, "script.py", str(folder)]
    cwd = folder.parent / "programs"
    done = subprocess.run(command, cwd=cwd, env=names, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("options", ["", "-I", "-P", "-E", "-S", "-s", "-O", "-I -S -OO", "-X utf8 -W error"])
def test_options_and_the_path_are_those_of_this_process(hostile, options):
    own, own_path, flags, path = run_script(hostile, SCRIPT, *options.split()).splitlines()
    expected = [int(flag) for flag in own.replace("True", "1").replace("False", "0").strip("[]").split(",")]
    got = [int(flag) for flag in flags.replace("True", "1").replace("False", "0").strip("[]").split(",")]
    expected[1] = 1  # the current folder is never added
    assert got == expected
    assert path == own_path
    assert what_ran(hostile) == ""


def test_files_of_bytecode_are_those_of_this_process(hostile):
    say = "import sys; print(sys.pycache_prefix)"
    script = SCRIPT.replace(repr(SAY), repr(say)).replace("os.chdir", "sys.pycache_prefix = '/elsewhere'; os.chdir")
    assert run_script(hostile, script).splitlines()[-1] == "/elsewhere"


def test_a_relative_pythonpath_is_not_followed_to_another_folder(hostile):
    """A script that changes the folder must not find ``sitecustomize.py`` there."""
    script = f"""
import os, sys, time
sys.path[:0] = {PATH!r}
from brainsim.jit import ahead
ahead.processors = lambda: 2
os.chdir(sys.argv[1])
ahead.compile_ahead("elsewhere", "main", "a task")
late = time.monotonic() + 60.0
while not ahead._now.begun and time.monotonic() < late:
    time.sleep(0.01)
print(*ahead._now.begun)
"""
    (hostile.parent / "programs").mkdir()
    (hostile.parent / "programs" / "elsewhere.py").write_text("def main(stream):\n    print('begun one', flush=True)\n")
    environment = {"PYTHONPATH": ".", "BRAINSIM_COMPILERS": "2", "BRAINSIM_CACHE_DIR": str(hostile.parent / "cache")}
    assert run_script(hostile, script, **environment) == "one\n"
    assert what_ran(hostile) == ""


@pytest.mark.parametrize("joblib", [True, False])
def test_workers_of_a_sweep_do_not_look_in_the_current_folder(hostile, joblib):
    """What a function starts there is as it would be here."""
    script = f"""
import os, sys
sys.path[:0] = {PATH!r}
import brainsim as bs
from brainsim.sweeps import workers

def point(x):
    return {{"pid": os.getpid(), "safe": "PYTHONSAFEPATH" in os.environ}}

if __name__ == "__main__":
    if {not joblib}:
        workers._joblib = lambda: None
    os.chdir(sys.argv[1])
    table = bs.sweep(point, over={{"x": [1, 2, 3]}}, workers=2, progress=False)
    print(len({{*table.values("pid")}}), table.values("safe").tolist(), "PYTHONSAFEPATH" in os.environ)
"""
    if joblib:
        pytest.importorskip("joblib")
    assert run_script(hostile, script) == "3 [0.0, 0.0, 0.0] False\n"  # the first point is computed by the process itself
    assert what_ran(hostile) == ""


@pytest.mark.thorough
def test_ranks_do_not_look_in_the_current_folder(hostile):
    pytest.importorskip("mpi4py", reason="runs on ranks need mpi4py and an MPI library: pip install mpi4py mpich")
    script = f"""
import os, sys
sys.path[:0] = {PATH!r}
from brainsim.commands.cli import main
os.chdir(sys.argv[1])
main("run single --ranks 2 --duration 20 --no-plot".split())
"""
    assert "Result: 20 ms" in run_script(hostile, script)
    assert what_ran(hostile) == ""


def test_only_one_module_starts_python():
    """Another place would have to know all this, too."""
    naming = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "sys.executable" in path.read_text()}
    assert naming == {"core/processes.py", "jit/ahead.py"}  # the latter asks whether it is Python
