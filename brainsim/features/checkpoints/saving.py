"""What a `Simulation` does with checkpoints: write one, compare it with a network, and continue from it."""

import functools
import hashlib
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from brainsim.build.layout import Layout
from brainsim.build.own import ALONE
from brainsim.core.arrays import times_of
from brainsim.core.checks import option, warn_user
from brainsim.core.doors import all_through, through
from brainsim.core.files import check_path
from brainsim.engine.simulation.described import take_run
from brainsim.engine.simulation.settings import checked_network, checked_steps, path_of, timing_of
from brainsim.engine.states.fingerprint import Prints, fingerprint_of
from brainsim.engine.states.given import check_fits
from brainsim.engine.synapses.store import Synapses
from brainsim.features.checkpoints.changes import NONE
from brainsim.features.checkpoints.file import EXAMPLE, Checkpoint, Plain, read, reading
from brainsim.network.arguments import check_precision
from brainsim.results.archive import part_of_it
from brainsim.results.result import Result, join


def write(sim, path):
    """Write a checkpoint of a simulation as it is now, and return its path."""
    path = check_path(path, "Simulation.save.path", EXAMPLE)
    run, recording, described = sim._run, sim._recording, sim._described
    if run.failed:
        raise RuntimeError("Simulation.save: the last run failed half-way, so there is nothing to save; reset() it first")
    if text := run.what_is_not_finite():
        raise ValueError(text.format("Simulation.save: a variable is not finite"))
    changes, rewired = _differences_of(sim)
    rows = None if recording.stream is not None else run.log.rows()
    outcome = recording.outcome(sim, rows)
    recorders, streams = run.log.saved(), _streamed_so_far(recording.stream)
    if run.layout.ranks.rank:
        return Path(path)  # rank 0 has it all
    recorded = None if rows is None else replace(recording.whole(outcome.result()), state=None)
    plain = Plain(
        begin=recording.begin,
        origin=sim._origin,
        completed=run.is_complete(),
        precision=sim._settings.precision,
        parts=described.first_prints.parts(),
        details=described.details(),
        requests=fingerprint_of(*recording.requested),
        streams=streams,
        seconds=sim._seconds["run"],
        versions=versions(),
    )
    return Checkpoint(plain, outcome.state(), sim._restored, recorded, changes, rewired, recorders).write(path)


def _differences_of(sim):
    """Return what `set` and `rewire` have changed; without the feature that they belong to, nothing."""
    for differences in all_through("differences"):
        values = differences.find_changed_values(sim._run.layout, sim._described.values, sim._described.inputs)
        return values, differences.list_rewired(sim._run.synapses)
    return NONE, {}


def _streamed_so_far(stream):
    """Return how many rows the columns of a stream have, on the disk; None without a stream."""
    if stream is None:
        return None
    return {} if stream.header is None else stream.commit()


def read_on_ranks(path, ranks, to, label):
    """Return the Checkpoint in a file, the same on all ranks."""
    checkpoint = ranks.together(lambda: read(path))
    read_now = [vars(checkpoint.plain), checkpoint.changes, checkpoint.rewired]
    ranks.agree(label, "continues from a checkpoint", checkpoint=read_now, to=path_of(to))
    return checkpoint


def continue_as(cls, network, settings, checkpoint, label):
    """Return a simulation of a class that continues from a checkpoint; messages begin with `label`."""
    settings = _check_settings(checkpoint, network, settings, label)
    new = cls._with(network, settings)
    with settings.ranks.quiet():
        _continue_from(new, checkpoint, label)
    return new


def _check_settings(checkpoint, network, settings, label):
    """Return the RunSettings with which a network continues from a checkpoint; raise ValueError if they do not fit it."""
    state, saved = checkpoint.state, checkpoint.settings
    checked_network(network, state.dt)
    for name, value in saved.items():
        given = getattr(settings, name)
        if given is not None and given != value:
            unit = " ms" if name == "dt" else ""
            raise ValueError(
                f"{label}.{name}: must be that of the checkpoint {str(checkpoint.path)!r}, {value}{unit} (got {given}{unit})"
            )
    target, rows = None, checkpoint.plain.streams
    if settings.to is not None:
        target = through("streams", label).continued_target(settings.to, rows, label, settings.ranks, settings.overwrite)
    with warnings.catch_warnings(), reading(checkpoint), part_of_it("its time step"):
        warnings.simplefilter("ignore")  # they come when the simulation is made
        kind = check_precision(settings.precision, label)
        layout = Layout(network, state.dt, 1, kind, timing=timing_of(saved["precise"]))
    _check_network(checkpoint, Prints(layout), label)
    return replace(settings, **saved, to=target)


def _continue_from(sim, checkpoint, label):
    """Go to where the simulation was that wrote a checkpoint."""
    plain, run, recording = checkpoint.plain, sim._run, sim._recording
    recording.continue_stream(run, here=False)
    with reading(checkpoint):
        if checkpoint.restored is not None:
            _take_state(sim, "its part 'restored'", checkpoint.restored)
            sim._restored = checkpoint.restored
        _take_changes(sim, checkpoint)
        for recorder in sim._run.log.recorders:
            recorder.clear(None)  # of the spikes at time 0, which the constructor has noted
        _take_state(sim, "its part 'state'", checkpoint.state, plain.completed)
    recording.continue_stream(sim._run)
    sim._origin, sim._seconds["run"] = plain.origin, plain.seconds
    recording.begin, recording.earlier = checkpoint.state.step, None
    if fingerprint_of(*recording.requested) == plain.requests and (plain.streams is None) == (recording.stream is None):
        with reading(checkpoint), part_of_it("what it has recorded"):
            _take_recorded(sim, checkpoint)
    else:
        warn_user(
            f"{label}: record=, spikes= or to= are not those with which {str(checkpoint.path)!r} was saved; "
            f"result() begins at {checkpoint.state.step * sim.dt:g} ms"
        )


