"""What a simulation has recorded so far, kept in a stream: memory holds no more than a chunk of it."""

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.engine.recorders.memory import Collected, Piece
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.stream import Stream
from brainsim.results.streams.columns import Columns
from brainsim.results.streams.ranks import ColumnsOfRanks


class Streamed(Collected):
    """The pieces of all recorders, on the disk.

    Recorders without columns, which come from outside, are kept in memory as without a stream.

    Parameters
    ----------
    recorders : list of Recorder
    stream : Stream
    describe : callable
        Returns what the header says of the simulation besides the columns.
    """

    def __init__(self, recorders, stream: Stream, describe):
        super().__init__(recorders)
        self.stream, self._describe = stream, describe
        self._streaming = [r for r in recorders if type(r).columns is not Recorder.columns]
        self._inside = Collected([r for r in recorders if r not in self._streaming])
        if self._inside.recorders and stream.ranks.rank == 0:
            names = " and ".join(dict.fromkeys(type(recorder).__name__ for recorder in self._inside.recorders))
            warn_user(
                f"simulate.to: what {names} records stays in memory: the file will hold what it adds to stats, but no "
                "spikes, traces or weights of it; to write these, give the recorder the methods columns and rows"
            )
        self._completed, self._continued = None, stream.header is not None
        self._parts: list | None = None  # of the chunk that comes next

    def copy(self):
        """Return what records in memory, from here on: two simulations cannot write one stream."""
        return Collected([recorder.copy() for recorder in self.recorders])

    def clear(self, packed=None):
        """Forget everything; `packed` are spikes at the time at which the simulation begins."""
        self._inside._pieces = []
        for recorder in self.recorders:
            recorder.clear(packed)
        if not self._continued:
            self.stream.restart()

    def continued(self, here=True):
        """Note whether the simulation stands where the stream was reopened: from then on a reset forgets it."""
        self._continued = not here

    def begin(self, completed, stop):
        """Return an empty piece for a run to the step `stop`; `completed` is the last step that is recorded already."""
        self._completed = completed
        self._parts = [recorder.begin(completed, completed) for recorder in self._streaming]
        if self.stream.header is None:
            self.stream.start(self._header(max(completed, 0), completed))
        return StreamPiece(self, dict(self.stream.rows), self._inside.begin(completed, stop))

    def _header(self, begin, completed):
        """Return the header of the stream."""
        header = {"format": 1, "begin": begin, "completed": completed, **self._describe()}
        if self.stream.ranks.size > 1:
            header["ranks"] = [self.stream.ranks.rank, self.stream.ranks.size]
        header |= {"columns": [], "spikes": [], "traces": [], "weights": []}
        for recorder, part in zip(self._streaming, self._parts, strict=True):
            for name, rows in recorder.columns(part).items():
                header[name] += rows
        return header

    def nothing(self, start):
        """Return a header and empty columns, for a Result before the first run."""
        self._parts = [recorder.begin(start, start) for recorder in self._streaming]
        header = self._header(start, start)
        shapes = {c["name"]: ((0, c["width"]) if c["width"] > 1 else 0, c["kind"]) for c in header["columns"]}
        return header, {name: np.empty(*shape) for name, shape in shapes.items()}, {}

    def before_chunk(self):
        """Get ready for the next chunk of a run."""
        super().before_chunk()
        if self._parts is None:
            self._parts = [recorder.begin(self._completed, self._completed) for recorder in self._streaming]

    def gather(self, piece, chunk):
        """Append a chunk to the stream, where it does not count yet."""
        inside = self._inside.gather(piece.inside, chunk)
        arrays = {}
        for recorder, part in zip(self._streaming, self._parts, strict=True):
            recorder.make_room(part, self._completed, chunk.stop)
            recorder.commit(part, recorder.gather(part, chunk))
            arrays |= recorder.rows(part)
        return inside, chunk.stop, self.stream.append(chunk.stop, arrays)

    def commit(self, piece, gathered):
        """Let a chunk count."""
        inside, step, rows = gathered
        self._inside.commit(piece.inside, inside)
        self.stream.advance(step, rows)
        piece.chunks += 1
        piece.last = rows
        self._completed, self._parts = step, None
        for recorder in self._streaming:
            recorder.kept()

    def keep(self, piece):
        """Keep the piece of a run that has ended, also one that failed."""
        self._inside.keep(piece.inside)

    def latest(self):
        """Return None: spikes are on the disk."""
        return

    def joined(self, pieces):
        """Return pieces that follow each other as one."""
        if not pieces:
            rows = dict(self.stream.rows)
            return StreamPiece(self, rows, self._inside.joined([])).whole()
        joined = StreamPiece(self, pieces[0].first, self._inside.joined([piece.inside for piece in pieces]))
        joined.last, joined.chunks = pieces[-1].last, sum(piece.chunks for piece in pieces)
        return joined.whole()

    def all(self):
        """Return everything so far as one piece."""
        whole = StreamPiece(self, dict.fromkeys(self.stream.rows, 0), self._inside.all())
        whole.last = dict(self.stream.rows)
        return whole.whole()


class StreamPiece:
    """What one call of ``run`` has recorded: from which to which rows of the stream."""

    def __init__(self, streamed, first, inside: Piece):
        self._streamed, self.first, self.last, self.inside, self.chunks = streamed, first, first, inside, 0
        self._mapped = None

    def whole(self):
        """Map the columns, so that the piece stays as it is whatever becomes of the stream; with ranks `gathered` does."""
        stream = self._streamed.stream
        if self._mapped is None and stream.header is not None and stream.ranks.size == 1:
            self._mapped = [(stream.header, stream.mapped(self.first, self.last), self.first)]
        return self

    def gathered(self, layout):
        """Return the piece with what all ranks have recorded, on rank 0."""
        stream, inside = self._streamed.stream, self.inside.gathered(layout)
        new = StreamPiece(self._streamed, self.first, inside)
        new.last, new.chunks = self.last, self.chunks
        if stream.header is not None:
            new._mapped = stream.mapped_of_all(self.first, self.last)
        return new

    def results(self, layout, start, stop):
        """Return what the recorders add to a Result of the steps from `start` to `stop`, by field."""
        fields = self.inside.results(layout, start, stop)
        parts = [Columns(*part, start, stop) for part in self._mapped or [self._streamed.nothing(start)]]
        columns = parts[0] if self._streamed.stream.ranks.size == 1 else ColumnsOfRanks(parts)
        for name, values in columns.lookups().items():
            fields.setdefault(name, {}).update(values)
        return fields
