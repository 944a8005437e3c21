"""`bs.read_recording`: the same recording from each kind of file, and what is said of files that are wrong."""

import datetime
import re
import uuid

import numpy as np
import pytest

import brainsim as bs
from brainsim.commands.cli import main

DT = 0.1
CURRENT = np.repeat([0.0, 250.0, -120.0, 400.0], 25)  # pA
V = -60.0 + 10.0 * np.sin(0.3 * np.arange(CURRENT.size))  # mV
V[[17, 18, 60]] = 20.0
SPIKES = [1.7, 6.0]  # ms


def text(columns, delimiter=","):
    """Return a table as text."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join(delimiter.join(map(str, row)) for row in [list(columns), *rows]) + "\n"


def write_csv(path):
    file = path / "cell.csv"
    file.write_text(text({"time (s)": 1e-3 * DT * np.arange(100), "I [nA]": 1e-3 * CURRENT, "Vm [V]": 1e-3 * V}))
    return file


def write_tsv(path):
    file = path / "cell.tsv"
    flags = np.isin(np.arange(100), [17, 60]).astype(int)
    file.write_text("# " + text({"t": DT * np.arange(100), "current": CURRENT, "v": V, "spikes": flags}, "\t"))
    return file


def write_npz(path):
    file = path / "cell.npz"
    np.savez(file, **{"dt": DT, "current": CURRENT, "v [mV]": V, "spikes [s]": 1e-3 * np.array(SPIKES)})
    return file


def write_nwb(path):
    pynwb = pytest.importorskip("pynwb")
    clamp, file = pynwb.icephys, path / "cell.nwb"
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    held = pynwb.NWBFile(session_description="a cell", identifier=str(uuid.uuid4()), session_start_time=start)
    electrode = held.create_icephys_electrode(name="e", description="d", device=held.create_device(name="amplifier"))
    for sweep, scale in ((3, 0.0), (4, 1.0)):  # the second one is read
        given = {"electrode": electrode, "gain": 1.0, "rate": 1e4, "sweep_number": np.uint64(sweep)}
        v = clamp.CurrentClampSeries(name=f"v{sweep}", data=V * scale - (scale == 0.0), conversion=1e-3, **given)
        stimulus = clamp.CurrentClampStimulusSeries(name=f"i{7 - sweep}", data=1e-12 * scale * CURRENT, **given)
        held.add_acquisition(v)
        held.add_stimulus(stimulus)
    with pynwb.NWBHDF5IO(str(file), "w") as opened:
        opened.write(held)
    return file


def write_neo(path):
    neo, quantities = pytest.importorskip("neo"), pytest.importorskip("quantities")
    file = path / "cell.mat"
    segment = neo.Segment()
    for values, units, name in ((1e-3 * CURRENT, "nA", "i"), (1e-3 * V, "V", "v")):
        rate = 10.0 * quantities.kHz
        segment.analogsignals.append(neo.AnalogSignal(values[:, None], units=units, sampling_rate=rate, name=name))
    block = neo.Block()
    block.segments.append(segment)
    neo.io.NeoMatlabIO(str(file)).write_block(block)
    return file


IMPORTS = [pytest.param(write, marks=pytest.mark.thorough) for write in (write_nwb, write_neo)]  # these take long


@pytest.mark.parametrize("write", [write_csv, write_tsv, write_npz, *IMPORTS])
def test_the_same_recording_from_each_kind_of_file(write, tmp_path):
    found = bs.read_recording(write(tmp_path), sweep=int(write is write_nwb))
    assert list(found) == ["current", "dt", "v", "spikes"]
    assert found["dt"] == pytest.approx(DT, rel=1e-9)
    np.testing.assert_allclose(found["current"], CURRENT, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found["v"], V, rtol=1e-12)
    np.testing.assert_allclose(found["spikes"], SPIKES, rtol=1e-9)


def test_another_interval(tmp_path):
    found = bs.read_recording(write_npz(tmp_path), dt=1.0)
    np.testing.assert_allclose(found["current"], CURRENT.reshape(10, 10).mean(axis=1), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found["v"], V[::10], rtol=1e-12)
    assert found["dt"] == 1.0
    finer = bs.read_recording(tmp_path / "cell.npz", dt=0.04)  # not a part of 0.1 ms
    assert (finer["dt"], finer["current"].size) == (0.04, 250)
    assert finer["current"][61:64] == pytest.approx([0.0, 125.0, 250.0], abs=1e-9)  # a step at 2.5 ms
    assert finer["v"][1] == pytest.approx(0.6 * V[0] + 0.4 * V[1])


def test_names_choose_columns(tmp_path):
    table = {"t": DT * np.arange(100), "drive": CURRENT, "v": 0.0 * V, "inside [V]": 1e-3 * V}
    (tmp_path / "cell.csv").write_text(text(table, ";"))
    found = bs.read_recording(tmp_path / "cell.csv", current="drive", v="inside", threshold=100.0)
    np.testing.assert_allclose(found["v"], V, rtol=1e-12)
    assert "spikes" not in found


@pytest.mark.thorough
def test_run_fit_reads_a_file_and_says_what_it_found(tmp_path, monkeypatch, capsys):
    pytest.importorskip("cmaes")
    monkeypatch.chdir(tmp_path)
    rng, times = np.random.default_rng(1), 0.04 * np.arange(50_000)  # a rate of 25 kHz, which has no steps of 0.1 ms
    columns = {"t": times, "current": np.repeat(rng.uniform(0.0, 800.0, 200), 250)}
    cell = bs.Population(1, bs.LIF(), name="cell")
    net = bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(bs.TimedArray(columns["current"], 0.04)))
    spikes = bs.simulate(net, 2000.0, dt=0.04).spikes["cell"]
    columns["spikes"] = np.isin(np.arange(50_000), np.rint(spikes.times / 0.04)).astype(int)
    (tmp_path / "cell.csv").write_text(text(columns))
    assert main(["run", "fit", "--file", "cell.csv", "--small"]) == 0
    said = capsys.readouterr().out
    assert re.findall(r"Fit of (\w+): c_m=", said) == ["LIF", "AdEx"]
    assert re.search(rf"recorded +1 +{len(spikes)} ", said)
    assert "Result: 2,000 ms" in said
    assert (tmp_path / "fit.png").stat().st_size > 10_000


T, N = DT * np.arange(100), np.arange(100)
MISTAKES = {
    "no column": ({"t": T, "v": V}, {}, "'cell.csv' has no 'current', only 't', 'v'; current=... names it"),
    "no recording": ({"t": T, "i": CURRENT}, {}, "'cell.csv' has no 'v' and no 'spikes', only 't', 'i'"),
    "no such name": ({"t": T, "i": CURRENT, "v": V}, {"v": "w"}, "read_recording.v: 'cell.csv' has no 'w'"),
    "two names": ({"t": T, "i": CURRENT, "v": V, "vm": V}, {}, "has both 'v' and 'vm'; name one, v=..."),
    "amperes": ({"t": T, "i": 1e-12 * CURRENT, "v": V}, {}, "'i': got at most 4e-10 pA, which looks like amperes; "),
    "volts": ({"t": T, "i": CURRENT, "v": 1e-3 * V}, {}, "which looks like volts; call it 'v [V]' in the file"),
    "seconds": ({"t": 1e-3 * T, "i": CURRENT, "v": V}, {}, "'t': got a sample every 0.0001 ms, which looks like seconds"),
    "unit": ({"t": T, "i [mV]": CURRENT, "v": V}, {}, "'i [mV]': the unit must be one of A, mA, uA, nA, pA"),
    "uneven": ({"t": T**1.1, "i": CURRENT, "v": V}, {}, "'t': must be times at one interval, in their order"),
    "nan": ({"t": T, "i": CURRENT, "v": np.where(N == 7, np.nan, V)}, {}, "'v': must be finite (got nan at sample 7)"),
    "no names": ({"0.0": T, "1.0": CURRENT, "2.0": V}, {}, "must begin with a line of names, such as t,current,v"),
    "interval": ({"t": T, "i": CURRENT, "v": V}, {"dt": 6.0}, "read_recording.dt: must be below 5 ms, half the"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    columns, given, said = MISTAKES[name]
    (tmp_path / "cell.csv").write_text(text(columns))
    with pytest.raises((ValueError, KeyError), match=re.escape(said)):
        bs.read_recording("cell.csv", **given)


def test_mistakes_of_other_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("short.npz", dt=DT, current=CURRENT, v=V[:90])
    with pytest.raises(ValueError, match=r"as many samples of 'v' as of 'current', 100 \(got the shape \(90,\)\)"):
        bs.read_recording("short.npz")
    with pytest.raises(FileNotFoundError, match=r"read_recording: there is no file 'none\.csv'"):
        bs.read_recording("none.csv")
    for name, package in (("cell.nwb", "pynwb"), ("cell.abf", "neo")):
        (tmp_path / name).write_bytes(b"")
        monkeypatch.setitem(__import__("sys").modules, package, None)
        with pytest.raises(ImportError, match=f"needs {package}; pip install {package}"):
            bs.read_recording(name)
