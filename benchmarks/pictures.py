"""What pictures and distances cost, compared with what is asked of them: ``python benchmarks/pictures.py``.

A raster of a million spikes; the file of the viewer, and, if Playwright and Chromium are there, how long it takes to open
and to zoom; a live picture; a pair within reach of a `DistanceRule`. The smallest of several figures counts. What a live
picture costs shows in a run of at least ten seconds: the first and the last picture are drawn in any case. Runs on one
thread with and without it take turns, and processor time is compared, which other programs disturb less than wall time.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from harness import machine, report
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import brainsim as bs
from brainsim.engine.synapses.near import scratch_fields
from brainsim.engine.synapses.near_places import Near, count_near
from brainsim.jit.records import Context
from brainsim.plot import live
from brainsim.rng.streams import stream_key

NEIGHBOURS = 1200  # cells within reach of a cell
ZOOMS = 12


class OnPaper:
    """A screen for live pictures that renders them and shows them to nobody."""

    def figure(self):
        """Return a figure to draw into."""
        return Figure(figsize=(9.0, 4.6), layout="constrained")

    def show(self, figure):
        """Render it."""
        FigureCanvasAgg(figure).draw()


def main():
    """Measure all and print it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--spikes", type=int, default=1_000_000, help="of the raster and the viewer (default 1000000)")
    add("--side", type=int, default=200, help="cells along the side of the square sheet (default 200)")
    add("--duration", type=float, default=400_000.0, help="ms of the run with a live picture (default 400000)")
    add("--runs", type=int, default=5, help="of each, of which the fastest counts (default 5)")
    options = parser.parse_args()
    matplotlib.use("Agg")
    spikes = some_spikes(options.spikes)
    lines = [["", "measured", "asked"]]
    lines += [[f"raster of {options.spikes:,} spikes [s]", f"{of_raster(spikes, options.runs):.3f}", "< 0.5"]]
    lines += of_viewer(spikes, options.runs)
    shares, drawn, seconds = of_live(options.duration, options.runs)
    lines += [[f"live picture, share of a run of {seconds:.1f} s: by minima [%]", f"{100.0 * shares[0]:.1f}", "< 5"]]
    lines += [
        ["  by medians [%]", f"{100.0 * shares[1]:.1f}", "< 5"],
        ["  its own clock [%]", f"{100.0 * drawn:.1f}", "< 5"],
    ]
    for name, periodic in (("flat", False), ("periodic", True)):
        cost, n = of_distances(options.side, periodic, options.runs)
        lines += [[f"a pair within reach, {name}, {n:,} pairs [ns]", f"{cost:.1f}", "< 15"]]
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}\n")
    print("\n".join(report.columns(lines)))


def some_spikes(count, cells=10_000, duration=10_000.0):
    """Return independent spikes of two populations."""
    rng, found = np.random.default_rng(1), {}
    for name, share in (("excitatory", 0.8), ("inhibitory", 0.2)):
        times = np.sort(np.ceil(rng.random(round(count * share)) * duration * 10.0) / 10.0)
        n = round(cells * share)
        found[name] = bs.Spikes(times, rng.integers(0, n, times.size), n, duration, name=name)
    return bs.Result(spikes=found, duration=duration, dt=0.1, seed=1)


def least(function, runs):
    """Return the shortest time of several calls [s]."""
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def of_raster(result, runs):
    """Return the seconds to draw and render a raster."""

    def draw():
        figure, ax = plt.subplots(figsize=(9.0, 5.0))
        bs.plot.raster(result, ax=ax)
        figure.canvas.draw()
        plt.close(figure)

    return least(draw, runs)


