"""What all checks have in common: properties by name, and the law that bits depend on nothing but the seed."""

import contextlib
import copy
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from brainsim.core.checks import nearest
from brainsim.core.docstrings import explain_by
from brainsim.engine.simulation import settings
from brainsim.engine.simulation.simulation import Simulation
from brainsim.models.attributes import unread
from brainsim.network.network import Network
from brainsim.results.result import Result

SEED = 3
RAISES = """Raises
------
AssertionError
    If a property does not hold; the message names it.
TypeError, ValueError
    If what is to be checked is of another kind, or `only` names an unknown property."""
explained = explain_by({"dt": "dt : float\n    Time step [ms]."}, RAISES)  # functions that check properties


def require(condition: Any, message: str) -> None:
    """Raise AssertionError with a message unless a condition holds."""
    if not condition:
        raise AssertionError(message)


def check_properties(properties: Mapping[str, Callable[[Any], None]], subject: Any, only: Collection[str] | None) -> None:
    """Check those properties of a subject that `only` names, all by default."""
    for name in only or ():
        if name not in properties:
            known = f"{nearest(name, properties)}; there are {', '.join(properties)}"
            raise ValueError(f"only: there is no property {name!r}{known}")
    for name, check in properties.items():
        if only is None or name in only:
            check(subject)


def require_read(model: Any, label: str) -> None:
    """Raise AssertionError if no text of the class of a model reads a parameter that it declares."""
    names = unread(type(model))
    require(not names, f"{label}: no text of the class reads {' and '.join(names)}, so it has no effect")


def make(thing: Any, base: type, label: str) -> Any:
    """Return an object of a class, which may be given itself; raise TypeError for anything else."""
    thing = thing() if isinstance(thing, type) and issubclass(thing, base) else thing
    if not isinstance(thing, base):
        raise TypeError(f"{label}: must be a {base.__name__}, or a class of them (got {thing!r})")
    return thing


@contextlib.contextmanager
def any_threads() -> Iterator[None]:
    """Let networks be cut into one partition for each requested thread, even if there are fewer processors."""
    usual = settings.most_partitions
    settings.most_partitions = lambda: settings.MAX_THREADS
    try:
        yield
    finally:
        settings.most_partitions = usual


def check_bits(
    build: Callable[[], Network],
    *,
    duration: float = 100.0,
    dt: float = 0.1,
    precision: Literal["double", "single"] = "double",
    label: str = "network",
) -> None:
    """Check that a network gives the same bits on any threads, cut anywhere, copied, restored, and after a reset.

    Spikes, the state, and all columns of the synapses are compared.

    Parameters
    ----------
    build : callable
        Returns the Network, a new one at each call.
    duration : float
        How long it runs [ms]; what comes in the second half is compared.
    dt : float
        Time step [ms].
    precision : {"double", "single"}
        Of the state.
    label : str
        With which messages begin.

    Raises
    ------
    AssertionError
        If something differs; the message says what, and between which ways to run.

    Examples
    --------
    >>> import brainsim as bs
    >>> def build():
    ...     cells = bs.Population(20, bs.LIF(), name="cells")
    ...     net = bs.Network(seed=1)
    ...     net.connect(cells, cells, bs.FixedIndegree(5), weight=0.5, delay=1.5, synapse=bs.Delta())
    ...     net.stimulate(cells, bs.PoissonInput(rate=15_000.0, weight=0.1, synapse=bs.Delta()))
    ...     return net
    >>> bs.testing.check_bits(build)
    """
    if not callable(build):
        raise TypeError(
            f"check_bits.build: must be a function that returns a Network, a new one at each call (got {build!r})"
        )
    half = round(duration / 2 / dt) * dt
    options = {"dt": dt, "seed": SEED, "precision": precision, "progress": False}

    def simulation(threads, **more):
        return Simulation(build(), threads=threads, **(options | more))

    with any_threads(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*was rounded")
        first = simulation(1)
        state = first.run(half).state
        expected = bits_of(first, [first.run(half)])

        def compare(way, sim, *pieces):
            found = bits_of(sim, [sim.run(piece) for piece in pieces], after=half)
            different = sorted(name for name, value in expected.items() if found[name] != value)
            require(not different, f"{label}: {' and '.join(different[:3])} must have the same bits {way}")

        again = simulation(1)
        again.run(half)
        compare("if everything is made again with the same seed", again, half)
        for threads in (2, 3):
            sim = simulation(threads)
            sim.run(half)
            compare(f"on {threads} threads as on one", sim, half)
        compare("in one piece as in two", simulation(1), 2 * half)
        cut = round(half / 3 / dt) * dt
        restored = simulation(2, state=state)
        compare("in a simulation that continues from a state, in pieces", restored, cut, half - cut)
        sim = simulation(2)
        sim.run(half)
        twin = copy.deepcopy(sim)
        sim.run(half)
        compare("in a copy", twin, half)
        first.reset()
        first.run(half)
        compare("after a reset", first, half)


def bits_of(sim: Simulation, results: list[Result], after: float = 0.0) -> dict[str, bytes]:
    """Return the final state of a simulation, and the spikes in some pieces of it after a time: name -> bytes."""
    found = {}
    for population in sim.network.populations:
        spikes = [result.spikes[population] for result in results]
        times = np.concatenate([some.times for some in spikes])
        ids = np.concatenate([some.ids for some in spikes])[times > after + 1e-9]
        found[f"spikes of {population!r}"] = times[times > after + 1e-9].tobytes() + ids.tobytes()
    for population, variables in variables_of(results[-1]).items():
        found |= {f"{name} of {population!r}": np.asarray(values).tobytes() for name, values in variables.items()}
    for projection in sim.network.projections:
        table = sim.synapses(projection)
        columns = {name: getattr(table, name) for name in ("pre", "post", "weight", "delay")} | table.columns
        found |= {f"{name} of {projection.name!r}": np.asarray(values).tobytes() for name, values in columns.items()}
    return found


def variables_of(result: Result) -> dict[str, dict[str, np.ndarray]]:
    """Return the state at the end of a result: population -> variable -> values."""
    assert result.state is not None  # a run has one, but a file need not
    return result.state.variables


def values_at_end(network: Network, duration: float, **options: Any) -> dict[tuple[str, str], np.ndarray]:
    """Return the state of a network after a run: (population, variable) -> values."""
    from brainsim.engine.simulation.simulate import simulate

    result = simulate(network, duration, seed=SEED, progress=False, **options)
    return {(name, key): np.asarray(v) for name, some in variables_of(result).items() for key, v in some.items()}
