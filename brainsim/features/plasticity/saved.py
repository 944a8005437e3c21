"""What a saved state holds of a plastic projection: nothing in it depends on the number of partitions.

All is kept as it is, without bringing the synapses up to date, so a run continues from it with the same bits.
"""

import numpy as np

from brainsim.engine.states.given import take_array
from brainsim.features.plasticity.modulator import load_modulator, saved_modulator
from brainsim.features.plasticity.part import entries_of
from brainsim.features.plasticity.rule_code import INDEX_BITS
from brainsim.features.plasticity.writer import logged_values


def saved_part(part):
    """Return what a partition keeps of the spikes of its cells: name -> array."""
    c, code = part.context, part.kind.code
    saved = {"sweep": np.array([c["swept"], c["learning"]], np.int64), "cells": part.cells.copy()}
    entries, owners = entries_of(part.kind.sources, c["newest"], c["log_link"], part.oldest())
    saved |= saved_modulator(part)
    saved |= {"log.source": index_in(part.kind.sources, owners), "log.time": part.link[entries, 0]}
    saved |= {f"log.{side}.{x}": part.logged(side, x)[entries] for side, x in logged_values(code.pre)}
    saved |= {"log.lag": c["log_lag"][entries]} if code.exact else {}
    rows = _rows(part)
    saved |= {f"rows.{y}": c[f"row_{code.number[y]}"].reshape(c["ring"], -1)[rows][:, part.indices] for y in code.rows}
    if code.lists:
        n = c["post_number"]
        cell_of = np.zeros(c["width"], np.int64)
        cell_of[part.indices] = part.cells
        saved |= {"posts.cell": cell_of[c["post_owner"][:n]], "posts.time": c["post_time"][:n].copy()}
        saved |= {f"posts.{y}": c[f"post_{code.number[y]}"][:n].copy() for y in code.listed}
    return saved


def join(parts, cells):
    """Join what the partitions have saved; `cells` are the targets in the order of the projection."""
    first = parts[0]
    whole = {name: values for name, values in first.items() if name.startswith(("sweep", "log.", "modulator."))}
    order = np.argsort(np.concatenate([part["cells"] for part in parts]), kind="stable")
    place = np.argsort(np.argsort(cells, kind="stable"), kind="stable")
    for name in (name for name in first if name.startswith("rows.")):
        whole[name] = np.concatenate([part[name] for part in parts], axis=1)[:, order][:, place].ravel()
    if "posts.cell" in first:
        posts = {n: np.concatenate([part[n] for part in parts]) for n in first if n.startswith("posts.")}
        posts["posts.cell"] = index_in(cells, posts["posts.cell"])
        order = np.lexsort((posts["posts.cell"], posts["posts.time"]))
        whole |= {name: values[order] for name, values in posts.items()}
    return whole


def load_part(part, extra, label):
    """Take over what `join` returned, as far as it belongs to a partition; `label` is how the names in `extra` begin."""
    c, code, kind = part.context, part.kind.code, part.kind
    _load_sweep(part, extra, f"{label}sweep")
    load_modulator(part, extra, label)
    _load_log(part, extra, f"{label}log.")
    mine, rows = np.isin(kind.targets, part.cells), _rows(part)
    for y in code.rows:
        row = c[f"row_{code.number[y]}"].reshape(c["ring"], -1)
        values = take_array(extra, f"{label}rows.{y}", row.dtype, rows.size * kind.targets.size)
        row[rows[:, None], _places(part, kind.targets[mine])] = values.reshape(rows.size, -1)[:, mine]
    part.begin()  # a state of time 0 was saved before the traces had begun
    if code.lists:
        _load_posts(part, extra, f"{label}posts.")


def _load_sweep(part, extra, name):
    """Take over the step of the last sweep of all synapses; decay tables end with the longest time between two sweeps."""
    c, step, clock = part.context, part.step(), part.kind.clock
    swept, learning = (int(v) for v in take_array(extra, name, np.dtype(np.int64), 2))
    earliest = (step - step % c["period"]) * clock.per_step if part.kind.sweeps else 0
    latest = max(part.now() + clock.after, 0)
    if not (earliest <= swept <= latest and learning in (0, 1)):
        raise ValueError(
            f"state.extra[{name!r}]: must be a step from {earliest} to {latest}, and 0 or 1 (got {swept} and {learning})"
        )
    c["swept"], c["learning"] = swept, learning


