"""A picture that follows a run: what it shows, how often, and that the run stays the same."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim import plot
from brainsim.plot import live
from brainsim.plot.elements.styles import PALETTE
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import drawn


class Screen:
    """Stands for a notebook: keeps what it was shown."""

    def __init__(self):
        self.shown = []

    def figure(self):
        return plt.figure()

    def show(self, figure):
        above, below = figure.axes
        self.shown.append((drawn(above), above.get_xlim(), [line.get_color() for line in below.lines]))


@pytest.fixture
def screen(monkeypatch):
    made = Screen()
    monkeypatch.setattr(live, "_screen", lambda: made)
    monkeypatch.setattr(live, "SOONEST", 0.0)
    monkeypatch.setattr(live, "SHARE", 1e9)  # always
    return made


def network():
    cells = bs.Population(20, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells[:10].named("strong"), bs.CurrentInput(np.linspace(200.0, 400.0, 10)))
    net.stimulate(cells[10:].named("weak"), bs.CurrentInput(np.linspace(160.0, 190.0, 10)))
    return net


def test_shows_the_last_part_in_the_colours_of_all_pictures(screen):
    picture = plot.Live(window=30.0)
    sim = bs.Simulation(network(), seed=2)
    result = sim.run(100.0, every=20.0, callback=picture)
    assert picture.pictures == 5
    for k, (marks, limits, colours) in enumerate(screen.shown, 1):
        stop = 20.0 * k
        start = max(stop - 30.0, 0.0)
        assert marks == len(result.spikes["cells"].between(start, stop))
        assert limits == (start, start + 30.0)
        assert colours == list(PALETTE[:2])


def test_the_end_is_drawn_even_if_no_picture_is_due(screen, monkeypatch):
    monkeypatch.setattr(live, "SOONEST", 1e9)
    cells = network()
    state = bs.simulate(cells, 50.0, seed=2, progress=False).state
    bs.simulate(cells, 70.0, seed=2, live=True, state=state, progress=False)
    assert len(screen.shown) == 2
    assert screen.shown[-1][1] == (50.0, 1050.0)
    result = bs.simulate(cells, 70.0, seed=2, state=state, progress=False)
    assert screen.shown[-1][0] == len(result.spikes["cells"])


@pytest.mark.thorough
def test_changes_no_bit(screen, monkeypatch):
    monkeypatch.setattr(live, "UPDATES", 20)
    options = {"seed": 2, "progress": False}
    plain, followed = bs.simulate(network(), 100.0, **options), bs.simulate(network(), 100.0, live=True, **options)
    assert len(screen.shown) == 20
    assert plain.spikes["cells"] == followed.spikes["cells"]


@pytest.mark.thorough
def test_a_picture_takes_no_copy_of_what_was_before(monkeypatch, screen):
    monkeypatch.setattr(bs.Simulation, "result", lambda sim: pytest.fail("all spikes were joined"))
    sim = bs.Simulation(network(), seed=2)
    sim.run(400.0, every=20.0, callback=plot.Live(window=30.0))
    monkeypatch.undo()
    for start, stop in ((0.0, 400.0), (370.0, 400.0), (399.9, 400.0), (7.3, 400.0)):
        recent, whole = sim._latest(stop - start), sim.result()
        expected = whole.spikes["cells"].between(start, stop)
        assert np.array_equal(recent.spikes["cells"].times, expected.times)
        assert np.array_equal(recent.spikes["cells"].ids, expected.ids)
        assert (recent.start, recent.stop) == pytest.approx((start, stop))
    sim.run(30.0)
    expected = sim.result().spikes["cells"].between(380.0, 430.0)
    assert np.array_equal(sim._latest(50.0).spikes["cells"].times, expected.times)


def test_beside_a_callback_of_the_user(screen):
    times = []
    bs.simulate(network(), 60.0, seed=2, every=20.0, callback=lambda sim: times.append(sim.time), live=True, progress=False)
    assert times == [20.0, 40.0, 60.0]
    assert len(screen.shown) == 3


def test_drawing_takes_a_small_share_of_the_time(screen, monkeypatch):
    """With a clock of its own: a picture takes 1 s, a piece of the run 2 s."""
    monkeypatch.setattr(live, "SHARE", 0.04)
    now = [0.0]
    monkeypatch.setattr(live.time, "perf_counter", lambda: now[0])

    def show(figure):
        now[0] += 1.0

    monkeypatch.setattr(screen, "show", show)
    picture = plot.Live()
    sim = bs.Simulation(network(), seed=2)
    for _ in range(100):
        sim.run(10.0)
        now[0] += 2.0
        picture(sim)
    assert picture.seconds == picture.pictures
    assert picture.pictures >= 2
    assert picture.seconds / now[0] < 0.05


def test_without_spikes_nothing_is_drawn(screen):
    bs.simulate(network(), 20.0, seed=2, spikes=False, live=True, progress=False)
    assert screen.shown == []


def test_in_a_notebook_one_picture_is_replaced(monkeypatch):
    display = pytest.importorskip("IPython.display")
    shown = []

    class Handle:
        def update(self, picture):
            shown.append(("update", picture.data[1:4]))

    def first(picture, display_id):
        shown.append(("display", picture.data[1:4]))
        return Handle()

    monkeypatch.setattr(display, "display", first)
    notebook = live._Notebook()
    for _ in range(3):
        notebook.show(notebook.figure())
    assert shown == [("display", b"PNG"), ("update", b"PNG"), ("update", b"PNG")]


def without_screen():
    matplotlib.use("agg")
    return bs.simulate(network(), 10.0, live=True)


test_mistakes = mistakes(
    (without_screen, ValueError, "simulate.live: needs a notebook or a window", "'agg'", "bs.plot.overview"),
    (lambda: plot.Live(window=0.0), ValueError, "Live.window: must be > 0 ms"),
)
