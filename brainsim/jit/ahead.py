"""A second process compiles what this one will need later, so that two processors share the work.

Numba holds one lock while it compiles, so threads do not help. The other process says which function it begins and which it
has left in the cache; for those this process waits instead of compiling them, too. A first network, from the start of Python
with an empty cache to its spikes, takes 5.6 s instead of 8.9 on two processors (means of three runs of each, in turns).
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from brainsim.core.machine import processors
from brainsim.core.processes import python_command
from brainsim.jit import cache

BEGUN, DONE = "begun", "done"
PATIENCE = 60.0  # seconds to wait for a function: the slowest takes 15 on a slow processor
LARGEST = 16 << 20  # bytes that are sent: a description with more of them is a network that takes longer to lay out
START = "from {} import {} as main; main(sys.stdin.buffer)"
READABLE = ("brainsim", "numpy", "builtins", "copyreg")  # packages whose classes and functions the other process reads


class _Ahead:
    """What the other process has begun: name of the machine code -> an event, set when it is in the cache."""

    def __init__(self):
        self.begun: dict[str, threading.Event] = {}

    def listen(self, process: subprocess.Popen, task: bytes) -> None:
        """Send the task to the process, and note what it says until it ends."""
        with contextlib.suppress(OSError, ValueError), process:
            process.stdin.write(task)  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
            for line in process.stdout:  # type: ignore[union-attr]
                word, name = line.decode().split()
                event = self.begun.setdefault(name, threading.Event())
                if word == DONE:
                    event.set()
        for event in self.begun.values():  # whatever it has not completed has to be compiled here
            event.set()


_now = _Ahead()


def compile_ahead(module: str, function: str, *task: Any) -> None:
    """Start a process that calls ``function(task)`` of a module; the function passes `compile_last_first` what is needed.

    Nothing happens if there is one processor, if `BRAINSIM_COMPILERS` is 1, or if the task cannot be sent.
    """
    global _now
    alone = os.environ.get("BRAINSIM_COMPILERS", "2") == "1" or processors() == 1
    if alone or not _is_python(sys.executable) or cache.cache_folder() is None:
        return
    with contextlib.suppress(Exception):  # it cannot be sent, or the system starts no process
        _Pickler(sent := io.BytesIO()).dump(task)
        if sent.tell() > LARGEST:
            return
        # the path is handed on; the variable may name a folder relative to where this process was started
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        process = subprocess.Popen(
            python_command(START.format(module, function)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | {"BRAINSIM_COMPILERS": "1"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        _now = _Ahead()
        threading.Thread(target=_now.listen, args=(process, sent.getvalue()), name="brainsim", daemon=True).start()


def is_readable(module: object) -> bool:
    """Return whether the other process reads what a module defines: that of a user may do anything when it is imported."""
    return str(module).partition(".")[0] in READABLE


class _Pickler(pickle.Pickler):
    """Refuses what the other process would, before any code of a user runs.

    To write a class, its module is imported, here in a thread: if it is just being imported by the thread that waits for
    this one, neither would ever end.
    """

    def reducer_override(self, given):
        """Let an object be written as usual; PicklingError if it, or its class, is not readable."""
        named = given if isinstance(given, (type, types.FunctionType, types.BuiltinFunctionType)) else type(given)
        if not is_readable(named.__module__):
            raise pickle.PicklingError(f"{named.__module__}.{named.__qualname__} is not of brainsim")
        return NotImplemented


def _is_python(program):
    """Return whether a program is Python: in an application that embeds it, it is the application."""
    return Path(program or "").stem.lower().startswith("python") and not hasattr(sys, "frozen")


def wait_for(name: str) -> bool:
    """Return whether another process compiled a function while this one waited."""
    event = _now.begun.get(name)
    return event is not None and event.wait(PATIENCE)


def compile_last_first(needed: Iterable[tuple[str, Callable[[], object]]], out: BinaryIO) -> None:
    """Compile functions, each given by the name of its machine code and a call, in the other process.

    The last is the first, since the process that waits for them begins with the first.
    """
    for name, make in reversed(list(needed)):
        path = cache.path_of(name)
        if path is None or path.exists():
            continue
        _say(out, BEGUN, name)
        with contextlib.suppress(Exception):
            make()
        _say(out, DONE, name)


def _say(out, word, name):
    out.write(f"{word} {name}\n".encode())
    out.flush()


if hasattr(os, "register_at_fork"):

    def _forget():
        global _now
        _now = _Ahead()  # the thread that listens is not in a child

    os.register_at_fork(after_in_child=_forget)
