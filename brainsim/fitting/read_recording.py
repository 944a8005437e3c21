"""`bs.read_recording`: what a cell did under a current, from a file of csv, of NumPy, of NWB, or of what Neo reads."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np

from brainsim.core.checks import SI_SLIP, MissingName, integer, nearest, number
from brainsim.core.files import check_path
from brainsim.core.hints import answers_calls
from brainsim.fitting.recording_files import from_neo, from_nwb
from brainsim.fitting.recordings import USUAL_RANGE
from brainsim.results.archive import read_arrays, reading

LABEL = "read_recording"
# what is read -> the names that a column may have, and its unit; the first of each is what messages ask for
NAMES = {
    "t": ("t", "time", "times", "timestamps"),
    "current": ("current", "i", "i_inj", "stimulus"),
    "v": ("v", "vm", "v_m", "voltage", "potential"),
    "spikes": ("spikes", "spike", "spike_times"),
    "dt": ("dt",),
}
UNIT = {"t": "ms", "current": "pA", "v": "mV", "spikes": "ms", "dt": "ms"}
SCALES = {
    "ms": {"s": 1e3, "ms": 1.0, "us": 1e-3},
    "pA": {"A": 1e12, "mA": 1e9, "uA": 1e6, "nA": 1e3, "pA": 1.0},
    "mV": {"V": 1e3, "mV": 1.0, "uV": 1e-3},
}
SECONDS = 2e-3  # ms: samples that are closer than this are most likely in seconds
UNEVEN = 0.01  # of an interval, by which the times of samples may differ from even ones
TEXTS = (".csv", ".txt", ".tsv")


@answers_calls
def read_recording(
    path: str | os.PathLike,
    *,
    current: str | None = None,
    v: str | None = None,
    sweep: int = 0,
    dt: float | None = None,
    threshold: float = -20.0,
) -> dict[str, Any]:
    """Read a current and what a cell did under it: a dict of arguments for `fit` and `fit_gif`.

    A text (.csv, .txt, .tsv) has a line of names, then a line for each sample; a file of NumPy (.npz) has arrays of these
    names. They are ``t`` (or ``dt``, a number), ``current``, and ``v`` or ``spikes`` (times, or 0 and 1 for each sample),
    in ms, pA and mV, or in the unit that is written after the name: ``v [V]``, ``current (nA)``. Of a file of Neurodata
    Without Borders (.nwb) the series of current clamp are read, of others what Neo makes of them.

    Parameters
    ----------
    path : str or Path
        The file. ``.nwb`` needs pynwb, and what is not named above needs neo.
    current, v : str, optional
        The names of the columns or signals, if they are others, or if there are several.
    sweep : int
        Which one, in files with several.
    dt : float, optional
        Another interval for the samples [ms], over which the current is averaged; v is on a line between two samples.
    threshold : float
        Where v crosses it upwards is a spike [mV], if the file has no times of spikes.

    Returns
    -------
    dict
        ``"current"`` [pA] and ``"dt"`` [ms], with ``"v"`` [mV] and ``"spikes"`` [ms] if there are any.

    Raises
    ------
    ImportError
        If the package that reads the file is not there.
    TypeError, ValueError, KeyError
        If the file has no such column, or lengths or units do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> current = np.repeat([0.0, 0.4], 1000)
    >>> np.savez("cell.npz", **{"dt": 0.1, "current [nA]": current, "spikes [s]": [0.12, 0.15]})
    >>> recorded = bs.read_recording("cell.npz")
    >>> recorded["current"].max(), recorded["spikes"]
    (np.float64(400.0), array([120., 150.]))
    >>> fit = bs.fit(bs.LIF(), **recorded, free={"tau_m": (10.0, 30.0)}, method="grid", hold_out=0)
    """
    file = check_path(path, LABEL, "cell.csv")
    wanted, sweep = {"current": current, "v": v}, integer(sweep, f"{LABEL}.sweep", at_least=0)
    suffix = file.suffix.lower()
    if suffix in TEXTS:
        columns = _from_text(file)
    elif suffix == ".npz":
        columns = read_arrays(file, LABEL, "recording", lambda archive: {name: archive[name] for name in archive.names})
    else:
        columns = (from_nwb if suffix == ".nwb" else from_neo)(file, wanted, sweep, LABEL)
        wanted = {"current": None, "v": None}
    return _checked(_known(columns, wanted, file), file, dt, number(threshold, f"{LABEL}.threshold", "mV"))


def _from_text(file):
    """Return the columns of a text by the names in its first line."""
    with reading(file, LABEL, "recording"):
        with file.open(encoding="utf-8") as opened:
            first = opened.readline().strip().lstrip("#")
        delimiter = next((mark for mark in (",", ";", "\t") if mark in first), None)
        names = [name.strip().strip("\"'") for name in first.split(delimiter)]
        if not any(re.search("[A-Za-z]", name) for name in names):
            raise ValueError(
                f"{LABEL}: {str(file)!r} must begin with a line of names, such as t,current,v (got {first[:40]!r})"
            )
        values = np.loadtxt(file, delimiter=delimiter, skiprows=1, ndmin=2, encoding="utf-8")
        if values.shape[1] != len(names):
            raise ValueError(f"{LABEL}: {str(file)!r} has {len(names)} names, but {values.shape[1]} columns")
    return dict(zip(names, values.T, strict=True))


def _known(columns, wanted, file):
    """Return what is read -> (its name in the file, whether that has a unit, values in ms, pA or mV)."""
    found = {}
    for name, values in columns.items():
        plain, unit = re.fullmatch(r"(.*?)\s*(?:[\[(]\s*(\S*?)\s*[\])])?", name.strip()).groups()
        kinds = [
            kind
            for kind, names in NAMES.items()
            if (wanted[kind] in (name, plain) if wanted.get(kind) else plain.lower() in names)
        ]
        for kind in kinds:
            if kind in found:
                raise ValueError(f"{LABEL}: {str(file)!r} has both {found[kind][0]!r} and {name!r}; name one, {kind}=...")
            scales = SCALES[UNIT[kind]]
            if unit and unit.replace("µ", "u") not in scales:
                raise ValueError(f"{LABEL}: {str(file)!r}, {name!r}: the unit must be one of {', '.join(scales)}")
            scale = scales[unit.replace("µ", "u")] if unit else 1.0
            found[kind] = name, bool(unit), scale * _numbers(values, name, file)
    for kind, name in wanted.items():
        if name and kind not in found:
            raise MissingName(f"{LABEL}.{kind}: {str(file)!r} has no {name!r}{nearest(name, columns)}")
    for kinds in (("t", "dt"), ("current",), ("v", "spikes")):
        if not any(kind in found for kind in kinds):
            said = f"{LABEL}: {str(file)!r} has no {' and no '.join(map(repr, kinds))}, only {', '.join(map(repr, columns))}"
            raise MissingName(f"{said}; {kinds[0]}=... names it" if kinds[0] in wanted else said)
    return found


def _numbers(values, name, file):
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{LABEL}: {str(file)!r}, {name!r}: must be numbers (got {values.dtype})")
    values = values.astype(float)
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values.ravel()))[0])
        raise ValueError(f"{LABEL}: {str(file)!r}, {name!r}: must be finite (got {values.ravel()[at]} at sample {at:,})")
    return values.squeeze()


def _checked(found, file, dt, threshold):
    """Return the arguments of `fit`, after checks of lengths and units."""
    current = found["current"][2]
    if current.ndim != 1 or current.size < 2:
        raise ValueError(f"{LABEL}: {str(file)!r}: the current must be one column (got the shape {current.shape})")
    for kind in ("t", "v"):
        if kind in found and found[kind][2].shape != current.shape:
            raise ValueError(
                f"{LABEL}: {str(file)!r}: must have as many samples of {found[kind][0]!r} as of {found['current'][0]!r}, "
                f"{current.size:,} (got the shape {found[kind][2].shape})"
            )
    own = _interval(found, file)
    low, high = SI_SLIP["pA"]
    if low < np.abs(current).max() < high:
        _refuse_unit(found["current"], file, f"at most {np.abs(current).max():.3g} pA", "amperes", "A")
    if "v" in found and np.abs(found["v"][2]).max() < USUAL_RANGE:
        _refuse_unit(found["v"], file, f"at most {np.abs(found['v'][2]).max():.3g} mV", "volts", "V")
    v = found["v"][2] if "v" in found else None
    if "spikes" in found:
        spikes = np.atleast_1d(found["spikes"][2])
        if spikes.size == current.size and np.isin(spikes, (0.0, 1.0)).all():
            spikes = own * np.flatnonzero(spikes)
    else:
        spikes = own * (1 + np.flatnonzero((v[1:] >= threshold) & (v[:-1] < threshold)))
    given = {"current": current, "dt": own} | ({} if v is None else {"v": v})
    given = given if dt is None else _every(number(dt, f"{LABEL}.dt", "ms", above=0.0), given)
    spikes = spikes[spikes <= given["dt"] * given["current"].size]
    return given | ({"spikes": spikes} if spikes.size else {})


def _every(dt, given):
    """Return the recording with samples at another interval: the current is averaged, v is on a line between two samples."""
    own, current = given["dt"], given["current"]
    n = int(current.size * own / dt * (1 + 1e-9))
    if n < 2:
        raise ValueError(f"{LABEL}.dt: must be below {0.5 * current.size * own:g} ms, half the recording (got {dt:g} ms)")
    if abs(dt - own) <= 1e-9 * dt:
        return given
    times, charge = dt * np.arange(n + 1), own * np.append(0.0, np.cumsum(current))
    found = {"current": np.diff(np.interp(times, own * np.arange(current.size + 1), charge)) / dt, "dt": dt}
    return found | ({"v": np.interp(times[:-1], own * np.arange(current.size), given["v"])} if "v" in given else {})


def _interval(found, file):
    """Return the interval of the samples [ms]."""
    if "dt" in found:
        own = number(found["dt"][2], f"{LABEL}: {str(file)!r}, {found['dt'][0]!r}", "ms", above=0.0)
    else:
        times = found["t"][2]
        own = float(f"{(times[-1] - times[0]) / (times.size - 1):.9g}")
        if own <= 0.0 or np.abs(times - times[0] - own * np.arange(times.size)).max() > max(UNEVEN * own, 1e-6):
            raise ValueError(f"{LABEL}: {str(file)!r}, {found['t'][0]!r}: must be times at one interval, in their order")
    if own < SECONDS:
        _refuse_unit(found["dt" if "dt" in found else "t"], file, f"a sample every {own:.3g} ms", "seconds", "s")
    return own


def _refuse_unit(column, file, got, what, unit):
    name, is_said, _ = column
    if not is_said:
        raise ValueError(
            f"{LABEL}: {str(file)!r}, {name!r}: got {got}, which looks like {what}; call it '{name} [{unit}]' in the file"
        )
