"""What a `Simulation` does with the synapses of one projection: read, normalise and change them."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, Literal

from brainsim.engine.states.fingerprint import Prints
from brainsim.engine.synapses.store import Synapses
from brainsim.network.projection import Projection

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.network.network import Network
    from brainsim.results.synapses import SynapseTable


class WithSynapses:
    """The methods of a `Simulation` that are about synapses."""

    network: Network
    threads: int
    n_synapses: int
    _exclusive: Any
    _run: Any
    _layout: Any
    _original: tuple[Network, Network]  # as it was given, and a copy as it was then
    _prints: Prints
    _agree: Callable[..., None]

    def synapses(self, projection: Projection | str, *, traces: bool = False) -> SynapseTable:
        """Return the synapses of a projection: who is connected to whom, with which weight and delay.

        Parameters
        ----------
        projection : Projection or str
            What `Network.connect` returned, or its name.
        traces : bool
            With a rule of plasticity, whether the ``columns`` also have the traces that all synapses of a cell share, such
            as x and u of `TsodyksMarkram`, and the modulator, as each synapse reads them now.

        Returns
        -------
        SynapseTable
            With the arrays ``pre``, ``post``, ``weight`` and ``delay``, and ``matrix()``. Stored and procedural synapses
            alike; those of a built-in kind are sampled again, which takes as long as building them. Those that learn are
            shown as their targets feel them now: `WeightTrace` says what that means if a delay is dendritic.

        Raises
        ------
        MissingName
            If the network has no such projection.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(100, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> wires = net.connect(cells, cells, bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=bs.Delta())
        >>> table = bs.Simulation(net, seed=2).synapses(wires)
        >>> len(table), table.matrix().sum(axis=0)[:3]
        (500, array([5., 5., 5.]))
        """
        from brainsim.engine.synapses.readback import read_back

        found = self._run.synapses.projection(projection, "Simulation.synapses")
        with self._exclusive:
            self._agree("synapses", projection=found.name, traces=traces)
            return read_back(self._run.synapses, found, self.threads, traces)

    def normalise(
        self, projection: Projection | str, total: float | ArrayLike, *, by: Literal["target", "source"] = "target"
    ) -> None:
        """Multiply the weights of a projection with plasticity so that those onto each target add up to `total`, now.

        Parameters
        ----------
        projection : Projection or str
            What `Network.connect` returned, or its name.
        total : float or array of float
            In the unit of the synapse; not 0. An array has a number for each target (or source).
        by : {"target", "source"}
            Whose weights are added up: those onto each target, or those of each source.

        Notes
        -----
        This does once what `Normalisation` does at regular intervals.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(100, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=0.5, delay=1.5, synapse=bs.Delta(),
        ...                     plasticity=bs.STDP(w_max=2.0))
        >>> sim = bs.Simulation(net, seed=2)
        >>> sim.normalise(wires, 8.0)
        >>> sim.synapses(wires).weight[:3]
        array([0.8, 0.8, 0.8])
        """
        from brainsim.engine.plasticity.change import normalise_synapses

        with self._exclusive:
            self._agree("normalise", projection=getattr(projection, "name", projection), total=total, by=by)
            self._run.settle()
            normalise_synapses(self._run.synapses, projection, total, by)

    def rewire(
        self,
        projection: Projection | str,
        *,
        remove: ArrayLike = (),
        pre: ArrayLike = (),
        post: ArrayLike = (),
        weight: float | ArrayLike | None = None,
        delay: float | ArrayLike | None = None,
    ) -> None:
        """Remove synapses of a projection and add others, from now on: structural plasticity.

        Parameters
        ----------
        projection : Projection or str
            What `Network.connect` returned, or its name; its synapses must be stored.
        remove : array of int, or a mask
            Which synapses: their indices in ``sim.synapses(projection)``, or an element for each, True to remove it.
        pre, post : array of int, shape (k,)
            The cells of k new synapses, as indices into what was connected.
        weight, delay : float or array of shape (k,), optional
            Of the new synapses, in the unit of the synapse and in ms: by default the number with which the projection was
            connected, or samples of its distribution.

        Notes
        -----
        All other synapses keep their bits, and those of the projection their weights and variables, which are brought up to
        now; new ones begin with the initial values of the rule. Spikes that are under way arrive over the synapses as they
        are now. A new delay that is longer than all before it also reaches spikes that have arrived over other synapses:
        those sent within the longest delay in the network so far; with a plasticity rule, within the longest of the
        projection, and the spike of each source before these.

        All rows of the network are built again, in 0.05 to 0.1 s for each million of stored synapses on one core; so many
        changes are best made at once. The weights of other projections are copied as they are. With ranks, all call it with
        the same synapses; each builds its own part again.

        `network` is now a description with these synapses: a state that is saved afterwards belongs to it. `reset` goes back
        to the synapses with which the simulation was made. A `WeightTrace` follows the synapses that it has recorded so far;
        of those that are removed it records NaN.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(100, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> wires = net.connect(cells, cells, bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=bs.Delta())
        >>> sim = bs.Simulation(net, seed=2)
        >>> sim.rewire(wires, remove=sim.synapses(wires).pre == 0, pre=[1, 1], post=[2, 3])
        >>> table = sim.synapses(wires)
        >>> int(table.pre.min())
        1
        """
        with self._exclusive:
            name = getattr(projection, "name", projection)
            self._agree("rewire", projection=name, remove=remove, pre=pre, post=post, weight=weight, delay=delay)
            self._rewire(projection, remove, pre, post, weight, delay)

    def _rewire(self, projection, remove, pre, post, weight, delay):
        from brainsim.engine.rewiring import Rewiring

        self._check_can_change("rewire")
        found = self._run.synapses.projection(projection, "Simulation.rewire")
        described = next(p for p in self._original[1].projections if p.name == found.name)
        rewiring = Rewiring(self._run, found, described, remove, pre, post, weight, delay)
        self._take(rewiring.run())
        self.network = self._layout.network
        self._run.log.rewired(found.name, rewiring.places)

    def _set_synapses(self, target, values):
        """Change the weights and delays of a projection, or what its rule of plasticity keeps of each synapse."""
        from brainsim.engine.rewiring import revaluing

        found = self._run.synapses.projection(target, "Simulation.set")
        kind = self._run.synapses.kind_of(found)
        if kind is not None and kind.changes_weights:
            self._run.settle()
            kind.set(values)
            return
        self._check_can_change("set")
        described = next(p for p in self._original[1].projections if p.name == found.name)
        self._take(revaluing(self._run, found, described, values).run())
        self.network = self._layout.network

    def _check_can_change(self, method):
        """Raise RuntimeError if the last run failed: there is no state that could go on with other synapses."""
        if self._run.failed:
            raise RuntimeError(f"Simulation.{method}: the last run failed half-way; reset() goes back to the start")

    def _take(self, run):
        """Continue with a run that has other synapses."""
        self._run, self._layout = run, run.layout
        self.n_synapses = run.synapses.number
        vars(self).pop("_facts", None)
        self._prints = Prints(run.layout)

    def _restore_synapses(self):
        """Go back to the synapses with which the simulation was made, if they have changed."""
        if self._run.synapses.former:
            layout = self._layout.copy()
            self.network, layout.network = self._original
            self._take(self._run.anew(layout, Synapses(layout, self.threads)))

    def modulator(self, projection: Projection | str) -> float:
        """Return the modulator of a projection's rule now, the variable that all its synapses share, e.g. dopamine.

        Raises
        ------
        MissingName
            If the network has no such projection, or its rule has no modulator.

        Examples
        --------
        A reward of 0.5:

        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> loop = net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Delta(),
        ...                    plasticity=bs.DopamineSTDP())
        >>> sim = bs.Simulation(net, seed=2)
        >>> sim.set(loop, n=sim.modulator(loop) + 0.5)
        >>> result = sim.run(200.0)
        >>> round(sim.modulator(loop), 4)
        0.1839
        """
        from brainsim.engine.plasticity.change import modulator_of

        with self._exclusive:
            return modulator_of(self._run.synapses, projection)
