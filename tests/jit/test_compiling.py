"""Compiling: from memory, by several threads and processes, and what the code depends on."""

import contextlib
import inspect
import math
import os
import shutil
import subprocess
import sys
import threading
import traceback

import numpy as np
import pytest

import brainsim as bs
from brainsim.jit import cache, decorators
from brainsim.jit.decorators import load_source
from brainsim.jit.entry import ENTRY
from tests.helpers.equations.compiled_texts import POSIX, TEXT, came_from_cache, fresh, python
from tests.helpers.modules import modules


def test_text_runs_from_memory(folder):
    """No source file is written or read; tracebacks and debuggers show the text all the same."""
    text = TEXT.format(1) + "\n\ndef fails():\n    raise ValueError('as it should')\n"
    module = fresh(text)
    assert module.value(1.0) == 4.0
    assert [path.suffix for path in folder.iterdir()] == [cache.SUFFIX]
    assert "return 3*x" in inspect.getsource(module.value)
    with pytest.raises(ValueError, match="as it should") as caught:
        module.fails()
    assert "raise ValueError('as it should')" in "".join(traceback.format_exception(caught.value))


# -- several together ------------------------------------------------------------------------------------------------------


def test_threads_load_one_text_simultaneously():
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


@pytest.mark.thorough
def test_networks_are_built_in_several_threads_simultaneously():
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


def test_two_processes_that_write_simultaneously_do_not_mix_up_their_code(folder, monkeypatch):
    """Each has read the cache before the other writes it."""
    text, replace, meet = TEXT.format(1), os.replace, threading.Barrier(2, timeout=60)

    def replace_together(*paths):
        meet.wait()
        replace(*paths)

    # each module stands for a process
    one, two = fresh(text).value, fresh(text).value
    assert one is not two
    monkeypatch.setattr(decorators, "in_background", lambda function, *given: function(*given))
    monkeypatch.setattr(decorators, "_compiling", contextlib.nullcontext())
    monkeypatch.setattr(os, "replace", replace_together)
    paths = [folder / name for name in ("a.code", "b.code")]
    run_together([lambda path=path: cache._write(path, cache._sealed(path, path.name.encode())) for path in paths])
    monkeypatch.setattr(os, "replace", replace)
    assert [cache._read(path, False) for path in paths] == [b"a.code", b"b.code"]
    shutil.rmtree(folder)
    assert one(2.0) == 7.0
    assert two(2) == 7
    assert isinstance(two(2), int)
    assert len(list(folder.iterdir())) == 2
    for x in (2.0, 2):
        assert came_from_cache(text, x)
        assert type(fresh(text).value(x)) is type(x)


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


# -- arguments and results -------------------------------------------------------------------------------------------------


@decorators.kernel
def results(kind, a, pair, nothing):
    """Return what it was given."""
    if kind < 0:
        raise ValueError("a negative kind")
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += (10.0 * i + j) * a[i, j]
    return kind, total, pair[1][0] if nothing is None else np.float32(0.0), a.shape[0]


@pytest.mark.thorough
def test_arguments_and_results_of_all_kinds():
    a = np.arange(12.0).reshape(3, 4)
    cases = [a, a.T, np.asfortranarray(a), a[::2, ::-1], a[:1], np.ones((0, 4)), a.astype(np.float32), a.astype(np.uint8)]
    for case in cases:
        expected = (case * np.add.outer(10.0 * np.arange(case.shape[0]), np.arange(case.shape[1]))).sum()
        for kind in (3, np.int64(3), np.int32(3), np.uint8(3), True):
            found = results(kind, case, (1, (np.float32(1.5), False)), None)
            assert found == (kind, expected, 1.5, case.shape[0])
    codes = len(results._codes)
    results(np.int64(3), a[:2], (np.int64(1), (np.float32(2.5), np.bool_(True))), None)
    assert len(results._codes) == codes


def test_a_number_without_a_sign_keeps_its_bits():
    value = fresh("from brainsim.jit.decorators import kernel\n\n\n@kernel\ndef value(x):\n    return x\n").value
    for x in (np.uint64(2**63 + 1), 2**63 + 1, 2**62 + 1, -1, -(2**63), math.inf):
        assert value(x) == x
    assert value(None) is None


