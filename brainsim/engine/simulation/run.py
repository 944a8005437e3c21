"""What changes during a run: the partitions, the point of time that they reached, and what is under way."""

import copy
import time
import weakref

import numpy as np

from brainsim.build.own import state_here
from brainsim.core.doors import through
from brainsim.engine.loop.faults import first
from brainsim.engine.loop.progress import Pace
from brainsim.engine.operators.arrivals import Arrivals
from brainsim.engine.operators.emitted import Emitted, take_all
from brainsim.engine.operators.trains import list_at_zero, most_besides
from brainsim.engine.recorders.recorder import Chunk
from brainsim.engine.simulation.partition import Partition, SharedArrays, run_all
from brainsim.engine.simulation.settings import slice_steps
from brainsim.engine.states.sent import Sent
from brainsim.engine.states.state import Snapshot, arrays_of, load_state, not_finite_here


class Run:
    """Everything that changes from step to step: the partitions and what they share.

    `step` is the point of time that was reached; `failed` says whether the last chunk ended half-way.
    """

    def __init__(self, layout, synapses, log, seed, profile):
        self.layout, self.synapses, self.log, self.seed = layout, synapses, log, seed
        self._slice, self._profiled = slice_steps(synapses.shortest, layout), profile
        self._pace = Pace(log.max_steps(), self._slice)
        self.step, self.failed, self._last_extra = 0, False, _nothing
        self._recent = Sent.nothing(layout)
        self.facts = None  # about the synapses and the machine, for results
        self._check_inputs()
        self._allocate()

    def _check_inputs(self):
        self.layout.timing.check(self.layout)
        if self.layout.inputs:
            from brainsim.engine.operators.signals import check_inputs

            check_inputs(self.layout)

    def _allocate(self, former=None):
        self.shared = SharedArrays(self.layout, self._slice, former=former)
        self.partitions = [
            Partition(k, self.layout, self.shared, self.synapses, self._slice, self.log.recorders, self.seed, self._profiled)
            for k in self.layout.own
        ]

    def compile(self):
        """Compile the time loop; the operators are compiled when the partitions are made."""
        self.partitions[0].clear(0)
        self.partitions[0].run()

    def copy(self):
        """Return an independent run that continues from here; what never changes, e.g. the synapses, is shared."""
        synapses, extra, same = self._own()
        return self._move(self.layout.copy(), synapses, self.log.copy(), extra, same)

    def _own(self):
        """Return a copy of the synapses and of their stored values, for a run that has them in the same places."""
        same = {kind.block.projection.name for kind in self.synapses.kinds if self.layout.ranks.size == 1}
        return self.synapses.copy(), self.extra(same), same

    def rewired(self, layout, synapses, extra, same):
        """Return a run that continues from here with other synapses, and the same recorders.

        `extra` is as in a State, except for projections with the names `same`: their synapses stay in their places.
        """
        return self._move(layout, synapses, self.log, extra, same, self.shared)

    def with_synapses(self, layout, synapses):
        """Return a run with other synapses and the same recorders, which is to be started."""
        return Run(layout, synapses, self.log, self.seed, self._profiled)

    def extra(self, unsorted=()):
        """Return what a saved state holds of operators and kinds of synapses: name -> array; `unsorted` as in `Extra`."""
        snapshot = self.snapshot()
        return self.layout.ranks.first(snapshot and arrays_of(snapshot.extra, unsorted))

    def _move(self, layout, synapses, log, extra, same, shared=None):
        """Return a run that continues from here with a state of its own, or in the arrays that are `shared`."""
        state, refractory = self.shared.state.copy(), self.shared.refractory.copy()
        new = copy.copy(self)
        new.layout, new.synapses, new.log, new.facts = layout, synapses, log, None
        new._slice = slice_steps(synapses.shortest, layout)
        new._pace, new._last_extra = copy.copy(self._pace), _nothing
        new._allocate(shared)
        new._clear(self.step)
        new.shared.state[:], new.shared.refractory[:] = state, refractory
        new._load_extra(extra, same)
        ranks = layout.ranks
        if not self.is_complete():
            new._stand_before_zero()
        else:
            new._continue_from(self.under_way().collected(ranks.everywhere))
        return new

    def start(self, values):
        """Go to before time 0 with these state variables and nothing under way."""
        self._clear(0)
        for here in state_here(self.layout):
            here = slice(here.start, min(here.stop, values.size))
            self.shared.state[here] = values[here]
        self._stand_before_zero()

    def restore(self, state, complete=True):
        """Go to the step at which a State was saved; it is not `complete` if that was before the first step."""
        self._clear(state.step)
        sent = load_state(state, self.layout, self.shared)
        self._load_extra(state.extra)
        if complete:
            self._continue_from(sent)
        else:
            self._stand_before_zero()

    def is_complete(self):
        """Return whether the point of time reached is complete: it is not before the first step."""
        return self.completed() >= self.step

    def rebuild(self, *what):
        """Rebuild the operators that depend on the "parameters", the "inputs" or the listed "trains" of the network.

        Return the run, another one if the spikes of a slice need more room.
        """
        several = "parameters" in what and any("most_spikes" in m.constants for m in self.layout.members.values())
        if ("trains" in what or several) and most_besides(self.layout, self._slice) > self.shared.besides:
            synapses, extra, same = self._own()
            return self._move(self.layout, synapses, self.log, extra, same, self.shared)
        if "parameters" in what and any(isinstance(v, str) for s in self.layout.inputs for v in vars(s.input).values()):
            what += ("inputs",)  # texts of inputs read parameters
        if "inputs" in what:
            self._check_inputs()
        for partition in self.partitions:
            partition.program.rebuild(*what)
        if "trains" in what and not self.is_complete():
            self._stand_before_zero()
        return self

    def completed(self):
        """Return the last step that is complete: time 0 is completed, and sampled, when the first run begins."""
        return int(self.partitions[0].progress["completed"])

    def begin(self, stop):
        """Get ready to record a run to the step `stop`."""
        self.log.begin(self.completed(), stop)

    def advance(self, stop):
        """Run one chunk, until the step `stop` at the latest, and record it."""
        began = time.perf_counter()
        stops = (kind.next_stop(self.step) for kind in self.synapses.kinds)
        stop = min([self.log.next_stop(self.step, stop), *(at for at in stops if at is not None)])
        steps = self.layout.ranks.first(self._pace.steps(stop - self.step))
        stop = self.step + steps
        for partition in self.partitions:
            partition.progress["stop"] = stop
        completed = self.log.begin_chunk()
        self.settle()
        for step in ("announce", "take_note"):
            for operator in (operator for partition in self.partitions for operator in partition.program.operators):
                getattr(operator, step)()
        # a chunk counts once all of it is stored; until then the run counts as failed
        self.failed = True
        with self.layout.ranks.abort_on_error():
            run_all(self.partitions)
            stopped, wrong = self._faults()
            if stopped:
                raise ValueError(first((stopped, wrong)).text)
            seconds = time.perf_counter() - began
            chunk = self._chunk(completed, stop)
            for kind in self.synapses.kinds:
                kind.after_chunk(chunk)
            appended = self.log.append(chunk)
            recent = self.under_way().followed_by(chunk) if chunk.packed.size else self._recent
            self.log.commit(appended)
        self._recent, self.step, self.failed = recent, stop, False
        self._pace.learn(steps, seconds)
        if wrong:
            raise ValueError(wrong.text)

    def _faults(self):
        """Return the first Fault of operators, after which the chunk that was run is worth nothing, and that of synapses."""
        of_operators = [fault for partition in self.partitions for fault in partition.program.check()]
        of_synapses = [kind.check() for kind in self.synapses.kinds]
        here = first(of_operators), first(of_synapses)
        return [first(of_ranks) for of_ranks in zip(*self.layout.ranks.all(here), strict=True)]

    def what_is_not_finite(self):
        """Return "" if all variables are finite, else the first that is not, as a string with {} for the reason."""
        return next(filter(None, self.layout.ranks.all(not_finite_here(self.layout, self.shared))), "")

    def under_way(self):
        """Return the spikes that may still be under way, and forget the others."""
        self._recent = self._recent.since(self.step - self.synapses.longest)
        if self.layout.within_steps and self._recent.packed.size:
            self._recent = self._recent.sent_within(self.synapses.reach, self.step, self.layout.dt)
        return self._recent

    def snapshot(self):
        """Return a copy of what changes from step to step; with ranks that of all, on rank 0."""
        extra = {}
        for program in (partition.program for partition in self.partitions):
            for operator in program.keepers:
                for name, (cells, values) in operator.saved().items():
                    extra.setdefault(name, np.zeros(self.layout.n_cells, values.dtype))[cells] = values
        if self.layout.ranks.size > 1:
            return through("snapshot of ranks")(self, extra)
        return Snapshot(self.shared.state.copy(), self.shared.refractory.copy(), self.under_way(), self._extra(extra))

    def _extra(self, plain):
        """Return what else a snapshot holds: a dict, or an Extra if kinds of synapses keep something."""
        if not self.synapses.kinds:
            return plain
        from brainsim.engine.synapses.readback import Extra

        self.settle()
        extra = Extra(plain, self.synapses.kinds)
        self._last_extra = weakref.ref(extra)
        return extra

    def settle(self):
        """Let the last snapshot copy what is about to change, if it still exists."""
        if (extra := self._last_extra()) is not None:
            extra.settle()
        self._last_extra = _nothing

    def profile(self):
        """Return part of the work -> seconds since the last start, averaged over the threads; empty if not measured."""
        if not self._profiled:
            return {}
        profiles = [partition.seconds() for partition in self.partitions]
        return {part: sum(p[part] for p in profiles) / len(profiles) for part in profiles[0]}

    def _clear(self, step):
        """Go to a step with nothing under way and all variables 0."""
        self.settle()
        self.step, self.failed, self._recent = step, False, Sent.nothing(self.layout)
        self.shared.exchange.reset()
        self.shared.clear()
        for kind in self.synapses.kinds:
            kind.reset()
        for partition in self.partitions:
            partition.clear(step)

    def _stand_before_zero(self):
        """Make time 0 a point that is still to be completed, at which the listed spikes of t = 0 are sent."""
        self._recent = Sent.at_points(list_at_zero(self.layout, self.shared.exchange), self.layout).from_here(self.layout)
        self.log.clear(self._recent.packed)
        for partition in self.partitions:
            progress = partition.progress
            progress["slice_start"], progress["slice_steps"], progress["completed"] = -1, 1, -1

    def _continue_from(self, sent):
        """Let the spikes that are still under way, sorted, arrive."""
        self._recent = sent.from_here(self.layout)
        self.under_way()
        for partition in self.partitions if sent.packed.size else ():
            if arrivals := partition.operator(Arrivals):
                arrivals.file_pending(sent, self.step)

    def _load_extra(self, extra, unsorted=()):
        """Take over what registered operators and kinds of synapses keep."""
        if keepers := [operator for partition in self.partitions for operator in partition.program.keepers]:
            from brainsim.engine.states.given import load_operators

            load_operators(keepers, extra, self.layout.n_cells)
        if self.synapses.kinds:
            from brainsim.engine.synapses.readback import load_kinds

            load_kinds(self.synapses.kinds, extra, unsorted)

    def _chunk(self, completed, stop):
        """Return the Chunk of the steps after `completed`, up to `stop`: the spikes of all partitions, sorted."""
        spikes = take_all([partition.operator(Emitted) for partition in self.partitions])
        return Chunk(completed, stop, *spikes, self.partitions, self.log.store.room)


def _nothing():
    """Stand for a weak reference to something that no longer exists."""
