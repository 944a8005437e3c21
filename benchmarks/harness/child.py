"""The process of one simulator: it prepares, then makes one timed run for each line of standard input."""

import json
import os
import sys

from . import ranks
from .simulators import SIMULATORS
from .workload import Task


def serve(workload, task):
    """Answer on standard output with lines of JSON; everything that the simulator prints goes to standard error.

    Parameters
    ----------
    workload : Workload
    task : str
        The fields of a Task, as JSON.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    task = Task(**json.loads(task))
    if not ranks.is_first(task.ranks):
        answers = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    simulator = SIMULATORS[task.simulator](workload, task)
    try:
        _answer(answers, **simulator.prepare())
        for _ in ranks.on_all(task.ranks, sys.stdin):
            seconds, spikes = simulator.run()
            _answer(answers, seconds=seconds, spikes=spikes, memory=simulator.peak())
    except Exception as error:  # noqa: BLE001 - any error is shown in the table
        _answer(answers, error=f"{type(error).__name__}: {error}")
        raise
    finally:
        simulator.close()


def _answer(answers, **fields):
    answers.write(json.dumps(fields) + "\n")
