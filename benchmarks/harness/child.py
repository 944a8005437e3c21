"""The process of one simulator: prepares, then makes one timed run for each line that it reads."""

import json
import os
import sys

from .simulators import SIMULATORS
from .workload import Task


def serve(workload, task):
    """Answer on standard output, a line of JSON each; all that the simulator prints goes to standard error.

    Parameters
    ----------
    workload : Workload
    task : str
        The fields of a Task, as JSON.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    task = Task(**json.loads(task))
    simulator = SIMULATORS[task.simulator](workload, task)
    try:
        _answer(answers, **simulator.prepare())
        for _ in sys.stdin:
            seconds, spikes = simulator.run()
            _answer(answers, seconds=seconds, spikes=spikes, memory=simulator.peak())
    except Exception as error:  # noqa: BLE001 - whatever it is, the table says so
        _answer(answers, error=f"{type(error).__name__}: {error}")
        raise
    finally:
        simulator.close()


def _answer(answers, **fields):
    answers.write(json.dumps(fields) + "\n")
