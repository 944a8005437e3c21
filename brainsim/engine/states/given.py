"""Whether a state that is given, perhaps by a file, can be taken over: its clock, its network, and each of its arrays."""

import copy

import numpy as np

from brainsim.core.checks import integer, number, option
from brainsim.core.structure import check_array, check_structure
from brainsim.engine.states.state import check_end
from brainsim.results.result import State
from brainsim.rng.streams import checked_seed

Arrays = dict[str, np.ndarray]
PARTS = {  # of a State, and their structures
    "variables": dict[str, Arrays],
    "refractory": Arrays,
    "pending": dict[str, tuple[np.ndarray, np.ndarray]],
    "arriving": dict[str, Arrays],
    "network": dict[str, str],
    "extra": Arrays,
}
OF_CELLS = ("variables", "refractory", "pending", "arriving")  # those that have an entry for each population


def check_state(state, dt, seed):
    """Return a copy of the state to continue from; raise an error if its dt or seed differ."""
    if not isinstance(state, State):
        raise TypeError(f"{option('state')}: must be the state of a result: result.state (got a {type(state).__name__})")
    check_clock(state)
    if state.dt != dt:
        raise ValueError(f"{option('dt')}: the state was saved with dt = {state.dt:g} ms (got {dt:g} ms)")
    if seed is not None and seed != state.seed:
        raise ValueError(
            f"{option('seed')}: must be the seed of the state, {state.seed} (got {seed}); leave seed out, or begin from "
            f"state.with_seed({seed}), with which all random numbers from now on are others"
        )
    return copy.deepcopy(state)  # `reset` goes back to it, whatever becomes of the one that was given


def check_clock(state):
    """Raise TypeError or ValueError if the step, the dt or the seed of a state is impossible."""
    step = integer(state.step, "state.step", at_least=0)
    check_end(step, number(state.dt, "state.dt", "ms", above=0.0), "state.step")
    checked_seed(state.seed, "state.seed")


def take_array(extra, name, dtype, n):
    """Return an array of ``state.extra``; raise ValueError if it is missing, of another type or size, or contains NaN."""
    if name not in extra:
        raise ValueError(
            f"state.extra: lacks {name!r}, which this network needs; it was saved by another network or without an extension"
        )
    check_array(extra[name], dtype, (n,), f"state.extra[{name!r}]")
    values = np.asarray(extra[name])
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"state.extra[{name!r}]: must be numbers (got nan at {int(np.argmax(np.isnan(values)))})")
    return values


def load_operators(operators, extra, n):
    """Let operators take over what they keep of n cells."""
    for operator in operators:
        kinds = {name: values.dtype for name, (_, values) in operator.saved().items()}
        operator.load({name: take_array(extra, name, kind, n) for name, kind in kinds.items()})


def check_fits(state, layout, network):
    """Raise ValueError unless a state is of this network, with arrays that kernels can use.

    `network` holds the fingerprint of each part.
    """
    for part, kind in PARTS.items():
        check_structure(getattr(state, part), kind, f"state.{part}")
    for name, member in layout.members.items():
        expected = set(member.rows), set(layout.buffers(name)), member.n
        actual = (
            set(state.variables.get(name, ())),
            set(state.arriving.get(name, ())),
            np.size(state.refractory.get(name, ())),
        )
        if expected != actual or not all(name in getattr(state, part) for part in OF_CELLS):
            raise ValueError(
                f"{option('state')}: is of another network: its population {name!r} has other cells or variables"
            )
        _check_arrays(state, name, member.n, layout.dtype)
    for name in (name for part in OF_CELLS for name in getattr(state, part)):
        if name not in layout.members:
            raise ValueError(f"{option('state')}: is of another network: it has a population {name!r}")
    _check_network(state, network)


def _check_arrays(state, name, n, dtype):
    """Check type, shape and range of all arrays of a population in a state, which may come from a file."""
    for variable, values in state.variables[name].items():
        values = np.asarray(values)
        if values.dtype != dtype and values.dtype in (np.float32, np.float64):
            saved = "single" if values.dtype == np.float32 else "double"
            raise ValueError(f"{option('precision')}: the state was saved in {saved} precision; write precision={saved!r}")
        _check_numbers(f"state.variables[{name!r}][{variable!r}]", values, dtype, n)
    for receptor, values in state.arriving[name].items():
        _check_numbers(f"state.arriving[{name!r}][{receptor!r}]", values, dtype, n)
    check_array(state.refractory[name], np.int32, (n,), f"state.refractory[{name!r}]")
    steps, ids = (np.asarray(values) for values in state.pending[name])
    for part, values, low, high in (("steps", steps, 0, state.step), ("ids", ids, 0, n - 1)):
        label = f"state.pending[{name!r}]: {part}"
        check_array(values, None, (steps.size,), label)
        if values.size and not (low <= values.min() and values.max() <= high):
            bad = values[(values < low) | (values > high)][0]
            raise ValueError(f"{label} must be {low} to {high} (got {bad})")


def _check_numbers(label, values, dtype, n):
    check_array(values, dtype, (n,), label)
    if not np.isfinite(values).all():
        cell = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"{label}: must be finite (got {values[cell]} for cell {cell})")


def _check_network(state, network):
    """Raise ValueError if a state was saved by a network that differs in any part that a run depends on."""
    saved = state.network
    if saved == network:
        return
    if not saved:
        raise ValueError(f"{option('state')}: does not name its network; save it again with this version of brainsim")
    changed = [part for part, print_ in network.items() if saved.get(part, print_) != print_]
    added, gone = [part for part in network if part not in saved], [part for part in saved if part not in network]
    texts = [("other values in", changed), ("added:", added), ("missing:", gone)]
    differences = "; ".join(f"{text} {', '.join(parts)}" for text, parts in texts if parts)
    raise ValueError(
        f"{option('state')}: is of another network ({differences}). Build the network as it was when the state was saved, "
        "including changes by Simulation.set"
    )
