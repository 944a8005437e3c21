"""The table: rates are compared first, and rows whose rates differ get no ratio."""

import argparse
import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from .workload import DT, Workload


@dataclass(frozen=True)
class Setting:
    """What all rows have in common."""

    workload: Workload
    n: int
    duration: float
    machine: dict
    load: float | None


def writable(text):
    """Return the path of a file to be written, or reject it before anything is measured."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
    return text


def check_rates(rows, workload, n):
    """Give each row its rates, events per second and `agrees`: whether its rates are those of the first row that fires."""
    cells, fan_out = workload.populations(n), workload.fan_out(n)
    updates = workload.updates(n) if workload.updates else dict.fromkeys(cells, 0)
    reference = None
    for row in rows:
        row.agrees = False
        if row.error or not row.seconds:
            row.error = row.error or "no timed run"
            continue
        biological = row.task.duration / 1000.0
        row.rates = {name: mean(s[name] for s in row.spikes) / count / biological for name, count in cells.items()}
        row.events, row.updates = (
            sum(row.rates[name] * count * of[name] for name, count in cells.items()) for of in (fan_out, updates)
        )
        row.pairs = workload.pairs(n) * 1000.0 / DT if workload.pairs else 0
        row.pace = [seconds / biological for seconds in row.seconds]
        reference = reference or (row if all(row.rates.values()) else None)
        seconds = biological * len(row.spikes)
        row.agrees = bool(reference) and all(
            close(row.rates[k], reference.rates[k], workload.tolerance_of(k, row.wirings), count * seconds)
            for k, count in cells.items()
        )
    return reference.task.label if reference else "no row, since all are silent"


def close(rate, reference, tolerance, observed):
    """Return whether two rates [Hz] count as equal.

    `observed` is the number of cells times the recorded seconds: rates may differ by the tolerance plus three standard
    deviations of the difference of two counts of independent spikes.
    """
    return rate > 0.0 and abs(rate - reference) <= tolerance * reference + 3.0 * (2.0 * reference / observed) ** 0.5


def tolerances(rows, workload, names):
    """Return population -> relative difference of rates that counts as none after these runs."""
    wirings = max(row.wirings for row in rows)
    return {name: workload.tolerance_of(name, wirings) for name in names}


def table(rows, setting, reference):
    """Return everything that is printed at the end; `reference` is the row with which rates were compared."""
    workload, cells = setting.workload, setting.workload.populations(setting.n)
    names = list(cells)
    lines = [
        "",
        f"{workload.name}: {sum(cells.values()):,} cells, timed runs of {setting.duration / 1000:g} s, dt 0.1 ms",
        _machine(setting),
        _versions(rows),
        "",
        f"Rates are compared with those of {reference}; a row that differs by more than "
        + ", ".join(f"{100 * tolerance:.2g} % ({name})" for name, tolerance in tolerances(rows, workload, names).items())
        + " and three standard deviations of counting gets no ratio.",
        "s/s: seconds per biological second; ratios are of the fastest runs. ns: per synaptic event."
        + (" ns/update: the same time per change of a weight." if workload.updates else "")
        + (" ns/pair: the same time per coupled pair and step, with the time of the cells." if workload.pairs else ""),
        "",
    ]
    head = [
        "simulator",
        *(f"{name} Hz" for name in names),
        "s/s min",
        "median",
        "max",
        "of best peer",
        "ns",
        *more_columns(workload),
        "events/s",
        "build s",
        "compile s",
        "MB",
    ]
    best = min((min(row.pace) for row in rows if row.agrees and not _ours(row)), default=None)
    lines += columns([head, *(_cells(row, names, best, more_columns(workload).values()) for row in rows)])
    for title, cost in (("faster", lambda row: min(row.pace)), ("less memory", lambda row: row.memory)):
        matrix = _matrix(rows, f"times {title} than", cost)
        lines += ["", *matrix] if matrix else []
    return "\n".join(lines)


def more_columns(workload):
    """Return the columns that only some workloads have: heading -> attribute of a row that the time is divided by."""
    return {"ns/update": "updates"} if workload.updates else {"ns/pair": "pairs"} if workload.pairs else {}


def _cells(row, names, best, more):
    if row.error:
        return [row.task.label, row.error.splitlines()[0][:100]]
    rates = [f"{row.rates[name]:.3g}" for name in names]
    pace = [f"{f(row.pace):.4g}" for f in (min, median, max)]
    ratio = "rates differ" if not row.agrees else f"{min(row.pace) / best:.2f}" if best else "-"
    counts = [row.events, *(getattr(row, name) for name in more)]
    per = [f"{min(row.pace) / count * 1e9:.3g}" if count else "-" for count in counts]
    return [
        row.task.label,
        *rates,
        *pace,
        ratio,
        *per,
        f"{row.events:.3g}",
        *(_number(row.about[k]) for k in ("build", "compile")),
        _number(row.memory),
    ]


def _matrix(rows, title, cost):
    """Return lines with the ratio of the costs of each row of a peer and each row of brainsim."""
    ours, peers = ([row for row in rows if row.agrees and cost(row) and _ours(row) == mine] for mine in (True, False))
    if not ours or not peers:
        return []
    head = [title, *(row.task.label for row in peers)]
    return columns([head, *([a.task.label, *(f"{cost(b) / cost(a):.2f}" for b in peers)] for a in ours)])


def columns(lines):
    """Return rows of text in columns, the first aligned left and the others right; short rows are not aligned."""
    full = [line for line in lines if len(line) == len(lines[0])]
    widths = [max(len(line[k]) for line in full) for k in range(len(lines[0]))]
    widths[0] = max(len(line[0]) for line in lines)
    out = []
    for line in lines:
        rest = [cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True)] if line in full else line[1:]
        out.append("  ".join([line[0].ljust(widths[0]), *rest]).rstrip())
    return out


def as_json(rows, setting, options):
    """Return all results as a dict that can be written as JSON."""
    return {
        "workload": setting.workload.name,
        "tolerance": setting.workload.tolerance,
        "options": options,
        "machine": setting.machine,
        "load": setting.load,
        "rows": [_row_as_json(row) for row in rows],
    }


def _row_as_json(row):
    fields = dataclasses.asdict(row.task) | {"error": row.error, "agrees": row.agrees} | row.about
    if row.error:
        return fields
    return fields | {
        "seconds": row.seconds,
        "seconds_per_second": row.pace,
        "rates_Hz": row.rates,
        "events_per_second": row.events,
        "updates_per_second": row.updates,
        "pairs_per_second": row.pairs,
        "memory_MB": row.memory,
    }


def _machine(setting):
    about = setting.machine
    return (
        f"{about['processor']}, {about['cores']} cores, {about['memory_GB']:g} GB, {about['system']}, "
        f"Python {about['python']}, load {setting.load}"
    )


def _versions(rows):
    versions = {row.task.simulator: row.about["version"] for row in rows if row.about}
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _ours(row):
    return row.task.simulator.startswith("brainsim")


def _number(value):
    return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"
