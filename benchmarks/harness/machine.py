"""What the machine is, and how much memory a process takes."""

import math
import os
import platform
import resource
import sys
import threading
from pathlib import Path


def describe():
    """Return processor, cores, memory, system and Python, as a dict of text and numbers."""
    return {
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_GB": round(int((_line("/proc/meminfo", "MemTotal") or "0").split()[0]) / 1e6, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def load():
    """Return how many processes want a processor, on average over the last minute; None where that is not known."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def free_memory():
    """Return how much memory can be had now [MB]; infinite where that is not known."""
    free = _line("/proc/meminfo", "MemAvailable")
    return int(free.split()[0]) / 1024 if free else math.inf


def peak_memory():
    """Return the most memory that this process has had [MB]."""
    own = _line("/proc/self/status", "VmHWM")
    # elsewhere the figure of the C library, which on Linux starts at that of the parent process
    return int(own.split()[0]) / 1024 if own else _in_megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def largest_child(function):
    """Call `function`, watching the processes that it starts; returns (their largest memory [MB] or None, its result)."""
    found, done = [0], threading.Event()

    def watch():
        while not done.wait(0.02):
            for child in _children():
                size = _line(f"/proc/{child}/status", "VmHWM")
                found[0] = max(found[0], int(size.split()[0]) if size else 0)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        result = function()
    finally:
        done.set()
        watcher.join()
    return found[0] / 1024 or None, result


def _children():
    tasks = Path("/proc/self/task").glob("*/children")
    return [child for task in tasks for child in _text(task).split()]


def _line(path, key):
    """Return what stands behind ``key:`` in a file of /proc, or None."""
    for line in _text(path).splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return None


def _text(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _in_megabytes(size):
    return size / (1 << 20 if sys.platform == "darwin" else 1 << 10)
