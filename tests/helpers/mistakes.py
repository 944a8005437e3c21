"""Tables of mistakes: each raises an error of the right kind, whose message says what is wrong."""

import pytest


def mistakes(*rows, before_compiling=True):
    """Return a test of all rows (function that makes the mistake, class of the error, parts of its message...).

    `before_compiling` is False if a mistake can only be made in a run or after one.
    """
    cases = [pytest.param(call, kind, parts, id=", ".join(parts)[:80].replace("\n", " ")) for call, kind, *parts in rows]

    @pytest.mark.filterwarnings("ignore::UserWarning")
    @pytest.mark.parametrize(("call", "kind", "parts"), cases)
    def test(call, kind, parts, monkeypatch):
        if before_compiling:
            monkeypatch.setattr(
                "brainsim.engine.simulation.run.Run._allocate", lambda run: pytest.fail("reached the compiler")
            )
        with pytest.raises(kind) as caught:
            call()
        text = str(caught.value)
        assert not [part for part in parts if part not in text], text
        assert len(text) < 500

    return test
