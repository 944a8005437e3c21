"""What a `Simulation` does with checkpoints: write one, and continue from one."""

from __future__ import annotations

import os
import typing
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from brainsim.build.layout import Layout
from brainsim.core.checks import warn_user
from brainsim.engine.checkpoints.changes import apply_values, changed_values, rewired_network, rewired_projections
from brainsim.engine.checkpoints.file import Checkpoint, Plain, checked_path, read, reading
from brainsim.engine.checkpoints.machine import versions
from brainsim.engine.checkpoints.matching import check_network, check_settings
from brainsim.engine.checkpoints.streams import continued_target
from brainsim.engine.exchange.ranks import ranks_of
from brainsim.engine.settings import checked_network, checked_steps
from brainsim.engine.states.fingerprint import Prints, fingerprint
from brainsim.engine.states.state import check_fits, what_is_not_finite
from brainsim.engine.synapses.store import Synapses
from brainsim.engine.target import path_of
from brainsim.engine.time import times_of
from brainsim.network.checks import checked_precision
from brainsim.network.projection import Projection
from brainsim.results.archive import part_of_it
from brainsim.results.result import join

if typing.TYPE_CHECKING:
    from brainsim.network.network import Network
    from brainsim.network.probes import Kept, Request
    from brainsim.results.result import Result


