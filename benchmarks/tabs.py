"""Pages of `bs.page` in a tab of Chromium, beside the native run of the same network on one thread.

``python benchmarks/tabs.py`` (``pip install playwright``, and a Chromium). Each page is written twice, by processes of their
own: the first finds no compiled code, the second finds what the first kept. Then it runs for some seconds at real time, and
equally long as fast as it can: how long the tab computes for a second of the network, and how many seconds of the network
pass in a second at real time. The native run is compiled without AVX-512, which WebAssembly does not have either.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import machine

WITHOUT_AVX512 = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": ""}  # none of this processor besides
SEED = 2
COUNTED = """() => {
  const { player } = brainsim, framed = player.framed.bind(player)
  window.spentHere = { spent: 0, steps: 0 }
  player.framed = (message) => {
    spentHere.spent += message.spent
    spentHere.steps += message.to - message.from
    framed(message)
  }
}"""


def balanced():
    """2,500 cells with delta synapses and a Poisson drive, 62 spikes a second each."""
    import brainsim as bs

    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)
    cells = bs.Population(2_500, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
    net = bs.Network(seed=1)
    net.connect(cells[:2_000], cells, bs.FixedIndegree(200), weight=0.2, delay=1.5, synapse=bs.Delta())
    net.connect(cells[2_000:], cells, bs.FixedIndegree(50), weight=-1.0, delay=1.5, synapse=bs.Delta())
    net.stimulate(cells, bs.PoissonInput(rate=10_000.0, weight=0.2, synapse=bs.Delta()))
    return net


def cuba():
    """4,000 cells with synaptic currents."""
    from brainsim.examples import cuba

    return cuba.build()[0]


def coba():
    """400 cells with conductances, which need exact products."""
    from brainsim.examples import coba

    return coba.build(n=400)[0]


NETWORKS = {"balanced": balanced, "cuba": cuba, "coba": coba}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(NETWORKS), help="networks, separated by commas")
    parser.add_argument("--seconds", type=float, default=5.0, help="of a run, after as many of warming up")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(*options.child, options.seconds)))
        return
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}; s per second of the network")
    print(f"{'':10}{'first page':>12}{'second':>9}{'kB':>7}{'native':>9}{'tab':>9}{'passed':>9}{'fastest':>9}{'ratio':>7}")
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, f"{name}.html")
            first, second = (measured(name, "page", file, options.seconds, folder) for _ in range(2))
            native = measured(name, "native", file, options.seconds, folder)
            (spent, passed), (fastest, _) = in_a_tab(file, options.seconds)
            figures = f"{first:12.1f}{second:9.1f}{file.stat().st_size / 1e3:7.0f}{native:9.3f}{spent:9.3f}{passed:9.2f}"
            print(f"{name:10}{figures}{fastest:9.3f}{fastest / native:7.1f}", flush=True)


def measured(name, what, file, seconds, folder):
    """Return what a process of its own measures, whose compiled code is kept in a folder."""
    command = [sys.executable, __file__, "--seconds", str(seconds), "--child", name, what, str(file)]
    given = {"BRAINSIM_CACHE_DIR": folder} | (WITHOUT_AVX512 if what == "native" else {})
    done = subprocess.run(command, env=os.environ | given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def child(name, what, file, seconds):
    """Return how long it takes to write the page, or the seconds per second of the native run."""
    import brainsim as bs

    net = NETWORKS[name]()
    began = time.perf_counter()
    if what == "page":
        bs.page(net, file, seed=SEED, pace=1.0)
        return time.perf_counter() - began
    sim = bs.Simulation(net, seed=SEED, threads=1)
    for _ in range(2):  # the first run warms up
        began = time.perf_counter()
        sim.run(1000.0 * seconds)
    return (time.perf_counter() - began) / seconds


def in_a_tab(file, seconds):
    """Return for how long a tab computes for a second of the network, and how many pass: at real time, and at full speed."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("tabs.py needs Chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.goto(file.as_uri())
        while not page.evaluate("Boolean(window.brainsim && brainsim.player.playing && brainsim.player.computed)"):
            page.wait_for_timeout(50)
        dt = page.evaluate("brainsim.about.dt")
        page.wait_for_timeout(1000 * seconds)
        found = []
        for pace in ("1", "Infinity"):
            page.evaluate(f"() => {{ brainsim.player.pace = {pace} }}")
            page.evaluate(COUNTED)
            began = time.perf_counter()
            page.wait_for_timeout(1000 * seconds)
            spent, steps = page.evaluate("[spentHere.spent, spentHere.steps]")
            found.append((spent / (steps * dt), steps * dt / 1000.0 / (time.perf_counter() - began)))
        browser.close()
    return found


if __name__ == "__main__":
    main()
