"""The five levels of the generalised LIF of the Allen Institute, each of which adds a mechanism.

Defaults are those of one cell of the Allen Cell Types Database (490626718) at all levels, except that its refractory time of
3.75 ms is rounded to 3.8 ms, a multiple of 0.1 ms. All variables are clamped while refractory; the decay during this time
is applied at the spike, as a factor ``exp(-rate*t_ref)``.
"""

from typing import ClassVar

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class GLIF1(Neuron):
    """Generalised LIF, level 1: a leaky integrate-and-fire neuron with measured parameters.

    ``dv/dt = (g_l*(v_rest - v) + I)/c_m``; a spike when ``v >= v_th``, then ``v = v_reset`` and v is clamped for `t_ref`.
    Integrated exactly. Defaults: cell 490626718 of the Allen Cell Types Database.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.GLIF1(t_ref=2.0), name="cells")
    Population('cells', 100 GLIF1)

    References
    ----------
    Teeter et al. (2018), doi:10.1038/s41467-017-02717-4.
    """

    equations = "dv/dt = (g_l*(v_rest - v) + I)/c_m"
    threshold = "v >= v_th"
    reset = "v = v_reset"
    conditions = ("v_reset < v_th",)

    c_m: Value = parameter(58.72, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(9.43, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-78.85, "mV", "resting potential")
    v_th: Value = parameter(-51.68, "mV", "threshold")
    v_reset: Value = parameter(-78.85, "mV", "reset potential")
    t_ref: Value = parameter(3.8, "ms", "refractory time: the duration of a spike", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")


class GLIF2(Neuron):
    """Generalised LIF, level 2: a reset that depends on v, and a threshold that spikes raise (LIF-R).

    ``dv/dt = (g_l*(v_rest - v) + I)/c_m`` and ``dtheta_s/dt = -b_s*theta_s``; a spike when ``v >= v_th + theta_s``, then
    ``v = v_rest + f_v*(v - v_rest) + delta_v`` and ``theta_s = theta_s*exp(-b_s*t_ref) + delta_theta_s``, and both are
    clamped for `t_ref`. Integrated exactly. Defaults as in `GLIF1`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.GLIF2(delta_theta_s=2.0), name="cells")
    Population('cells', 100 GLIF2)

    References
    ----------
    Teeter et al. (2018), doi:10.1038/s41467-017-02717-4.
    """

    equations = """
        dv/dt = (g_l*(v_rest - v) + I)/c_m
        dtheta_s/dt = -b_s*theta_s
    """
    threshold = "v >= v_th + theta_s"
    reset = "v = v_rest + f_v*(v - v_rest) + delta_v; theta_s = theta_s*exp(-b_s*t_ref) + delta_theta_s"
    frozen: ClassVar[tuple[str, ...]] = ("v", "theta_s")

    c_m: Value = parameter(58.72, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(9.43, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-78.85, "mV", "resting potential")
    v_th: Value = parameter(-51.68, "mV", "threshold long after a spike")
    t_ref: Value = parameter(3.8, "ms", "refractory time: the duration of a spike", at_least=0.0)
    f_v: Value = parameter(0.2, "", "fraction of its distance from rest that v keeps at a spike")
    delta_v: Value = parameter(18.51, "mV", "voltage that the reset adds to v")
    b_s: Value = parameter(0.009, "1/ms", "decay rate of the rise of the threshold", at_least=0.0)
    delta_theta_s: Value = parameter(0.37, "mV", "rise of the threshold at a spike")

    v: float = initial("v_rest", "mV", "membrane potential")
    theta_s: float = initial(0.0, "mV", "part of the threshold that depends on spikes")


class GLIF3(GLIF1):
    """Generalised LIF, level 3: two currents after each spike (LIF-ASC).

    ``dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m``, ``di_1/dt = -k_1*i_1``, ``di_2/dt = -k_2*i_2``; a spike when
    ``v >= v_th``, then ``v = v_reset`` and ``i_1 = f_1*i_1*exp(-k_1*t_ref) + delta_i_1``, likewise i_2, and all are clamped
    for `t_ref`. Integrated exactly. Defaults as in `GLIF1`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.GLIF3(delta_i_2=-100.0), name="cells")
    Population('cells', 100 GLIF3)

    References
    ----------
    Teeter et al. (2018), doi:10.1038/s41467-017-02717-4.
    """

    equations = """
        dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m
        di_1/dt = -k_1*i_1
        di_2/dt = -k_2*i_2
    """
    reset = "v = v_reset; i_1 = f_1*i_1*exp(-k_1*t_ref) + delta_i_1; i_2 = f_2*i_2*exp(-k_2*t_ref) + delta_i_2"
    frozen = ("v", "i_1", "i_2")

    k_1: Value = parameter(0.003, "1/ms", "decay rate of the first current", at_least=0.0)
    f_1: Value = parameter(1.0, "", "fraction of the first current that outlasts a spike")
    delta_i_1: Value = parameter(-9.18, "pA", "increment of the first current at a spike")
    k_2: Value = parameter(0.1, "1/ms", "decay rate of the second current", at_least=0.0)
    f_2: Value = parameter(1.0, "", "fraction of the second current that outlasts a spike")
    delta_i_2: Value = parameter(-198.94, "pA", "increment of the second current at a spike")

    i_1: float = initial(0.0, "pA", "first spike-triggered current")
    i_2: float = initial(0.0, "pA", "second spike-triggered current")


class GLIF4(GLIF2):
    """Generalised LIF, level 4: as level 2, with the currents of level 3 (LIF-R-ASC).

    ``dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m``, ``di_1/dt = -k_1*i_1``, ``di_2/dt = -k_2*i_2``,
    ``dtheta_s/dt = -b_s*theta_s``; a spike when ``v >= v_th + theta_s``, then v and theta_s are reset as in `GLIF2`, i_1 and
    i_2 as in `GLIF3`. Integrated exactly. Defaults as in `GLIF1`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.GLIF4(f_v=0.5), name="cells")
    Population('cells', 100 GLIF4)

    References
    ----------
    Teeter et al. (2018), doi:10.1038/s41467-017-02717-4.
    """

    equations = """
        dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m
        di_1/dt = -k_1*i_1
        di_2/dt = -k_2*i_2
        dtheta_s/dt = -b_s*theta_s
    """
    reset = f"{GLIF2.reset}; {GLIF3.reset.partition('; ')[2]}"
    frozen: ClassVar[tuple[str, ...]] = ("v", "theta_s", "i_1", "i_2")

    k_1: Value = parameter(0.003, "1/ms", "decay rate of the first current", at_least=0.0)
    f_1: Value = parameter(1.0, "", "fraction of the first current that outlasts a spike")
    delta_i_1: Value = parameter(-9.18, "pA", "increment of the first current at a spike")
    k_2: Value = parameter(0.1, "1/ms", "decay rate of the second current", at_least=0.0)
    f_2: Value = parameter(1.0, "", "fraction of the second current that outlasts a spike")
    delta_i_2: Value = parameter(-198.94, "pA", "increment of the second current at a spike")

    i_1: float = initial(0.0, "pA", "first spike-triggered current")
    i_2: float = initial(0.0, "pA", "second spike-triggered current")


class GLIF5(GLIF4):
    """Generalised LIF, level 5: as level 4, with a threshold that also follows v (LIF-R-ASC-A).

    ``dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m``, ``di_1/dt = -k_1*i_1``, ``di_2/dt = -k_2*i_2``,
    ``dtheta_s/dt = -b_s*theta_s``, ``dtheta_v/dt = a_v*(v - v_rest) - b_v*theta_v``; a spike when
    ``v >= v_th + theta_s + theta_v``, then the reset of `GLIF4`; theta_v, too, is clamped for `t_ref`. Integrated exactly.
    Defaults as in `GLIF1`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.GLIF5(a_v=0.01), name="cells")
    Population('cells', 100 GLIF5)

    References
    ----------
    Teeter et al. (2018), doi:10.1038/s41467-017-02717-4.
    """

    equations = f"""{GLIF4.equations}
        dtheta_v/dt = a_v*(v - v_rest) - b_v*theta_v
    """
    threshold = "v >= v_th + theta_s + theta_v"
    frozen = ("v", "theta_s", "theta_v", "i_1", "i_2")

    a_v: Value = parameter(0.005, "1/ms", "how strongly the threshold follows v")
    b_v: Value = parameter(0.09, "1/ms", "decay rate of the part that depends on v", at_least=0.0)

    theta_v: float = initial(0.0, "mV", "part of the threshold that depends on v")
