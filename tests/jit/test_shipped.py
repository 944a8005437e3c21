"""Object code that comes with a wheel: found by what it does and for what level of processors, and not otherwise."""

import os
import subprocess
import sys

import pytest

from brainsim.jit import cache, decorators, naming, shipped
from brainsim.jit.arguments import text_of

TEXT = """
from brainsim.jit.decorators import kernel
from brainsim.jit.vmath import flushed

SCALE = 3.0

@kernel
def scaled(x):
    return SCALE * flushed(x)
"""
KINDS = (float,)


def again(text=TEXT):
    """Return the function as a process would have it that has not called it yet."""
    module = decorators.load_source(text)
    return decorators.kernel(module.scaled._function)


@pytest.fixture
def shipped_one(tmp_path, monkeypatch):
    """Put the code of the function into a folder of shipped code, and nothing into the cache; return its file."""
    first = again()
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "made")
    assert first(2.0) == 6.0
    found = cache.read(first.name(KINDS))
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "objects")
    monkeypatch.setattr(shipped, "level", lambda: "here")
    path = tmp_path / "objects" / "here" / f"{shipped.name_of(first._function, text_of(KINDS))}{cache.SUFFIX}"
    path.parent.mkdir(parents=True)
    path.write_bytes(cache.content_of(path, *found))
    return path


def compiled(function):
    """Return whether the function was compiled for the call, which must give the right number."""
    assert function(2.0) == 2.0 * function._function.__globals__["SCALE"]
    return function.compiled


def test_it_is_used_and_nothing_is_compiled(shipped_one):
    assert not compiled(again())
    shipped_one.chmod(0o666)  # as the sources beside it, it belongs to whoever installed the package
    assert not compiled(again())


def test_a_damaged_file_is_not_used(shipped_one):
    shipped_one.write_bytes(shipped_one.read_bytes()[:-1])
    assert compiled(again())


def test_another_constant_is_compiled(shipped_one, monkeypatch):
    function = again()
    monkeypatch.setitem(function._function.__globals__, "SCALE", 5.0)
    monkeypatch.setattr(shipped, "_known", {})  # as in a process that has named no function yet
    monkeypatch.setattr(naming, "_known", {})
    assert compiled(function)


def test_another_text_or_an_edited_module_has_another_name(monkeypatch):
    def name(text=TEXT):
        monkeypatch.setattr(shipped, "_known", {})
        return shipped.name_of(again(text)._function, text_of(KINDS))

    usual, source = name(), shipped._hash_of
    assert name() == usual
    assert name(TEXT.replace("SCALE *", "SCALE +")) != usual
    for module in ("brainsim.jit.vmath", "brainsim.jit.compiler"):  # one that is named, one that translates
        shipped._translation.cache_clear()
        monkeypatch.setattr(shipped, "_hash_of", lambda each, edited=module: source(each) + "x" * (each == edited))
        assert name() != usual
    shipped._translation.cache_clear()
    monkeypatch.setattr(shipped, "_hash_of", source)
    assert name() == usual


def test_functions_of_others_are_compiled():
    def scaled(x):
        return 3.0 * x

    assert shipped.name_of(scaled, text_of(KINDS)) is None


@pytest.mark.parametrize("missing", [None, "avx512f", "avx2"])
def test_the_level_is_the_best_of_which_all_features_are_there(missing, tmp_path, monkeypatch):
    import llvmlite.binding as llvm

    has = dict.fromkeys(shipped.LEVELS["x86-64-v4"], True) | {missing: False}
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: has)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shipped.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(naming, "settings", lambda: (None, None))
    level = shipped.level.__wrapped__
    assert level() == {None: "x86-64-v4", "avx512f": "x86-64-v3", "avx2": None}[missing]
    monkeypatch.setattr(naming, "settings", lambda: (None, "1"))  # such as NUMBA_BOUNDSCHECK
    assert level() is None
    monkeypatch.setattr(naming, "settings", lambda: (None, None))
    monkeypatch.setattr(shipped.platform, "machine", lambda: "aarch64")
    assert level() is None
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "nowhere")
    monkeypatch.setattr(shipped.platform, "machine", lambda: "x86_64")
    assert level() is None


RUN = """
import sys
from pathlib import Path
import brainsim as bs
from brainsim.jit import cache, naming, shipped
from brainsim.commands import warmup
from tests import ship

shipped.FOLDER = Path(sys.argv[1])
if sys.argv[2] == "fill":
    ship.tiny_networks = lambda: {"wired": lambda: warmup._wired(bs.AllToAll())}
    ship.train, ship.example_names = lambda: None, list
    ship.fill("here")
else:
    naming.settings, shipped.LEVELS = lambda: (None,), {"here": ()}
    shipped.platform.machine, sys.platform = lambda: "x86_64", "linux"
    cache.tell = lambda: print("compiles")
    ship.run_tiny(*warmup._wired(bs.AllToAll()))
    print("numba" in sys.modules)
"""


@pytest.mark.thorough
def test_a_first_process_compiles_nothing(tmp_path):
    said = {}
    for what in ("fill", "run"):
        environment = os.environ | {"BRAINSIM_CACHE_DIR": str(tmp_path / what)}
        command = [sys.executable, "-c", RUN, str(tmp_path / "objects"), what]
        said[what] = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "functions" in said["fill"]
    assert said["run"].split() == ["False"]
