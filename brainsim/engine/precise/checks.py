"""What cannot be exact is refused by name, before anything is built."""

from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.models.changing import OVER_TIME, changes_in_time
from brainsim.models.inputs import CurrentInput, PoissonInput
from brainsim.models.values import Distribution


def check_precise(layout):
    """Raise ValueError if something in a network cannot have exact times."""
    for projection in layout.network.projections:
        _check_projection(projection)
    for stimulus in layout.inputs:
        _check_input(stimulus)
    for name, member in layout.members.items():
        _check_population(name, member)


def _refuse(what, reason, hint):
    raise ValueError(f"{what}: {reason}, so it cannot run with precise=True; {hint}")


def _check_population(name, member):
    model = member.population.model
    if hasattr(model, "lag_variable"):
        _refuse(name, f"{type(model).__name__} finds the times of its spikes itself", "leave precise out")
    for varying in (key.removesuffix(OVER_TIME) for key in member.values if key.endswith(OVER_TIME)):
        _refuse(f"{name}.{varying}", "changes from step to step", "give a number")
    refractory = getattr(model, "refractory", None)
    if isinstance(getattr(model, refractory or "", None), Distribution):
        _refuse(f"{name}.{refractory}", "a distribution is rounded to dt", "give an array of times")


def _check_projection(projection):
    name = projection.name
    if projection.is_coupling:
        _refuse(name, f"{type(projection.synapse).__name__} acts from step to step", "leave it out")
    if projection.plasticity is not None:
        rule = type(projection.plasticity).__name__
        _refuse(f"{name}.plasticity", f"{rule} knows the steps of spikes only", "leave it out")
    if projection.storage == "procedural":
        _refuse(f"{name}.storage", "procedural synapses arrive at the points of the grid", "write 'stored'")
    if kind_of(projection).called:
        kind = kind_of(projection).__name__
        _refuse(name, f"synapses of the kind {kind} arrive at the points of the grid", "use another kind")


def _check_input(stimulus):
    source, name = stimulus.input, stimulus.name
    if isinstance(source, PoissonInput):
        if changes_in_time(source.rate, f"{name}.rate"):
            _refuse(f"{name}.rate", "changes from step to step", "add several inputs, each with start= and stop=")
        return
    if not isinstance(source, CurrentInput):
        hint = "list its spikes in SpikeTrains" if hasattr(source, "synapse") else "leave it out"
        _refuse(name, f"{type(source).__name__} acts at the points of the grid", hint)
    if isinstance(source.amplitude, str):
        hint = "give the times at which it changes: CurrentInput([...], times=[...])"
        _refuse(f"{name}.amplitude", f"{source.amplitude!r} changes from step to step", hint)
