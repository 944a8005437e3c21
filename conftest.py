"""Tests that cannot run because an optional package is not installed: pytest shows them as skipped; they can run later."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
# folders whose modules cannot be imported, and so have no doctests, without a package
NEEDS = {"brainsim/pynn": "pyNN", "brainsim/nestml": "pynestml", "brainsim/brian2": "brian2"}
# a module that imports it, and has no test
collect_ignore = [] if importlib.util.find_spec("pyNN") else ["tests/helpers/runs/pynn_on_ranks.py"]
RECORD = "brainsim/skipped"  # in the cache of pytest


class LeftOut(pytest.Directory):
    """A folder that is skipped as a whole."""

    def collect(self):
        """Say why nothing is collected."""
        folder = self.path.relative_to(ROOT).as_posix()
        pytest.skip(f"the doctests of {folder} need {NEEDS[folder]}", allow_module_level=True)


def pytest_collect_directory(path, parent):
    """Leave out a folder if its package is not there."""
    package = NEEDS.get(path.relative_to(ROOT).as_posix()) if path.is_relative_to(ROOT) else None
    return None if package is None or importlib.util.find_spec(package) else LeftOut.from_parent(parent, path=path)


def pytest_addoption(parser):
    """Add the option with which `.ci/run` runs what the usual tests leave out."""
    text = "only the thorough tests, and those that the last run of all usual tests skipped: give -m 'not slow' with it"
    parser.addoption("--left-out", action="store_true", help=text)


@pytest.hookimpl(trylast=True)  # after -m, and after tests/conftest.py has marked what is thorough
def pytest_collection_modifyitems(config, items):
    """Choose these tests."""
    if not config.getoption("left_out"):
        return
    names = config.cache.get(RECORD, None)
    if names is None:
        raise pytest.UsageError("--left-out: no run of the usual tests has noted here what it skipped; run pytest first")
    within = tuple(f"{name}{more}" for name in names for more in ("/", "::"))  # of a folder or file skipped as a whole
    chosen, others = [], []
    for item in items:
        is_left_out = item.get_closest_marker("thorough") or item.nodeid in names or item.nodeid.startswith(within)
        (chosen if is_left_out else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = chosen


def pytest_configure(config):
    """Note what is skipped if all usual tests run, in the process that collects the reports of those of pytest-xdist."""
    if hasattr(config, "workerinput") or not config.pluginmanager.has_plugin("cacheprovider"):
        return
    runs_all = not config.getoption("left_out") and not config.getoption("collectonly")
    if runs_all and config.args_source == pytest.Config.ArgsSource.TESTPATHS:
        config.pluginmanager.register(Noted(config))


class Noted:
    """Notes in the cache of pytest which tests a run of all has skipped."""

    def __init__(self, config):
        self.config, self.skipped = config, set()

    def pytest_collectreport(self, report):
        """Note a folder or file that was skipped as a whole."""
        if report.skipped:
            self.skipped.add(report.nodeid)

    def pytest_runtest_logreport(self, report):
        """Note a test."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.add(report.nodeid)

    def pytest_sessionfinish(self):
        """Keep the names."""
        self.config.cache.set(RECORD, sorted(self.skipped))
