"""Fixtures that all folders share."""

import atexit
import gc
import os
import shutil
import signal
import tempfile

import matplotlib
import matplotlib.pyplot as plt
import pytest

from brainsim.engine.simulation import settings
from tests.helpers import drawn

for name in ("BRAINSIM_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.pop(name, None)  # tests choose the number of threads themselves
os.environ.setdefault("BRAINSIM_COMPILERS", "1")  # the processes of pytest use all processors

# Where Python is told to write no byte code, it goes to a temporary folder: without it, each of the many processes that
# tests start takes 0.6 s instead of 0.35 to import what simulates.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ["PYTHONPYCACHEPREFIX"] = tempfile.mkdtemp(prefix="brainsim-")
    atexit.register(shutil.rmtree, os.environ["PYTHONPYCACHEPREFIX"], ignore_errors=True)

matplotlib.use("Agg")  # no screen


TIERS = "thorough", "slow"
DOCTESTS = {
    "brainsim/examples/_recurrent/network.py": "thorough",
    "brainsim/examples/_reservoirs/comparison.py": "slow",
    "brainsim/testing/synapses.py": "thorough",
}


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Leave out of the garbage collector what is collected here and stays until the end: millions of objects.

    Each of its full passes goes through them, and in a forked process copies the memory that they are in. After that, what
    Numba makes while it compiles is looked through less often: full passes took 4.0 s of 99, and now take 0.3 s.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()
        gc.set_threshold(5_000, 20, 20)


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config, items):
    """Mark the cases that the marks of their tests name; if all tests are collected, each part of a name must be of some,
    and each test whose figures are stored must be there.

    ``thorough_only("[a-", "b]")`` marks the cases whose names contain one of these parts, ``thorough_but`` all the others;
    ``slow_only`` and ``slow_but`` do the same.
    """
    unseen = {}
    for item in items:
        if tier := DOCTESTS.get(item.nodeid.partition("::")[0]):
            item.add_marker(tier)
        for tier in TIERS:
            for mark in (*item.iter_markers(f"{tier}_only"), *item.iter_markers(f"{tier}_but")):
                parts = [part for part in mark.args if part in item.nodeid]
                left = unseen.setdefault((item.nodeid.partition("::")[0], mark.args), {*mark.args})
                left -= {*parts}
                if bool(parts) == mark.name.endswith("_only"):
                    item.add_marker(tier)
    stale = [f"{file}: {', '.join(parts)}" for (file, _), parts in unseen.items() if parts]
    stale += drawn.gone({item.nodeid for item in items})
    if stale and config.args_source == pytest.Config.ArgsSource.TESTPATHS:
        raise pytest.UsageError(f"marks or stored figures name cases that are not there: {'; '.join(stale)}")


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heard():
    """Let Ctrl-C raise, also if the tests are started in the background of a shell, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def partitions_stay_as_many():
    """Refuse a test that leaves behind how many partitions may run: those after it would fail, and only in some orders."""
    before = settings.most_partitions
    yield
    assert settings.most_partitions is before


@pytest.fixture
def more_partitions():
    """Run as many partitions as a test names, although there may be fewer processors."""
    from brainsim.testing.properties import any_threads

    with any_threads():
        yield


@pytest.fixture
def unregistered():
    """Forget at the end what a test has registered."""
    from brainsim.engine.operators.registry import OPERATORS
    from brainsim.engine.synapses.kinds.registry import KINDS
    from brainsim.engine.synapses.wiring import WIRINGS
    from brainsim.network.arguments import STORAGES

    lists = OPERATORS, KINDS, WIRINGS, STORAGES
    before = [list(some) for some in lists]
    yield
    for some, items in zip(lists, before, strict=True):
        some[:] = items


@pytest.fixture(autouse=True)
def clean_matplotlib(request):
    """Close all figures after a test, which must show what is stored of them, and leave the settings as they were."""
    before, failed = rc_params(), request.session.testsfailed
    yield
    figures = [plt.figure(number) for number in plt.get_fignums()]
    try:
        if figures and request.session.testsfailed == failed:
            drawn.check(request.node.nodeid, figures)
    finally:
        plt.close("all")
    assert rc_params() == before


def rc_params():
    return {key: value for key, value in matplotlib.rcParams.items() if not key.startswith("backend")}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ax():
    return plt.subplots()[1]
