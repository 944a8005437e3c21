"""What ran where, what is random, and what is refused by name."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

pytestmark = pytest.mark.thorough


def of_the_script(b):
    """Run cells whose equations call a function of the script, which brainsim does not have."""

    @b.check_units(x=1, result=1)
    def twice(x):
        return 2 * x

    cells = b.NeuronGroup(2, "dv/dt = (twice(v) - 3)/(5*ms) : 1", method="euler", namespace={"twice": twice})
    cells.v = [1, 2]
    b.Network(cells).run(1 * b.ms)
    return {"v": cells.v}


def test_what_cannot_be_translated_is_run_by_brian2(both):
    theirs, ours = both(of_the_script)
    assert np.array_equal(theirs["v"], ours["v"])
    import brian2

    report = brian2.all_devices["brainsim"].report() if hasattr(brian2, "all_devices") else brian2.get_device().report()
    assert "by Brian2: neurongroup" in report
    assert "test_device.py, line" in report


def test_synapses_are_run_by_brian2_as_well(both):
    """What was noted of a network that cannot be translated must not be left in its objects."""

    def script(b):
        @b.check_units(x=1, result=1)
        def twice(x):
            return 2 * x

        equations = "dv/dt = (twice(1.0) - v)/(5*ms) : 1"
        cells = b.NeuronGroup(3, equations, threshold="v > 1", reset="v = 0", method="euler", namespace={"twice": twice})
        synapses = b.Synapses(cells, cells, on_pre="v += 0.01", delay=0.5 * b.ms)
        synapses.connect()
        spikes = b.SpikeMonitor(cells)
        b.Network(cells, synapses, spikes).run(10 * b.ms)
        return {"t": spikes.t_}

    theirs, ours = both(script)
    assert len(ours["t"]) > 3
    assert np.array_equal(theirs["t"], ours["t"])


def test_synapses_are_made_without_a_compiler(both, monkeypatch):
    """A compiler of C takes seconds for each text, which looks like a script that hangs."""
    from brian2.codegen.runtime.cython_rt import CythonCodeObject

    def refuse(*given, **options):
        raise AssertionError("compiled")

    def script(b):
        b.prefs.codegen.target = "auto" if "Brainsim" in type(b.get_device()).__name__ else "numpy"
        cells = b.NeuronGroup(20, "v : 1", threshold="v > 1", reset="v = 0")
        synapses = b.Synapses(cells, cells, "w : 1", on_pre="v_post += w")
        synapses.connect(j="k for k in sample(N_post, size=3)")
        synapses.connect(condition="i != j", p=0.1)
        synapses.w, synapses.w["i > j"] = "0.1*i", 0.2
        b.Network(cells, synapses).run(0.2 * b.ms)
        return {"n": synapses.N_outgoing_pre >= 3}

    monkeypatch.setattr(CythonCodeObject, "__init__", refuse)
    assert np.all(both(script, otherwise="refuse")[1]["n"])


def test_or_refused_by_name(both):
    with pytest.raises(NotImplementedError, match=r"neurongroup.*test_device\.py, line \d+.*'twice', which brainsim"):
        both(of_the_script, otherwise="refuse")


def test_an_unknown_choice_is_named(both):
    with pytest.raises(ValueError, match="otherwise must be 'brian2' or 'refuse'"):
        both(lambda b: {}, otherwise="nest")


def test_noise_and_poisson_sources_have_the_same_statistics(both):
    """Means of 2,000 cells, whose standard errors are below 1 %: equal within 4 %."""

    def script(b):
        cells = b.NeuronGroup(2000, "dv/dt = -v/(10*ms) + 0.3*sqrt(2/(10*ms))*xi : 1", method="euler")
        counts = b.NeuronGroup(2000, "n : 1")
        sources = b.PoissonGroup(2000, rates="50*Hz")
        synapses = b.Synapses(sources, counts, on_pre="n_post += 1")
        synapses.connect(j="i")
        inputs = b.PoissonInput(counts, "n", 10, 40 * b.Hz, weight=1)
        b.Network(cells, counts, sources, synapses, inputs).run(100 * b.ms)
        return {"v": cells.v, "n": counts.n}

    theirs, ours = both(script, otherwise="refuse")
    assert np.std(ours["v"]) == pytest.approx(0.3, rel=0.05)
    assert np.mean(ours["n"]) == pytest.approx(45.0, rel=0.02)
    assert np.var(ours["n"]) == pytest.approx(np.var(theirs["n"]), rel=0.15)


def test_a_script_is_run_unchanged(both, tmp_path):
    script = """
        from brian2 import *
        cells = NeuronGroup(1, "dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
        spikes = SpikeMonitor(cells)
        run(20*ms)
        print(spikes.t/ms)
    """
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    done = subprocess.run([sys.executable, "-m", "brainsim.brian2", str(path)], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[ 6.9 13.9]"
    assert "brainsim: 1 of 1 runs here" in done.stderr


def test_monitors_that_count_and_groups_that_do_not_move(same):
    """Spikes are counted without being recorded; parameters are sampled without cells; a single sample can be asked for."""

    def script(b):
        cells = b.NeuronGroup(3, "rate : Hz", threshold="rand() < rate*dt + 1e-9*i", reset="")
        cells.rate = [0, 20000, 0] * b.Hz
        counted, parameters = b.SpikeMonitor(cells, record=False), b.StateMonitor(cells, "rate", record=[1], dt=1 * b.ms)
        b.Network(cells, counted, parameters).run(5 * b.ms)
        alone = b.NeuronGroup(2, "x : 1")
        alone.x = [3, 4]
        samples = b.StateMonitor(alone, "x", record=True, dt=1 * b.ms)
        net = b.Network(alone, samples)
        net.run(2 * b.ms)
        samples.record_single_timestep()
        found = {"n": counted.num_spikes, "count": counted.count, "rate": parameters.rate, "x": samples.x}
        return found | {"t": samples.t_}

    found = same(script)
    assert found["n"] == 50
    assert found["x"].tolist() == [[3, 3, 3], [4, 4, 4]]
