"""The exchange of spikes between the ranks of an MPI run: one collective call a slice, made from compiled code.

All ranks send messages of equal length, which they all know. After the number of words come the values that cells give
through couplings, in two words each, and then the spikes: a spike is one number, its step within the slice and its index
among the cells of the rank. If a rank has more than fits, all see it, send the rest in a second call, and use longer
messages from then on. Messages become shorter again if nobody needs their length. Ranks on one machine leave the first part
of their messages in memory that they share (`segment`).

Within a rank, its first partition does this while the others wait at the threads' barrier. It unpacks all messages into one
list in the order (step, group, rank, partition, cell). Threads read each other's lists in the same order, so the bits do not
depend on the number of ranks.

MPI is called by address: leaving the time loop would stop all threads of a rank at each slice. MPICH waits without using the
processor. Other libraries keep what they wait for from running if another program is busy, and then take 40 to 150 times as
long. With them the exchange is started, checked at once, and after a while between naps: 75 microseconds of work and an
exchange take 560 microseconds like this, instead of 4,000.
"""

import ctypes
import functools
import sys

import numpy as np

from brainsim.build.own import cells_here
from brainsim.core.checks import option
from brainsim.engine.exchange.barrier import ABORT, ABORTED, LINE, SPINS, abort, clear_barrier, new_barrier, wait_for_all
from brainsim.engine.exchange.threads import Exchange, row_of, whole_lines
from brainsim.engine.loop.program import ABANDONED, CONTINUE, EXCHANGED, Phase
from brainsim.features.ranks.segment import WORDS, segment_of
from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import call_address, publish
from brainsim.jit.records import Context, array_of, array_or_none, by_address, record_at

INDEX_BITS = np.uint32(26)  # of a spike; the step within the slice, of at most 64, is above them
MAX_CELLS = 1 << 26  # of one rank
INDEX = np.uint32(MAX_CELLS - 1)
SHORTEST = 64  # words of a message: up to here it takes no longer than a shorter one
PERIOD = 1024  # exchanges after which messages become shorter if they can
LOOKS, NAP = 300, 20  # how often to look for a message before naps of this many microseconds


