"""All comparisons, one after the other, and the Report of them."""

import time

from brainsim.testing import golden
from brainsim.testing.verification import laws, stored
from brainsim.testing.verification.random_runs import compared_networks
from brainsim.testing.verification.report import Line, Report
from brainsim.testing.verification.twice import described_twice

NOT_CHECKED = (
    "rules with random numbers at exact times, cells with equations that send several spikes in a step, distributions of "
    "your own, ranks of MPI, but for some stored bits",
    "models that these networks do not have; check yours with bs.testing.check_neuron and its siblings",
    "whether a model, or the parameters of a model, are those of a paper",
    "pictures, statistics, files of other programs, training",
    "speed and memory",
)
RESERVED = 0.1  # share of the time for the start and the report


def verify(seed, minutes=1.0, threads=2, say=lambda text: None):
    """Compare everything, with random networks for as long as there is time, and return the Report.

    Parameters
    ----------
    seed : int
        Of the random networks and numbers.
    minutes : float
        What is compared first takes some 20 s with compiled kernels; random networks take what is left.
    threads : int
        Of stored networks.
    say : callable
        Is given a line of text about each part as it begins.
    """
    began = time.monotonic()
    lines = []
    for text, part in (
        ("spikes of NEST", lambda: stored.compared_with_nest(threads)),
        ("spikes of Brian2", lambda: [stored.compared_with_brian2(threads)]),
        ("closed forms", laws.closed_forms),
        ("laws of random numbers", lambda: [laws.random_laws(seed)]),
        ("two descriptions", lambda: [described_twice(seed)]),
        ("stored bits", lambda: [golden_bits()]),
    ):
        say(text)
        lines += part()
    until = began + 60.0 * minutes * (1.0 - RESERVED)
    return Report(seed, [*compared_networks(seed, until, say), *lines], [*NOT_CHECKED])


def golden_bits():
    """Return a line about the networks whose bits are stored, each run with two threads and in two pieces."""
    from brainsim.testing.properties import any_threads

    line, pinned = Line("stored networks", "bits of this version", "networks"), golden.pinned()
    with line.timed(), any_threads():
        for name in golden.NETWORKS:
            found = golden.hashes(golden.ran(name, threads=2, pieces=2))
            line.compared += 1
            line.failures += golden.differences({name: found}, pinned, [name])
    return line
