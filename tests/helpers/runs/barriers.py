"""Threads that meet at a barrier."""

import threading
import time

import numba
import numpy as np

from brainsim.engine.exchange.barrier import abort, new_barrier, wait_for_all


@numba.njit(nogil=True)
def rounds(barrier, partition, partitions, sums, seen, spins):
    """Each partition adds to its own place, waits, and reads the places of all; a second wait keeps them apart."""
    for k in range(seen.shape[1]):
        sums[partition] += k + partition
        if not wait_for_all(barrier, partition, partitions, 2 * k + 1, spins):
            return
        seen[partition, k] = sums.sum()
        if not wait_for_all(barrier, partition, partitions, 2 * k + 2, spins):
            return


@numba.njit(nogil=True)
def wait(barrier, partition, generation):
    return wait_for_all(barrier, partition, 2, generation, 100)


def together(function, arguments):
    workers = [threading.Thread(target=function, args=given, daemon=True) for given in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60.0)
    assert not any(worker.is_alive() for worker in workers)


def pass_together(partitions):
    barrier, sums, seen = new_barrier(partitions), np.zeros(partitions), np.zeros((partitions, 2000))
    together(rounds, [(barrier, p, partitions, sums, seen, 100 * p) for p in range(partitions)])
    expected = np.cumsum(partitions * np.arange(2000) + partitions * (partitions - 1) / 2)
    assert np.array_equal(seen, np.tile(expected, (partitions, 1)))


def abort_a_sleeper():
    barrier, answers = new_barrier(2), []
    worker = threading.Thread(target=lambda: answers.append(wait(barrier, 0, 1)), daemon=True)
    worker.start()
    time.sleep(0.1)
    abort(barrier)
    worker.join(timeout=20.0)
    assert answers == [False]
