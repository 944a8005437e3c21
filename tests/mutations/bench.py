"""A copy of the project in which lines are wrong for a moment, and processes that test it there.

Each trial is a fork of this process, which has imported what tests import of other projects: a trial begins at once.
"""

import contextlib
import gc
import importlib
import os
import re
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.mutations.rooms import ROOT

COPIED = ("brainsim", "tests", "docs", "benchmarks", ".ci", "conftest.py", "pyproject.toml")
COPIED += ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE", "SECURITY.md")
IMPORTED = (
    "numpy",
    "numba",
    "scipy.special",
    "scipy.stats",
    "scipy.signal",
    "matplotlib.pyplot",
    "pytest",
    "doctest",
    "tqdm",
)
PATIENCE = 60.0, 10.0  # a trial that takes longer than these seconds, and as often its time on a processor, hangs
SHOWN = re.compile(rb"^(?:FAILED|ERROR) ([^\s\[]+)", re.MULTILINE)


class Bench:
    """A copy of the project, with a cache of compiled functions of its own, in a folder."""

    def __init__(self, folder, cache=None):
        self.folder = Path(folder, "project")
        self._cache, self._log, self._moment = Path(folder, "cache"), Path(folder, "log"), time.time_ns()
        self.folder.mkdir(parents=True)
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "_build", "auto_examples")
                shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
            elif (ROOT / name).exists():
                shutil.copy(ROOT / name, self.folder / name)
        if cache:
            shutil.copytree(cache, self._cache)
        for name in IMPORTED:
            importlib.import_module(name)

    @contextlib.contextmanager
    def changed(self, file, change):
        """Have a change in a file; byte code is told apart by times, so each text has one of its own."""
        path = self.folder / file
        right, before = path.read_text(encoding="utf-8"), path.stat().st_mtime_ns
        path.write_text(change.apply(right), encoding="utf-8")
        self._moment += 2_000_000_000
        os.utime(path, ns=(self._moment, self._moment))
        try:
            yield
        finally:
            path.write_text(right, encoding="utf-8")
            os.utime(path, ns=(before, before))

    def trial(self, tests, tiers, seconds):
        """Run tests until one fails; return (what happened, the test).

        What happened is "passed", "failed", or "hung": more seconds of processor time were used than allowed.
        """
        if not tests:
            return "passed", ""
        sys.stdout.flush()
        child = os.fork()
        if not child:
            self._test(tests, tiers, seconds)
        status = _wait(child, max(PATIENCE[0], PATIENCE[1] * seconds))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what a test left behind
        if status is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
            return "hung", ""
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) in (0, 5):  # 5: all tests belong to other tiers
            return "passed", ""
        shown = SHOWN.search(self._log.read_bytes())
        return "failed", shown[1].decode() if shown else tests[0]

    def failing(self, tests, tiers):
        """Return which of these tests fail although no line is wrong."""
        bad, left = set(), sorted(tests)
        while left:
            happened, test = self.trial(left, tiers, 600.0)
            if happened == "passed":
                break
            bad.add(test)
            left = [other for other in left if other != test and test]
        return bad

    def _test(self, tests, tiers, seconds):
        try:
            gc.freeze()  # else the first full pass of the garbage collector copies all memory of the parent
            os.setsid()
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1), os.dup2(log, 2)
            sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1, closefd=False)
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
            os.environ |= {"PYTHONPATH": str(self.folder), "BRAINSIM_CACHE_DIR": str(self._cache)}
            sys.path[:] = [str(self.folder), *(place for place in sys.path if Path(place or ".").resolve() != ROOT)]
            for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "brainsim")]:
                del sys.modules[name]
            os.chdir(self.folder)
            import pytest

            without = [word for name in ("cacheprovider", "randomly", "xdist", "cov") for word in ("-p", f"no:{name}")]
            os._exit(pytest.main(["-x", "-q", "--tb=no", "-m", tiers, *without, *tests]))
        except BaseException as error:  # whatever happens here must not run on in the parent's loop
            print(repr(error), flush=True)
        finally:
            os._exit(3)


def _wait(child, seconds):
    """Return the status of a child, or None if it did not end in time."""
    end, pause = time.monotonic() + seconds, 0.02
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        time.sleep(pause)
        pause = min(0.5, pause * 1.2)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
