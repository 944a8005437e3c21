"""What kernels read and write lies within their arrays.

The whole suite runs with a check of every index, also in what is called by address and behind raw pointers:

    NUMBA_BOUNDSCHECK=1 python -m pytest

Kernels are then compiled anew, into files of their own, and run several times slower, so leave out what measures time. That
the check would find something is tried here, in a process of its own.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.operators.cell_kernels import CellKernels
from brainsim.engine.simulation import settings
from brainsim.equations.codegen import BLOCK
from brainsim.testing import golden
from tests.helpers.records import arrays_of, contexts_of

pytestmark = pytest.mark.thorough

# a kernel and one called by address read what is there and what is not; then a run whose inputs point outside of the state
OUTSIDE = """
import numpy as np
import brainsim as bs
from brainsim.engine.operators.poisson import PoissonInputs
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.records import Context, array_of, by_address, call, record_at

@helper
def second_of(a):
    return a[1]

@by_address
def read(given_):
    return second_of(array_of(record_at(given_).a))

@kernel
def read_here(a, place):
    return a[place]

def attempt(function, *given):
    try:
        return str(function(*given))
    except IndexError as error:
        return f"IndexError: {error}"

a = np.arange(5, 10)
for size, place in [(2, 1), (1, 2), (2, 0)]:
    given = Context(a=a[:size])
    print(attempt(call, read.address(given.kind), given.address), "/", attempt(read_here, a[:2], place))

cells = bs.Population(4, bs.LIF(), name="cells")
net = bs.Network(seed=1)
net.stimulate(cells, bs.PoissonInput(rate=np.full(4, 9000.0), weight=1.0, synapse=bs.Delta()))
sim = bs.Simulation(net, seed=1, threads=1)
print(attempt(lambda: sim.run(1.0).duration))
((*_, context),) = sim._run.partitions[0].operator(PoissonInputs).calls()
context["places"][2] = 10**6
print(attempt(sim.run, 1.0))
"""


def test_an_index_out_of_bounds_ends_the_run_if_indices_are_checked():
    checked = os.environ | {"NUMBA_BOUNDSCHECK": "1"}
    for _ in range(2):  # compiled, and from the cache
        done = subprocess.run([sys.executable, "-c", OUTSIDE], env=checked, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        error = "IndexError: index is out of bounds"
        assert done.stdout.splitlines() == ["6 / 6", f"{error} / {error}", "6 / 5", "1.0", error]


@pytest.fixture(scope="module", params=golden.NETWORKS)
def sim(request):
    """Return a simulation of a golden network."""
    build, _, options = golden.NETWORKS[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "most_partitions", lambda: settings.MAX_THREADS)
        return bs.Simulation(build(), seed=1, threads=3, **options)


def test_what_a_kernel_reaches_lies_within_its_arrays(sim):
    """It is known from the number of rows, cells, and cells from one row to the next."""
    for partition in sim._run.partitions:
        for _, index, _, context in partition.operator(CellKernels).calls():
            group, count = sim._layout.groups[index], context["count"]
            assert count > 0

            def check(name, rows, stride, count=count, context=context):
                assert rows == 0 or (rows - 1) * context[stride] + count <= context[name].size

            check("state", group.n_variables, "stride")
            check("inputs", group.n_receptors, "width")
            check("arrays", len(group.kernel.arrays), "stride")
            assert context["refractory"].size == context["current"].size == count
            assert context["flags"].size >= BLOCK
            assert len(group.kernel.scalars) <= context["scalars"].size
            assert 0 <= context["first"] <= sim._layout.n_cells - count
            assert group.first <= context["first"]
            assert context["first"] + count <= group.first + group.n


def test_arrays_of_kernels_are_parts_of_those_of_the_simulation(sim):
    """That each cell is in one call only, in its place."""
    shared, seen = sim._run.shared, np.zeros(sim._layout.n_cells, np.int64)
    for partition in sim._run.partitions:
        for _, index, _, context in partition.operator(CellKernels).calls():
            group, first = sim._layout.groups[index], context["first"]
            seen[first : first + context["count"]] += 1
            for name, whole in (("refractory", shared.refractory), ("current", shared.current)):
                assert context[name].ctypes.data == whole[first:].ctypes.data
            if group.n_variables:
                assert context["state"].ctypes.data == shared.state[group.state_at + first - group.first :].ctypes.data
            for name in ("state", "inputs"):
                assert _lies_within(context[name], shared.state)
            assert _lies_within(context["arrays"], group.arrays)
    advanced = [g.first + k for g in sim._layout.groups if g.kernel for k in range(g.n)]
    assert np.array_equal(np.flatnonzero(seen), np.sort(advanced))
    assert seen.max() == 1


def test_records_point_to_arrays_that_are_held(sim):
    """Also after the run made room for more, and inputs were built anew."""
    sim.run(20.0)
    for stimulus in sim._layout.inputs:
        sim.set(stimulus.name)
    sim.run(1.0)
    for partition in sim._run.partitions:
        held = contexts_of(partition)
        assert {int(call["context"]) for call in partition.program.calls} <= {context.address for context in held}
        for context in held:
            for name, array in arrays_of(context).items():
                record = context.record[name][0]
                assert (record["address"], record["size"]) == (array.ctypes.data, array.size)
                assert array.dtype == record.dtype["kind"]
                assert array.flags.c_contiguous


def _lies_within(part, whole):
    start = part.ctypes.data - whole.ctypes.data
    return part.size == 0 or (start >= 0 and start + part.nbytes <= whole.nbytes and start % whole.itemsize == 0)
