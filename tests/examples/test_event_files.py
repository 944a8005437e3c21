"""Recorded spikes in files of the user: what is in them is what is read, and files that are something else are named."""

import struct

import numpy as np
import pytest

import brainsim as bs

datasets = bs.ann.datasets


def write_heidelberg(path, samples, labels, **changed):
    """Write a file as the Heidelberg data have it: times [s] and units of each sample."""
    h5py = pytest.importorskip("h5py", reason="reads HDF5")
    with h5py.File(path, "w") as file:
        for k, (name, kind) in enumerate((("spikes/times", "f4"), ("spikes/units", "u2"))):
            if name not in changed:
                column = file.create_dataset(name, len(samples), dtype=h5py.vlen_dtype(kind))
                for row, sample in enumerate(samples):
                    column[row] = np.asarray(sample[k], kind)
        file["labels"] = np.asarray(changed.get("labels", labels), "u2")


@pytest.fixture
def heidelberg(tmp_path):
    write_heidelberg(tmp_path / "shd_train.h5", [([0.25, 0.5, 0.125], [699, 3, 3]), ([], []), ([1.0], [0])], [19, 0, 4])
    write_heidelberg(tmp_path / "shd_test.h5", [([1.0625], [5])], [7])
    return tmp_path


def test_heidelberg_digits_are_spikes_in_ms(heidelberg):
    data = datasets.heidelberg_digits(heidelberg)
    first, empty, _ = data.X_train
    assert (first.times.tolist(), first.ids.tolist()) == ([125.0, 250.0, 500.0], [3, 699, 3])
    assert len(empty) == 0
    assert {(spikes.n, spikes.duration) for spikes in (*data.X_train, *data.X_test)} == {(700, 1063.0)}
    assert (data.y_train.tolist(), data.y_test.tolist()) == ([19, 0, 4], [7])
    assert repr(data) == "Dataset(X_train: (3,), y_train: (3,), X_test: (1,), y_test: (1,))"
    assert len(datasets.heidelberg_digits(heidelberg, samples=2).X_train) == 2


def test_a_network_learns_from_lists_of_spikes(heidelberg):
    data = datasets.heidelberg_digits(heidelberg)
    net = bs.learn.SpikingNetwork(4, epochs=1, duration=1063.0, validation=0.0, wake=0.0)
    net.fit(data.X_train, data.y_train)
    assert net.n_features_in_ == 700
    assert net.predict(data.X_test).shape == (1,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"samples": [([0.1], [700])]}, r"sample 0 has units beyond 0 to 699"),
        ({"samples": [([-0.1], [1])]}, r"sample 0 must have a time of 0 s or more for each unit"),
        ({"samples": [([0.1, 0.2], [1])]}, r"sample 0 must have a time"),
        ({"samples": [([0.1], [1])], "labels": [1, 2]}, r"it has 1 samples and 2 labels"),
        ({"samples": [([0.1], [1])], "spikes/units": None}, r"it has no 'spikes/units'"),
    ],
)
def test_a_wrong_heidelberg_file_is_named(change, said, heidelberg):
    write_heidelberg(heidelberg / "shd_test.h5", **{"labels": [1]} | change)
    with pytest.raises(ValueError, match=rf"^heidelberg_digits\.path: '.*shd_test\.h5' is not a readable .*{said}"):
        datasets.heidelberg_digits(heidelberg)


def test_missing_heidelberg_files_are_named(heidelberg):
    (heidelberg / "shd_test.h5").rename(heidelberg / "shd_test.h5.gz")
    with pytest.raises(FileNotFoundError, match=r"has no file shd_test\.h5; unpack it first"):
        datasets.heidelberg_digits(heidelberg)
    with pytest.raises(FileNotFoundError, match=r"has no file ssc_train\.h5$"):
        datasets.heidelberg_digits(heidelberg, "ssc")
    (heidelberg / "shd_test.h5").write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match=r"^heidelberg_digits\.path: '.*shd_test\.h5' is not a readable file of the Heid"):
        datasets.heidelberg_digits(heidelberg)
    with pytest.raises(ValueError, match=r"^heidelberg_digits\.which: there is no 'SHD'; did you mean 'shd'"):
        datasets.heidelberg_digits(heidelberg, "SHD")


EVENTS = [(1_000, 5, 7, 1), (1_400, 5, 7, 1), (2_500, 4, 6, 0), (9_000, 127, 127, 1), (20_000, 1, 2, 0)]  # t, x, y, p


def packet(events, kind=1, size=8, overflow=0, valid=1):
    """Return a packet of AEDAT 3.1."""
    head = struct.pack("<hhiiiiii", kind, 1, size, 4, overflow, len(events), len(events), len(events))
    return head + b"".join(struct.pack("<II", x << 17 | y << 2 | p << 1 | valid, t) for t, x, y, p in events)


START = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n"


def write_recording(path, content, rows="2,1000,10000\n11,20000,30000\n"):
    """Write a recording as IBM publishes it, in both parts of the data."""
    (path / "user01_led.aedat").write_bytes(content)
    (path / "user01_led_labels.csv").write_text(f"class,startTime_usec,endTime_usec\n{rows}")
    for part in ("train", "test"):
        (path / f"trials_to_{part}.txt").write_text("user01_led.aedat\n")