@pytest.mark.parametrize("value", ["text", [1.0], {}, 1j, 2**64, object()])
def test_what_no_compiled_function_takes(value):
    with pytest.raises(TypeError, match="takes numbers, arrays and tuples of them"):
        results(value, np.ones((1, 1)), (1, (1.0, False)), None)


def test_a_compiled_function_that_fails_says_so():
    with pytest.raises((RuntimeError, ValueError), match="results|a negative kind"):
        results(-1, np.ones((1, 1)), (1, (np.float32(1.0), False)), None)


def test_a_bound_function_reads_its_arrays_as_they_are():
    a = np.ones((2, 2))
    bound = results.bind(1, a, (1, (np.float32(1.0), False)), None)
    assert bound()[1] == 22.0
    a[1, 1] = 2.0
    assert bound()[1] == 33.0
    del a
    assert bound()[1] == 33.0


WARM = """
import sys
import brainsim as bs
cells = bs.Population(100, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
net = bs.Network(seed=1)
net.connect(cells, cells, bs.FixedProbability(0.1), weight=10.0, delay=1.5, synapse=bs.Exponential())
net.stimulate(cells, bs.PoissonInput(rate=9000.0, weight=30.0, synapse=bs.Exponential()))
print(len(bs.simulate(net, 50.0, seed=1, threads=1).spikes["cells"]))
print("numba" in sys.modules, "scipy" in sys.modules, "matplotlib" in sys.modules)
"""


def test_a_process_that_finds_its_code_in_the_cache_imports_neither_numba_nor_scipy():
    first, second = (python(WARM)[0].split() for _ in range(2))
    assert first[0] == second[0]
    assert int(first[0]) > 10
    assert second[1:] == ["False"] * 3


def test_a_compiled_function_has_no_closure():
    factor = 2.0
    with pytest.raises(TypeError, match="must not have a closure"):
        decorators.kernel(lambda x: factor * x)


def test_without_compilation_there_is_a_reason(tmp_path):
    code = (
        "import brainsim as bs\nnet = bs.Network(seed=1)\nnet.add(bs.Population(2, bs.LIF(), name='cells'))\n"
        "bs.simulate(net, 1.0, seed=1)\n"
    )
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "BRAINSIM_CACHE_DIR": str(tmp_path), "BRAINSIM_COMPILERS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert "RuntimeError: NUMBA_DISABLE_JIT: brainsim's functions run compiled only; unset this" in done.stderr


def test_text_of_a_function_for_another_processor():
    module = fresh("from brainsim.jit.decorators import kernel\n\n\n@kernel\ndef value(x):\n    return 3.5*x\n")
    assert module.value(2.0) == 7.0
    text = module.value.portable((2.0,))
    assert f"@{ENTRY}(" in text
    assert "fmul double" in text
    assert "3.5" in text


@pytest.mark.thorough
def test_nothing_is_compiled_at_import(tmp_path):
    engine = [module for module in modules() if module.startswith("brainsim.engine")]
    assert {"brainsim.engine.operators.poisson_events", "brainsim.engine.synapses.delivery"} <= set(engine)
    python(f"import brainsim.ann.conversion.kernels, {', '.join(engine)}", BRAINSIM_CACHE_DIR=str(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


@pytest.mark.thorough
def test_the_linear_algebra_of_scipy_is_imported_when_a_function_needs_it_and_not_before():
    """Numba would import it before the first function, to see whether it is there."""
    script = """
import sys
import numpy as np
import brainsim.jit.compiler, numba
numba.njit(lambda x: x + 1.0)(1.0)
print("scipy.linalg" in sys.modules)
print((numba.njit(lambda a: np.dot(a, a))(np.ones(2)), numba.np.arraymath._HAVE_BLAS, "scipy.linalg" in sys.modules))
"""
    assert python(script)[0].splitlines() == ["False", "(2.0, True, True)"]
