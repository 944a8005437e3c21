"""What cannot go into a page is refused by name, before anything is compiled or written."""

from brainsim.engine.loop.program import Operator
from brainsim.engine.recorders.spikes import SpikeRecorder
from brainsim.engine.synapses.kinds.kind import SynapseKind
from brainsim.jit.bounds import indices_are_checked
from brainsim.pages.wasm import check_version

IN_PYTHON = ("announce", "take_note", "make_room")  # methods of operators and kinds that run between two chunks


def check_simulation(sim):
    """Raise ValueError if a simulation cannot go into a page."""
    check_version()
    if indices_are_checked():
        raise RuntimeError("page: indices are checked, which calls Python; unset NUMBA_BOUNDSCHECK")
    settings, run = sim._settings, sim._run
    if settings.ranks.size > 1:
        _refuse("a simulation that runs on ranks", "make it without ranks=")
    if sim._recording.target is not None:
        _refuse("a simulation that streams to a file", "make it without to=")
    if run.failed:
        raise RuntimeError("page: the last run failed half-way, so there is no state to begin with; reset() it first")
    if sim._called_back:
        _refuse("a network that was run with a callback, which is Python's", "reset() it, or make a new Simulation")
    recorders = [one for one in run.log.recorders if type(one) is not SpikeRecorder]
    if recorders:
        _refuse("record=, since the page reads the state itself", "make the Simulation without record=")
    _check_extensions(sim)


def _check_extensions(sim):
    """Raise ValueError if operators or kinds of synapses do something in Python between two chunks."""
    for partition in sim._run.partitions[:1]:
        for operator in partition.program.operators:
            _check_methods(type(operator), Operator, "the operator")
    for kind in sim._run.synapses.kinds:
        _check_methods(type(kind), SynapseKind, "the kind of synapses")


def _check_methods(cls, base, what):
    if cls.__module__.startswith("brainsim."):
        return
    for name in (*IN_PYTHON, "after_chunk"):
        if getattr(cls, name, None) is not getattr(base, name, None):
            _refuse(f"{what} {cls.__name__}, whose method {name} is Python's", "leave it out")


def _refuse(what, instead):
    raise ValueError(f"page: cannot hold {what}; {instead}")
