"""How a process ends in which functions were compiled."""

import bz2
import gzip
import lzma
import subprocess
import sys
import zipfile

SCRIPT = """
import atexit, bz2, gzip, lzma, os, sys, tempfile, zipfile

class Held:
    def __init__(self, file):
        self.myself = self  # a cycle of references
        self.file = file

os.chdir(sys.argv[1])
early = Held(open("early.txt", "w"))
atexit.register(lambda: early.file.write("some text"))

if sys.argv[2] == "brainsim":
    import brainsim as bs
    cells = bs.Population(3, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.add(cells)
    bs.simulate(net, 1.0)

def write():
    for opener, name in ((open, "a.txt"), (gzip.open, "t.gz")):
        Held(opener(name, "wt")).file.write("some text")
    for opener, name in ((open, "b.txt"), (gzip.open, "a.gz"), (bz2.open, "a.bz2"), (lzma.open, "a.xz")):
        Held(opener(name, "wb")).file.write(b"some text")
    Held(zipfile.ZipFile("a.zip", "w")).file.writestr("a.txt", "some text")
    Held(tempfile.NamedTemporaryFile(prefix="temporary", dir="."))

write()
"""


def left_by(folder, mode):
    """Return what is in the files that the script leaves, by name."""
    folder.mkdir()
    command = [sys.executable, "-c", SCRIPT, folder, mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    readers = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    found = {}
    for path in folder.iterdir():
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as zipped:
                found[path.name] = zipped.read("a.txt")
        else:
            with readers.get(path.suffix, open)(path, "rb") as file:
                found[path.name] = file.read()
    return found


def test_files_in_cycles_of_references_are_as_without_brainsim(tmp_path):
    """Python closes them in its last search for garbage; some versions then lose what was written to those of `open`."""
    found = left_by(tmp_path / "with", "brainsim")
    assert found == left_by(tmp_path / "without", "nothing")
    assert sorted(found) == ["a.bz2", "a.gz", "a.txt", "a.xz", "a.zip", "b.txt", "early.txt", "t.gz"]
    assert {found[name] for name in ("a.bz2", "a.gz", "a.xz", "a.zip", "early.txt")} == {b"some text"}
