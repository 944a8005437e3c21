"""Copies of a simulation are independent; a simulation is used by one thread at a time and is never pickled."""

import copy
import pickle
import threading

import numpy as np
import pytest

import brainsim as bs

AMPA = bs.Exponential(tau=2.0)


def network(storage="stored"):
    """Return cells that drive each other, with listed spikes at time 0 and Poisson input."""
    cells = bs.Population(300, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    listed = bs.Population(5, bs.SpikeTrains(times=[0.0, 0.0, 7.3, 60.0], ids=[1, 4, 0, 2]), name="listed")
    net = bs.Network(seed=1)
    net.connect(listed, cells, bs.AllToAll(), weight=300.0, delay=2.0, synapse=AMPA)
    rule = bs.FixedProbability(0.1)
    net.connect(cells, cells, rule, weight=bs.Normal(8.0, 2.0), delay=bs.Uniform(0.5, 4.0), synapse=AMPA, storage=storage)
    net.stimulate(cells, bs.PoissonInput(rate=6000.0, weight=40.0, synapse=AMPA), name="noise")
    return net


def simulation(threads=1, storage="stored"):
    net = network(storage)
    return bs.Simulation(net, seed=3, threads=threads, record=[bs.Trace(net.populations["cells"][:7], "v", every=0.5)])


def same(one, other):
    """Return whether two results hold the same spikes, traces and state, to the bit."""
    spikes = all(one.spikes[name] == other.spikes[name] for name in other.spikes)
    traces = all(np.array_equal(one.traces[key].values, other.traces[key].values) for key in other.traces)
    state = all(
        np.array_equal(values, other.state.variables[name][variable])
        for name, variables in one.state.variables.items()
        for variable, values in variables.items()
    )
    return spikes and traces and state


class TestCopy:
    """What `copy.deepcopy` returns."""

    def test_copy_changes_nothing_in_the_original(self):
        reference, original = simulation(), simulation()
        reference.run(20.0)
        original.run(20.0)
        fork = copy.deepcopy(original)
        fork.state["cells"]["v"][:] = -50.5
        fork.set("noise", rate=12000.0)
        fork.set("cells", v_th=-53.0)
        assert len(fork.run(50.0).spikes["cells"]) > 1.2 * len(reference.run(50.0).spikes["cells"])
        assert same(original.run(50.0), reference.result()) is False
        reference.reset()
        reference.run(20.0)
        original.reset()
        original.run(20.0)
        assert same(original.run(50.0), reference.run(50.0))

    def test_a_copy_goes_back_to_the_start_and_forgets_like_any_simulation(self):
        original = simulation()
        first = original.run(20.0)
        fork = copy.deepcopy(original)
        fork.run(30.0)
        fork.reset()
        assert same(fork.run(20.0), first)
        assert same(fork.result(), first)
        fork = copy.deepcopy(original)
        fork.forget()
        assert (fork.result().start, fork.result().duration) == (20.0, 0.0)
        assert same(original.result(), first)
        later = original.run(20.0)
        assert same(fork.run(20.0), later)
        assert same(fork.result(), later)

    def test_shallow_copy_is_independent_too(self):
        original = simulation()
        original.run(20.0)
        fork = copy.copy(original)
        fork.run(20.0)
        reference = simulation()
        reference.run(20.0)
        assert same(original.run(20.0), reference.run(20.0))

    def test_copies_run_side_by_side_in_threads(self):
        original = simulation()
        original.run(20.0)
        forks, results = [copy.deepcopy(original) for _ in range(4)], {}

        def work(number):
            results[number] = forks[number].run(50.0)

        workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        expected = original.run(50.0)
        assert all(same(results[number], expected) for number in range(4))

    def test_pickling_is_refused_with_what_to_do(self):
        with pytest.raises(TypeError, match=r"cannot be pickled; sim.save\(path\)"):
            pickle.dumps(simulation())


class TestThreads:
    """Two Python threads on one Simulation."""

    def test_second_thread_is_refused_and_the_first_goes_on(self):
        sim, reference = simulation(), simulation()
        results, started = [], threading.Event()

        def work():
            started.set()
            results.append(sim.run(3000.0, progress=False))

        worker = threading.Thread(target=work)
        worker.start()
        started.wait()
        refused = []
        while worker.is_alive():
            for call in (
                lambda: sim.run(0.1),
                sim.reset,
                sim.result,
                lambda: sim.set("noise", rate=1.0),
                lambda: copy.deepcopy(sim),
            ):
                if not worker.is_alive():
                    break
                try:
                    call()
                except RuntimeError as error:
                    refused.append(str(error))
        worker.join()
        if not refused:
            pytest.fail("the run ended before a second thread came")
        assert all("one thread at a time" in text for text in refused)
        assert same(results[0], reference.run(3000.0))