class WithCheckpoints:
    """The methods of a `Simulation` that are about checkpoints."""

    network: Network
    threads: int
    rank: Any
    _exclusive: Any
    _run: Any
    _layout: Any
    _prints: Prints
    _facts: dict
    _first_prints: Prints  # of the network as it was described
    _described: dict
    _original_inputs: tuple
    _original: tuple
    _restored: Any
    _seconds: dict
    _requested: tuple  # whose spikes are kept, and what else is recorded
    _begin: int  # the step from which `result` tells
    _origin: int  # the step at which the run began
    _earlier: Result | None = None  # what was recorded before the checkpoint from which this continues
    _stream: Any
    _agree: Any
    _guard: Any = None  # what saves at regular times, see `regular`

    def save(self, path: str | os.PathLike) -> Path:
        """Write a checkpoint, from which `load` continues in another process with the same bits, and return its path.

        Parameters
        ----------
        path : str or Path
            File to write, e.g. ``"run.ckpt"``: an ``.npz`` without pickles. It appears only when it is complete; the one
            that it replaces is kept as ``run.ckpt.previous``.

        Returns
        -------
        Path

        Raises
        ------
        FileNotFoundError, OSError
            If the folder does not exist or cannot be written to; an earlier checkpoint stays as it was.
        TypeError
            If `set` gave an input something other than a number, text, array, TimedArray or distribution.
        ValueError
            If a variable is not finite, or the name ends as files of another format do, such as ``.h5``.

        Notes
        -----
        The file holds the state with the weights of synapses that learn, what `set` and `rewire` have changed, what was
        recorded so far, and what `reset` goes back to. It does not hold the network, which is built again from its
        description, but fingerprints of its parts. Neither the number of threads nor the machine matters.

        Examples
        --------
        >>> import brainsim as bs
        >>> sim = bs.Simulation(net, seed=2)                                # doctest: +SKIP
        >>> sim.run(500.0)                                                  # doctest: +SKIP
        >>> sim.save("run.ckpt")                                            # doctest: +SKIP
        >>> bs.Simulation.load(net, "run.ckpt").run(500.0)                  # doctest: +SKIP
        """
        with self._exclusive:
            self._agree("save")
            return self._write(path)

    @classmethod
    def load(
        cls,
        network: Network,
        path: str | os.PathLike,
        *,
        record: Request | Sequence[Request] = (),
        spikes: bool | Kept | Sequence[Kept] = True,
        threads: int | None = None,
        progress: bool | None = None,
        profile: bool = False,
        to: str | os.PathLike | None = None,
        overwrite: bool = False,
        ranks: Any = None,
    ) -> typing.Self:
        """Return a simulation that continues from a checkpoint which `save` wrote.

        Parameters
        ----------
        network : Network
            Built as it was when the run began. What `set` and `rewire` have changed since is in the file.
        path : str or Path
            The checkpoint. If it is damaged, the one before is taken, with a warning.
        record, spikes, threads, progress, profile, to, overwrite, ranks
            As for `Simulation`. A stream goes on in its folder, from where it was: what was recorded after the checkpoint is
            recorded again. If `record` and `spikes` are those of the simulation that was saved, `result` returns
            everything since its beginning; otherwise what is recorded from now on, which a warning says.

        Returns
        -------
        Simulation
            With the dt, the seed and the precision that were saved.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or is of another network: the message names what differs.

        Warns
        -----
        UserWarning
            If brainsim, NumPy, Numba or the processor are not those with which it was saved: bits may differ.

        Examples
        --------
        >>> import brainsim as bs, tempfile
        >>> def network():
        ...     cells = bs.Population(100, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        ...     net = bs.Network(seed=1)
        ...     net.stimulate(cells, bs.CurrentInput(400.0))
        ...     return net
        >>> sim = bs.Simulation(network(), seed=2)
        >>> first = sim.run(50.0)
        >>> file = sim.save(tempfile.mkdtemp() + "/run.ckpt")
        >>> again = bs.Simulation.load(network(), file)
        >>> again.run(50.0).spikes == sim.run(50.0).spikes, again.result().spikes == sim.result().spikes
        (True, True)
        """
        settings = {"record": record, "spikes": spikes, "threads": threads, "progress": progress, "profile": profile}
        return cls._loaded(network, path, "Simulation.load", to=to, overwrite=overwrite, ranks=ranks, **settings)

    @classmethod
    def _loaded(cls, network, path, label, *, dt=None, seed=None, precision=None, **settings):
        """Return `load`, after a check of settings that are given; messages begin with `label`."""
        ranks = ranks_of(settings.get("ranks"))
        checkpoint = ranks.together(lambda: read(path))
        read_now = [vars(checkpoint.plain), checkpoint.changes, checkpoint.rewired]
        given = {"checkpoint": read_now, "to": path_of(settings.get("to"))}
        ranks.agree(label, "continues from a checkpoint", **given)
        checked_network(network, checkpoint.state.dt)
        check_settings(checkpoint, label, dt=dt, seed=seed, precision=precision)
        saved = checkpoint.plain.precision
        overwrite = settings.get("overwrite", False)
        settings["to"] = continued_target(settings.get("to"), checkpoint.plain.streams, label, ranks, overwrite)
        with warnings.catch_warnings(), reading(checkpoint), part_of_it("its time step"):
            warnings.simplefilter("ignore")  # they come when the simulation is made
            layout = Layout(network, checkpoint.state.dt, 1, checked_precision(saved, label))
        check_network(checkpoint, Prints(layout), label)
        new = cls(network, dt=checkpoint.state.dt, seed=checkpoint.state.seed, precision=saved, **settings)
        with new._layout.ranks.quiet():
            new._continue(checkpoint, label)
        return new

    def _write(self, path):
        """Write a checkpoint of the simulation as it is now."""
        path = checked_path(path, "Simulation.save.path")
        if self._run.failed:
            raise RuntimeError(
                "Simulation.save: the last run failed half-way, so there is nothing to save; reset() it first"
            )
        if text := what_is_not_finite(self._layout, self._run.shared):
            raise ValueError(text.format("Simulation.save: a variable is not finite"))
        changes = changed_values(self._layout, self._described, self._original_inputs)
        rewired = rewired_projections(self._run.synapses)
        pieces = None if self._stream is not None else self._run.log.rows()
        outcome = self._outcome(pieces, self._begin, self._seconds["run"], {})
        recorders, streams = self._run.log.saved(), self._streamed_so_far()
        if self._layout.ranks.rank:
            return Path(path)  # rank 0 has it all
        recorded = None if pieces is None else replace(self._whole(outcome.result()), state=None)
        plain = Plain(
            begin=self._begin,
            origin=self._origin,
            completed=self._run.is_complete(),
            precision=self._facts["precision"],
            parts=self._first_prints.parts(),
            details=self._first_details(),
            requests=fingerprint_of(*self._requested),
            streams=streams,
            seconds=self._seconds["run"],
            versions=versions(),
        )
        return Checkpoint(plain, outcome.state(), self._restored, recorded, changes, rewired, recorders).write(path)

    def _streamed_so_far(self):
        """Return how many rows the columns of the stream have, on the disk; None without a stream."""
        if self._stream is None:
            return None
        return {} if self._stream.header is None else self._stream.commit()

    def _first_details(self):
        if "_details" not in vars(self):
            self._details = self._first_prints.details()
        return self._details

    def _continue(self, checkpoint, label):
        """Go to where the simulation was that wrote a checkpoint."""
        plain = checkpoint.plain
        self._continue_stream(here=False)
        with reading(checkpoint):
            if checkpoint.restored is not None:
                self._take_state("its part 'restored'", checkpoint.restored)
                self._restored = checkpoint.restored
            self._take_changes(checkpoint)
            for recorder in self._run.log.recorders:
                recorder.clear(None)  # of the spikes at time 0, which the constructor has noted
            self._take_state("its part 'state'", checkpoint.state, plain.completed)
        self._continue_stream()
        self._origin, self._seconds["run"] = plain.origin, plain.seconds
        self._begin, self._earlier = checkpoint.state.step, None
        if fingerprint_of(*self._requested) == plain.requests and (plain.streams is None) == (self._stream is None):
            with reading(checkpoint), part_of_it("what it has recorded"):
                self._take_recorded(checkpoint)
        else:
            warn_user(
                f"{label}: record=, spikes= or to= are not those with which {str(checkpoint.path)!r} was saved; "
                f"result() begins at {checkpoint.state.step * self.dt:g} ms"
            )

    def _take_state(self, part, state, complete=True):
        """Go to a state of a checkpoint."""
        with part_of_it(part):
            check_fits(state, self._layout, self._prints.parts())
            self._run.restore(state, complete)

    def _take_changes(self, checkpoint):
        """Change what `set` and `rewire` had changed."""
        if checkpoint.rewired:
            layout = self._layout.copy()
            layout.network, former = rewired_network(self._original[0], checkpoint.rewired)
            synapses = Synapses(layout, self.threads)
            synapses.former = former
            self._take(self._run.anew(layout, synapses))
            self.network = layout.network
        if any(checkpoint.changes.values()):
            apply_values(self._layout, self._original_inputs, checkpoint.changes)
            self._run = self._run.rebuild("parameters", "inputs", "trains")
        self._describe()

    def _take_recorded(self, checkpoint):
        """Go on recording where the simulation was that wrote a checkpoint."""
        ranks, self._begin = self._layout.ranks, checkpoint.plain.begin
        self._run.log.load(checkpoint.recorders)
        # before the first step nothing counts as recorded, so it will be
        if checkpoint.recorded is None or not checkpoint.plain.completed:
            return
        nothing = self._outcome(self._run.log.rows(), self._begin, 0.0, {}).result()
        # what does not fit shows now, not when the run has ended
        ranks.together(lambda: join(checkpoint.recorded, nothing) if ranks.rank == 0 else None)
        self._earlier = checkpoint.recorded if ranks.rank == 0 else None

    def _left(self, duration, label):
        """Return how much of a run of `duration` ms is still to be done [ms]; raise ValueError if it is already beyond."""
        left = checked_steps(duration, self.dt, label) - (self._run.step - self._origin)
        if left < 0:
            done = float(times_of(self._run.step - self._origin, self.dt))
            raise ValueError(f"{label}: the checkpoint is already at {done:g} ms of the run (got {duration:g} ms)")
        return float(times_of(left, self.dt))

    def _whole(self, later):
        """Return a Result with what was recorded before the checkpoint from which this simulation continues."""
        return later if self._earlier is None else join(self._earlier, later)


def fingerprint_of(wanted, requests):
    """Return the fingerprint of what is recorded."""
    parts = []
    for request in requests:
        values = vars(request).items()
        parts.append([type(request).__name__, {k: v.name if isinstance(v, Projection) else v for k, v in values}])
    return fingerprint([wanted, parts])
