"""What ranks say to each other before they do something together: ranks that are threads, so that no MPI is needed."""

import threading

import numpy as np
import pytest

from brainsim.features.ranks import meeting
from brainsim.features.ranks.elsewhere import ElsewhereError
from brainsim.features.ranks.meeting import ApartError, Meeting
from brainsim.features.ranks.ranks import Ranks


class Shared:
    """What the communicators of all ranks have in common: for each collective call what each rank gave."""

    def __init__(self, size):
        self.size, self.given, self.changed = size, [], threading.Condition()

    def give(self, number, rank, value):
        with self.changed:
            while len(self.given) <= number:
                self.given.append({})
            self.given[number][rank] = value
            self.changed.notify_all()

    def complete(self, number, wait):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.given[number]) == self.size, timeout=20 if wait else 0)


class Comm:
    """As much of a communicator of mpi4py as a Meeting uses."""

    def __init__(self, shared, rank):
        self._shared, self.rank, self.size, self._calls = shared, rank, shared.size, 0

    def Iallgather(self, mine, found):
        number, self._calls = self._calls, self._calls + 1
        self._shared.give(number, self.rank, mine.copy())
        return Request(self._shared, number, found)

    def allgather(self, value):
        number, self._calls = self._calls, self._calls + 1
        self._shared.give(number, self.rank, value)
        assert self._shared.complete(number, wait=True), "another rank does not take part"
        return [self._shared.given[number][rank] for rank in range(self.size)]


class Request:
    def __init__(self, shared, number, found):
        self._shared, self._number, self._found = shared, number, found

    def Test(self):
        if not self._shared.complete(self._number, wait=False):
            return False
        self._found[:] = [self._shared.given[self._number][rank] for rank in range(len(self._found))]
        return True


@pytest.fixture
def ranks(monkeypatch):
    """Return a function that calls others, one on each rank, with a Meeting; it returns the errors, "" for none."""
    monkeypatch.setattr(meeting, "_meetings", [None])  # none of these is told that the process ends

    def run(*functions):
        shared, errors = Shared(len(functions)), [None] * len(functions)

        def on_rank(rank, function):
            try:
                function(Meeting(Comm(shared, rank)))
                errors[rank] = ""
            except Exception as error:
                errors[rank] = f"{type(error).__name__}: {error}"

        threads = [threading.Thread(target=on_rank, args=given, daemon=True) for given in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert None not in errors, "a rank waits for ever"
        return errors

    return run


def agree(room, call, doing=None, **values):
    room.compare(*room.says(call, values, doing or f"calls {call}"))


def test_the_same_calls_with_the_same_values(ranks):
    def on_each(room):
        for step in range(3):
            agree(room, "run", duration=10.0, every=None)
            agree(room, "set", rate=np.arange(1000) * step)

    assert ranks(on_each, on_each, on_each) == ["", "", ""]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"duration": 20.0}, "duration (20.0 instead of 10.0)"),
        ({"duration": np.float64(20.0)}, "duration (20.0 instead of 10.0)"),
        ({"duration": 10.0, "every": 2.0}, "every"),
        ({"duration": np.zeros(1000)}, "duration"),
        ({"duration": b"bytes are a hash"}, "duration"),
    ],
)
def test_other_values_are_named_on_all_ranks_which_then_go_on(there, said, ranks):
    def on(values):
        def on_rank(room):
            with pytest.raises(ValueError, match="differs") as caught:
                agree(room, "Simulation.run", **values)
            agree(room, "Simulation.run", duration=1.0)
            raise caught.value

        return on_rank

    expected = f"ValueError: Simulation.run: rank 2 differs from rank 0 in {said}. Give all ranks the same seeds and"
    for error in ranks(on({"duration": 10.0}), on({"duration": 10.0}), on(there)):
        assert error.startswith(expected)


def test_other_calls_part_the_ranks_for_good(ranks):
    def on(call):
        def on_rank(room):
            agree(room, "run")
            with pytest.raises(ApartError):
                agree(room, call, x=1)
            agree(room, "run")

        return on_rank

    said = (
        "ApartError: simulate.ranks: rank 0 calls run, but rank 1 calls set; all ranks make the same calls of a simulation"
    )
    for error in ranks(on("run"), on("set")):
        assert error.startswith(said)


def test_a_rank_that_ends_is_not_waited_for(ranks):
    def ends(room):
        said, mine = room.leave()
        meeting.wait(said[0], room._comm)
        room.compare(said, mine)

    assert ranks(ends, ends) == ["", ""]
    for error in ranks(lambda room: agree(room, "Simulation.run"), ends):
        assert "rank 0 calls Simulation.run, but rank 1 has ended" in error


def test_after_a_while_a_rank_says_what_it_waits_for(ranks, monkeypatch, capsys):
    monkeypatch.setattr(meeting, "TELL", 0.05)
    told = threading.Event()
    monkeypatch.setattr(meeting, "print", lambda *given, **_: (print(*given), told.set()), raising=False)

    def late(room):
        assert told.wait(20)
        agree(room, "run")

    assert ranks(lambda room: agree(room, "run", "calls Simulation.run"), late) == ["", ""]
    assert "brainsim: rank 0 of 2 calls Simulation.run, and waits for ranks that do not do so" in capsys.readouterr().out


class Two:
    """Two ranks, of which this is the first; the other one answers with an error, or None."""

    rank, size = 0, 2

    def __init__(self, other):
        self.all = lambda value: [value, other]
        self.first = lambda value: value


@pytest.mark.parametrize(
    ("here", "there", "raised", "said"),
    [
        (None, (False, "SystemExit: 0"), RuntimeError, "failed on rank 1 of 2:\nSystemExit: 0"),
        (None, (True, "KeyboardInterrupt"), KeyboardInterrupt, "on rank 1 of 2"),
        (SystemExit(0), None, SystemExit, "0"),
        (OSError("full"), (False, "OSError: full"), OSError, "full"),
        (ElsewhereError("Result.spikes"), None, ElsewhereError, "Result.spikes"),
    ],
)
def test_whatever_ends_a_callback_on_one_rank_ends_it_on_all(here, there, raised, said):
    def called():
        if here is not None:
            raise here
        return True

    told = []
    with pytest.raises(raised, match=said):
        Ranks.answer(Two(there), called, lambda *given: told.append(given))
    how = "" if here is None else f", by {type(here).__name__}: {here}"
    assert told == [("run.callback", f"has come to the end of the callback{how}")]


def test_a_callback_that_reads_a_result_ends_early_on_the_other_ranks():
    def called():
        raise ElsewhereError("Result.spikes: is on rank 0")

    ranks = Two(None)
    ranks.rank, ranks.first = 1, lambda value: True
    assert Ranks.answer(ranks, called, lambda *given: None) is True
