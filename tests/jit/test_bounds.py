"""What kernels read and write lies within their arrays.

The whole suite runs with a check of every index, also in what is called by address and behind raw pointers:

    NUMBA_BOUNDSCHECK=1 python -m pytest

Kernels are then compiled anew, into files of their own, and run several times slower, so leave out what measures time. That
the check would find something is tried here, in a process of its own.
"""

import os
import subprocess
import sys

import pytest

import brainsim as bs
from brainsim.engine import driver
from tests import golden

# a kernel and one called by address read what is there and what is not; then a run whose inputs point outside of the state
OUTSIDE = """
import numpy as np
from numba import carray, types
import brainsim as bs
from brainsim.jit.calls import call_address
from brainsim.jit.decorators import callback, helper, kernel

@helper
def second_of(a):
    return a[1]

@callback(types.int64(types.CPointer(types.int64), types.int64))
def read(start, size):
    return second_of(carray(start, (size,)))

@kernel
def call(address, a, size):
    return call_address(address, (np.int64(a.ctypes.data), size))

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
    print(attempt(call, read.address, a, size), "/", attempt(read_here, a[:2], place))

cells = bs.Population(4, bs.LIF(), name="cells")
net = bs.Network(seed=1)
net.stimulate(cells, bs.PoissonInput(rate=np.full(4, 9000.0), weight=1.0, synapse=bs.Delta()))
sim = bs.Simulation(net, seed=1, threads=1)
print(attempt(lambda: sim.run(1.0).duration))
sim._partitions[0].kept_by_inputs[0][2] = 10**6
print(attempt(sim.run, 1.0))
"""


def test_an_index_out_of_bounds_ends_the_run_if_indices_are_checked():
    checked = os.environ | {"NUMBA_BOUNDSCHECK": "1"}
    for _ in range(2):  # compiled, and from the cache
        done = subprocess.run([sys.executable, "-c", OUTSIDE], env=checked, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        error = "IndexError: index is out of bounds"
        assert done.stdout.splitlines() == ["6 / 6", f"{error} / {error}", "6 / 5", "1.0", error]


@pytest.mark.parametrize("name", golden.NETWORKS)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.usefixtures("more_partitions")
def test_the_arrays_of_a_kernel_lie_within_those_of_the_simulation(name, threads):
    """Kernels get addresses, and what they may reach from there is known from the number of rows, cells and cells a row."""
    build, _, options = golden.NETWORKS[name]
    sim = bs.Simulation(build(), seed=1, threads=threads, **options)
    groups, size = sim._layout.groups, sim._layout.dtype().itemsize
    for partition in sim._partitions:
        for call in partition.cells.calls:
            group, count = groups[call[driver.GROUP]], call[driver.COUNT]

            def check(place, rows, stride, array, itemsize, count=count, call=call):
                if rows:
                    start = call[place] - array.ctypes.data
                    assert start >= 0
                    assert start + ((rows - 1) * stride + count) * itemsize <= array.nbytes

            check(driver.STATE, group.n_variables, call[driver.STRIDE], partition.state, size)
            check(driver.INPUTS, group.n_receptors, call[driver.WIDTH], partition.state, size)
            check(driver.ARRAYS, len(group.kernel.arrays), call[driver.STRIDE], group.arrays, size)
            check(driver.REFRACTORY, 1, 0, partition.refractory, 4)
            check(driver.CURRENT, 1, 0, partition.current, 8)
            assert call[driver.STATE] % size == 0
            assert 0 <= call[driver.FIRST] <= sim._layout.n_cells - count
