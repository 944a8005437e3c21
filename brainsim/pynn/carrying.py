"""The state of a simulation, taken over by another one of a network that has grown or changed."""

from dataclasses import replace


def carry(old, new):
    """Return a state of the network of `new`, with everything of `old` that it has a place for.

    Parameters
    ----------
    old : bs.State
        Where the network was.
    new : bs.State
        The changed network before its first step: what is not in `old` begins like this.

    Returns
    -------
    bs.State
        At the time of `old`. What a projection keeps of its synapses is taken over if both keep the same.
    """
    variables = {name: _merged(old.variables.get(name, {}), values) for name, values in new.variables.items()}
    arriving = {name: _merged(old.arriving.get(name, {}), values) for name, values in new.arriving.items()}
    refractory = {name: old.refractory.get(name, values) for name, values in new.refractory.items()}
    pending = {name: old.pending.get(name, spikes) for name, spikes in new.pending.items()}
    extra = dict(new.extra)
    for owner in {_owner(key) for key in extra}:
        keys = {key for key in extra if _owner(key) == owner}
        # what couplings keep of all cells fits if there are as many; otherwise it is computed again from the variables
        if keys == {key for key in old.extra if _owner(key) == owner} and (owner or _alike(keys, old.extra, extra)):
            extra |= {key: old.extra[key] for key in keys}
    return replace(
        old, variables=variables, arriving=arriving, refractory=refractory, pending=pending, extra=extra, network=new.network
    )


def _owner(key):
    """Return the projection to which a part of a state belongs, "" for what belongs to cells."""
    return key.partition(".")[0] if key.startswith("projection ") else ""


def _alike(keys, *states):
    return all(len({state[key].shape for state in states}) == 1 for key in keys)


def _merged(old, new):
    return {name: old.get(name, values) for name, values in new.items()}
