"""All names of the API of PyNN, as a module of a simulator has them."""

# ruff: noqa: F401 - most of them are made elsewhere

from pyNN import common, errors, random, space
from pyNN.network import Network
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution
from pyNN.recording import get_io
from pyNN.space import Space
from pyNN.standardmodels import StandardCellType

from brainsim.core.checks import number
from brainsim.pynn import connectors, simulator, synapse_types
from brainsim.pynn.cell_types import *  # noqa: F403
from brainsim.pynn.connectors import *  # noqa: F403
from brainsim.pynn.electrodes import *  # noqa: F403
from brainsim.pynn.native import NativeRNG
from brainsim.pynn.populations import Assembly, Population, PopulationView
from brainsim.pynn.projections import Projection
from brainsim.pynn.sources import *  # noqa: F403
from brainsim.pynn.synapse_types import *  # noqa: F403

run, run_until = common.build_run(simulator)
run_for = run
reset = common.build_reset(simulator)
initialize = common.initialize
get_current_time, get_time_step, get_min_delay, get_max_delay, _, rank = common.build_state_queries(simulator)
create = common.build_create(Population)
connect = common.build_connect(Projection, connectors.FixedProbabilityConnector, synapse_types.StaticSynapse)
record = common.build_record(simulator)
set = common.set  # PyNN calls it so


def setup(timestep=0.1, min_delay="auto", **extra_params):
    """Forget the network that there was, and begin a new one; return the rank of this process, 0 if it is alone.

    The processes that ``mpiexec -n 2 python -m mpi4py script.py`` has started run the network together. Random numbers that
    decide about it need a seed, so that all have the same. What is recorded is on rank 0, which writes the files.

    Parameters
    ----------
    timestep : float
        Time step [ms].
    min_delay : float or "auto"
        Delay of synapses that are given none, and the shortest that may be given [ms]; "auto" is the time step.
    **extra_params
        ``max_delay``, the longest delay that may be given [ms]. ``rng_seed``, a whole number, the seed of all that is random
        in a run, by default 0: the same seed gives the same spikes. ``threads``, by default as many as the network is worth.
        What is meant for other simulators is ignored.

    Raises
    ------
    TypeError, ValueError
        If a time is not a finite number, the time step is not above 0, or a delay is shorter than it.
    """
    timestep = number(timestep, "setup.timestep", "ms", above=0.0)
    longest = extra_params.get("max_delay", "auto")
    for name, delay in (("min_delay", min_delay), ("max_delay", longest)):
        if delay != "auto" and number(delay, f"setup.{name}", "ms") < timestep:
            raise ValueError(f'setup.{name}: must be >= {timestep:g} ms, the timestep, or "auto" (got {delay})')
    common.setup(timestep, min_delay, **extra_params)
    state = simulator.state
    state.clear()
    state.dt, (state.mpi_rank, state.ranks) = timestep, random.get_mpi_config()
    state.set_delays(min_delay, longest)
    seeds = extra_params.get("rng_seeds") or [extra_params.get("rng_seed", 0)]
    state.seed, state.threads = int(seeds[0]), extra_params.get("threads")
    return rank()


def num_processes():
    """Return how many processes run the network together."""
    return simulator.state.ranks


def end(compatible_output=True):
    """Write what was to be recorded to files. What was recorded can still be read afterwards, until `setup`."""
    for population, variables, filename in simulator.state.write_on_end:
        population.write_data(get_io(filename), variables)
    simulator.state.write_on_end = []


def record_v(source, filename):
    """Record the membrane potential of cells to a file."""
    return record(["v"], source, filename)


def record_gsyn(source, filename):
    """Record the synaptic conductances of cells to a file."""
    return record(["gsyn_exc", "gsyn_inh"], source, filename)


def list_standard_models():
    """Return the names of all cell types."""
    found = (kind for name, kind in globals().items() if name in __all__ and isinstance(kind, type))
    return [kind.__name__ for kind in found if issubclass(kind, StandardCellType)]


_INNER = {"StandardCellType", "common", "connectors", "number", "synapse_types"}
__all__ = [name for name in list(globals()) if not name.startswith("_") and name not in _INNER]
