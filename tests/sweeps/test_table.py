"""The table of a sweep: rows, failures as rows, what it can be turned into, pictures, and mistakes."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.sweeps.points import outcome
from brainsim.sweeps.workers import PoolError
from tests.helpers.mistakes import mistakes
from tests.helpers.runs import swept


class TestTable:
    def test_grid_list_and_seeds(self):
        table = bs.sweep(
            lambda a, b, c, seed: {"x": a + b + c, "y": [a, b]},
            {"a": [1, 2]},
            zip={"b": [10, 20], "c": [0, 5]},
            seeds=[7, 9],
            workers=1,
        )
        assert table.shape == (2, 2, 2)
        assert [axis.name for axis in table.axes] == ["a", "b+c", "seed"]
        assert table.values("x").tolist() == [[[11, 11], [26, 26]], [[12, 12], [27, 27]]]
        assert table.values("y").shape == (2, 2, 2, 2)
        assert table.at(a=2, b=20, seed=9).values["x"] == 27
        assert repr(table) == "Sweep of 8 points: a (2), b+c (2), seed (2); x, y"

    def test_the_grid_may_be_an_array(self):
        table = bs.sweep(swept.product, over={"a": np.linspace(0.0, 1.0, 3), "b": range(2)}, workers=1)
        assert table.values("product").tolist() == [[0.0, 0.0], [0.0, 0.5], [0.0, 1.0]]
        assert type(table.rows[0].parameters["a"]) is float
        assert table.at(a=0.1 + 0.4, b=1).values["product"] == 0.5

    def test_a_failing_point_leaves_the_others(self):
        with pytest.warns(
            UserWarning, match="1 of 6 points failed, the first at a=2, seed=1 with ZeroDivisionError: for the test"
        ):
            table = bs.sweep(swept.failing, over={"a": [1, 2, 3]}, seeds=2, workers=1)
        np.testing.assert_array_equal(table.values("value"), [[1, 1], [2, np.nan], [3, 3]])
        (row,) = table.failed
        assert row.parameters == {"a": 2, "seed": 1}
        assert "in failing" in row.traceback
        with pytest.raises(bs.SweepError, match="1 of 6 points failed, the first at a=2, seed=1:") as caught:
            bs.sweep(swept.failing, over={"a": [1, 2, 3]}, seeds=2, workers=1, errors="raise")
        assert len(caught.value.table.failed) == 1

    @pytest.mark.parametrize("ending", [SystemExit(3), GeneratorExit(), BaseException("odd")])
    def test_a_point_that_ends_leaves_the_others_and_the_process(self, ending):
        def ends(a):
            if a == 2:
                raise ending
            return a

        with pytest.warns(UserWarning, match=f"1 of 3 points failed, the first at a=2 with {type(ending).__name__}"):
            table = bs.sweep(ends, over={"a": [1, 2, 3]}, workers=1)
        np.testing.assert_array_equal(table.values("value"), [1, np.nan, 3])

    def test_what_is_finished_is_kept_if_a_backend_fails(self, monkeypatch):
        def broken(function, todo, keep, *_):
            yield outcome(function, *todo[0], keep)
            raise PoolError("sweep: the backend of joblib has failed with OSError: no route")

        monkeypatch.setattr("brainsim.sweeps.sweep.outcomes", broken)
        said = "no route; the attribute `table` has the 2 of 4 points that are there"
        with pytest.raises(bs.SweepError, match=said) as caught:
            bs.sweep(lambda a: a, over={"a": [1, 2, 3, 4]})
        np.testing.assert_array_equal(caught.value.table.values("value"), [1, 2, np.nan, np.nan])

    def test_frames_and_arrays(self):
        pytest.importorskip("pandas")
        table = bs.sweep(swept.product, {"a": [1, 2]}, zip={"b": [10.0, 20.0]}, seeds=2, workers=1)
        frame = table.frame()
        assert list(frame.columns) == ["a", "b", "seed", "product", "noise", "list", "text", "error", "seconds"]
        assert frame.groupby("a")["product"].mean().tolist() == [15.0, 30.0]
        pytest.importorskip("xarray")
        array = table.array("product")
        assert array.dims == ("a", "b", "seed")
        assert float(array.sel(a=2, b=20.0, seed=1)) == 40.0
        assert table.array("list").dims == ("a", "b", "seed", "list_0")

    def test_text_file(self, tmp_path):
        table = bs.sweep(swept.product, {"a": [1, 2]}, workers=1)
        lines = table.to_csv(tmp_path / "t.csv").read_text().splitlines()
        assert lines[0] == "a,product,noise,list,text,error,seconds"
        assert lines[1].startswith("1,1.0,")

    def test_whole_results(self, tmp_path):
        for to in (None, tmp_path / "r", tmp_path / "r"):
            table = bs.sweep(swept.whole, {"rate": [1000.0]}, seeds=2, workers=1, keep="result", to=to)
            row = table.at(seed=1)
            assert len(row.result.spikes["cells"]) > 0
            assert row.values["rate cells"] == row.result.spikes["cells"].rate()
        assert table.names == ["rate cells", "CV cells", "synchrony cells"]

    @pytest.mark.parametrize(("function", "more"), [(swept.whole, {}), (swept.product, {"a": [1.0, 2.0]})])
    def test_whole_results_are_computed_once(self, function, more, tmp_path, monkeypatch):
        """A function of numbers has no Result to keep; one of Results is called again if only figures were kept."""
        over = more or {"rate": [1000.0]}
        bs.sweep(function, over, seeds=1, workers=1, to=tmp_path / "r")
        first = bs.sweep(function, over, seeds=1, workers=1, keep="result", to=tmp_path / "r")
        assert (first.rows[0].result is None) == (function is swept.product)
        monkeypatch.setattr("brainsim.sweeps.sweep.outcome", lambda *given: pytest.fail("computed again"))
        again = bs.sweep(function, over, seeds=1, workers=1, keep="result", to=tmp_path / "r")
        assert again.rows[0].values.keys() == first.rows[0].values.keys()
        assert (again.rows[0].result is None) == (function is swept.product)

    def test_pictures(self):
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(1, 3)
        table = bs.sweep(swept.product, {"a": [1, 2, 4]}, seeds=3, workers=1)
        (band,) = table.plot("noise", axes[0]).collections
        mean, deviation = table.values("noise").mean(axis=1), table.values("noise").std(axis=1, ddof=1)
        heights = band.get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == pytest.approx(((mean - deviation).min(), (mean + deviation).max()))
        bs.sweep(swept.product, {"a": [1, 2, 4], "b": [1.0, 3.0]}, seeds=2, workers=1).plot(ax=axes[1])
        assert axes[1].get_ylabel() == "a"
        assert bs.sweep(lambda s: 1.0, {"s": ["x", "y"]}, workers=1).plot(ax=axes[2]) is axes[2]
        assert [text.get_text() for text in axes[2].get_xticklabels()] == ["x", "y"]
        table = bs.sweep(swept.whole, {"rate": [500.0, 1000.0]}, zip={"seed": [1]}, workers=1)
        axes[0].cla()
        assert table.plot(ax=axes[0]).get_ylabel() == "rate cells [Hz]"
        assert axes[0].get_xlabel() == "rate", "an axis of one value is none"
        figure.canvas.draw()
        plt.close(figure)

    def test_a_panel_without_values_says_so(self, ax):
        bs.sweep(lambda s: {"cv": np.nan}, {"s": [1.0, 2.0]}, workers=1).plot(ax=ax)
        assert "too few spikes" in ax.texts[0].get_text()


T = bs.sweep(swept.product, {"a": [1, 2]}, seeds=2, workers=1)

test_mistakes = mistakes(
    (lambda: bs.sweep(swept.product), ValueError, "sweep.over", "name at least one parameter to vary"),
    (lambda: bs.sweep("product", {"a": [1]}), TypeError, "sweep.function", "must be a function of a"),
    (
        lambda: bs.sweep(swept.product, {"aa": [1]}),
        TypeError,
        "sweep.function: product()",
        "no argument 'aa'",
        "did you mean 'a'",
    ),
    (lambda: bs.sweep(swept.product, {"b": [1]}), TypeError, "product() also needs 'a'", "over={'a': [1.0]}"),
    (lambda: bs.sweep(swept.spiking, {"rate": [1]}), TypeError, "spiking() also needs 'seed'", "seeds=5"),
    (lambda: bs.sweep(swept.product, [1, 2]), TypeError, "sweep.over", "must be a dict"),
    (lambda: bs.sweep(swept.product, {"a": 4.0}), TypeError, "sweep.over['a']", "write [4.0]"),
    (lambda: bs.sweep(swept.product, {"a": "xyz"}), TypeError, "sweep.over['a']", "list of values"),
    (lambda: bs.sweep(swept.product, {"a": []}), ValueError, "sweep.over['a']", "at least one value"),
    (lambda: bs.sweep(swept.product, zip={"a": [1, 2], "b": [1]}), ValueError, "sweep.zip", "{'a': 2, 'b': 1}"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, zip={"a": [1]}), ValueError, "'a' is given twice"),
    (lambda: bs.sweep(swept.product, {"a": [1], "seed": [1]}, seeds=2), ValueError, "'seed' is given twice"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, seeds=0), ValueError, "sweep.seeds", ">= 1"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, seeds=[-1]), ValueError, "sweep.seeds", ">= 0"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, seeds=1.5), TypeError, "sweep.seeds", "how many, or a list"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, seeds=True), TypeError, "sweep.seeds", "how many, or a list", "got True"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, seeds=np.True_), TypeError, "sweep.seeds", "how many, or a list"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, seeds=[True]), TypeError, "sweep.seeds", "whole number (got True)"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, workers=0), ValueError, "sweep.workers", ">= 1"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, errors="rise"), ValueError, "sweep.errors", "did you mean 'raise'"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, keep="results"), ValueError, "sweep.keep", "did you mean 'result'"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, to=__file__), NotADirectoryError, "sweep.to", "is a file"),
    (lambda: bs.sweep(swept.product, {"a": [1]}, to="/no/such/folder"), FileNotFoundError, "sweep.to", "there is no folder"),
    (lambda: T.values("produkt"), bs.MissingName, "'produkt'", "did you mean 'product'"),
    (lambda: T.values("text"), ValueError, "'text' is a string", "table.frame()"),
    (lambda: T.at(c=1), bs.MissingName, "no parameter 'c'"),
    (lambda: T.at(a=3), bs.MissingName, "no point with a=3"),
    (lambda: T.at(a=1), ValueError, "2 points have a=1", "also name seed"),
    (lambda: T.plot("list"), ValueError, "'list' is an array at each point"),
)


def test_what_a_function_returns_is_checked():
    with pytest.warns(UserWarning, match="must return a number, a dict of numbers and arrays, or a Result"):
        bs.sweep(lambda a: object(), {"a": [1]}, workers=1)
