"""How a process ends in which functions were compiled."""

import subprocess
import sys

SCRIPT = """
import sys
import brainsim as bs

class Log:
    def __init__(self, path):
        self.myself = self  # a cycle of references
        self.file = open(path, "{mode}")

log = Log(sys.argv[1])
cells = bs.Population(3, bs.LIF(), name="cells")
net = bs.Network(seed=1)
net.add(cells)
bs.simulate(net, 1.0)
log.file.write({text})
"""


def test_files_in_cycles_of_references_are_written(tmp_path):
    """Python ends without a last search for garbage, which would have closed them."""
    for mode, text in (("w", "'some text'"), ("wb", "b'some text'"), ("wb+", "b'some text'")):
        path = tmp_path / f"{mode}.txt"
        script = SCRIPT.format(mode=mode, text=text)
        done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert path.read_text() == "some text"
