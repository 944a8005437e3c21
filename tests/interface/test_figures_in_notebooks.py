"""In a notebook: the look of brainsim's figures leaves its plotting alone, and each figure is shown once."""

import matplotlib
import matplotlib.pyplot as plt
import pytest

import brainsim as bs
from brainsim.plot.elements.page_layout import side_by_side

CELLS = [
    "import brainsim as bs, numpy as np; s = bs.Spikes([1.0], [0], n=1, duration=2.0, name='a')\n"
    "r = bs.Result(spikes={'a': s}, duration=2.0, dt=0.1, seed=0)",
    "bs.plot.overview(r)",
    "bs.plot.overview(r);",
    "figure = bs.plot.overview(r)",
    "figure",
    "import matplotlib.pyplot as plt; plt.plot([1, 2, 3]);",
]
SHOWN = [0, 1, 1, 1, 1, 1]  # pictures of each cell


@pytest.fixture(autouse=True)
def _as_before():
    backend, interactive = plt.get_backend(), matplotlib.is_interactive()
    yield
    plt.switch_backend(backend)
    matplotlib.interactive(interactive)


def test_what_chooses_the_backend_under_the_style_stays_chosen():
    """The first figure in a notebook does so: the inline backend turns on interactive plotting."""
    plt.switch_backend("agg")
    matplotlib.interactive(False)
    before = dict(matplotlib.rcParams)
    with bs.plot.style():
        plt.switch_backend("svg")
        matplotlib.interactive(True)
    assert matplotlib.is_interactive()
    assert plt.get_backend().lower() == "svg"
    changed = {key for key, value in matplotlib.rcParams.items() if value != before[key]}
    assert changed <= {"backend", "interactive"}


def test_the_style_is_undone_after_an_error():
    before = dict(matplotlib.rcParams)
    with pytest.raises(ZeroDivisionError), bs.plot.style():
        raise ZeroDivisionError
    assert dict(matplotlib.rcParams) == before


def figures():
    """Return figures that brainsim makes and returns."""
    spikes = bs.Spikes([1.0], [0], n=1, duration=2.0, name="a")
    yield bs.plot.overview(bs.Result(spikes={"a": spikes}, duration=2.0, dt=0.1, seed=0))
    yield bs.explore.portrait(bs.Poisson())
    yield bs.explore.portrait(bs.LIF())
    yield bs.explore.portrait(bs.Alpha())
    with bs.plot.style():
        yield side_by_side("machine", "brain")[0]


def test_a_figure_that_is_shown_is_closed_under_the_inline_backend(monkeypatch):
    """Else it would be shown again at the end of the cell; other backends have a window, which stays."""
    for figure in figures():
        with pytest.raises(NotImplementedError):  # IPython's word for: show it as you always do
            figure._ipython_display_()
        assert plt.fignum_exists(figure.number)
        with monkeypatch.context() as patched:
            patched.setattr(plt, "get_backend", lambda: "module://matplotlib_inline.backend_inline")
            with pytest.raises(NotImplementedError):
                figure._ipython_display_()
        assert not plt.fignum_exists(figure.number)


def test_each_cell_shows_its_picture_once():
    pytest.importorskip("ipykernel", reason="runs a notebook, which needs ipykernel and nbclient")
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in notebook.cells]
    assert shown == SHOWN
