"""What cannot be exact is refused by name, before anything is built."""

import ast

from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.equations.expressions import language as lang
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
        _check_rule(projection, f"{name}.plasticity")
    if projection.storage == "procedural":
        _refuse(f"{name}.storage", "procedural synapses arrive at the points of the grid", "write 'stored'")
    if kind_of(projection).called and not kind_of(projection).exact:
        kind = kind_of(projection).__name__
        _refuse(name, f"synapses of the kind {kind} arrive at the points of the grid", "use another kind")


def _check_rule(projection, label):
    """Raise ValueError if something in a rule of plasticity happens from step to step."""
    rule, name = projection.plasticity, type(projection.plasticity).__name__
    equations = rule.equations_for(rule.per_synapse)
    if equations.modulator:
        _refuse(label, f"the modulator {equations.modulator} of {name} changes from step to step", "use another rule")
    if equations.step_condition is not None:
        _refuse(label, f"on_step of {name} acts in steps of dt", "use another rule")
    of_target = {*equations.of_target}
    for trace in equations.post_traces:
        trees = (equations.limits.get(trace), equations.initials.get(trace))
        if any(isinstance(tree, ast.AST) and lang.names_in(tree) & of_target for tree in trees):
            _refuse(label, f"{trace} of {name} follows the target from step to step", "use another rule")
    trees = [*(tree for _, tree in equations.on_pre), equations.amplitude]
    if projection.dendritic_delay and (read := sorted(set().union(*map(lang.names_in, trees)) & of_target)):
        reason = f"{name} reads {read[0]} as it was two dendritic delays before an arrival"
        _refuse(label, reason, "leave dendritic_delay out")


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
