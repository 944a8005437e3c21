"""Integrate-and-fire neurons with spike-dependent thresholds, conductances or currents, and with escape noise."""

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class ALIF(Neuron):
    """LIF whose threshold jumps at each spike and decays: the cell of LSNNs (long short-term memory spiking networks).

    ``dv/dt = (v_rest - v)/tau_m + I/c_m`` and ``da/dt = -a/tau_a``; a spike when ``v >= v_th + beta*a``, then ``a += 1``
    and v drops by ``v_th - v_rest``; for `t_ref` the cell cannot spike, but v is not clamped. Integrated exactly. Defaults:
    time constants, refractory time and ``beta/(v_th - v_rest)`` of the speech network of Bellec et al. (2020), with the
    threshold of `LIF` (this gives beta = 1.725 mV, here rounded to 1.7). In Bellec et al. (2018), a decays by ``rho`` and
    gains ``1 - rho`` a step, so their beta is ``beta/(1 - rho)``.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.ALIF(tau_a=2000.0), name="cells")
    Population('cells', 100 ALIF)

    References
    ----------
    Bellec et al. (2018), doi:10.48550/arXiv.1803.09574; (2020), doi:10.1038/s41467-020-17236-y.
    """

    equations = """
        dv/dt = (v_rest - v)/tau_m + I/c_m
        da/dt = -a/tau_a
    """
    threshold = "v >= v_th + beta*a"
    reset = "v -= v_th - v_rest; a += 1"
    frozen = ()
    conditions = ("v_rest < v_th",)

    tau_m: Value = parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    v_rest: Value = parameter(-65.0, "mV", "resting potential")
    v_th: Value = parameter(-50.0, "mV", "threshold without adaptation")
    tau_a: Value = parameter(200.0, "ms", "time constant of the adaptation", above=0.0)
    beta: Value = parameter(1.7, "mV", "rise of the threshold at a spike")
    t_ref: Value = parameter(2.0, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    a: float = initial(0.0, "", "adaptation, in spikes")


class HomeostaticLIF(Neuron):
    """LIF with intrinsic plasticity: its threshold rises at each spike and falls in between, so that it fires at `rho_0`.

    ``dv/dt = (v_rest - v)/tau_m + I/c_m`` and ``dtheta/dt = -eta*rho_0``; a spike when ``v >= theta``, then
    ``theta += eta``, ``v = v_reset``, and v is clamped for `t_ref`. Integrated exactly with currents and delta synapses; by
    exponential Euler with conductances. In any time T, N spikes move the threshold by ``eta*(N - rho_0*T)``: while theta
    stays within a range, the rate differs from rho_0 by at most that range divided by ``eta*T``.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.HomeostaticLIF(rho_0=8.0, eta=0.5), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cells, bs.CurrentInput(500.0))
    >>> sim = bs.Simulation(net, seed=2)
    >>> sim.run(5000.0).spikes["cells"].rate() > 20.0
    True
    >>> sim.run(5000.0).spikes["cells"].rate()
    8.0

    References
    ----------
    Zhang & Linden (2003), doi:10.1038/nrn1248 (review of intrinsic plasticity).
    """

    # rho_0 is per second
    equations = """
        dv/dt = (v_rest - v)/tau_m + I/c_m
        dtheta/dt = -eta*(0.001*rho_0)
    """
    threshold = "v >= theta"
    reset = "v = v_reset; theta += eta"
    frozen = ("v",)
    conditions = ("v_reset < v_th",)

    tau_m: Value = parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    v_rest: Value = parameter(-65.0, "mV", "resting potential")
    v_th: Value = parameter(-50.0, "mV", "initial threshold")
    v_reset: Value = parameter(-65.0, "mV", "reset potential")
    rho_0: Value = parameter(5.0, "Hz", "rate that the threshold holds", at_least=0.0)
    eta: Value = parameter(0.1, "mV", "rise of the threshold at a spike", at_least=0.0)
    t_ref: Value = parameter(2.0, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    theta: float = initial("v_th", "mV", "threshold")


class SFALIF(Neuron):
    """LIF with spike-frequency adaptation and relative refractoriness, both by conductances that spikes open.

    ``dv/dt = (g_l*(v_rest - v) + g_sfa*(e_sfa - v) + g_rr*(e_rr - v) + I)/c_m``, ``dg_sfa/dt = -g_sfa/tau_sfa``,
    ``dg_rr/dt = -g_rr/tau_rr``; a spike when ``v >= v_th``, then ``v = v_reset``, ``g_sfa += q_sfa``, ``g_rr += q_rr``, and
    v is clamped for `t_ref`. Defaults are those of Muller et al. (2007), a fit to a pyramidal cell.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.SFALIF(q_sfa=0.0), name="cells")
    Population('cells', 100 SFALIF)

    References
    ----------
    Muller, Buesing, Schemmel & Meier (2007), doi:10.1162/neco.2007.19.11.2958.
    """

    equations = """
        dv/dt = (g_l*(v_rest - v) + g_sfa*(e_sfa - v) + g_rr*(e_rr - v) + I)/c_m
        dg_sfa/dt = -g_sfa/tau_sfa
        dg_rr/dt = -g_rr/tau_rr
    """
    threshold = "v >= v_th"
    reset = "v = v_reset; g_sfa += q_sfa; g_rr += q_rr"
    conditions = ("v_reset < v_th",)

    c_m: Value = parameter(289.5, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(28.95, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-70.0, "mV", "reversal potential of the leak")
    v_th: Value = parameter(-57.0, "mV", "threshold")
    v_reset: Value = parameter(-70.0, "mV", "reset potential")
    t_ref: Value = parameter(0.5, "ms", "absolute refractory time", at_least=0.0)
    tau_sfa: Value = parameter(110.0, "ms", "time constant of adaptation", above=0.0)
    e_sfa: Value = parameter(-70.0, "mV", "reversal potential of adaptation")
    q_sfa: Value = parameter(14.48, "nS", "increment of adaptation at a spike", at_least=0.0)
    tau_rr: Value = parameter(1.97, "ms", "time constant of relative refractoriness", above=0.0)
    e_rr: Value = parameter(-70.0, "mV", "reversal potential of relative refractoriness")
    q_rr: Value = parameter(3214.0, "nS", "increment of relative refractoriness at a spike", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    g_sfa: float = initial(0.0, "nS", "conductance of adaptation")
    g_rr: float = initial(0.0, "nS", "conductance of relative refractoriness")


class GIF(Neuron):
    """Generalised integrate-and-fire neuron: stochastic spikes, which add to currents and to the threshold.

    ``dv/dt = (g_l*(v_rest - v) - eta_1 - eta_2 + I)/c_m``. The rate is ``lambda_0*exp((v - threshold)/delta_v)`` with
    ``threshold = v_th + gamma_1 + gamma_2``; in a step a cell fires with the probability ``1 - exp(-rate*dt)``. A spike adds
    ``q_...`` to each of the two currents eta and the two parts gamma of the threshold, which decay with their ``tau_...``;
    then ``v = v_reset``, and v is clamped for `t_ref`. Integrated exactly. Defaults are the initial values of the authors'
    fits, which have one decay each; the second of each pair is off (``q = 0``).

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.GIF(delta_v=1.0), name="cells")
    Population('cells', 100 GIF)

    References
    ----------
    Pozzorini et al. (2015), doi:10.1371/journal.pcbi.1004275; Mensi et al. (2012), doi:10.1152/jn.00408.2011.
    """

    equations = """
        dv/dt = (g_l*(v_rest - v) - eta_1 - eta_2 + I)/c_m
        deta_1/dt = -eta_1/tau_eta_1
        deta_2/dt = -eta_2/tau_eta_2
        dgamma_1/dt = -gamma_1/tau_gamma_1
        dgamma_2/dt = -gamma_2/tau_gamma_2
        rate = 0.001*lambda_0*exp((v - v_th - gamma_1 - gamma_2)/delta_v)
    """
    threshold = "rand() < -expm1(-rate*dt)"
    reset = "v = v_reset; eta_1 += q_eta_1; eta_2 += q_eta_2; gamma_1 += q_gamma_1; gamma_2 += q_gamma_2"

    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(10.0, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-65.0, "mV", "reversal potential of the leak")
    v_th: Value = parameter(-48.0, "mV", "threshold without spikes, at which the rate is lambda_0")
    v_reset: Value = parameter(-50.0, "mV", "reset potential")
    delta_v: Value = parameter(0.5, "mV", "sharpness of the threshold: the rate grows e-fold per delta_v", above=0.0)
    lambda_0: Value = parameter(1.0, "Hz", "rate at the threshold", at_least=0.0)
    t_ref: Value = parameter(4.0, "ms", "refractory time", at_least=0.0)
    q_eta_1: Value = parameter(200.0, "pA", "increment of the first outward current at a spike")
    tau_eta_1: Value = parameter(100.0, "ms", "time constant of the first current", above=0.0)
    q_eta_2: Value = parameter(0.0, "pA", "increment of the second outward current at a spike")
    tau_eta_2: Value = parameter(10.0, "ms", "time constant of the second current", above=0.0)
    q_gamma_1: Value = parameter(10.0, "mV", "increment of the threshold at a spike")
    tau_gamma_1: Value = parameter(100.0, "ms", "time constant of the threshold", above=0.0)
    q_gamma_2: Value = parameter(0.0, "mV", "second increment of the threshold at a spike")
    tau_gamma_2: Value = parameter(10.0, "ms", "second time constant of the threshold", above=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    eta_1: float = initial(0.0, "pA", "first spike-triggered current")
    eta_2: float = initial(0.0, "pA", "second spike-triggered current")
    gamma_1: float = initial(0.0, "mV", "first part of the threshold")
    gamma_2: float = initial(0.0, "mV", "second part of the threshold")


class MAT2(Neuron):
    """Leaky integrator without reset, with a threshold that adapts on two time scales (MAT*).

    ``dv/dt = (v_rest - v)/tau_m + I/c_m``; a spike when ``v >= v_th + h_1 + h_2``, then ``h_1 += alpha_1`` and
    ``h_2 += alpha_2``, which decay with `tau_1` and `tau_2`; v does not change, and for `t_ref` the cell cannot spike.
    Integrated exactly. Defaults: regular spiking in Kobayashi et al. (2009), resistance ``tau_m/c_m`` = 50 MOhm. Their
    (alpha_1, alpha_2, v_th - v_rest) is (1.7, 2, 26) mV for intrinsic bursting, (10, 0.002, 11) mV for fast spiking, and
    (-0.5, 0.4, 26) mV for chattering.

    Examples
    --------
    >>> import brainsim as bs
    >>> fast_spiking = bs.MAT2(alpha_1=10.0, alpha_2=0.002, v_th=-59.0)
    >>> bs.Population(100, fast_spiking, name="cells")
    Population('cells', 100 MAT2)

    References
    ----------
    Kobayashi, Tsubo & Shinomoto (2009), doi:10.3389/neuro.10.009.2009.
    """

    equations = """
        dv/dt = (v_rest - v)/tau_m + I/c_m
        dh_1/dt = -h_1/tau_1
        dh_2/dt = -h_2/tau_2
    """
    threshold = "v >= v_th + h_1 + h_2"
    reset = "h_1 += alpha_1; h_2 += alpha_2"
    frozen = ()
    conditions = ("v_rest < v_th",)

    tau_m: Value = parameter(5.0, "ms", "membrane time constant", above=0.0)
    c_m: Value = parameter(100.0, "pF", "membrane capacitance", above=0.0)
    v_rest: Value = parameter(-70.0, "mV", "resting potential")
    v_th: Value = parameter(-51.0, "mV", "threshold long after a spike; the omega of the publication is v_th - v_rest")
    alpha_1: Value = parameter(37.0, "mV", "fast rise of the threshold at a spike")
    alpha_2: Value = parameter(2.0, "mV", "slow rise of the threshold at a spike")
    tau_1: Value = parameter(10.0, "ms", "time constant of the fast rise", above=0.0)
    tau_2: Value = parameter(200.0, "ms", "time constant of the slow rise", above=0.0)
    t_ref: Value = parameter(2.0, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    h_1: float = initial(0.0, "mV", "fast part of the threshold")
    h_2: float = initial(0.0, "mV", "slow part of the threshold")


class MihalasNiebur(Neuron):
    """Linear integrate-and-fire neuron with an adaptive threshold that reproduces the firing patterns of cortical cells.

    ``dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m``, ``di_1/dt = -k_1*i_1``, ``di_2/dt = -k_2*i_2`` and
    ``dtheta/dt = a*(v - v_rest) - b*(theta - theta_inf)``; a spike when ``v >= theta``, then ``i_1 = r_1*i_1 + a_1``,
    ``i_2 = r_2*i_2 + a_2``, ``v = v_reset``, ``theta = max(theta, theta_reset)``. Integrated exactly. Defaults are those of
    Mihalas and Niebur (2009), Table 1, tonic spiking; they give currents divided by the capacitance, in V/s.

    Examples
    --------
    >>> import brainsim as bs
    >>> bursting = bs.MihalasNiebur(a=0.005, a_1=2000.0, a_2=-120.0)
    >>> bs.Population(100, bursting, name="cells")
    Population('cells', 100 MihalasNiebur)

    References
    ----------
    Mihalas & Niebur (2009), doi:10.1162/neco.2008.12-07-680.
    """

    equations = """
        dv/dt = (g_l*(v_rest - v) + i_1 + i_2 + I)/c_m
        di_1/dt = -k_1*i_1
        di_2/dt = -k_2*i_2
        dtheta/dt = a*(v - v_rest) - b*(theta - theta_inf)
    """
    threshold = "v >= theta"
    reset = "i_1 = r_1*i_1 + a_1; i_2 = r_2*i_2 + a_2; v = v_reset; theta = max(theta, theta_reset)"
    conditions = ("v_reset < theta_reset",)

    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(10.0, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-70.0, "mV", "resting potential")
    v_reset: Value = parameter(-70.0, "mV", "reset potential")
    theta_inf: Value = parameter(-50.0, "mV", "threshold at rest")
    theta_reset: Value = parameter(-60.0, "mV", "minimal threshold after a spike")
    a: Value = parameter(0.0, "1/ms", "how strongly the threshold follows v")
    b: Value = parameter(0.01, "1/ms", "rate at which the threshold returns", at_least=0.0)
    k_1: Value = parameter(0.2, "1/ms", "decay rate of the first current", at_least=0.0)
    k_2: Value = parameter(0.02, "1/ms", "decay rate of the second current", at_least=0.0)
    r_1: Value = parameter(0.0, "", "fraction of the first current that remains after a spike")
    r_2: Value = parameter(1.0, "", "fraction of the second current that remains after a spike")
    a_1: Value = parameter(0.0, "pA", "increment of the first current at a spike")
    a_2: Value = parameter(0.0, "pA", "increment of the second current at a spike")

    v: float = initial("v_rest", "mV", "membrane potential")
    i_1: float = initial(0.0, "pA", "first spike-triggered current")
    i_2: float = initial(0.0, "pA", "second spike-triggered current")
    theta: float = initial("theta_inf", "mV", "threshold")


class ClopathAdEx(Neuron):
    """Adaptive exponential neuron with an after-potential and a threshold that spikes raise, held at the peak of a spike.

    ``dv/dt = (g_l*(v_rest - v) + g_l*delta_t*exp((v - v_th)/delta_t) - w + z + I)/c_m``,
    ``dw/dt = (a*(v - v_rest) - w)/tau_w``, ``dz/dt = -z/tau_z`` and ``dv_th/dt = (v_th_rest - v_th)/tau_th``. A spike when
    ``v >= v_peak``: then ``w += b``, ``z = i_spike``, ``v_th = v_th_max``, and v is held at `v_peak` for `t_clamp`, while w
    waits. After that ``v = v_reset``. `ClopathSTDP` is made for this cell; defaults are those of the publication.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.ClopathAdEx(), name="cells")
    Population('cells', 100 ClopathAdEx)

    References
    ----------
    Clopath, Büsing, Vasilaki & Gerstner (2010), doi:10.1038/nn.2479. That v is held at 33 mV for 2 ms is from the model of
    the same name in NEST.
    """

    # above the peak, which v may pass within a step, slopes are those of the peak
    equations = """
        v_cut = min(v, v_peak)
        upstroke = g_l*delta_t*exp((v_cut - v_th)/delta_t)
        dv/dt = (g_l*(v_rest - v_cut) + upstroke - w + z + I)/c_m
        dw/dt = (a*(v_cut - v_rest) - w)/tau_w
        dz/dt = -z/tau_z
        dv_th/dt = (v_th_rest - v_th)/tau_th
    """
    threshold = "v >= v_peak and held <= 0"
    reset = "v = v_peak; w += b; z = i_spike; v_th = v_th_max; held = t_clamp"
    # the last step of the clamp sets v to where it continues
    events = {"wait": ("held > 0", "held = held - dt"), "release": ("held > 0 and held < 1.5*dt", "v = v_reset; held = 0")}
    refractory = "t_clamp"
    frozen = ("v", "w")
    method = "rk4"
    conditions = ("v_reset < v_peak",)

    c_m: Value = parameter(281.0, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(30.0, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-70.6, "mV", "reversal potential of the leak")
    v_reset: Value = parameter(-49.6, "mV", "potential after a spike")
    v_peak: Value = parameter(33.0, "mV", "potential at the peak of a spike")
    t_clamp: Value = parameter(2.0, "ms", "how long v is held at its peak; no spike begins in this time", above=0.0)
    v_th_rest: Value = parameter(-50.4, "mV", "threshold of the exponential at rest")
    v_th_max: Value = parameter(30.4, "mV", "threshold after a spike")
    tau_th: Value = parameter(50.0, "ms", "time constant of the threshold", above=0.0)
    delta_t: Value = parameter(2.0, "mV", "sharpness of the upstroke", above=0.0)
    a: Value = parameter(4.0, "nS", "adaptation below threshold")
    b: Value = parameter(0.0805, "pA", "step of the adaptation current at a spike")
    tau_w: Value = parameter(144.0, "ms", "time constant of adaptation", above=0.0)
    i_spike: Value = parameter(400.0, "pA", "current after a spike")
    tau_z: Value = parameter(40.0, "ms", "time constant of the current after a spike", above=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    w: float = initial(0.0, "pA", "adaptation current")
    z: float = initial(0.0, "pA", "current of the after-potential")
    v_th: float = initial("v_th_rest", "mV", "threshold of the exponential")
    held: float = initial(0.0, "ms", "how long v is still held at its peak")
