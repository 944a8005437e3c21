"""Objects that travel: pickled apart and read in one process they are the same, and ranges of cells are small."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import brainsim as bs


def parts():
    cells = bs.Population(1000, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net, drive = bs.Network(seed=1), bs.PoissonInput(rate=1000.0, weight=2.0, synapse=bs.Delta())
    wires = net.connect(cells[:800], cells, bs.FixedIndegree(5), weight=0.1, delay=1.5, synapse=bs.Delta())
    net.stimulate(cells, drive)
    return net, cells, wires, drive


def travelled(*things):
    return [pickle.loads(message) for message in [pickle.dumps(thing) for thing in things]]


def test_here_they_are_themselves():
    net, cells, wires, drive = parts()
    again, population, projection, given = travelled(net, cells, wires, drive)
    assert population is cells
    assert projection is wires
    assert given is drive
    assert again is not net
    assert again.populations["cells"] is cells
    assert again.projections == (wires,)
    assert pickle.loads(pickle.dumps(cells[3:7])) == cells[3:7]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_of_what_is_frozen_are_the_original(copied):
    net, cells, wires, drive = parts()
    for thing in (cells, wires, drive):
        assert copied(thing) is thing
    other = copy.deepcopy(net)
    other.add(bs.Population(3, bs.LIF(), name="more"))
    assert list(net.populations) == ["cells"]
    assert other.populations["cells"] is cells


def test_a_changed_copy_is_another_object():
    drive = parts()[3]
    pickle.dumps(drive)
    assert pickle.loads(pickle.dumps(drive.replaced(rate=5.0))).rate == 5.0
    assert pickle.loads(pickle.dumps(drive)).rate == 1000.0


def test_a_network_that_has_travelled_is_still_that_of_its_states():
    net = parts()[0]
    pickle.dumps(net)
    state = bs.simulate(net, 5.0, seed=1).state
    bs.Simulation(parts()[0], state=state)


CODE = """
import pickle, sys
import brainsim as bs
messages = pickle.load(sys.stdin.buffer)
order = [int(k) for k in sys.argv[1]]
things = {}
for k in order:
    things[k] = pickle.loads(messages[k])
net, cells, wires, drive, result = (things[k] for k in range(5))
sim = bs.Simulation(net, seed=2, threads=1)
sim.set(cells, tau_m=10.0)
sim.set(drive, rate=2000.0)
assert sim.synapses(wires).pre.size == 5000
assert net.populations["cells"] is cells and net.projections[0] is wires
assert wires.post is cells and wires.pre.population is cells
assert result.spikes[cells[:10]].n == 10 and result.spikes[cells] == result.spikes["cells"]
net.connect(cells, cells, bs.OneToOne(), weight=0.1, delay=1.5, synapse=bs.Delta(), name="more")
print(sim.run(20.0).spikes["cells"].times.sum())
"""


@pytest.mark.thorough_but("01234")
@pytest.mark.parametrize("order", ["01234", "43210", "21034"])
def test_elsewhere_they_belong_together_in_any_order(order):
    net, cells, wires, drive = parts()
    result = bs.simulate(net, 20.0, seed=2, threads=1)
    message = pickle.dumps([pickle.dumps(thing) for thing in (net, cells, wires, drive, result)])
    done = subprocess.run([sys.executable, "-c", CODE, order], input=message, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    sim = bs.Simulation(net, seed=2, threads=1)
    sim.set(cells, tau_m=10.0)
    sim.set(drive, rate=2000.0)
    assert float(done.stdout) == sim.run(20.0).spikes["cells"].times.sum()


def test_ranges_of_cells_are_small():
    cells = bs.Population(1_000_000, bs.LIF(), name="cells")
    assert len(pickle.dumps(cells)) < 2000
    assert len(pickle.dumps(cells[10:900_000])) < 3000
    every_second = pickle.loads(pickle.dumps(cells[::2]))
    assert np.array_equal(every_second.ids, cells[::2].ids)
    assert not every_second.ids.flags.writeable
    one = pickle.loads(pickle.dumps(cells[5]))
    assert one.ids.tolist() == [5]
    joined = cells[:5] + bs.Population(10, bs.LIF(), name="other")[3:]
    assert pickle.loads(pickle.dumps(joined)) == joined


@pytest.mark.thorough
def test_what_nobody_holds_is_forgotten():
    import gc

    from brainsim.core import identity

    cells = bs.Population(3, bs.LIF(), name="brief")
    message = pickle.dumps(cells)
    token = vars(cells)["_token"]
    del cells
    gc.collect()
    assert token not in identity._known
    assert pickle.loads(message).name == "brief"
