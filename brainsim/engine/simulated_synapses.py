"""What a `Simulation` does with the synapses of one projection: read and normalise them."""

from __future__ import annotations

import typing
from typing import Any, Literal

from brainsim.network.projection import Projection

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.results.synapses import SynapseTable


class WithSynapses:
    """The methods of a `Simulation` that are about synapses."""

    threads: int
    _exclusive: Any
    _run: Any

    def synapses(self, projection: Projection | str) -> SynapseTable:
        """Return the synapses of a projection: who is connected to whom, with which weight and delay.

        Parameters
        ----------
        projection : Projection or str
            What `Network.connect` returned, or its name.

        Returns
        -------
        SynapseTable
            With the arrays ``pre``, ``post``, ``weight`` and ``delay``, and ``matrix()``. Stored and procedural synapses
            alike; those of a built-in kind are sampled again, which takes as long as building them.

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
            return read_back(self._run.synapses, found, self.threads)

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
        As `Normalisation`, which does it at regular times.

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
            self._run.settle()
            normalise_synapses(self._run.synapses, projection, total, by)

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
