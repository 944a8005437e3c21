"""A `Simulation` that streams what it records to the disk: how it begins, and how it is closed."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

from brainsim.core.checks import warn_user
from brainsim.engine.recorders.log import Log, Memory
from brainsim.engine.time import times_of
from brainsim.engine.views import resets_of
from brainsim.network.probes import Trace, WeightTrace
from brainsim.results import formats
from brainsim.results.recording import replaced
from brainsim.results.result import Result

if typing.TYPE_CHECKING:
    from brainsim.engine.recorders.stream import Stream
    from brainsim.engine.target import Target


class WithStream:
    """The methods of a `Simulation` that are about its stream."""

    _run: Any
    _exclusive: Any
    _requested: Any
    _begin: int
    _target: Target | None
    _stream: Stream | None
    _closed: Result | None  # the Result of a simulation that is closed
    _agree: Callable[..., None]

    def close(self) -> Result:
        """End a simulation with ``to=``: write the file, remove the folder, and return the Result of everything.

        It cannot run any more. A simulation without ``to=`` stays as it is. With ranks all call it. In a ``with`` block this
        is done at the end:
        ``with bs.Simulation(net, to="run.h5") as sim: ...``

        Raises
        ------
        OSError
            If the file cannot be written, e.g. because the disk is full, or if another one has appeared at its place since
            the simulation was made. Everything that was recorded is then in the folder: the message names it, and says how
            to make the file later.
        ValueError
            If the columns in the folder were changed by another program, or by a faulty disk: their checksums show it. The
            message names the column, and the time until which everything is complete.

        Examples
        --------
        >>> import brainsim as bs
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> with TemporaryDirectory() as folder:
        ...     sim = bs.Simulation(net, seed=2, to=Path(folder) / "run.npz")
        ...     first, second = sim.run(50.0), sim.run(50.0)
        ...     len(sim.close().spikes["cells"]), len(bs.Result.load(Path(folder) / "run.npz").spikes["cells"])
        (80, 80)
        """
        if self._target is None or self._stream is None or self._closed is not None:
            return self.result()
        self._exclusive.check_not_lent("close")
        with self._exclusive:
            self._agree("close")
            if self._stream.header is None:
                self._run.begin(self._run.step)  # a simulation that never ran: it has a header, too
            found: list[Any] = []

            def rest():  # with ranks all close it; rank 0 has the Result
                found.append(self._result())
                return replaced(found[0], spikes={}, traces={}, weights={}) if found[0] else None

            self._target.finish(self._stream, rest)
            again = self._target.raw or formats.format_of(self._target.path).is_lazy
            self._closed = Result.load(self._target.path) if again and found[0] else found[0]
        return self._closed

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def result(self) -> Result:
        """Return the Result of everything since the start or the last reset."""
        if self._closed is not None:
            return self._closed
        with self._exclusive:
            self._agree("result")
            return self._result()

    def _result(self) -> Result:
        raise NotImplementedError

    def _new_log(self, recorders):
        """Return the log of what the recorders record: in memory, or in a stream."""
        if self._target is None:
            return Log(recorders, Memory(self._layout.ranks), self.dt)
        self._stream = self._target.open()
        self._warn_of_what_the_format_lacks()
        return Log(recorders, self._stream, self.dt, self._header)

    def _header(self):
        """Return what the header of a stream says of the simulation, besides the columns."""
        members = self._layout.members
        return {
            "kind": "brainsim stream",
            "endian": "little",
            "dt": self.dt,
            "seed": self.seed,
            "populations": {name: member.n for name, member in members.items()},
            "stats": self._facts,
            "views": self._views,
            "thresholds": self._thresholds,
            "resets": {name: resets_of(member) for name, member in members.items()},
            "start": float(times_of(self._begin, self.dt)),
            "network": self._prints.parts(),
        }

    def _warn_of_what_the_format_lacks(self):
        """Warn if the file in which the run ends has no place for something that is recorded."""
        kinds = {"traces": Trace, "weights": WeightTrace}
        recorded = {name for name, kind in kinds.items() if any(isinstance(request, kind) for request in self._requested[1])}
        lacking = [] if self._target.raw else formats.lacking(self._target.path, recorded)
        if lacking and self._target.ranks.rank == 0:
            warn_user(
                f"simulate.to: {self._target.path.suffix} has no place for {' and '.join(lacking)}, which will be in the "
                f"Result but not in the file; other formats are {formats.endings('and')}"
            )

    def _continue_stream(self, here=True):
        """Note whether a stream that was reopened goes on from here; until then nothing forgets what is in it."""
        if self._stream is not None and self._stream.header is not None:
            self._run.log.hold(not here)
            self._begin = self._stream.header["begin"]

    def _check_open(self):
        """Raise RuntimeError if the simulation was closed."""
        if self._closed is not None:
            raise RuntimeError(
                f"Simulation: is closed, and its results are in {str(self._target.path)!r}; "
                "to continue, make a Simulation with state=result.state"
            )
