"""A plugin of pytest for a copy of the package from which something was deleted: tests that need it are deleted with it.

A test outside of the folder of a feature or a room may use it, or what its tests have, too. In the copy it fails with the
sentence that names what is lacking; here it is skipped instead. What fails without this sentence fails.
"""

import pytest

SENTENCE = "this copy of brainsim lacks"
DELETED = SENTENCE, "No module named 'tests."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Skip a test that fails since something was deleted."""
    report = yield
    return _skipped(report, item.path)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Skip a file that cannot be imported since something was deleted."""
    report = yield
    return _skipped(report, collector.path)


def _skipped(report, path):
    said = [report.longreprtext, *(text for _, text in report.sections)] if report.failed else []
    if any(sentence in text for text in said for sentence in DELETED):
        report.outcome, report.longrepr = "skipped", (str(path), 0, "needs what was deleted")
    return report
