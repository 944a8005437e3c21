"""A description of the machine, and the memory of processes."""

import math
import os
import platform
import resource
import sys
import threading
from pathlib import Path


def describe():
    """Return processor, cores, memory, system and Python version as a dict of strings and numbers."""
    return {
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_GB": round(int((_line("/proc/meminfo", "MemTotal") or "0").split()[0]) / 1e6, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def load():
    """Return the load average over the last minute; None if it is not known."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def free_memory():
    """Return the available memory [MB]; infinity if it is not known."""
    free = _line("/proc/meminfo", "MemAvailable")
    return int(free.split()[0]) / 1024 if free else math.inf


def peak_memory():
    """Return the peak memory of this process [MB]."""
    peak = _line("/proc/self/status", "VmHWM")
    # on other systems the number of the C library, which on Linux starts at that of the parent process
    return int(peak.split()[0]) / 1024 if peak else _in_megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def largest_child(function):
    """Call `function` and watch the processes that it starts; return (their peak memory [MB] or None, its result)."""
    peak, done = [0], threading.Event()

    def watch():
        while not done.wait(0.02):
            for child in _children():
                size = _line(f"/proc/{child}/status", "VmHWM")
                peak[0] = max(peak[0], int(size.split()[0]) if size else 0)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        result = function()
    finally:
        done.set()
        watcher.join()
    return peak[0] / 1024 or None, result


def _children():
    tasks = Path("/proc/self/task").glob("*/children")
    return [child for task in tasks for child in _text(task).split()]


def _line(path, key):
    """Return the text after ``key:`` in a file of /proc, or None."""
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
