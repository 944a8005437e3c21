"""A simulation of point neurons from its configuration."""

import dataclasses
import os
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.core.checks import MissingName, number, takes_options
from brainsim.core.doors import optional
from brainsim.core.files import check_free, writable
from brainsim.sonata.configuration import read_json, read_sections
from brainsim.sonata.configured_network import LABEL, build_network, find_reports
from brainsim.sonata.entries import check_sections

SUFFIXES = (".h5", ".hdf5")


@takes_options("sonata.run")
def run(config: str | os.PathLike, *, threads: int | None = None) -> bs.Result:
    """Simulate a network of point neurons as its configuration says, and write the files that it names.

    Models are those of NEST with its defaults: ``iaf_psc_delta``, ``iaf_psc_exp``, ``iaf_psc_alpha``, ``iaf_cond_exp``,
    ``iaf_cond_alpha``, ``aeif_cond_exp``, ``aeif_cond_alpha``, and ``static_synapse``. Inputs are ``spikes`` of virtual
    nodes, each at the end of its step, and ``current_clamp``. Cells begin at ``v_init`` of the ``conditions``, or ``V_m``.
    What the configuration says and brainsim does not do is refused by name.

    Parameters
    ----------
    config : str or Path
        ``config.json``, or a ``simulation_config.json`` that names the configuration of the circuit as its ``network``.
    threads : int, optional
        As for `simulate`.

    Returns
    -------
    Result
        Spikes of each node population, and reports as traces; with ``output`` they are written to its folder, too.

    Raises
    ------
    ImportError
        Without h5py: ``pip install h5py``.
    FileNotFoundError, FileExistsError
        If a file is missing, or would be replaced although ``overwrite_output_dir`` is false; other errors of the system if
        files cannot be read or written.
    ValueError
        If a file is damaged, lacks an entry, or has one, a model, a parameter or cells that are not known. The message names
        the file and the entry, and comes before anything is simulated or written.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> result = bs.sonata.run("300_pointneurons/simulation_config.json")  # doctest: +SKIP
    """
    optional("h5py", LABEL)
    given, files = read_sections(config, LABEL)
    sections = check_sections(given, files, str(config), LABEL)
    tstop, dt = _times(sections["run"])
    network = build_network(sections, _sets(given, files), dt)
    reports = find_reports(network, sections["reports"])
    places = _places(sections, reports) if "output" in given else {}
    record = [trace for report in reports for trace in report.traces]
    try:
        result = bs.simulate(network.net, tstop, dt=dt, seed=0, threads=threads, record=record)
    except MissingName as error:  # of a variable
        raise ValueError(f"{sections['reports'].label}: {error}") from None
    for path, traces in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        dataclasses.replace(
            result,
            state=None,
            traces={key: result.traces[key].of(ids) for key, ids in traces.items()},
            spikes={} if traces else result.spikes,
        ).save(path)
    return result


def _times(run):
    """Return the duration of a run and the time step [ms]."""
    if (given := [name for name in ("tstop", "duration") if run.get(name) is not None]) != given[:1] or not given:
        has = "has both 'tstop' and 'duration', which are the same" if given else "has no 'tstop', the duration [ms]"
        raise ValueError(f"{run.label} {has}")
    names = {given[0]: None, "dt": 0.1}
    tstop, dt = (number(run.get(name, default), f"{run.label}: {name}", "ms", above=0.0) for name, default in names.items())
    return tstop, dt


def _sets(given, files):
    """Return the node sets, and the file that should have them if it does not exist."""
    if (path := given.get("node_sets_file")) is None:
        return {}, None
    return (
        (read_json(path, f"{LABEL}: {files['node_sets_file']!r}: node_sets_file"), None)
        if Path(path).is_file()
        else ({}, path)
    )


def _places(sections, reports):
    """Return path -> what is written there, as {key: cells}, none if it is the spikes; no file may be lost."""
    output, run = sections["output"], sections["run"]
    folder, overwrite = Path(output.get("output_dir", "output")), output.get("overwrite_output_dir", True)
    overwrite = overwrite and run.get("overwrite_output_dir", True)
    name = output.get("spikes_file", "spikes.h5")
    if not name.lower().endswith(SUFFIXES):
        raise ValueError(f"{output.label}: spikes_file must end in .h5 (got {name!r})")
    spikes = _place(folder, name, f"{output.label}: spikes_file")
    found: dict[Path, dict] = {spikes: {}}
    for report in reports:
        path = _place(folder, report.file, report.label)
        if path == spikes:
            raise ValueError(f"{report.label}: would replace the spikes in {str(path)!r}; give it another file_name")
        there = found.setdefault(path, {})
        for trace in report.traces:
            there[trace.key] = np.union1d(there.get(trace.key, trace.ids), trace.ids)
    for path in found:
        check_free(path, LABEL, overwrite, "overwrite_output_dir")
        if path.parent.is_dir():
            writable(path, LABEL)
        elif not (there := next(part for part in path.parents if part.exists())).is_dir():
            raise NotADirectoryError(f"{output.label}: {str(there)!r} is a file, not a folder for {path.name!r}")
    return found


def _place(folder: Path, name: str, label: str) -> Path:
    """Return the path of a file of the output, which must lie in its folder."""
    path = folder / (name if name.lower().endswith(SUFFIXES) else f"{name}.h5")
    whole, base = (Path(os.path.realpath(of)) for of in (path, folder))  # a link may lead elsewhere
    if ".." in Path(name).parts or base not in whole.parents:
        raise ValueError(f"{label}: must lie in output_dir, {str(folder)!r} (got {name!r})")
    return whole
