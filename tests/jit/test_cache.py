"""The cache of compiled code: it heals, trusts nothing, survives a full disk, and never serves the wrong code."""

import ast
import hashlib
import inspect
import os
import pickle
import shutil
import subprocess
import sys
import threading
import traceback
import warnings
from pathlib import Path

import numba
import pytest

import brainsim as bs
from brainsim.jit import cache, decorators
from brainsim.jit.decorators import load_source
from tests.helpers.modules import MODULES, imported

TEXT = "from brainsim.jit.decorators import callback, kernel\n\n\n@kernel\ndef value(x):\n    return 3*x + {}\n"
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows guards files by their place, not by owner and mode")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Keep the compiled code of a test in a folder of its own, which is not there yet."""
    place = tmp_path / "cache" / "fingerprint"
    monkeypatch.setattr(cache, "cache_folder", lambda: place)
    cache._warn.cache_clear()
    yield place
    cache._warn.cache_clear()


def fresh(text):
    """Load a text as a new process would: nothing of it is in memory."""
    sys.modules.pop("kernel_" + hashlib.sha256(text.encode()).hexdigest()[:32], None)
    return load_source(text)


def came_from_cache(text, x=2.0):
    """Return whether the kernel came from the cache; its value is right in any case."""
    value = fresh(text).value
    assert value(x) == 3 * x + int(text.rsplit(" ", 1)[1])
    stats = value.stats
    return sum(stats.cache_hits.values()) == 1 and not stats.cache_misses


def the_file(folder):
    (path,) = folder.iterdir()
    return path


