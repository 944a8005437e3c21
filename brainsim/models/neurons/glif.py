"""The five levels of the generalised LIF of the Allen Institute: each adds a mechanism to those before.

Defaults are those of one cell of the Allen Cell Types Database (490626718) at all levels, but for its refractory time of
3.75 ms, which is 3.8 ms here: a multiple of 0.1 ms. While refractory every variable stands still, and what decays after a
spike has done so by then: a spike multiplies it by ``exp(-rate*t_ref)`` at once.
"""

from brainsim.models.base import Neuron, initial, parameter


class GLIF1(Neuron):
    """Generalised LIF, level 1: a leaky integrate-and-fire neuron with measured parameters.

    ``dv/dt = (g_l*(v_rest - v) + I)/c_m``; a spike when ``v >= v_th``, then ``v = v_reset`` and v stands still for `t_ref`.
    Integrated exactly. Defaults: cell 490626718 of the Allen Cell Types Database.

    Parameters
    ----------
    c_m : float
        Membrane capacitance [pF], > 0.
    g_l : float
        Leak conductance [nS], > 0.
    v_rest, v_th, v_reset : float
        Resting, threshold and reset potential [mV]; ``v_reset < v_th``.
    t_ref : float
        Refractory time [ms], >= 0: how long a spike lasts.

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

    c_m: float = parameter(58.72, "pF", "membrane capacitance", above=0.0)
    g_l: float = parameter(9.43, "nS", "leak conductance", above=0.0)
    v_rest: float = parameter(-78.85, "mV", "resting potential")
    v_th: float = parameter(-51.68, "mV", "threshold")
    v_reset: float = parameter(-78.85, "mV", "reset potential")
    t_ref: float = parameter(3.8, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")


class GLIF2(Neuron):
    """Generalised LIF, level 2: a reset that depends on v, and a threshold that spikes lift (LIF-R).

    ``dv/dt = (g_l*(v_rest - v) + I)/c_m`` and ``dtheta_s/dt = -b_s*theta_s``; a spike when ``v >= v_th + theta_s``, then
    ``v = v_rest + f_v*(v - v_rest) + delta_v`` and ``theta_s = theta_s*exp(-b_s*t_ref) + delta_theta_s``, and both stand
    still for `t_ref`. Integrated exactly. Defaults as in `GLIF1`.

    Parameters
    ----------
    c_m : float
        Membrane capacitance [pF], > 0.
    g_l : float
        Leak conductance [nS], > 0.
    v_rest, v_th : float
        Resting potential and the threshold long after a spike [mV].
    t_ref : float
        Refractory time [ms], >= 0: how long a spike lasts.
    f_v : float
        Which part of its distance from rest v keeps at a spike, a plain number [].
    delta_v : float
        What the reset adds to v [mV].
    b_s : float
        Rate at which the rise of the threshold dies [1/ms], >= 0.
    delta_theta_s : float
        Rise of the threshold at a spike [mV].

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
    frozen = ("v", "theta_s")

    c_m: float = parameter(58.72, "pF", "membrane capacitance", above=0.0)
    g_l: float = parameter(9.43, "nS", "leak conductance", above=0.0)
    v_rest: float = parameter(-78.85, "mV", "resting potential")
    v_th: float = parameter(-51.68, "mV", "threshold long after a spike")
    t_ref: float = parameter(3.8, "ms", "refractory time", at_least=0.0)
    f_v: float = parameter(0.2, "", "part of its distance from rest that v keeps")
    delta_v: float = parameter(18.51, "mV", "what the reset adds to v")
    b_s: float = parameter(0.009, "1/ms", "rate at which the rise of the threshold dies", at_least=0.0)
    delta_theta_s: float = parameter(0.37, "mV", "rise of the threshold at a spike")

    v: float = initial("v_rest", "mV", "membrane potential")
    theta_s: float = initial(0.0, "mV", "threshold, part of the spikes")


