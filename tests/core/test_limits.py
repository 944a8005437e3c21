"""Limits of containers and batch jobs: a tree of files as Linux shows them, version 1 and 2 of control groups."""

import os
import sys

import pytest

from brainsim.core.machine import free_memory, processors

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
GB = 10**9
HERE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def tree(root, groups="", files=()):
    """Write the files of a machine with 16 GB of memory that can be had."""
    files = {
        "proc/meminfo": "MemTotal: 20000000 kB\nMemFree: 1000 kB\nMemAvailable:   16000000 kB\n",
        "proc/self/cgroup": groups,
        **dict(files),
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


V2, V1 = "0::/job/step\n", "9:name=systemd:/\n4:memory:/job/step\n2:cpu,cpuacct:/job/step\n0::/\n"
MEMORY = {
    "no groups": ("", {}, 16 * 1024 * 10**6),
    "not limited": (V2, {"job/step/memory.max": "max\n", "job/step/memory.current": "5\n"}, 16 * 1024 * 10**6),
    "version 2": (V2, {"job/step/memory.max": f"{3 * GB}\n", "job/step/memory.current": f"{GB}\n"}, 2 * GB),
    "what is cached comes back": (
        V2,
        {
            "job/step/memory.max": f"{3 * GB}\n",
            "job/step/memory.current": f"{2 * GB}\n",
            "job/step/memory.stat": f"anon 5\ninactive_file {GB}\n",
        },
        2 * GB,
    ),
    "the group above": (
        V2,
        {"job/memory.max": f"{4 * GB}\n", "job/memory.current": f"{3 * GB}\n", "job/step/memory.max": "max\n"},
        GB,
    ),
    "over the limit": (V2, {"job/memory.max": f"{GB}\n", "job/memory.current": f"{2 * GB}\n", "job/step/x": ""}, 0),
    "a path from outside": (V2, {"memory.max": f"{3 * GB}\n", "memory.current": f"{GB}\n"}, 2 * GB),
    "version 1": (
        V1,
        {
            "memory/job/step/memory.limit_in_bytes": f"{5 * GB}\n",
            "memory/job/step/memory.usage_in_bytes": f"{2 * GB}\n",
            "memory/job/step/memory.stat": f"cache 1\ntotal_inactive_file {GB}\n",
        },
        4 * GB,
    ),
    "version 1 without limit": (
        V1,
        {"memory/job/step/memory.limit_in_bytes": "9223372036854771712\n", "memory/job/step/memory.usage_in_bytes": "7\n"},
        16 * 1024 * 10**6,
    ),
    "limits of other controllers": (V1, {"cpu,cpuacct/job/step/memory.max": "5\n"}, 16 * 1024 * 10**6),
}


@pytest.mark.parametrize("name", MEMORY)
def test_free_memory(name, tmp_path):
    groups, files, free = MEMORY[name]
    root = tree(tmp_path, groups, {f"sys/fs/cgroup/{path}": text for path, text in files.items()})
    assert free_memory(root) == free


PROCESSORS = {
    "no groups": ("", {}, 64),
    "not limited": (V2, {"job/step/cpu.max": "max 100000\n"}, 64),
    "version 2": (V2, {"job/step/cpu.max": "300000 100000\n"}, 3),
    "a part of one": (V2, {"job/step/cpu.max": "250000 100000\n"}, 3),
    "less than one": (V2, {"job/step/cpu.max": "20000 100000\n"}, 1),
    "more than there are": (V2, {"job/step/cpu.max": "9900000 100000\n"}, 64),
    "the group above": (V2, {"job/cpu.max": "200000 100000\n", "job/step/cpu.max": "max 100000\n"}, 2),
    "version 1": (
        V1,
        {"cpu,cpuacct/job/step/cpu.cfs_quota_us": "500000\n", "cpu,cpuacct/job/step/cpu.cfs_period_us": "100000\n"},
        5,
    ),
    "version 1, a tree for itself": (
        V1,
        {"cpu/job/step/cpu.cfs_quota_us": "500000\n", "cpu/job/step/cpu.cfs_period_us": "100000\n"},
        5,
    ),
    "version 1 without limit": (
        V1,
        {"cpu/job/step/cpu.cfs_quota_us": "-1\n", "cpu/job/step/cpu.cfs_period_us": "100000\n"},
        64,
    ),
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_processors(name, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    groups, files, number = PROCESSORS[name]
    root = tree(tmp_path, groups, {f"sys/fs/cgroup/{path}": text for path, text in files.items()})
    assert processors(root) == number


def test_without_files_the_system_counts(tmp_path):
    assert processors(tmp_path) == HERE
    assert free_memory(tmp_path) is None
    assert 1 <= processors() <= HERE
    assert free_memory() > 0


def test_the_default_number_of_threads_follows(monkeypatch):
    import brainsim as bs
    from brainsim.engine.simulation import settings

    cells = bs.Population(50_000, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedTotal(10), weight=1.0, delay=1.5, synapse=bs.Delta())
    monkeypatch.setattr(settings, "processors", lambda: 3)
    assert bs.Simulation(net, seed=1).threads == 3


def test_no_more_partitions_than_processors(monkeypatch):
    import brainsim as bs
    from brainsim.engine.simulation import settings

    net = bs.Network(seed=1)
    net.add(bs.Population(10, bs.LIF(), name="cells"))
    monkeypatch.setattr(settings, "processors", lambda: 1000)
    assert settings.most_partitions() == settings.MAX_THREADS
    for there in (1, 3, 8):
        monkeypatch.setattr(settings, "processors", lambda n=there: n)
        for asked in (1, 3, 5):
            assert bs.simulate(net, 1.0, seed=1, threads=asked).stats["threads"] == min(asked, there)
