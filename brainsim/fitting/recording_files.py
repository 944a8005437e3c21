"""Recordings in files of Neurodata Without Borders and of what Neo reads, as columns by their names."""

import numpy as np

from brainsim.core.checks import nearest
from brainsim.core.doors import optional
from brainsim.results.archive import reading


def from_nwb(file, wanted, sweep, label):
    """Return the columns of a sweep: a current-clamp series, and the stimulus with the same number of sweep."""
    pynwb = optional("pynwb", f"{label}: files of NWB")
    with reading(file, label, "recording"), pynwb.NWBHDF5IO(str(file), "r") as opened:
        held = opened.read()
        responses = [one for one in held.acquisition.values() if one.neurodata_type == "CurrentClampSeries"]
        stimuli = [one for one in held.stimulus.values() if one.neurodata_type == "CurrentClampStimulusSeries"]
        v = _chosen(responses, wanted["v"], sweep, "CurrentClampSeries", f"{label}.v", file, label)
        same = [one for one in stimuli if v.sweep_number is not None and one.sweep_number == v.sweep_number]
        place = sweep if not same and len(stimuli) == len(responses) else 0
        current = _chosen(
            same or stimuli, wanted["current"], place, "CurrentClampStimulusSeries", f"{label}.current", file, label
        )
        times = {"dt [s]": 1.0 / v.rate} if v.rate else {"t [s]": v.timestamps[:]}
        return times | {"current [A]": _values(current), "v [V]": _values(v)}


def _values(series):
    """Return the values of a series in SI units."""
    return np.asarray(series.data[:], float) * series.conversion + series.offset


def from_neo(file, wanted, sweep, label):
    """Return the columns of a segment: its signals in units of current and of potential, and its spikes."""
    neo = optional("neo", f"{label}: files that end in {file.suffix or 'nothing'}")
    with reading(file, label, "recording"):
        segments = [segment for block in neo.io.get_io(str(file)).read() for segment in block.segments]
        if sweep >= len(segments):
            raise ValueError(f"{label}.sweep: {str(file)!r} has {len(segments)} segments (got {sweep})")
        signals = segments[sweep].analogsignals
        current, v = (
            _chosen(_in_unit(signals, unit), wanted[kind], None, f"signal in {unit}", f"{label}.{kind}", file, label)
            for kind, unit in (("current", "pA"), ("v", "mV"))
        )
        columns = {
            "dt [ms]": float(v.sampling_period.rescale("ms")),
            "current [pA]": np.asarray(current),
            "v [mV]": np.asarray(v),
        }
        for train in segments[sweep].spiketrains[:1]:
            columns["spikes [ms]"] = np.asarray(train.rescale("ms") - v.t_start.rescale("ms"))
        return columns


def _in_unit(signals, unit):
    """Return the signals that can be said in a unit, in it."""
    found = []
    for signal in signals:
        try:
            found.append(signal.rescale(unit))
        except ValueError:  # of another dimension
            continue
    return found


def _chosen(series, name, place, kind, option, file, label):
    """Return the series of a name or at a place; if there are several and neither is given, say what to type."""
    names = [one.name for one in series]
    if name is not None:
        if name not in names:
            raise ValueError(f"{option}: {str(file)!r} has no {kind} {name!r}{nearest(name, names)}")
        return series[names.index(name)]
    if not series:
        raise ValueError(f"{label}: {str(file)!r} has no {kind}")
    if place is None and len(series) > 1:
        raise ValueError(f"{label}: {str(file)!r} has several of {kind}, {', '.join(map(repr, names))}; name one, {option}=")
    if (place or 0) >= len(series):
        raise ValueError(f"{label}.sweep: {str(file)!r} has {len(series)} of {kind} (got {place})")
    return series[place or 0]