class Messages(Exchange):
    """The exchange of one rank."""

    def __init__(self, layout, capacity, slice_steps):
        super().__init__(layout, capacity, slice_steps)
        ranks, self._layout, self._slice = layout.ranks, layout, slice_steps
        borders, firsts = _numbering(layout)
        # of the first partition of rank 0 this also counts the spikes besides one of each cell and step
        room = layout.n_cells * slice_steps + ranks.first(capacity)
        self.spikes = np.zeros((1, 2, whole_lines(room)), np.int32)
        self.ends = np.zeros((1, 2, whole_lines(slice_steps * len(layout.groups))), np.int32)
        each = 1 if self.written_lags is None else 3  # words of a spike: which one, and the bits of its lag
        longest = 1 + each * max(ranks.all(self.written.shape[0] * self.written.shape[2]))
        lags = {}
        if layout.within_steps:
            self.lags = np.zeros(self.spikes.shape)
            words = (array.reshape(-1).view(np.uint32) for array in (self.written_lags, self.lags))
            lags = dict(zip(("written_lags", "lags"), words, strict=True))
        segment = self._segment = segment_of(ranks)
        self.barrier = new_barrier(len(layout.own))
        self._context = Context(
            **_functions(ranks.comm),
            barrier=self.barrier,
            size=ranks.size,
            rank=ranks.rank,
            error=0,
            shared=int(segment is not None),
            among=np.zeros(0, np.int64) if segment is None else segment.barrier,
            count=np.zeros(1, np.int64) if segment is None else segment.exchanges,
            at=0,  # where in `received` the messages of this exchange are
            words=SHORTEST if segment is None else WORDS,  # of a message
            longest=0,
            fixed=0,  # words of what cells give in a slice
            need=0,  # words that the longest message of the last exchange needed
            most=0,  # and that of the last exchanges
            exchanges=0,  # since messages were made shorter
            calls=0,
            message=np.zeros(0, np.uint32),
            received=np.zeros(0, np.uint32) if segment is None else segment.slots,
            rest=np.zeros(0, np.uint32),
            begins=np.zeros(ranks.size, np.int64),  # where the spikes in the message of each rank begin
            ring=np.zeros(0, np.uint32),
            depth=1,
            width=0,
            stretches=np.zeros(0, np.int64),
            borders=borders.reshape(-1),
            firsts=firsts.reshape(-1),
            cursors=np.zeros(slice_steps * len(layout.groups), np.int64),
            spikes=self.spikes.reshape(-1),
            ends=self.ends.reshape(-1),
            list_room=self.spikes.shape[2],
            ends_room=self.ends.shape[2],
            written=self.written.reshape(-1),
            written_ends=self.written_ends.reshape(-1),
            each=each,
            **lags,
        )
        self._make_room(max(longest, SHORTEST))

    def _make_room(self, longest):
        """Let messages have up to as many words."""
        context, size = self._context, self._layout.ranks.size
        context["longest"], context["message"] = longest, np.zeros(longest, np.uint32)
        context["rest"] = np.zeros(size * longest, np.uint32)
        if self._segment is None:
            context["received"] = np.zeros(size * longest, np.uint32)

    def carry(self, ring, stretches):
        """Let numbers that cells give travel with the spikes."""
        layout, context = self._layout, self._context
        of_ranks = np.array([stretches(layout.ranks.share(layout.partitions, rank)) for rank in range(layout.ranks.size)])
        context["ring"], context["stretches"] = ring.reshape(-1).view(np.uint32), of_ranks.reshape(-1)
        context["depth"], context["width"] = ring.shape
        context["fixed"] = 2 * self._slice * int(of_ranks[:, :, 1].sum(axis=1).max())
        self._make_room(context["longest"] + context["fixed"])

    def calls(self, partition):
        """Return the call that exchanges the spikes of a slice."""
        return [(Phase.EXCHANGE, 0, pass_on, self._context)]

    def exchange(self, partition):
        """Raise RuntimeError: MPI has returned an error."""
        from mpi4py import MPI

        error = int(self._context["error"])
        raise RuntimeError(f"MPI: the exchange of spikes failed: {MPI.Get_error_string(error)}")

    @property
    def collectives(self):
        """How many collective calls there were."""
        return int(self._context["calls"])

    def reset(self):
        """Go back to before the first slice."""
        clear_barrier(self.barrier)

    def abort(self):
        """Let every partition of this rank that waits give up."""
        abort(self.barrier)


def _numbering(layout):
    """Return the index among the cells of each rank at which those of each group begin, and the global index of the first.

    The spikes of a group without a kernel, which are listed, all come from the first partition.
    """
    ranks, each = layout.ranks, len(layout.own)
    borders, firsts = (
        np.zeros((ranks.size, len(layout.groups) + 1), np.int64),
        np.zeros((ranks.size, len(layout.groups)), np.int64),
    )
    for rank in range(ranks.size):
        here = cells_here(layout, range(rank * each, (rank + 1) * each))
        for k, (group, cells) in enumerate(zip(layout.groups, here, strict=True)):
            if group.kernel is None:
                cells = slice(group.first, group.first + (group.n if rank == 0 else 0))
            firsts[rank, k], borders[rank, k + 1] = cells.start, borders[rank, k] + cells.stop - cells.start
    if borders.max(initial=0) >= MAX_CELLS:
        raise ValueError(
            f"{option('ranks')}: a rank can have at most {MAX_CELLS:,} cells (got {borders.max():,}); use more ranks"
        )
    return borders, firsts


@functools.cache
def _library():
    """Return the MPI library that mpi4py has loaded: its functions are found through mpi4py's module."""
    from mpi4py import MPI

    if sys.platform == "win32":
        return ctypes.WinDLL("impi.dll" if "Intel" in MPI.Get_library_version() else "msmpi.dll")
    return ctypes.CDLL(MPI.__file__)


