"""`brainsim verify`: each line finds what is wrong, and says what was compared."""

from types import SimpleNamespace

import pytest

from brainsim.commands.cli import main
from brainsim.testing import golden
from brainsim.testing.verification import comparisons, laws, random_runs, stored
from brainsim.testing.verification.report import Line, Report

GOOD, BAD = Line("cells", "a formula", "values", limit=1e-9), Line("bits", "a file", "networks")
GOOD.differ("first", 1e-12)
BAD.equal("second", [1, 2], [1, 3], 2)


def test_a_report_says_what_was_compared_and_what_differs():
    text = Report(7, [GOOD, BAD], ["speed"]).text()
    assert "seed 7" in text
    assert "cells     a formula  1 values    1.0e-12 of 1e-09" in text
    assert "DIFFERS" in text
    assert "bits: second: is [1, 2], not [1, 3]" in text
    assert "- speed" in text
    assert text.endswith("1 differences\n")
    assert not Report(7, [GOOD], []).failed
    assert Report(7, [GOOD, Line("empty", "nothing", "values")], []).failed  # nothing was compared


def test_a_difference_that_is_no_number_is_one():
    line = Line("cells", "a formula", "values", limit=1.0)
    line.differ("first", float("nan"))
    assert line.failures


def test_an_error_is_a_difference():
    line = Line("cells", "a formula", "values")
    with line.timed():
        raise ValueError("no such cell")
    assert line.failures == ["ValueError: no such cell"]


def test_stored_spikes_and_closed_forms():
    lines = [*stored.compared_with_nest(2), stored.compared_with_brian2(2), *laws.closed_forms()]
    assert [line.failures for line in lines] == [[]] * 5
    assert [line.compared for line in lines] == [2315, 2093, 5399, 3304, 2804]


def test_laws_hold_and_see_what_is_wrong(monkeypatch):
    assert laws.random_laws(3).failures == []

    def little(law):  # a law that is wrong by two percent
        return lambda *given, **others: law(given[0] * 1.02, *given[1:], **others)

    for name in ("poisson", "norm"):
        monkeypatch.setattr(laws.stats, name, little(getattr(laws.stats, name)))
    wrong = laws.random_laws(3).failures
    assert {text.partition(":")[0] for text in wrong} >= {"Poisson events with mean 3", "weights Normal(2.0, 0.5)"}


@pytest.mark.thorough
def test_stored_bits(monkeypatch):
    assert comparisons.golden_bits().failures == []
    monkeypatch.setattr(golden, "pinned", lambda: {})
    assert len(comparisons.golden_bits().failures) == len(golden.NETWORKS)


def test_the_command_has_one_exit_code(monkeypatch, folder, capsys):
    given = []

    def found(seed, minutes, threads, say):
        given.append((seed, minutes))
        say("part")
        return Report(seed, [GOOD, BAD] if seed == 1 else [GOOD], ["speed"])

    monkeypatch.setattr("brainsim.testing.verification.verify", found)
    assert main(["verify", "--seed", "12", "--minutes", "0.5", "--report", "report.txt"]) == 0
    assert (folder / "report.txt").read_text() == capsys.readouterr().out
    assert main(["verify"]) == 1
    assert given == [(12, 0.5), (1, 1.0)]
    assert main(["verify", "--report", "report.txt"]) == 2
    assert "exists; --overwrite replaces it" in capsys.readouterr().err


def test_no_network_begins_that_may_end_too_late(monkeypatch):
    """Each takes 6 s, the fourth and the seventh, at exact times, 3 s; the eighth ends at 42 s, another might at 48 s."""
    now = [0.0]

    def run(plan, precision, **options):
        now[0] += 3.0
        return None, None

    monkeypatch.setattr(random_runs, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(random_runs, "_run", run)
    monkeypatch.setattr(random_runs, "compare_changing", lambda *given: None)
    random_runs.compared_networks(1, 45.0)
    assert now == [42.0]


@pytest.mark.thorough
def test_a_run_of_all(capsys):
    """Networks of rare things, one that changes, and three random ones, however little time there is."""
    report = comparisons.verify(5, 0.01)
    assert not report.failed, report.text()
    assert len(report.lines) == 12
    # five networks with both precisions and two at exact times in three ways, and one that changes in three
    assert report.lines[3].compared == (5 * 2 + 2) * 3 + 2 * 3
    assert report.lines[0].compared > 100  # spikes: 312 by the seed