def python(script, **environment):
    """Run a script in a new process; return what it printed, and its warnings."""
    given = {name: text for name, text in (os.environ | environment).items() if text is not None}
    done = subprocess.run([sys.executable, "-c", script], env=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


# -- damage ----------------------------------------------------------------------------------------------------------------


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def put_folder(path):
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("something")


def put_pipe(path):
    path.unlink()
    os.mkfifo(path)


def put_link(path):
    aside = path.parent.parent / "aside"
    path.rename(aside)
    path.symlink_to(aside)


DAMAGE = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(os.urandom(5000)),
    "one bit": flip,
    "the hash of nothing": lambda path: path.write_bytes(hashlib.sha256(path.name.encode()).digest()),
    "no pickle": lambda path: path.write_bytes(cache._sealed(path, b"x" * 1000)),
    "another pickle": lambda path: path.write_bytes(cache._sealed(path, pickle.dumps(("signature", (1, 2))))),
    "unreadable": lambda path: path.chmod(0),
    "a folder": put_folder,
    "a pipe": put_pipe,
    "a link": put_link,
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_replaced(folder, damage):
    if os.name == "nt" and damage in ("a pipe", "a link"):
        pytest.skip("Windows has neither pipes among files nor links for everybody")
    text = TEXT.format(1)
    assert not came_from_cache(text)
    assert came_from_cache(text)
    DAMAGE[damage](the_file(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = came_from_cache(text)
        assert came_from_cache(text)
    assert not first or damage == "unreadable"  # which the administrator can read
    assert the_file(folder).is_file()


def test_a_file_under_the_name_of_another_is_not_taken(folder):
    texts = [TEXT.format(number) for number in (1, 2)]
    paths = []
    for text in texts:
        assert not came_from_cache(text)
        paths += [path for path in folder.iterdir() if path not in paths]
    shutil.copy(paths[0], paths[1])
    assert not came_from_cache(texts[1])
    assert came_from_cache(texts[1])


def test_the_cache_may_be_deleted_while_it_is_used(folder):
    assert not came_from_cache(TEXT.format(1))
    shutil.rmtree(folder.parent)
    assert not came_from_cache(TEXT.format(2))
    assert came_from_cache(TEXT.format(2))


# -- code of others --------------------------------------------------------------------------------------------------------


class Planted:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.write_text, (self.trace, "planted code was run")


def plant(folder, trace):
    path = the_file(folder)
    path.write_bytes(cache._sealed(path, pickle.dumps(Planted(trace))))
    return path


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
def test_no_code_is_taken_from_a_folder_that_others_can_write(folder, tmp_path, mode):
    text, trace = TEXT.format(1), tmp_path / "trace"
    assert not came_from_cache(text)
    plant(folder, trace)
    folder.chmod(mode)
    before = sorted(folder.iterdir())
    with pytest.warns(UserWarning, match="can be written by other users") as caught:
        assert not came_from_cache(text)
    assert len(caught) == 1
    assert str(folder) in str(caught[0].message)
    assert "Set BRAINSIM_CACHE_DIR" in str(caught[0].message)
    assert not trace.exists()
    assert sorted(folder.iterdir()) == before


@POSIX
def test_no_code_is_taken_from_a_file_that_others_can_write(folder, tmp_path):
    text, trace = TEXT.format(1), tmp_path / "trace"
    assert not came_from_cache(text)
    plant(folder, trace).chmod(0o666)
    assert not came_from_cache(text)
    assert not trace.exists()
    assert the_file(folder).stat().st_mode & 0o022 == 0
    assert came_from_cache(text)


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only the administrator can give files away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_no_code_is_taken_from_other_users(folder, tmp_path, what):
    text, trace = TEXT.format(1), tmp_path / "trace"
    assert not came_from_cache(text)
    path = plant(folder, trace)
    os.chown(path if what == "file" else folder, 12345, 12345)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert not came_from_cache(text)
    assert ["belongs to another user" in str(one.message) for one in caught] == ([True] if what == "folder" else [])
    assert not trace.exists()


@POSIX
def test_a_folder_is_made_that_others_cannot_write(folder):
    """Whatever the umask; a shared folder above it does no harm."""
    before = os.umask(0)
    try:
        assert not came_from_cache(TEXT.format(1))
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o022 for path in (folder, the_file(folder))] == [0, 0]
    folder.parent.chmod(0o777)
    assert came_from_cache(TEXT.format(1))


def test_text_runs_from_memory(folder):
    """No source file is written or read; tracebacks and debuggers show the text all the same."""
    text = TEXT.format(1) + "\n\ndef fails():\n    raise ValueError('as it should')\n"
    module = fresh(text)
    assert module.value(1.0) == 4.0
    assert [path.suffix for path in folder.iterdir()] == [cache.SUFFIX]
    assert "return 3*x" in inspect.getsource(module.value.py_func)
    with pytest.raises(ValueError, match="as it should") as caught:
        module.fails()
    assert "raise ValueError('as it should')" in "".join(traceback.format_exception(caught.value))


# -- where nothing can be written ------------------------------------------------------------------------------------------


FULL = """
import resource, sys
import brainsim as bs
from brainsim.jit.decorators import load_source
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for number in range(3):
    print(load_source(sys.argv[1].format(number)).value(2.0))
"""


@POSIX
def test_a_full_disk_costs_the_cache_only(tmp_path):
    """With a limit of the size of files, which fails in the midst of writing as a full disk does."""
    script = FULL.replace("sys.argv[1]", repr(TEXT))
    out, err = python(script, BRAINSIM_CACHE_DIR=str(tmp_path))
    assert out.split() == ["6.0", "7.0", "8.0"]
    assert err.count("UserWarning") == 1
    assert "cannot be written" in err
    assert str(tmp_path) in err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_cache_that_is_there_need_not_be_written(folder, monkeypatch):
    assert not came_from_cache(TEXT.format(1))
    folder.chmod(0o555)
    before = the_file(folder).stat()
    monkeypatch.setattr(cache, "_write", lambda *_: pytest.fail("the cache was written"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert came_from_cache(TEXT.format(1))
    folder.chmod(0o755)
    assert the_file(folder).stat().st_mtime_ns == before.st_mtime_ns


def test_a_file_in_the_place_of_the_folder(folder):
    folder.parent.mkdir()
    folder.write_text("something")
    with pytest.warns(UserWarning, match="cannot be written"):
        assert not came_from_cache(TEXT.format(1))
    assert folder.read_text() == "something"


@POSIX
def test_a_user_without_a_home(monkeypatch):
    """As in a container that runs under a number which the system does not know."""

    def unknown(number):
        raise KeyError(number)

    for name in ("BRAINSIM_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    cache.cache_folder.cache_clear()
    cache._warn.cache_clear()
    try:
        assert cache.user_cache() is None
        with pytest.warns(UserWarning, match="no home folder"):
            assert not came_from_cache(TEXT.format(11))
        from brainsim.commands import cli

        assert cli.main(["info"]) == 0
    finally:
        cache.cache_folder.cache_clear()
        cache._warn.cache_clear()


def test_a_process_without_standard_error(folder, monkeypatch):
    folder.parent.mkdir()
    folder.write_text("something")
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.warns(UserWarning, match="cannot be written"):
        assert not came_from_cache(TEXT.format(1))


# -- several at once -------------------------------------------------------------------------------------------------------


def test_threads_load_one_text_at_once():
    """A module is there for all when it is whole."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for number in range(50):
            text = "import math\n" + "\n".join(f"x{k} = {k}" for k in range(50)) + f"\nlast = {number}\n"
            start, found = threading.Barrier(8), []

            def load(text=text, start=start, found=found):
                start.wait()
                found.append(getattr(load_source(text), "last", None))

            run_together([load] * 8)
            assert found == [number] * 8
    finally:
        sys.setswitchinterval(before)


def run_together(functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_text_that_fails_is_not_kept():
    text = "value = 1\nraise ValueError('half-way')\n"
    for _ in range(2):
        with pytest.raises(ValueError, match="half-way"):
            load_source(text)


def test_networks_are_built_in_several_threads_at_once():
    def spikes(tau):
        cells, net = bs.Population(20, bs.LIF(tau_m=tau), name="cells"), bs.Network(seed=1)
        net.stimulate(cells, bs.PoissonInput(rate=2000.0, weight=200.0, synapse=bs.Exponential()))
        return bs.simulate(net, 50.0, seed=1, threads=1, progress=False).spikes["cells"]

    found = {}
    run_together([lambda tau=tau: found.__setitem__(tau, spikes(tau)) for tau in (5.0, 10.0, 15.0, 20.0)])
    assert sorted(found) == [5.0, 10.0, 15.0, 20.0]
    for tau, there in found.items():
        assert there == spikes(tau)
    assert len(found[5.0]) > 10


def test_two_processes_that_write_at_once_do_not_mix_up_their_code(folder, monkeypatch):
    """Each has read the cache before the other writes it."""
    text, replace, meet = TEXT.format(1), os.replace, threading.Barrier(2, timeout=60)

    def replace_together(*paths):
        meet.wait()
        replace(*paths)

    # each module stands for a process
    one, two = fresh(text).value, fresh(text).value
    assert one is not two
    monkeypatch.setattr(decorators, "in_background", lambda function, *given: function(*given))
    monkeypatch.setattr(decorators, "global_compiler_lock", Unlocked())
    monkeypatch.setattr(os, "replace", replace_together)
    paths = [folder / name for name in ("a.code", "b.code")]
    run_together([lambda path=path: cache._write(path, cache._sealed(path, path.name.encode())) for path in paths])
    monkeypatch.setattr(os, "replace", replace)
    assert [cache._read(path) for path in paths] == [b"a.code", b"b.code"]
    shutil.rmtree(folder)
    assert one(2.0) == 7.0
    assert two(2) == 7
    assert isinstance(two(2), int)
    assert len(list(folder.iterdir())) == 2
    for x in (2.0, 2):
        assert came_from_cache(text, x)
        assert type(fresh(text).value(x)) is type(x)


class Unlocked:
    """Stands for the lock of another process."""

    def is_locked(self):
        return False


FORK = """
import os, sys, threading, time
import brainsim as bs
from brainsim.jit.decorators import load_source
texts = [sys.argv[1].format(number) for number in (1, 2)]
thread = threading.Thread(target=lambda: load_source(texts[0]).value(2.0))
thread.start()
time.sleep(0.2)
child = os.fork()
if child == 0:
    print(load_source(texts[1]).value(2.0), flush=True)
    os._exit(0)
thread.join()
print(os.waitpid(child, 0)[1], flush=True)
"""


@POSIX
def test_a_child_that_is_forked_while_a_thread_compiles_can_compile(tmp_path):
    out, _ = python(FORK.replace("sys.argv[1]", repr(TEXT)), BRAINSIM_CACHE_DIR=str(tmp_path))
    assert out.split() == ["8.0", "0"]


# -- what the code depends on ----------------------------------------------------------------------------------------------


def test_every_source_of_compiled_code_is_in_the_fingerprint():
    """What a module with compiled functions imports, directly or not, may be part of their code."""
    loads = {
        module: {name for name, now in imported(module, tree) if now and name in MODULES} for module, tree in MODULES.items()
    }
    makers = {
        module
        for module, tree in MODULES.items()
        if any(
            isinstance(node, ast.ImportFrom)
            and node.module == "brainsim.jit.decorators"
            and {alias.name for alias in node.names} & {"helper", "kernel", "callback"}
            for node in ast.walk(tree)
        )
    }
    assert {"brainsim.engine.driver", "brainsim.ann.conversion.kernels", "brainsim.rng.variates"} <= makers
    found, new = set(), makers
    while new:
        found |= new
        new = {name for module in new for name in loads[module]} - found
    covered = {
        path.relative_to(cache.PACKAGE.parent).with_suffix("").as_posix().replace("/", ".") for path in cache.source_files()
    }
    assert found - covered == set()


class Codegen:
    def __init__(self, *cpu):
        self._cpu = cpu

    def magic_tuple(self):
        return self._cpu


def test_the_name_of_a_file_says_what_its_code_depends_on(folder, monkeypatch):
    value = fresh(TEXT.format(1)).value
    store, signature = cache.Store(value.py_func), numba.float64(numba.float64)
    cpu = ("x86_64", "skylake", "+avx2")
    usual = store.path(signature, Codegen(*cpu))
    assert store.path(signature, Codegen(*cpu)) == usual
    other = {store.path(signature, Codegen(*cpu[:place], "other", *cpu[place + 1 :])) for place in range(3)}
    other.add(store.path(numba.float32(numba.float32), Codegen(*cpu)))
    other.add(cache.Store(fresh(TEXT.format(2)).value.py_func).path(signature, Codegen(*cpu)))
    for where, name, text in [(numba, "__version__", "1.2"), (numba.config, "BOUNDSCHECK", 1), (numba.config, "OPT", 0)]:
        with monkeypatch.context() as patch:
            patch.setattr(where, name, text)
            cache._surroundings.cache_clear()
            other.add(store.path(signature, Codegen(*cpu)))
    cache._surroundings.cache_clear()
    assert len(other - {usual}) == 8


def test_a_compiled_function_has_no_closure():
    factor = 2.0
    with pytest.raises(TypeError, match="must not have a closure"):
        decorators.kernel(lambda x: factor * x)


def test_nothing_is_compiled_at_import(tmp_path):
    python(
        "import brainsim.engine.simulation, brainsim.engine.injection, brainsim.engine.cell_drive\n"
        "import brainsim.ann.conversion.kernels",
        BRAINSIM_CACHE_DIR=str(tmp_path / "cache"),
    )
    assert not (tmp_path / "cache").exists()
