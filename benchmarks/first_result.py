"""First result: a whole process, from the start of Python to a count of spikes.

Import, describe 1,000 CUBA cells with 10 % random connections, simulate 1 s, count the spikes, exit: timed from outside,
both with the files that each simulator keeps from an earlier process and without them. For comparison: ``import brainsim``
alone, which loads parts of it when they are first used; all its public names; and Python that does nothing. A second table
says where the time of brainsim goes.

Time an installed brainsim (``pip install .``): a checkout in which Python writes no byte code is compiled in each process,
which a line above the table says.
"""

import sys
import time
from contextlib import contextmanager

TAU_M, C_M, V_REST, V_TH, V_RESET, T_REF = 20.0, 200.0, -49.0, -50.0, -60.0, 5.0  # ms, pF, mV, mV, mV, ms
TAU_EXC, TAU_INH, DELAY = 5.0, 10.0, 0.1  # ms
W_EXC, W_INH = 16.2, -90.0  # pA
N, N_EXC, P, DURATION, DT = 1000, 800, 0.1, 1000.0, 0.1
TOLERANCE = 0.4  # a thousand cells fire at 4 to 6 Hz, depending on the random wiring


@contextmanager
def phase(name):
    """Print how long the block takes, for the table of phases."""
    began = time.perf_counter()
    yield
    print("phase", time.perf_counter() - began, name)


def in_brainsim(folder):
    with phase("NumPy"):
        import numpy  # noqa: F401
    with phase("description"):
        net = described_in_brainsim()
    with phase("loading"):
        import brainsim.engine.simulation.simulate
    with phase("building"):
        simulation = brainsim.Simulation(net, dt=DT, seed=1)
    with phase("running"):
        return len(simulation.run(DURATION).spikes["cells"])


def described_in_brainsim(weight=W_EXC, seed=1, model=None):
    import brainsim as bs

    lif = (model or bs.LIF)(tau_m=TAU_M, c_m=C_M, v_rest=V_REST, v_th=V_TH, v_reset=V_RESET, t_ref=T_REF)
    cells = bs.Population(N, lif, name="cells", initial={"v": bs.Uniform(V_RESET, V_TH)})
    net, random = bs.Network(seed=seed), bs.FixedProbability(P)
    net.connect(cells[:N_EXC], cells, random, weight=weight, delay=DELAY, synapse=bs.Exponential(tau=TAU_EXC))
    net.connect(cells[N_EXC:], cells, random, weight=W_INH, delay=DELAY, synapse=bs.Exponential(tau=TAU_INH))
    return net


def in_nest(folder):
    import nest

    recorder = built_in_nest(nest)
    nest.Simulate(DURATION)
    return recorder.n_events


def built_in_nest(nest, weight=W_EXC, seed=1):
    """Return the recorder of a network that can run."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(resolution=DT, rng_seed=seed)
    parameters = {
        "E_L": V_REST,
        "V_th": V_TH,
        "V_reset": V_RESET,
        "C_m": C_M,
        "tau_m": TAU_M,
        "tau_syn_ex": TAU_EXC,
        "tau_syn_in": TAU_INH,
        "t_ref": T_REF,
    }
    cells = nest.Create("iaf_psc_exp", N, params=parameters)
    cells.V_m = nest.random.uniform(V_RESET, V_TH)
    random, recorder = {"rule": "pairwise_bernoulli", "p": P}, nest.Create("spike_recorder")
    nest.Connect(cells[:N_EXC], cells, random, {"weight": weight, "delay": DELAY})
    nest.Connect(cells[N_EXC:], cells, random, {"weight": W_INH, "delay": DELAY})
    nest.Connect(cells, recorder)
    return recorder


def in_brian2(folder):
    import brian2 as b2

    b2.prefs.codegen.target = "cython"
    b2.prefs.codegen.runtime.cython.cache_dir = folder
    return run_in_brian2(b2).num_spikes


def in_brian2_standalone(folder):
    import brian2 as b2

    b2.set_device("cpp_standalone", directory=folder)
    return run_in_brian2(b2).num_spikes


def run_in_brian2(b2, weight=W_EXC, seed=1, duration=DURATION, term=""):
    """Return the monitor of a network that ran; `term` is added to the equation of v."""
    ms, mV = b2.ms, b2.mV
    b2.seed(seed)
    b2.defaultclock.dt = DT * ms
    leak = C_M / TAU_M
    parameters = {
        "taum": TAU_M * ms,
        "taue": TAU_EXC * ms,
        "taui": TAU_INH * ms,
        "Vt": V_TH * mV,
        "Vr": V_RESET * mV,
        "El": V_REST * mV,
        "we": weight / leak * mV,
        "wi": W_INH / leak * mV,
    }
    cells = b2.NeuronGroup(
        N,
        f"""dv/dt = (ge + gi - (v - El){term})/taum : volt (unless refractory)
           dge/dt = -ge/taue : volt
           dgi/dt = -gi/taui : volt""",
        threshold="v > Vt",
        reset="v = Vr",
        refractory=(T_REF + DT) * ms,  # Brian2 holds v for one step less
        method="euler" if term else "exact",
        namespace=parameters,
    )
    cells.v = "Vr + rand()*(Vt - Vr)"
    exc = b2.Synapses(cells[:N_EXC], cells, on_pre="ge += we", delay=DELAY * ms, namespace=parameters)
    inh = b2.Synapses(cells[N_EXC:], cells, on_pre="gi += wi", delay=DELAY * ms, namespace=parameters)
    exc.connect(p=P)
    inh.connect(p=P)
    monitor = b2.SpikeMonitor(cells)
    b2.Network(cells, exc, inh, monitor).run(duration * ms)
    return monitor


def import_brainsim(folder):
    import brainsim  # noqa: F401

    heavy = [name for name in ("numba", "scipy", "matplotlib") if name in sys.modules]
    return f"loads {', '.join(heavy)}" if heavy else None


def brainsim_names(folder):
    import brainsim

    for name in brainsim.__all__:
        if name != "plot":
            getattr(brainsim, name)


def python_alone(folder):
    return None


PROCESSES = {
    "brainsim": in_brainsim,
    "nest": in_nest,
    "brian2": in_brian2,
    "brian2-standalone": in_brian2_standalone,
    "import brainsim": import_brainsim,
    "all names of brainsim": brainsim_names,
    "python": python_alone,
}
MODULES = {"nest": "nest", "brian2": "brian2", "brian2-standalone": "brian2"}


def main():
    """Time all processes in turn and print the table."""
    from harness import processes

    processes.main(__file__, PROCESSES, MODULES, N * DURATION / 1000.0, TOLERANCE)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        # nothing else is loaded here, since the whole process is timed
        print("result", PROCESSES[sys.argv[2]](sys.argv[3]), flush=True)
    else:
        main()
