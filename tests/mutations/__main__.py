"""``python -m tests.mutations``: change lines, run tests, and print what no test noticed, and the share that was."""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import tests.mutations
from tests.mutations.bench import Bench
from tests.mutations.nearest import order_of
from tests.mutations.rooms import ROOT, draw, room_of, tests_of
from tests.mutations.shares import table

USUAL, THOROUGH = "not slow and not thorough", "thorough and not slow"
NEAR = 2.5, 15.0  # expected seconds of the tests that are run first, and after how many they are put off
UNKNOWN = 0.1  # seconds, of a test whose duration is not known
LONGEST = 900.0  # seconds of processor time of a trial


def main(arguments=None):
    """Draw lines, try each, and print the shares by room."""
    options = _options(arguments)
    kept = _Kept(options.to, options.near)
    drawn = [(file, change) for file, change in draw(options.room, options.number, options.seed)]
    costs = _costs_in(options.costs)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, options.cache)
        if happened := bench.failing(["tests/core/test_time.py"], USUAL):
            raise SystemExit(f"tests.mutations: {happened} fails although no line is wrong")
        bad = set()
        while todo := [pair for pair in drawn if not kept.has(*pair, bad)]:
            for file, change in todo:
                kept.add(file, change, *_try(bench, file, change, options, costs, bad))
            fresh = {kept.test_of(*pair) for pair in drawn} - kept.good - bad
            wrong = bench.failing({test for test in fresh if test}, options.tiers)
            bad, kept.good = bad | wrong, kept.good | (fresh - wrong)
    print("\n".join(table(kept.results(drawn))))


def _options(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=tests.mutations.__doc__.split("\n\n")[0])
    parser.add_argument("--room", required=True, help="a folder or a file of brainsim, such as engine/synapses, or all")
    parser.add_argument("--number", type=int, default=20, help="of lines")
    parser.add_argument("--seed", type=int, required=True, help="chosen after the tests were written")
    parser.add_argument("--tests", nargs="+", default=[], help="files of tests to run in place of those of the room")
    parser.add_argument("--thorough", action="store_true", help="run the thorough tests of the room as well")
    parser.add_argument("--near", action="store_true", help="run the nearest tests alone; what they do not notice is open")
    parser.add_argument("--to", type=Path, help="a file of results; what it has is not tried again")
    parser.add_argument("--cache", type=Path, help="a folder of compiled functions to begin with")
    parser.add_argument("--costs", type=Path, nargs="*", default=[], help="files with lines of seconds, a tab and a test")
    options = parser.parse_args(arguments)
    options.tiers = "not slow" if options.thorough else USUAL
    return options


def _costs_in(files):
    costs = defaultdict(float)
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            seconds, _, test = line.partition("\t")
            costs[test.partition("[")[0]] += float(seconds)
    return costs


def _try(bench, file, change, options, costs, bad):
    """Return (verdict, the test that noticed) of a change."""
    if options.tests:
        with bench.changed(file, change):
            happened, test = bench.trial([*options.tests, *(f"--deselect={test}" for test in sorted(bad))], USUAL, LONGEST)
        return {"failed": "usual", "hung": "hung", "passed": "survived"}[happened], test
    places = tests_of(room_of(file))
    order = order_of(file, change.start[0], places)
    without = [f"--deselect={test}" for test in sorted(bad)]
    with bench.changed(file, change):
        happened, test = bench.trial([*_near(file, order, costs), *without], USUAL, NEAR[1])
        if happened == "failed" or options.near:
            return "usual" if happened == "failed" else "open", test
        files = [*dict.fromkeys(test.partition("::")[0] for test, _ in order)]
        for tier, name in [(USUAL, "usual"), (THOROUGH, "thorough")][: 1 + options.thorough]:
            happened, test = bench.trial([*files, f"brainsim/{room_of(file)}", *without], tier, LONGEST)
            if happened != "passed":
                return {"failed": name, "hung": "hung"}[happened], test
    return "survived", ""


def _near(file, order, costs):
    """Return the examples of a file, and the tests that are likely to notice for what they cost."""
    chosen = [file] if ">>>" in (ROOT / file).read_text(encoding="utf-8") else []
    ranked = sorted(order, key=lambda item: -item[1] / (0.3 + costs.get(item[0], UNKNOWN)))
    left = NEAR[0]
    for test, score in ranked:
        cost = costs.get(test, UNKNOWN)
        if score and cost <= left:
            chosen.append(test)
            left -= cost
    return chosen


class _Kept:
    """The results so far, in a file if there is one."""

    def __init__(self, path, near):
        self._path, self._by_change, self.good = path, {}, set()
        for line in path.read_text(encoding="utf-8").splitlines() if path and path.exists() else ():
            result = json.loads(line)
            if near or result["verdict"] != "open":
                self._by_change[_key(result)] = result

    def has(self, file, change, bad):
        """Return whether a change has been tried, with tests that pass if no line is wrong."""
        result = self._by_change.get((file, change.start[0], change.text))
        return result is not None and result["test"] not in bad

    def test_of(self, file, change):
        """Return the test that noticed a change, or nothing."""
        return self._by_change[file, change.start[0], change.text]["test"]

    def add(self, file, change, verdict, test):
        """Keep and print a result."""
        right = (ROOT / file).read_text(encoding="utf-8").split("\n")[change.start[0] - 1].strip()
        result = {"file": file, "line": change.start[0], "kind": change.kind, "text": change.text, "right": right}
        result |= {"verdict": verdict, "test": test, "at": time.strftime("%H:%M:%S")}
        self._by_change[_key(result)] = result
        print(f"{verdict:8} {file}:{result['line']} {change.kind}: {change.text}", flush=True)
        if verdict in ("survived", "open"):
            print(f"         instead of: {right}", flush=True)
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")

    def results(self, drawn):
        """Return the results of what was drawn."""
        return [self._by_change[file, change.start[0], change.text] for file, change in drawn]


def _key(result):
    return result["file"], result["line"], result["text"]


if __name__ == "__main__":
    main()
