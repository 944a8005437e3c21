"""How much memory ranks need; see `ranked`."""

import gc
import re
from pathlib import Path

import brainsim as bs
from brainsim.examples import microcircuit
from tests.helpers.runs import ranked

PEAK = Path("/proc/self/clear_refs")  # to which 5 is written to forget the peak so far


def used(name):
    """Return the memory of this process [bytes]: ``VmRSS`` now, ``VmHWM`` at most."""
    return 1024 * int(re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text()).group(1))


def microcircuit_at(scale, k_scale):
    """Return the estimate for one process and the most that each rank needs beyond an equal, but tiny, network [bytes]."""
    from mpi4py import MPI

    scale, k_scale = float(scale), float(k_scale)
    bs.simulate(microcircuit.build(scale=0.01, k_scale=0.01)[0], 5.0, seed=1, threads=1, ranks=True)  # loads everything
    net, _ = microcircuit.build(scale=scale, k_scale=k_scale)
    gc.collect()
    PEAK.write_text("5")
    before = used("VmRSS")
    result = bs.simulate(net, 10.0, seed=1, threads=1, ranks=True)
    needed = MPI.COMM_WORLD.allgather(used("VmHWM") - before)
    return [net.estimate().peak, needed, result.stats["synapses"]] if result else None


if __name__ == "__main__":
    ranked.main(globals())