class GLIF3(GLIF1):
    """Generalised LIF, level 3: two currents after each spike (LIF-ASC).

    ``dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m``, ``di_1/dt = -k_1*i_1``, ``di_2/dt = -k_2*i_2``; a spike when
    ``v >= v_th``, then ``v = v_reset`` and ``i_1 = f_1*i_1*exp(-k_1*t_ref) + delta_i_1``, likewise i_2, and all stand still
    for `t_ref`. Integrated exactly. Defaults as in `GLIF1`.

    Parameters
    ----------
    c_m : float
        Membrane capacitance [pF], > 0.
    g_l : float
        Leak conductance [nS], > 0.
    v_rest, v_th, v_reset : float
        Resting, threshold and reset potential [mV]; ``v_reset < v_th``.
    t_ref : float
        Refractory time [ms], >= 0: how long a spike lasts.
    k_1, k_2 : float
        Rates at which the currents die [1/ms], >= 0.
    f_1, f_2 : float
        Which part of each current outlasts a spike, plain numbers [].
    delta_i_1, delta_i_2 : float
        What a spike adds to each current [pA].

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

    k_1: float = parameter(0.003, "1/ms", "rate at which the first current dies", at_least=0.0)
    f_1: float = parameter(1.0, "", "part of the first current that outlasts a spike")
    delta_i_1: float = parameter(-9.18, "pA", "what a spike adds to the first current")
    k_2: float = parameter(0.1, "1/ms", "rate at which the second current dies", at_least=0.0)
    f_2: float = parameter(1.0, "", "part of the second current that outlasts a spike")
    delta_i_2: float = parameter(-198.94, "pA", "what a spike adds to the second current")

    i_1: float = initial(0.0, "pA", "first current after spikes")
    i_2: float = initial(0.0, "pA", "second current after spikes")


class GLIF4(GLIF2):
    """Generalised LIF, level 4: as level 2, with the currents of level 3 (LIF-R-ASC).

    ``dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m``, ``di_1/dt = -k_1*i_1``, ``di_2/dt = -k_2*i_2``,
    ``dtheta_s/dt = -b_s*theta_s``; a spike when ``v >= v_th + theta_s``, then what `GLIF2` does to v and theta_s and
    `GLIF3` to i_1 and i_2. Integrated exactly. Defaults as in `GLIF1`.

    Parameters
    ----------
    c_m : float
        Membrane capacitance [pF], > 0.
    g_l : float
        Leak conductance [nS], > 0.
    v_rest, v_th : float
        Resting potential and the threshold long after a spike [mV].
    t_ref : float
        Refractory time [ms], >= 0: how long a spike lasts.
    f_v : float
        Which part of its distance from rest v keeps at a spike, a plain number [].
    delta_v : float
        What the reset adds to v [mV].
    b_s : float
        Rate at which the rise of the threshold dies [1/ms], >= 0.
    delta_theta_s : float
        Rise of the threshold at a spike [mV].
    k_1, k_2 : float
        Rates at which the currents die [1/ms], >= 0.
    f_1, f_2 : float
        Which part of each current outlasts a spike, plain numbers [].
    delta_i_1, delta_i_2 : float
        What a spike adds to each current [pA].

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
    frozen = ("v", "theta_s", "i_1", "i_2")

    k_1: float = parameter(0.003, "1/ms", "rate at which the first current dies", at_least=0.0)
    f_1: float = parameter(1.0, "", "part of the first current that outlasts a spike")
    delta_i_1: float = parameter(-9.18, "pA", "what a spike adds to the first current")
    k_2: float = parameter(0.1, "1/ms", "rate at which the second current dies", at_least=0.0)
    f_2: float = parameter(1.0, "", "part of the second current that outlasts a spike")
    delta_i_2: float = parameter(-198.94, "pA", "what a spike adds to the second current")

    i_1: float = initial(0.0, "pA", "first current after spikes")
    i_2: float = initial(0.0, "pA", "second current after spikes")


class GLIF5(GLIF4):
    """Generalised LIF, level 5: level 4 and a threshold that follows v (LIF-R-ASC-A).

    ``dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m``, ``di_1/dt = -k_1*i_1``, ``di_2/dt = -k_2*i_2``,
    ``dtheta_s/dt = -b_s*theta_s``, ``dtheta_v/dt = a_v*(v - v_rest) - b_v*theta_v``; a spike when
    ``v >= v_th + theta_s + theta_v``, then what `GLIF4` does; theta_v stands still for `t_ref`, too. Integrated exactly.
    Defaults as in `GLIF1`.

    Parameters
    ----------
    c_m : float
        Membrane capacitance [pF], > 0.
    g_l : float
        Leak conductance [nS], > 0.
    v_rest, v_th : float
        Resting potential and the threshold at rest, long after a spike [mV].
    t_ref : float
        Refractory time [ms], >= 0: how long a spike lasts.
    f_v : float
        Which part of its distance from rest v keeps at a spike, a plain number [].
    delta_v : float
        What the reset adds to v [mV].
    b_s, b_v : float
        Rates at which the parts of the threshold die that come from spikes and from v [1/ms], >= 0.
    delta_theta_s : float
        Rise of the threshold at a spike [mV].
    k_1, k_2 : float
        Rates at which the currents die [1/ms], >= 0.
    f_1, f_2 : float
        Which part of each current outlasts a spike, plain numbers [].
    delta_i_1, delta_i_2 : float
        What a spike adds to each current [pA].
    a_v : float
        How strongly the threshold follows v [1/ms].

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

    a_v: float = parameter(0.005, "1/ms", "how strongly the threshold follows v")
    b_v: float = parameter(0.09, "1/ms", "rate at which the threshold returns", at_least=0.0)

    theta_v: float = initial(0.0, "mV", "threshold, part of v")