def test_gestures_of_aedat_are_cut_joined_and_counted_once(tmp_path):
    other, bad = packet([(3_000, 60, 9, 1)], kind=0), packet([(3_000, 90, 9, 1)], valid=0)  # not of pixels; not valid
    write_recording(tmp_path, START + packet(EVENTS[:2]) + other + packet(EVENTS[2:]) + bad)
    data = datasets.dvs_gestures(tmp_path, pixels=64, duration=50.0)
    assert (data.y_train.tolist(), data.y_test.tolist()) == ([1, 10], [1, 10])
    first, second = data.X_train
    brighter, last = 64 * 64 + 3 * 64 + 2, 2 * 64 * 64 - 1
    assert first.times.tolist() == pytest.approx([0.0, 1.5, 8.0])  # that at 0.4 ms is the same input in the same ms
    assert first.ids.tolist() == [brighter, 3 * 64 + 2, last]
    assert (second.times.tolist(), second.ids.tolist()) == ([0.0], [64])
    assert (first.n, first.duration) == (8192, 50.0)
    fine = datasets.dvs_gestures(tmp_path, pixels=128, duration=5.0, interval=0.1, samples=1)
    assert len(fine.X_train) == 1
    assert fine.X_train[0].times.tolist() == pytest.approx([0.0, 0.4, 1.5])


def test_times_in_aedat_go_on_after_31_bits(tmp_path):
    write_recording(tmp_path, START + packet([(7, 1, 1, 1)], overflow=1), f"1,{1 << 31},{(1 << 31) + 100}\n")
    assert datasets.dvs_gestures(tmp_path).X_test[0].times.tolist() == pytest.approx([0.007])


def test_gestures_that_others_have_cut_are_the_same(tmp_path):
    t, x, y, p = np.array(EVENTS[:4]).T
    for part, name in (("train", "ibmGestureTrain"), ("test", "ibmGestureTest")):
        for kind in (1, 10):
            (tmp_path / "cut" / part / str(kind)).mkdir(parents=True)
            np.savez(tmp_path / "cut" / part / str(kind) / "user01_led_0.npz", t=t, x=x, y=y, p=p)
            (tmp_path / "rows" / name / "user01_led").mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / "rows" / name / "user01_led" / f"{kind}.npy", np.column_stack([x, y, p, 1e-3 * t]))
    for form in ("cut", "rows"):
        data = datasets.dvs_gestures(tmp_path / form, pixels=64)
        assert sorted(data.y_train.tolist()) == [1, 10]
        assert data.X_train[0].times.tolist() == pytest.approx([0.0, 1.5, 8.0])
        assert data.X_test[1].ids.tolist() == [64 * 64 + 3 * 64 + 2, 3 * 64 + 2, 2 * 64 * 64 - 1]


@pytest.mark.parametrize(
    ("content", "rows", "said"),
    [
        (b"#!AER-DAT2.0\r\n", "", r"user01_led\.aedat': must be in the format AEDAT 3\.1 \(it begins with b'#!AER-DAT2"),
        (b"#!AER-DAT3.1\r\n", "", r"has no end of its header"),
        (START + packet(EVENTS)[:-1], "", r"ends within the packet that begins at byte 42"),
        (START + packet(EVENTS) + b"123", "", r"ends within the packet that begins at byte 110"),
        (START + packet([(0, 128, 0, 0)]), "", r"x must be 0 to 127 \(got 128 to 128\)"),
        (START + packet(EVENTS), "1,2\n", r"line 2 of user01_led_labels\.csv must have class, startTime_usec, endTime"),
        (START + packet(EVENTS), "1,2,3\n12,3,4\n", r"line 3 of user01_led_labels\.csv: class must be 1 to 11 \(got 12\)"),
    ],
)
def test_a_wrong_recording_is_named(content, rows, said, tmp_path):
    write_recording(tmp_path, content, rows)
    with pytest.raises(ValueError, match=rf"^dvs_gestures\.path: .*{said}"):
        datasets.dvs_gestures(tmp_path)


def test_folders_and_values_that_do_not_fit_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no file trials_to_train\.txt, nor a folder train or ibmGestureTrain"):
        datasets.dvs_gestures(tmp_path)
    with pytest.raises(ValueError, match=r"^dvs_gestures\.pixels: must divide 128"):
        datasets.dvs_gestures(tmp_path, pixels=24)
    (tmp_path / "train" / "wave").mkdir(parents=True)
    np.savez(tmp_path / "train" / "wave" / "a.npz", t=[1])
    with pytest.raises(ValueError, match=r"its folder must be called by its class, 0 to 10 \(got 'wave'\)"):
        datasets.dvs_gestures(tmp_path)
    (tmp_path / "train" / "wave").rename(tmp_path / "train" / "3")
    with pytest.raises(ValueError, match=r"^dvs_gestures\.path: '.*a\.npz' is not a readable file of a gesture"):
        datasets.dvs_gestures(tmp_path)
