"""The folder of a sweep: a file for each finished point, computed again only if something has changed."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.runs import swept


class TestFolder:
    def test_only_what_changed_is_computed(self, tmp_path):
        log = tmp_path / "log"

        def square(x, seed):
            log.open("a").write(f"{x} ")
            return {"y": x * x, "nan": float("nan"), "array": np.arange(3) * x}

        first = bs.sweep(square, {"x": [1.0, 2.0]}, seeds=2, to=tmp_path / "s", workers=1)
        again = bs.sweep(square, {"x": [1.0, 2.0, 3.0]}, seeds=2, to=tmp_path / "s", workers=1)
        assert log.read_text() == "1.0 1.0 2.0 2.0 3.0 3.0 "
        np.testing.assert_array_equal(again.values("array")[:2], first.values("array"))
        assert list(again.rows[0].values) == ["y", "nan", "array"]

        def square(x, seed):  # another text
            log.open("a").write(f"{x} ")
            return x * x + 0

        bs.sweep(square, {"x": [1.0]}, seeds=1, to=tmp_path / "s", workers=1)
        assert log.read_text().endswith("3.0 1.0 ")

    def test_failed_points_are_tried_again_and_damaged_files_too(self, tmp_path):
        with pytest.warns(UserWarning, match="failed"):
            bs.sweep(swept.failing, {"a": [1, 2]}, seeds=2, to=tmp_path / "f", workers=1)
        files = list((tmp_path / "f").glob("*.npz"))
        assert len(files) == 3
        files[0].write_bytes(files[0].read_bytes()[:100])
        with pytest.warns(UserWarning, match="1 of 4"):
            bs.sweep(swept.failing, {"a": [1, 2]}, seeds=2, to=tmp_path / "f", workers=1)
        assert len(list((tmp_path / "f").glob("*.npz"))) == 3

    def test_the_file_of_another_point_is_not_taken(self, tmp_path):
        def files(kind):
            return sorted((tmp_path / "s").glob(kind), key=lambda path: path.stat().st_mtime_ns)

        def rates():
            table = bs.sweep(swept.whole, {"rate": [500.0, 1000.0]}, seeds=1, to=tmp_path / "s", workers=1, keep="result")
            return [(row.values["rate cells"], row.result.spikes["cells"].rate()) for row in table.rows]

        expected = rates()
        assert expected[0] != expected[1]
        for kind in ("*[0-9a-f].npz", "*.result.npz"):
            one, other = files(kind)
            one.write_bytes(other.read_bytes())
            assert rates() == expected

    def test_objects_and_arrays_as_parameters(self, tmp_path):
        def count(model, values):
            return float(np.sum(values))

        given = {"model": [bs.LIF(), bs.LIF(tau_m=5.0)], "values": [np.arange(3), np.arange(4)]}
        bs.sweep(count, zip=given, to=tmp_path / "o", workers=1)
        assert len(list((tmp_path / "o").glob("*.npz"))) == 2
        with pytest.raises(TypeError, match="pass a name, and look the object up"):
            bs.sweep(count, zip={"model": [object()], "values": [1]}, to=tmp_path / "o", workers=1)

    def test_ctrl_c_keeps_what_is_done(self, tmp_path):
        def stop(x):
            if x == 3:
                raise KeyboardInterrupt
            return x

        with pytest.warns(UserWarning, match="stopped by Ctrl-C after 2 of 4 points"):
            table = bs.sweep(stop, {"x": [1, 2, 3, 4]}, to=tmp_path / "c", workers=1)
        assert len(list((tmp_path / "c").glob("*.npz"))) == 2
        assert np.isnan(table.values("value")[2:]).all()
