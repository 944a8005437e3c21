"""Processes that are killed at each of their steps that others can see: files that are opened to write, renamed, removed."""

import os
import signal
import sys

import pytest

from brainsim.engine.loop.progress import Pace

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
STEPS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link")  # as `sys.audit` calls them
CHUNK = 50  # steps of a run between two commits of a stream


def killed_at_each_step(folder, function):
    """Call `function` in processes that are killed (SIGKILL) before their 1st, 2nd, ... step in `folder`; yield after each.

    It ends when a process gets to its end.
    """
    step = 1
    while _is_killed(folder, function, step):
        yield step
        step += 1


def _is_killed(folder, function, last):
    child = os.fork()
    if child == 0:
        try:
            _count(str(folder), last)
            function()
            os._exit(0)
        finally:
            os._exit(1)  # an error must not let a second process go through the other tests
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "the process failed"
    return status != 0


def _count(folder, last):
    """Kill this process before its `last` step."""
    left, sync, steps = [last], os.fsync, Pace.steps

    def step():
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def look(event, given):
        if event in STEPS and isinstance(given[0], str | os.PathLike) and os.fspath(given[0]).startswith(folder):
            step()

    sys.addaudithook(look)
    os.fsync = lambda file: (step(), sync(file))[1]
    Pace.steps = lambda self, wanted: (step(), min(steps(self, wanted), CHUNK))[1]