def _functions(comm):
    """Return the addresses of MPI's functions, and the handles that they take, as fields.

    They differ from process to process, so they are data and not constants of compiled code.
    """
    from mpi4py import MPI

    library = _library()
    system = ctypes.CDLL(None) if sys.platform != "win32" else ctypes.windll.kernel32
    nap = getattr(system, "usleep" if sys.platform != "win32" else "Sleep")
    functions = {"allgather": library.MPI_Allgather, "start": library.MPI_Iallgather, "test": library.MPI_Test, "nap": nap}
    version = MPI.Get_library_version()
    gentle = version.startswith("MPICH")
    like_mpich = gentle or "Intel" in version
    return {
        **{name: ctypes.cast(function, ctypes.c_void_p).value for name, function in functions.items()},
        "nap_length": NAP if sys.platform != "win32" else 1,
        "blocking": int(gentle),
        "ignore": int(like_mpich),  # MPI_STATUS_IGNORE
        "comm": ctypes.c_int64(MPI._handleof(comm)).value,
        "datatype": ctypes.c_int64(MPI._handleof(MPI.UINT32_T)).value,
        "request": np.zeros(1, np.int64),
        "flag": np.zeros(2, np.int32),
    }


@by_address
def pass_on(messages_, progress_):
    """Exchange the spikes of a slice with the other ranks; return EXCHANGED if MPI failed, ABANDONED if a partition did."""
    m, p = record_at(messages_), record_at(progress_)
    barrier = array_of(m.barrier)
    alone = p.partitions == 1
    if not alone and not wait_for_all(barrier, p.partition, p.partitions, 2 * p.generation - 1, SPINS):
        return ABANDONED
    if p.partition == 0:
        _pack(m, p)
        m.error = _send(m)
        if m.error:
            publish(barrier, np.intp(p.partitions * LINE + ABORT), ABORTED)
            return EXCHANGED
        _unpack(m, p)
        _adapt(m)
    if not alone and not wait_for_all(barrier, p.partition, p.partitions, 2 * p.generation, SPINS):
        return ABANDONED
    return CONTINUE


@helper
def _pack(m, p):
    """Write the message of this rank: what its cells gave, and their spikes in the order (step, group, partition, cell)."""
    spikes, ends, message = array_of(m.written), array_of(m.written_ends), array_of(m.message)
    borders, firsts, groups = array_of(m.borders), array_of(m.firsts), p.groups
    n = _carry(m, p, m.rank, True)
    for s in range(p.slice_steps):
        for g in range(groups):
            index, shift = s * groups + g, borders[m.rank * (groups + 1) + g] - firsts[m.rank * groups + g]
            for t in range(p.partitions):
                at, to = (2 * t + p.parity) * p.capacity, (2 * t + p.parity) * p.ends_capacity
                for k in range(at + ends[to + index - 1] if index else at, at + ends[to + index]):
                    message[n] = np.uint32(s) << INDEX_BITS | np.uint32(spikes[k] + shift)
                    _pack_lag(message, n, array_or_none(m, "written_lags"), k)
                    n += m.each
    message[0] = np.uint32(n - 1)


@helper
def _pack_lag(message, n, lags, k):
    """Write the two words of the lag of spike `k` behind the spike, if spikes have lags."""
    if lags is not None:
        message[n + 1], message[n + 2] = lags[2 * k], lags[2 * k + 1]


@helper
def _unpack_lag(m, r, i, lags, k, received, rest):
    """Read the lag of the spike that is word `i` of the message of rank `r`, which becomes spike `k` of the list."""
    if lags is not None:
        lags[2 * k], lags[2 * k + 1] = _word(m, r, i + 1, received, rest), _word(m, r, i + 2, received, rest)


@helper
def _carry(m, p, rank, packing):
    """Copy what the cells of a rank gave in the slice to the message, or back; return where in it the spikes begin."""
    ring, stretches, message = array_of(m.ring), array_of(m.stretches), array_of(m.message)
    received, rest = array_of(m.received), array_of(m.rest)
    n, each = np.int64(1), stretches.size // m.size
    for s in range(p.slice_steps):
        for k in range(rank * each, (rank + 1) * each, 3):
            at = row_of(m, p.slice_start + s + 1, stretches[k + 2]) + stretches[k]
            for word in range(2 * at, 2 * (at + stretches[k + 1])):
                if packing:
                    message[n] = ring[word]
                else:
                    ring[word] = _word(m, rank, n, received, rest)
                n += 1
    return n


@helper
def _send(m):
    """Exchange the messages; return MPI's error code, 0 for none."""
    message, received, rest = array_of(m.message), array_of(m.received), array_of(m.rest)
    words, most, error = m.words, np.int64(0), np.int64(0)
    if m.shared:
        _leave(m, message, received)
    else:
        error = np.int64(_allgather(m, message.ctypes.data, words, received.ctypes.data))
    if error:
        return error
    for r in range(m.size):
        most = max(most, np.int64(received[m.at + r * words]) + 1)
    m.most, m.need = max(m.most, most), most
    if most > words:
        error = np.int64(_allgather(m, message.ctypes.data + 4 * words, most - words, rest.ctypes.data))
    return error


