"""What a simulation has recorded so far, kept in memory: in pieces, one for each call of ``run`` that recorded something."""

MAX_CHUNK = 1 << 20  # steps


class Collected:
    """The pieces of all recorders, from the start or the last reset.

    Parameters
    ----------
    recorders : list of Recorder
    """

    def __init__(self, recorders):
        self.recorders, self._pieces = recorders, []

    def copy(self):
        """Return a copy that continues by itself; what is recorded already is shared."""
        new = Collected([recorder.copy() for recorder in self.recorders])
        new._pieces = list(self._pieces)
        return new

    def clear(self, packed=None):
        """Forget everything; `packed` are spikes at the time at which the simulation begins."""
        self._pieces = []
        for recorder in self.recorders:
            recorder.clear(packed)

    def max_steps(self):
        """Return how many steps may run before what was recorded must be gathered."""
        return min([MAX_CHUNK, *(steps for recorder in self.recorders if (steps := recorder.max_steps()))])

    def next_stop(self, step, stop):
        """Return the step at which a chunk that begins at `step` must end, `stop` at the latest."""
        return min([stop, *(at for recorder in self.recorders if (at := recorder.next_stop(step)) is not None)])

    def rewired(self, name, places):
        """Note that the synapses of a projection have changed, see `Recorder.rewired`."""
        for recorder in self.recorders:
            recorder.rewired(name, places)

    def saved(self):
        """Return what a checkpoint has to hold of the recorders, as a dict of name -> array."""
        return {f"{k}/{name}": values for k, r in enumerate(self.recorders) for name, values in r.saved().items()}

    def load(self, saved):
        """Take over what `saved` returned."""
        for k, recorder in enumerate(self.recorders):
            start = f"{k}/"
            recorder.load({name[len(start) :]: values for name, values in saved.items() if name.startswith(start)})

    def before_chunk(self):
        """Get ready for the next chunk of a run."""
        for recorder in self.recorders:
            recorder.before_chunk()

    def begin(self, completed, stop):
        """Return an empty piece for a run to the step `stop`; `completed` is the last step that is recorded already."""
        return Piece(self.recorders, [recorder.begin(completed, stop) for recorder in self.recorders])

    def gather(self, piece, chunk):
        """Return what a Chunk adds to a piece, which does not change."""
        return [recorder.gather(part, chunk) for recorder, part in zip(self.recorders, piece.parts, strict=True)]

    def commit(self, piece, gathered):
        """Commit a chunk that was gathered."""
        for recorder, part, new in zip(self.recorders, piece.parts, gathered, strict=True):
            recorder.commit(part, new)
        piece.chunks += 1

    def keep(self, piece):
        """Keep the piece of a run that has ended, also one that failed; its chunks are not joined yet."""
        if piece.chunks:
            self._pieces.append(piece)
            for recorder in self.recorders:
                recorder.kept()

    def all(self):
        """Return everything so far as one Piece, whose parts replace those that it is made of."""
        return self.joined(self._pieces)

    def latest(self):
        """Return what results of the last steps are made of; None if that cannot be had without all that is recorded."""
        return Latest(self.recorders, list(self._pieces))

    def joined(self, pieces):
        """Return pieces that follow each other as one, which takes their place among what is kept."""
        if len(pieces) == 1:
            return pieces[0].whole()
        some = pieces or [self.begin(0, 0)]
        joined = Piece(
            self.recorders,
            [r.joined([piece.parts[k] for piece in some]) for k, r in enumerate(self.recorders)],
            sum(piece.chunks for piece in some),
        )
        n = len(pieces)
        # a callback may have joined them with others in the meantime
        if n and len(self._pieces) >= n and all(a is b for a, b in zip(self._pieces[-n:], pieces, strict=True)):
            self._pieces[-n:] = [joined]
        return joined


class Piece:
    """What one call of ``run`` has recorded, one part for each recorder."""

    def __init__(self, recorders, parts, chunks=0):
        self._recorders, self.parts, self.chunks = recorders, parts, chunks

    def whole(self):
        """Join what the recorders keep in chunks, and return the piece."""
        self.parts = [recorder.joined([part]) for recorder, part in zip(self._recorders, self.parts, strict=True)]
        return self

    def gathered(self, layout):
        """Return the piece with what all ranks have recorded, on rank 0; they all call it."""
        whole = self.whole()
        parts = [r.gathered(part, layout) for r, part in zip(self._recorders, whole.parts, strict=True)]
        return Piece(self._recorders, parts, self.chunks)

    def results(self, layout, start, stop):
        """Return what the recorders add to a Result of the steps from `start` to `stop`, by field."""
        parts = zip(self._recorders, self.whole().parts, strict=True)
        return _by_field(recorder.result(part, layout, start, stop) for recorder, part in parts)


class Latest:
    """The last part of what was recorded, in place of a `Piece` with all of it."""

    def __init__(self, recorders, pieces):
        self._recorders, self._pieces = recorders, pieces

    def results(self, layout, start, stop):
        """Return what the recorders add to a Result of the last steps, by field."""
        parts = [[piece.parts[k] for piece in self._pieces] for k in range(len(self._recorders))]
        return _by_field(r.latest(of, layout, start, stop) for r, of in zip(self._recorders, parts, strict=True))


def _by_field(found):
    """Return what several recorders add to a Result as one dict of dicts."""
    fields = {"spikes": {}, "traces": {}, "weights": {}, "stats": {}}
    for one in found:
        for name, values in one.items():
            fields[name] |= values
    return fields