def _take_state(sim, part, state, complete=True):
    with part_of_it(part):
        check_fits(state, sim._layout, sim._described.prints.parts())
        sim._run.restore(state, complete)


def _take_changes(sim, checkpoint):
    described = sim._described
    if checkpoint.rewired or any(checkpoint.changes.values()):
        differences = through("differences: changed simulations", "Simulation.load")
    if checkpoint.rewired:
        layout = sim._layout.copy()
        layout.network, former = differences.rewire_network(described.network, checkpoint.rewired)
        synapses = Synapses(layout, sim.threads)
        synapses.former = former
        take_run(sim, sim._run.with_synapses(layout, synapses))
    if any(checkpoint.changes.values()):
        differences.apply_values(sim._layout, described.inputs, checkpoint.changes)
        sim._run = sim._run.rebuild("parameters", "inputs", "trains")
    described.note(sim._layout)


def _take_recorded(sim, checkpoint):
    ranks, recording, log = sim._settings.ranks, sim._recording, sim._run.log
    recording.begin = checkpoint.plain.begin
    log.load(checkpoint.recorders)
    # before the first step nothing counts as recorded, so it will be
    if checkpoint.recorded is None or not checkpoint.plain.completed:
        return
    nothing = recording.outcome(sim, log.rows(), seconds=0.0).result()
    # what does not fit shows now, not when the run has ended
    ranks.together(lambda: join(checkpoint.recorded, nothing) if ranks.rank == 0 else None)
    recording.earlier = checkpoint.recorded if ranks.rank == 0 else None


def time_left(sim, duration, label):
    """Return how much of a run of `duration` ms is still to be done [ms]; raise ValueError if it is already beyond."""
    done = sim._run.step - sim._origin
    left = checked_steps(duration, sim.dt, label) - done
    if left < 0:
        reached = float(times_of(done, sim.dt))
        raise ValueError(f"{label}: the checkpoint is already at {reached:g} ms of the run (got {duration:g} ms)")
    return float(times_of(left, sim.dt))


def _check_network(checkpoint, prints, label):
    """Raise ValueError unless a checkpoint is of the network with these Prints; warn if it is of another machine."""
    saved, now = checkpoint.plain, prints.parts()
    if saved.parts != now:
        raise ValueError(
            f"{label}: {str(checkpoint.path)!r} is of another network: {_differences(saved, now, prints)}. "
            "Build the network as it was when the run began; what Simulation.set has changed since is in the file"
        )
    if text := what_differs(saved.versions):
        warn_user(f"{label}: {str(checkpoint.path)!r} was saved elsewhere, so the last bits may differ ({text})")


def _differences(saved, now, prints):
    """Return what differs, as text: "weight, delay of projection 'wires'; added: input 'noise'"."""
    details, texts = prints.details(), []
    for part, value in now.items():
        if saved.parts.get(part, value) != value:
            before, after = saved.details.get(part, {}), details.get(part, {})
            names = [name for name in after if before.get(name) != after[name]]
            names += [name for name in before if name not in after]
            texts.append(f"{', '.join(names)} of {part}" if names else part)
    for text, parts in (
        ("added:", [part for part in now if part not in saved.parts]),
        ("missing:", [part for part in saved.parts if part not in now]),
    ):
        texts += [f"{text} {', '.join(parts)}"] if parts else []
    return "; ".join(texts)


@functools.cache
def versions():
    """Return name -> version of all on which the bits of a run may depend."""
    import llvmlite
    import llvmlite.binding as llvm

    import brainsim
    from brainsim.jit.naming import numba_version

    features = llvm.get_host_cpu_features().flatten()
    return {
        "brainsim": brainsim.__version__,
        "numba": numba_version(),
        "llvmlite": llvmlite.__version__,
        "numpy": np.__version__,
        "processor": f"{llvm.get_host_cpu_name()} ({hashlib.blake2b(features.encode(), digest_size=4).hexdigest()})",
    }


def what_differs(saved):
    """Return what differs from the versions that were saved, as a string, "" if nothing does."""
    now = versions()
    return ", ".join(
        f"{name} {saved[name]} then, {now[name]} now" for name in now if name in saved and saved[name] != now[name]
    )


def finished_result(path, to, duration, ranks=ALONE):
    """Return the Result of a run whose file was made already, None if it was not; refuse a run that would be longer."""
    if to is None or not (checkpoint := read(path)).plain.streams:
        return None
    target, state = through("streams", option("to")).Target.continued(to, checkpoint.plain.streams), checkpoint.state
    if not ranks.first(target.path.exists() and not target.folder.exists()):
        return None
    done = (state.step - checkpoint.plain.origin) * state.dt
    if duration > done + 0.5 * state.dt:
        raise ValueError(
            f"{option('to')}: {str(target.path)!r} is complete after {done:g} ms, so a run of {duration:g} ms cannot "
            "continue in it; give another name"
        )
    if ranks.rank == 0:
        return Result.load(target.path)
    known = {"duration": done, "dt": state.dt, "seed": state.seed, "stats": {"ranks": ranks.size}}
    return ranks.elsewhere(start=float(checkpoint.plain.begin * state.dt), **known)
