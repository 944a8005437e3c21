"""How ranks make sure that all of them make the same calls, with the same values, before they do something together.

Each says what it was called for, as a hash, and learns what the others say: one small collective call. If all say the same,
they continue. If not, they say it in words, and all raise the same error. A rank that ends says that too.

Ranks poll instead of blocking in MPI, from which Python does not come back: so Ctrl-C works, and a rank says after some
seconds what it waits for.
"""

import atexit
import contextlib
import itertools
import sys
import time

import numpy as np

from brainsim.core.checks import option
from brainsim.engine.states.fingerprint import fingerprint

TELL = 10.0  # seconds after which rank 0 says what it waits for; rank 1 after twice as long, and so on
LOOKS = 1000  # for the others, before naps
NAPS = 1e-5, 2e-3  # seconds of the first nap and of the longest one
SHORT = 60  # letters of a value in a message
ENDED = "has ended"
RULE = "all ranks make the same calls of a simulation, in the same order"


class ApartError(RuntimeError):
    """The ranks of an MPI run have made different calls, so that they cannot do anything together any more."""


class Meeting:
    """What the ranks of a communicator, which nothing else uses, say to each other before they do something together.

    `numbers` yields the next number of a simulation, the same on all ranks.
    """

    def __init__(self, comm):
        self._comm, self._apart, self.numbers = comm, "", itertools.count()
        if not _meetings:
            atexit.register(_leave)
        _meetings.append(self)

    def says(self, call, values, doing):
        """Say what this rank was called for; return what is needed to `compare` it, when all ranks have said theirs."""
        if self._apart:
            raise ApartError(self._apart)
        mine = call, {name: fingerprint(value) for name, value in values.items()}, {n: _shown(v) for n, v in values.items()}
        said = self._say(mine[:2])
        wait(said[0], self._comm, doing)
        return said, (*mine, doing)

    def compare(self, said, mine):
        """Raise ApartError, on all ranks, if they make different calls, and ValueError if they give different values."""
        _, hashes, hash_ = said
        if (hashes == hash_).all():
            return
        calls = self._comm.allgather(mine)  # all are here, and all have seen that something differs
        call, prints, shown, doing = calls[0]
        for rank, (other, theirs, shown_there, doing_there) in enumerate(calls):
            if other != call:
                self._apart = f"{option('ranks')}: rank 0 {doing}, but rank {rank} {doing_there}; {RULE}"
                raise ApartError(self._apart)
            if names := [name for name in {**prints, **theirs} if prints.get(name) != theirs.get(name)]:
                listed = ", ".join(name + _both(shown_there.get(name), shown.get(name)) for name in names)
                hint = "Give all ranks the same seeds and the same data, e.g. np.random.default_rng(1)"
                raise ValueError(f"{call}: rank {rank} differs from rank 0 in {listed}. {hint}")

    def leave(self):
        """Say that this rank ends; return what is to be waited for, and what this rank has said."""
        if self._apart:
            return None
        return self._say((ENDED, {})), (ENDED, {}, {}, ENDED)

    def _say(self, what):
        """Begin to exchange hashes; return the request, the array that will hold those of all, and that of this rank."""
        mine = np.frombuffer(bytes.fromhex(fingerprint(what)), np.uint8)
        hashes = np.empty((self._comm.size, mine.size), np.uint8)
        return self._comm.Iallgather(mine, hashes), hashes, mine


def wait(request, comm, doing=None):
    """Wait until a request is done; after some seconds say what this rank is `doing`, if that is given."""
    until, nap, looks = time.monotonic() + TELL * (1 + comm.rank), NAPS[0], 0
    while not request.Test():
        looks += 1
        if looks < LOOKS:
            continue
        time.sleep(nap)
        nap = min(2 * nap, NAPS[1])
        if doing is not None and time.monotonic() > until:
            until = float("inf")
            print(
                f"brainsim: rank {comm.rank} of {comm.size} {doing}, and waits for ranks that do not do so; {RULE}",
                file=sys.stderr,
                flush=True,
            )


_meetings: list[Meeting] = []


def _leave():
    """Announce the exit to all known ranks, and wait until they acknowledge it or exit."""
    from mpi4py import MPI

    if MPI.Is_finalized():
        return
    left = [(meeting, *said) for meeting in _meetings if (said := meeting.leave())]
    for meeting, said, mine in left:
        wait(said[0], meeting._comm)
        with contextlib.suppress(ApartError):  # the others raise it; this rank has nothing to do any more
            meeting.compare(said, mine)


def _shown(value):
    """Return a value as it appears in a message, None if it is too long, or bytes."""
    if isinstance(value, bytes):
        return None
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= SHORT and "\n" not in text else None


def _both(there, here):
    """Return two values in brackets, if they can be shown and their texts differ."""
    return "" if there is None or here is None or there == here else f" ({there} instead of {here})"