def of_viewer(result, runs):
    """Return rows with the size of the viewer's file, the time to open it, and the time to draw it again after a zoom."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = result.view(Path(folder) / "run.html")
        except ImportError as error:
            return [["viewer", str(error).splitlines()[0], ""]]
        rows = [["file of the viewer [MB]", f"{path.stat().st_size / 1e6:.1f}", "< 12"]]
        program = shutil.which("chromium") or shutil.which("google-chrome")
        try:
            from playwright.sync_api import sync_playwright
        except ImportError:
            program = None
        if program is None:
            return [*rows, ["viewer in a browser", "needs Playwright and Chromium", ""]]
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            opened, zoomed = zip(*(in_browser(browser, path) for _ in range(runs)), strict=True)
            browser.close()
    return [*rows, ["to open it [s]", f"{min(opened):.2f}", "< 3"], ["slowest zoom [ms]", f"{min(zoomed):.0f}", "< 100"]]


def in_browser(browser, path):
    """Return the seconds until the viewer has drawn its first raster, and the ms that the slowest zoom of several takes."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    begin = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_function("window.brainsim && window.brainsim.ready && window.brainsim.redraws > 0")
    opened = time.perf_counter() - begin
    box, drawn = page.locator("canvas").first.bounding_box(), []
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 200)
    for _ in range(ZOOMS):
        before = page.evaluate("window.brainsim.redraws")
        page.mouse.wheel(0, -200)
        page.wait_for_function(f"window.brainsim.redraws > {before}")
        drawn.append(page.evaluate("window.brainsim.ms"))
    page.close()
    return opened, max(drawn)


def of_live(duration, runs):
    """Return what a live picture costs: by minima and by medians of runs, by its own clock, and the seconds of a run.

    The first three are shares of the processor time of a run without it.
    """
    live._screen = OnPaper  # this process has no window
    cells = bs.Population(
        4000, bs.LIF(v_rest=0.0, v_th=20.0, v_reset=10.0), name="cells", initial={"v": bs.Uniform(0.0, 20.0)}
    )
    net = bs.Network(seed=1)
    net.connect(cells[:3200], cells, bs.FixedIndegree(320), weight=0.1, delay=1.5, synapse=bs.Delta())
    net.connect(cells[3200:], cells, bs.FixedIndegree(80), weight=-0.6, delay=1.5, synapse=bs.Delta())
    net.stimulate(cells, bs.PoissonInput(rate=12_000.0, weight=0.1, synapse=bs.Delta()))
    bs.simulate(net, 10.0, seed=2)  # compiles
    seconds, drawn = {False: [], True: []}, []
    for _ in range(runs):
        for shown, found in seconds.items():
            sim, picture = bs.Simulation(net, seed=2, threads=1), bs.plot.Live(duration=duration)
            watch = {"every": duration / 400.0, "callback": picture} if shown else {}
            begin = time.process_time()
            sim.run(duration, **watch)
            found.append(time.process_time() - begin)
            drawn += [picture.seconds] if shown else []
    shares = [of(seconds[True]) / of(seconds[False]) - 1.0 for of in (min, median)]
    return shares, min(drawn) / min(seconds[False]), min(seconds[False])


def of_distances(side, periodic, runs):
    """Return the ns that a pair within reach takes when synapses of a sheet are counted, and the number of such pairs."""
    reach = np.sqrt(NEIGHBOURS / np.pi)
    options = {"max_distance": reach, "periodic": float(side)} if periodic else {"max_distance": reach}
    cells = bs.Population(side**2, bs.LIF(), name="cells", positions=bs.positions.grid((side, side)))

    def counting(text):
        """Return the function that counts, and its counts."""
        net = bs.Network(seed=1)
        wires = net.connect(cells, cells, bs.DistanceRule(text, **options), weight=1.0, delay=1.0, synapse=bs.Delta())
        near, counts = Near(wires), np.zeros(cells.n, np.int64)
        record, key = Context(**near.alone(), **scratch_fields(cells.n)), stream_key(1, "wiring", "wires")
        itself = np.arange(cells.n, dtype=np.int32)
        return lambda: count_near(record.record, 0, cells.n, key, itself, counts), counts

    count, pairs = counting("1")
    count()
    count, _ = counting("exp(-d/10)")
    count()  # compiles
    return 1e9 * least(count, runs) / pairs.sum(), int(pairs.sum())


if __name__ == "__main__":
    main()
