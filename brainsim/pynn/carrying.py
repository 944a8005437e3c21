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
    for owner in {key.rpartition(".")[0] for key in extra}:
        keys = {key for key in extra if key.rpartition(".")[0] == owner}
        if keys == {key for key in old.extra if key.rpartition(".")[0] == owner}:
            extra |= {key: old.extra[key] for key in keys}
    return replace(
        old, variables=variables, arriving=arriving, refractory=refractory, pending=pending, extra=extra, network=new.network
    )


def _merged(old, new):
    return {name: old.get(name, values) for name, values in new.items()}