@helper
def _leave(m, message, received):
    """Leave the message in the slot of this rank, and wait until all have left theirs."""
    count = array_of(m.count)
    count[0] += 1
    m.at = (count[0] % 2) * m.size * m.words
    slot = m.at + m.rank * m.words
    for i in range(min(np.int64(message[0]) + 1, m.words)):
        received[slot + i] = message[i]
    wait_for_all(array_of(m.among), m.rank, m.size, count[0], SPINS)


@helper
def _allgather(m, message, words, received):
    """Send a number of words to all ranks, and receive as many from each."""
    m.calls += 1
    if m.blocking:
        arguments = message, words, m.datatype, received, words, m.datatype, m.comm
        return call_address(m.allgather, arguments) & 0xFFFFFFFF
    request, flag = array_of(m.request), array_of(m.flag)
    arguments_ = message, words, m.datatype, received, words, m.datatype, m.comm, np.int64(request.ctypes.data)
    error = call_address(m.start, arguments_) & 0xFFFFFFFF
    looks = 0
    flag[0] = 0
    while error == 0 and flag[0] == 0:
        error = call_address(m.test, (np.int64(request.ctypes.data), np.int64(flag.ctypes.data), m.ignore)) & 0xFFFFFFFF
        looks += 1
        if looks > LOOKS and flag[0] == 0:
            call_address(m.nap, (m.nap_length,))
    return error


@helper
def _word(m, r, i, received, rest):
    """Return the word with index `i` of the message of rank `r`."""
    return received[m.at + r * m.words + i] if i < m.words else rest[r * (m.need - m.words) + i - m.words]


@helper
def _unpack(m, p):
    """Put the spikes of all messages into one list, in the order (step, group, rank), and of one rank as they came.

    What the cells gave goes to the ring.
    """
    spikes, ends, cursors = array_of(m.spikes), array_of(m.ends), array_of(m.cursors)
    received, rest, begins = array_of(m.received), array_of(m.rest), array_of(m.begins)
    borders, firsts, groups = array_of(m.borders), array_of(m.firsts), p.groups
    for r in range(m.size):
        begins[r] = _carry(m, p, r, False)
    to, at, bins = p.parity * m.ends_room, p.parity * m.list_room, p.slice_steps * p.groups
    for b in range(bins):
        ends[to + b] = 0
    # first how many there are of each step and group, then each to its place
    for placing in range(2):
        for r in range(m.size):
            step, g = np.int64(-1), np.int64(0)
            for i in range(begins[r], np.int64(received[m.at + r * m.words]) + 1, m.each):
                word = _word(m, r, i, received, rest)
                s, index = np.int64(word >> INDEX_BITS), np.int64(word & INDEX)
                if s != step:
                    step, g = s, np.int64(0)
                while index >= borders[r * (groups + 1) + g + 1]:
                    g += 1
                b = s * groups + g
                if placing:
                    cell = firsts[r * groups + g] + index - borders[r * (groups + 1) + g]
                    spikes[at + cursors[b]] = np.int32(cell)
                    _unpack_lag(m, r, i, array_or_none(m, "lags"), at + cursors[b], received, rest)
                    cursors[b] += 1
                else:
                    ends[to + b] += 1
        total = np.int64(0)
        for b in range(bins if placing == 0 else 0):
            cursors[b] = total
            total += ends[to + b]
            ends[to + b] = np.int32(total)


@helper
def _adapt(m):
    """Choose the length of the next messages, the same on all ranks; in shared memory it does not matter."""
    if m.shared:
        return
    if m.need > m.words:
        m.words = min(m.longest, _with_spare(m, m.need))
    m.exchanges += 1
    if m.exchanges == PERIOD:
        wanted = max(np.int64(SHORTEST), _with_spare(m, m.most))
        if 2 * wanted < m.words:
            m.words = wanted
        m.exchanges = m.most = 0


@helper
def _with_spare(m, words):
    """Return the length of messages that have room for half as many spikes more."""
    return words + max(words - m.fixed, 0) // 2