def _load_log(part, extra, label):
    c, sources = part.context, part.kind.sources
    times = _listed(extra, f"{label}time", part.now())
    index = _indices(extra, f"{label}source", times.size, sources.size)
    order = np.argsort(index, kind="stable")
    _check_order(times[order], index[order], f"{label}time")
    owners = sources[index]
    while c["log_free_number"] < times.size:
        part.grow_log()
    for side, trace in logged_values(part.kind.code.pre):
        values = take_array(extra, f"{label}{side}.{trace}", np.dtype(np.float64), times.size)
        part.logged(side, trace)[: times.size] = values
    part.link[: times.size, 0] = times
    if part.kind.code.exact:
        c["log_lag"][: times.size] = take_array(extra, f"{label}lag", np.dtype(np.float64), times.size)
    for entry, source in enumerate(owners.tolist()):
        part.link[entry, 1] = c["newest"][source]
        c["newest"][source] = entry
    c["log_free"], c["log_free_number"] = int(times.size), len(part.link) - times.size


def _load_posts(part, extra, label):
    c = part.context
    times = _listed(extra, f"{label}time", part.now())
    _check_order(times, np.zeros_like(times), f"{label}time")
    targets = part.kind.targets
    cells = targets[_indices(extra, f"{label}cell", times.size, targets.size)]
    mine = np.isin(cells, part.cells)
    number = int(mine.sum())
    if not part.has_room(number):
        part.list_room().make(more=number)
    places = _places(part, cells[mine])
    c["post_time"][:number], c["post_owner"][:number] = times[mine], places
    for y in part.kind.code.listed:
        c[f"post_{part.kind.code.number[y]}"][:number] = take_array(extra, f"{label}{y}", np.dtype(np.float64), times.size)[
            mine
        ]
    _link_posts(c, places.tolist(), times[mine].tolist(), part.kind.code.exact)
    c["post_number"] = number


def _link_posts(c, places, times, exact):
    """Link the spikes of each target, which are listed in the order of time, from the newest to the oldest."""
    latest, older = c["latest"], c["older"]
    for post, (place, time) in enumerate(zip(places, times, strict=True)):
        if exact:
            older[post], latest[place] = latest[place], post
        else:
            older[post] = latest[2 * place]
            latest[2 * place], latest[2 * place + 1] = time << INDEX_BITS | post, latest[2 * place]


def index_in(cells, wanted):
    """Return the index among `cells` of each of some of them: it does not depend on the other populations of the network."""
    order = np.argsort(cells, kind="stable")
    return order[np.searchsorted(cells[order], wanted)].astype(np.int64)


def _indices(extra, name, size, number):
    indices = take_array(extra, name, np.dtype(np.int64), size)
    if size and not 0 <= indices.min() <= indices.max() < number:
        raise ValueError(f"state.extra[{name!r}]: must be 0 to {number - 1} (got {indices.min()} to {indices.max()})")
    return indices


def _listed(extra, name, step):
    """Return an array of steps, up to the one of the state, whose size is not known in advance."""
    size = np.size(extra.get(name, ()))
    times = take_array(extra, name, np.dtype(np.int64), size)
    if size and not 0 <= times.min() <= times.max() <= step:
        raise ValueError(f"state.extra[{name!r}]: steps must be 0 to {step} (got {times.min()} to {times.max()})")
    return times


def _check_order(times, owners, name):
    """Raise ValueError unless the times of each owner, whose entries follow each other, do not decrease."""
    if ((np.diff(times) < 0) & (np.diff(owners) == 0)).any():
        raise ValueError(f"state.extra[{name!r}]: steps must not decrease")


def _places(part, cells):
    order = np.argsort(part.cells, kind="stable")
    return part.indices[order[np.searchsorted(part.cells[order], cells)]]


def _rows(part):
    """Return the rows of the postsynaptic traces, the oldest first."""
    ring = part.context["ring"]
    return (part.step() + 2 - ring + np.arange(ring)) % ring
