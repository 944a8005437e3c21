"""Tables of Arrow and Parquet with flipped bits: Arrow checks little of what it maps, and the interpreter must not crash."""

import subprocess
import sys

import pytest

FLIP = """
import random, sys, warnings
from pathlib import Path
from brainsim import connectomes

warnings.simplefilter("ignore")
path, number = Path(sys.argv[1]), int(sys.argv[2])
whole, rng = path.read_bytes(), random.Random(1)
ids = [str(720575940660219265 + k) for k in range(300)]
first = whole.find(ids[0].encode())
found = {"read": 0, "refused": 0}
for k in range(number):
    damaged = bytearray(whole)
    # the offsets of the texts, 4 bytes each, are in front of them
    at = first - 4 * rng.randrange(20, 280) + 2 if sys.argv[3] == "offsets" else rng.randrange(len(whole))
    damaged[at] ^= 0x40 if sys.argv[3] == "offsets" else 1 << rng.randrange(8)
    changed = path.with_name("m" + path.suffix)
    changed.write_bytes(damaged)
    try:
        connectomes.read_table(changed, {"pre": ids, "post": ids, "count": [1] * 300}, unlisted="drop")
        found["read"] += 1
    except (ValueError, OSError):
        found["refused"] += 1
print(found)
"""


def flipped(path, number, where):
    """Return how many of some files with one flipped bit are read, and are refused, by another process."""
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
    ids = [str(720575940660219265 + k) for k in range(300)]
    table = pyarrow.table({"id": ids, "nt": ["x", "y", "z"] * 100, "n": list(range(300))})
    if path.suffix == ".parquet":
        from pyarrow import parquet

        parquet.write_table(table, path, compression="none" if path.stem == "plain" else "snappy")
    else:
        from pyarrow import feather

        feather.write_feather(table, path, compression="uncompressed" if path.stem == "plain" else "lz4")
    command = [sys.executable, "-c", FLIP, path, str(number), where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    return done.stdout.strip()


def test_offsets_that_point_outside_of_the_file_are_refused(tmp_path):
    assert flipped(tmp_path / "plain.feather", 6, "offsets") == "{'read': 0, 'refused': 6}"


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["plain.feather", "packed.feather", "plain.parquet", "packed.parquet"])
def test_any_flipped_bit_is_read_or_refused(tmp_path, name):
    assert "'refused': 0" not in flipped(tmp_path / name, 60, "anywhere")
