"""What this process may take of the machine: free memory and processors, within the limits of its container or batch job.

Linux keeps such limits in control groups, files of a tree in which each group is bound by those above it as well. There are
two layouts, version 2 with one tree for all, version 1 with a tree for memory and one for processors. Where there are none,
or on other systems, only what the system itself says counts.
"""

import math
import os
import sys
from pathlib import Path

# what memory, what of it is only cached and given back, where it is found in `memory.stat`, for both versions
MEMORY = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free_memory(root=Path("/")):
    """Return how many bytes of memory can be had now, or None where the system does not tell.

    Parameters
    ----------
    root : Path
        Where the files of the system begin.
    """
    try:
        if sys.platform != "linux":
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
        lines = (root / "proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        return min([free, *(_left(group) for group in _groups(root, "memory"))])
    except (AttributeError, OSError, ValueError, StopIteration):
        return None


def processors(root=Path("/")):
    """Return how many processors this process may use; a part of one counts as one.

    Parameters
    ----------
    root : Path
        Where the files of the system begin.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if sys.platform != "linux":
        return allowed
    shares = [share for group in _groups(root, "cpu") if (share := _share(group)) is not None]
    return max(1, math.ceil(min([allowed, *shares])))


def _groups(root, controller):
    """Return the folders of the control groups of this process, and of those above, that may bound it."""
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
        # within a container the path may be the one outside of it: then only the top is there
        folder = top / path.strip("/")
        folders += [group for group in (folder, *folder.parents) if group.is_relative_to(top) and group.is_dir()]
    return folders


def _left(group):
    """Return how many bytes a control group may still take, infinite where it is not limited."""
    for limit, usage, cached in MEMORY:
        text = _text(group / limit)
        if text and text != "max":
            counted = dict(line.split() for line in _text(group / "memory.stat").splitlines())
            return max(0, int(text) - int(_text(group / usage)) + int(counted.get(cached, 0)))
    return math.inf


def _share(group):
    """Return how many processors' time a control group may take, None where it is not limited."""
    quota, _, period = _text(group / "cpu.max").partition(" ")
    if not quota:
        quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    if not quota or not period or quota in ("max", "-1"):
        return None
    return int(quota) / int(period)


def _text(path):
    """Return what a file holds, nothing where it cannot be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
