"""What a network will need: memory, and time."""

from __future__ import annotations

import typing
from collections.abc import Sequence

from brainsim.core.arithmetic import default_arithmetic
from brainsim.core.checks import integer, number
from brainsim.core.contexts import within
from brainsim.network.checks import checked_precision
from brainsim.network.probes import Request, checked_traces

if typing.TYPE_CHECKING:
    from brainsim.engine.estimates.memory import Estimate
    from brainsim.network.network import Network


class WithEstimate:
    """The method of a `Network` that estimates what it needs."""

    @within(default_arithmetic)
    def estimate(
        self,
        dt: float = 0.1,
        threads: int = 1,
        precision: str = "double",
        duration: float = 0.0,
        record: Sequence[Request] = (),
        ranks: int | None = None,
        rate: float = 5.0,
    ) -> Estimate:
        """Return a table of the memory that the network is expected to need, without building it.

        Parameters
        ----------
        dt : float
            Time step [ms]; synapses of a cell whose delays round to the same step share a record.
        threads : int
            Number of threads of the run, possibly more than this machine has processors; `simulate` by default uses all
            processors if the network is large enough.
        precision : {"double", "single"}
            Precision of the state variables, as for `simulate`.
        duration : float
            Duration of the run [ms]; only traces depend on it.
        record : sequence of Trace and WeightTrace
            What to record. Spikes are not counted: each takes 24 bytes, but their number is not known in advance.
        ranks : int, optional
            Number of processes of an MPI run, with `threads` threads each: the table is then about each of them. Its last
            line says how many seconds a simulated second will take, from the speed of this machine, which is measured
            within a second with LIF cells. With ``ranks=1`` the estimate is for a single
            process.
        rate : float
            Mean firing rate assumed for the time estimate [Hz].

        Examples
        --------
        >>> import brainsim as bs
        >>> net, cells = bs.Network(seed=1), bs.Population(10_000, bs.LIF(), name="cells")
        >>> wires = net.connect(cells, cells, bs.FixedTotal(10_000_000), weight=bs.Normal(1.0, 0.1), delay=1.5,
        ...                     synapse=bs.Exponential())
        >>> print(str(net.estimate()).partition("peak")[0])  # the next lines: at the peak of building, and what is free
                            synapses    memory
        cells->cells      10,000,000     60 MB
        segments of rows                180 kB
        10,000 cells                    800 kB
        kept              10,000,000     61 MB
        <BLANKLINE>
        """
        checked_precision(precision, "Network.estimate.precision")
        # it counts what the engine keeps, and loads Numba: only if it is asked for
        from brainsim.engine.estimates.memory import estimate

        return estimate(
            self,
            number(dt, "Network.estimate.dt", "ms", above=0.0),
            integer(threads, "Network.estimate.threads", at_least=1),
            precision,
            number(duration, "Network.estimate.duration", "ms", at_least=0.0),
            checked_traces(record, typing.cast("Network", self), "Network.estimate.record"),
            None if ranks is None else integer(ranks, "Network.estimate.ranks", at_least=1),
            number(rate, "Network.estimate.rate", "Hz", at_least=0.0),
        )
