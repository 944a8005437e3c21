"""Memory and processors that this process may use, within the limits of its container or batch job.

Linux stores such limits in control groups, a tree of folders in which each group is also bound by the groups above it.
There are two layouts: version 2 has one tree for everything, version 1 has one tree for memory and one for processors.
Without control groups, and on other systems, only the limits of the whole system count.
"""

import math
import os
import sys
from pathlib import Path

MAX_THREADS = 256  # of one run

# for both versions: the file of the limit, the file of the memory in use, and the line of `memory.stat` with that part of
# it which is only cached and can be reclaimed
MEMORY = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free_memory(root: Path = Path("/")) -> int | None:
    """Return how many bytes of memory are free now, or None if the system does not say."""
    try:
        if sys.platform != "linux":
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
        lines = (root / "proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        return min([free, *(_unused_memory(group) for group in _groups(root, "memory"))])
    except (AttributeError, OSError, ValueError, StopIteration):
        return None


def processors(root: Path = Path("/")) -> int:
    """Return how many processors this process may use; a fraction of one counts as one.

    It is at most the number in BRAINSIM_NUM_THREADS, or else NUMBA_NUM_THREADS, or else OMP_NUM_THREADS: by these joblib,
    Dask, batch systems and launchers give each of several processes its share.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, _asked_for(), processor_quota(root))))


def processor_quota(root: Path = Path("/")) -> float:
    """Return how many processors the control groups of this process may keep busy together, infinite without a limit."""
    if sys.platform != "linux":
        return math.inf
    shares = [share for group in _groups(root, "cpu") if (share := _processor_share(group)) is not None]
    return min(shares, default=math.inf)


def _asked_for():
    """Return the number of threads that the environment asks for, infinite if it asks for none."""
    for name in ("BRAINSIM_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        first = os.environ.get(name, "").split(",")[0].strip()  # OpenMP has a list: one number for each level
        if first.isdigit() and int(first) > 0:
            return int(first)
    return math.inf


def _groups(root, controller):
    """Return the folders of the control groups that may limit this process: its own and those above."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    tree, folders = root / "sys/fs/cgroup", []
    for line in lines:
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        top = next((tree / name for name in (controller, names) if (tree / name).is_dir()), tree) if names else tree
        # within a container the path may be the one seen from outside: then only the top of the tree exists
        folder = top / path.strip("/")
        folders += [group for group in (folder, *folder.parents) if group.is_relative_to(top) and group.is_dir()]
    return folders


def _unused_memory(group):
    """Return how many bytes a control group may still use, infinite if it has no limit."""
    for limit, usage, cached in MEMORY:
        text = _text(group / limit)
        if text and text != "max":
            statistics = dict(line.split() for line in _text(group / "memory.stat").splitlines())
            return max(0, int(text) - int(_text(group / usage)) + int(statistics.get(cached, 0)))
    return math.inf


def _processor_share(group):
    """Return how many processors a control group may keep busy, None if it has no limit."""
    quota, _, period = _text(group / "cpu.max").partition(" ")
    if not quota:
        quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    if not quota or not period or quota in ("max", "-1"):
        return None
    return int(quota) / int(period)


def _text(path):
    """Return the content of a file, or an empty text if it cannot be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
