"""Single-compartment neurons with voltage-gated channels, after Hodgkin and Huxley.

Publications give currents in uA/cm2 and conductances in mS/cm2; here a cell has an area: 10,000 um2 for `HodgkinHuxley`,
`WangBuzsaki` and `ConnorStevens`, so that 1 uF/cm2 is 100 pF, 1 mS/cm2 is 100 nS and 1 uA/cm2 is 100 pA. The rates of the
gates are fits in 1/ms to potentials in mV: their units are not checked (``dimensions = False``).

There is no reset: an upward crossing of `v_th` counts as a spike, and the next one only after v was below `v_th` again.
Rates of the form ``x/(exp(x) - 1)`` are written as ``1/exprel(x)``, which is defined at x = 0.
"""

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class HodgkinHuxley(Neuron):
    """Neuron of Hodgkin and Huxley (1952), the membrane of the squid giant axon, with the modern sign of v.

    ``c_m dv/dt = g_na m**3 h (e_na - v) + g_k n**4 (e_k - v) + g_l (e_l - v) + I``, and for each gate x of m, h, n
    ``dx/dt = alpha_x (1 - x) - beta_x x``. With ``u = v + 65``, the distance from rest in mV, and rates in 1/ms:

    ====  ====================================  ========================
    gate  alpha                                 beta
    ====  ====================================  ========================
    m     0.1 (25 - u)/(exp((25 - u)/10) - 1)   4 exp(-u/18)
    h     0.07 exp(-u/20)                       1/(1 + exp((30 - u)/10))
    n     0.01 (10 - u)/(exp((10 - u)/10) - 1)  0.125 exp(-u/80)
    ====  ====================================  ========================

    The defaults are those of the publication at 6.3 degrees Celsius, with rest at -65 mV. The gates start in equilibrium
    with the initial v. A current of 7 uA/cm2 is 700 pA. At dt = 0.1 ms, intervals between spikes are accurate to 0.01 %, and
    the integration is stable while v is above -120 mV.

    Examples
    --------
    >>> import brainsim as bs
    >>> axon = bs.Population(3, bs.HodgkinHuxley(), name="axon")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(axon, bs.CurrentInput([0.0, 700.0, 1500.0]))
    >>> [int(n) for n in bs.simulate(net, 100.0, seed=1).spikes["axon"].counts()]
    [0, 6, 8]

    References
    ----------
    Hodgkin & Huxley (1952), doi:10.1113/jphysiol.1952.sp004764.
    """

    equations = """
        u = v + 65
        alpha_m = phi/exprel((25 - u)/10)
        beta_m = phi*4*exp(-u/18)
        alpha_h = phi*0.07*exp(-u/20)
        beta_h = phi*sigmoid((u - 30)/10)
        alpha_n = phi*0.1/exprel((10 - u)/10)
        beta_n = phi*0.125*exp(-u/80)

        dv/dt = (g_na*m**3*h*(e_na - v) + g_k*n**4*(e_k - v) + g_l*(e_l - v) + I)/c_m
        dm/dt = alpha_m*(1 - m) - beta_m*m
        dh/dt = alpha_h*(1 - h) - beta_h*h
        dn/dt = alpha_n*(1 - n) - beta_n*n
    """
    dimensions = False  # the rates are fits in 1/ms to v in mV
    threshold = "v >= v_th"
    refractory = "v >= v_th"
    method = "rk4"
    substeps = 3  # at dt = 0.1 ms, a single step would be unstable while sodium channels are open

    c_m: Value = parameter(100.0, "pF", "membrane capacitance; 1 uF/cm2 on 10,000 um2", above=0.0)
    g_na: Value = parameter(12000.0, "nS", "sodium conductance; 120 mS/cm2", at_least=0.0)
    g_k: Value = parameter(3600.0, "nS", "potassium conductance; 36 mS/cm2", at_least=0.0)
    g_l: Value = parameter(30.0, "nS", "leak conductance; 0.3 mS/cm2", at_least=0.0)
    e_na: Value = parameter(50.0, "mV", "sodium reversal potential")
    e_k: Value = parameter(-77.0, "mV", "potassium reversal potential")
    e_l: Value = parameter(-54.387, "mV", "leak reversal potential")
    phi: Value = parameter(1.0, "", "factor of all rates; 3**((T - 6.3)/10) at T degrees Celsius", above=0.0)
    v_th: Value = parameter(0.0, "mV", "potential whose upward crossing is a spike")

    v: float = initial(-65.0, "mV", "membrane potential")
    m: float = initial("alpha_m/(alpha_m + beta_m)", "", "activation of sodium")
    h: float = initial("alpha_h/(alpha_h + beta_h)", "", "inactivation of sodium")
    n: float = initial("alpha_n/(alpha_n + beta_n)", "", "activation of potassium")


class TraubMiles(Neuron):
    """Hippocampal pyramidal cell after Traub and Miles (1991), as in the benchmark COBAHH of Brette et al. (2007).

    ``c_m dv/dt = g_na m**3 h (e_na - v) + g_k n**4 (e_k - v) + g_l (e_l - v) + I``, and for each gate x of m, h, n
    ``dx/dt = alpha_x (1 - x) - beta_x x``. With ``u = v - v_t`` in mV and rates in 1/ms:

    ====  =====================================  =====================================
    gate  alpha                                  beta
    ====  =====================================  =====================================
    m     0.32 (13 - u)/(exp((13 - u)/4) - 1)    0.28 (u - 40)/(exp((u - 40)/5) - 1)
    h     0.128 exp((17 - u)/18)                 4/(1 + exp((40 - u)/5))
    n     0.032 (15 - u)/(exp((15 - u)/5) - 1)   0.5 exp((10 - u)/40)
    ====  =====================================  =====================================

    The defaults are those of the benchmark, with which a cell fires spontaneously at 13 Hz; with ``v_t=-50.0`` it rests. The
    gates start in equilibrium with the initial v. At dt = 0.1 ms, the last spike of a second is accurate to 0.2 ms, and the
    integration is stable while the sum of the conductances is below 50 c_m per ms (10,000 nS) and v is above -140 mV.
    The benchmark uses one step of exponential Euler, which takes a fifth of the time and is of first order: at dt = 0.1 ms,
    intervals between spikes are 4 to 14 % too long, more at higher rates. For large networks whose statistics matter more
    than their spike times::

        class FastTraubMiles(bs.TraubMiles):
            method = "exponential_euler"  # or "exponential_strang": a third of the time, 0.3 to 1.4 % too long
            substeps = 1

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(4000, bs.TraubMiles(), name="cells", initial={"v": bs.Normal(-65.0, 5.0)})
    Population('cells', 4000 TraubMiles)

    References
    ----------
    Traub & Miles (1991), doi:10.1017/CBO9780511895401; Brette et al. (2007), doi:10.1007/s10827-007-0038-6.
    """

    equations = """
        u = v - v_t
        alpha_m = 1.28/exprel((13 - u)/4)
        beta_m = 1.4/exprel((u - 40)/5)
        alpha_h = 0.128*exp((17 - u)/18)
        beta_h = 4*sigmoid((u - 40)/5)
        alpha_n = 0.16/exprel((15 - u)/5)
        beta_n = 0.5*exp((10 - u)/40)

        dv/dt = (g_na*m**3*h*(e_na - v) + g_k*n**4*(e_k - v) + g_l*(e_l - v) + I)/c_m
        dm/dt = alpha_m*(1 - m) - beta_m*m
        dh/dt = alpha_h*(1 - h) - beta_h*h
        dn/dt = alpha_n*(1 - n) - beta_n*n
    """
    dimensions = False  # the rates are fits in 1/ms to v in mV
    threshold = "v >= v_th"
    refractory = "v >= v_th"
    method = "rk4"
    substeps = 2  # at dt = 0.1 ms, a single step would be unstable while sodium channels are open

    c_m: Value = parameter(200.0, "pF", "membrane capacitance; 1 uF/cm2 on 20,000 um2", above=0.0)
    g_na: Value = parameter(20000.0, "nS", "sodium conductance; 100 mS/cm2", at_least=0.0)
    g_k: Value = parameter(6000.0, "nS", "potassium conductance; 30 mS/cm2", at_least=0.0)
    g_l: Value = parameter(10.0, "nS", "leak conductance; 0.05 mS/cm2", at_least=0.0)
    e_na: Value = parameter(50.0, "mV", "sodium reversal potential")
    e_k: Value = parameter(-90.0, "mV", "potassium reversal potential")
    e_l: Value = parameter(-60.0, "mV", "leak reversal potential")
    v_t: Value = parameter(-63.0, "mV", "reference potential of the rates; it shifts the threshold")
    v_th: Value = parameter(-20.0, "mV", "potential whose upward crossing is a spike")

    v: float = initial("e_l", "mV", "membrane potential")
    m: float = initial("alpha_m/(alpha_m + beta_m)", "", "activation of sodium")
    h: float = initial("alpha_h/(alpha_h + beta_h)", "", "inactivation of sodium")
    n: float = initial("alpha_n/(alpha_n + beta_n)", "", "activation of potassium")


class WangBuzsaki(Neuron):
    """Fast-spiking interneuron of Wang and Buzsaki (1996): fires at any rate up to 400 Hz.

    ``c_m dv/dt = g_na m_inf**3 h (e_na - v) + g_k n**4 (e_k - v) + g_l (e_l - v) + I``, sodium activates instantaneously,
    ``m_inf = alpha_m/(alpha_m + beta_m)``, and for h and n ``dx/dt = phi (alpha_x (1 - x) - beta_x x)``. Rates in 1/ms, v
    in mV:

    ====  =============================================  =============================
    gate  alpha                                          beta
    ====  =============================================  =============================
    m     0.1 (v + 35)/(1 - exp(-(v + 35)/10))           4 exp(-(v + 60)/18)
    h     0.07 exp(-(v + 58)/20)                         1/(1 + exp(-(v + 28)/10))
    n     0.01 (v + 34)/(1 - exp(-(v + 34)/10))          0.125 exp(-(v + 44)/80)
    ====  =============================================  =============================

    The defaults are those of the publication. The gates start in equilibrium with the initial v.

    Examples
    --------
    >>> import brainsim as bs
    >>> cell = bs.Population(2, bs.WangBuzsaki(), name="cell")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cell, bs.CurrentInput([0.0, 100.0]))
    >>> [int(n) for n in bs.simulate(net, 200.0, seed=1).spikes["cell"].counts()]
    [0, 12]

    References
    ----------
    Wang & Buzsaki (1996), doi:10.1523/JNEUROSCI.16-20-06402.1996.
    """

    equations = """
        alpha_m = 1/exprel(-(v + 35)/10)
        beta_m = 4*exp(-(v + 60)/18)
        m_inf = alpha_m/(alpha_m + beta_m)
        alpha_h = 0.07*exp(-(v + 58)/20)
        beta_h = sigmoid((v + 28)/10)
        alpha_n = 0.1/exprel(-(v + 34)/10)
        beta_n = 0.125*exp(-(v + 44)/80)

        dv/dt = (g_na*m_inf**3*h*(e_na - v) + g_k*n**4*(e_k - v) + g_l*(e_l - v) + I)/c_m
        dh/dt = phi*(alpha_h*(1 - h) - beta_h*h)
        dn/dt = phi*(alpha_n*(1 - n) - beta_n*n)
    """
    dimensions = False  # the rates are fits in 1/ms to v in mV
    threshold = "v >= v_th"
    refractory = "v >= v_th"
    method = "rk4"  # m_inf makes the sodium current steep in v

    c_m: Value = parameter(100.0, "pF", "membrane capacitance; 1 uF/cm2 on 10,000 um2", above=0.0)
    g_na: Value = parameter(3500.0, "nS", "sodium conductance; 35 mS/cm2", at_least=0.0)
    g_k: Value = parameter(900.0, "nS", "potassium conductance; 9 mS/cm2", at_least=0.0)
    g_l: Value = parameter(10.0, "nS", "leak conductance; 0.1 mS/cm2", at_least=0.0)
    e_na: Value = parameter(55.0, "mV", "sodium reversal potential")
    e_k: Value = parameter(-90.0, "mV", "potassium reversal potential")
    e_l: Value = parameter(-65.0, "mV", "leak reversal potential")
    phi: Value = parameter(
        5.0, "", "factor of the rates of h and n; with a lower value the cell recovers more slowly from a spike", above=0.0
    )
    v_th: Value = parameter(0.0, "mV", "potential whose upward crossing is a spike")

    v: float = initial(-64.0, "mV", "membrane potential")
    h: float = initial("alpha_h/(alpha_h + beta_h)", "", "inactivation of sodium")
    n: float = initial("alpha_n/(alpha_n + beta_n)", "", "activation of potassium")


class ConnorStevens(Neuron):
    """Crab walking leg neuron of Connor et al. (1977): a transient potassium current, I_A, allows low firing rates.

    ``c_m dv/dt = g_na m**3 h (e_na - v) + g_k n**4 (e_k - v) + g_a a**3 b (e_a - v) + g_l (e_l - v) + I``; for each gate x
    of m, h, n ``dx/dt = alpha_x (1 - x) - beta_x x``, for a and b ``dx/dt = (x_inf - x)/tau_x``. Rates in 1/ms, v in mV:

    ====  =================================================  ======================================
    gate  alpha                                              beta
    ====  =================================================  ======================================
    m     0.38 (v + 29.7)/(1 - exp(-(v + 29.7)/10))          15.2 exp(-0.0556 (v + 54.7))
    h     0.266 exp(-(v + 48)/20)                            3.8/(1 + exp(-(v + 18)/10))
    n     0.02 (v + 45.7)/(1 - exp(-(v + 45.7)/10))          0.25 exp(-(v + 55.7)/80)
    gate  x_inf                                              tau_x in ms
    a     (0.0761 exp(0.0314 (v + 94.22))                    0.3632 + 1.158/(1 + exp(0.0497 (v + 55.96)))
          /(1 + exp(0.0346 (v + 1.17))))**(1/3)
    b     1/(1 + exp(0.0688 (v + 53.3)))**4                  1.24 + 2.678/(1 + exp(0.0624 (v + 50)))
    ====  =================================================  ======================================

    The defaults are those of the publication as given by Dayan & Abbott (2001), chapter 6. The gates start in equilibrium
    with the initial v. At dt = 0.1 ms, the last spike of a second is 0.2 to 0.6 ms late at up to 130 Hz, 0.9 ms at 230 Hz;
    the integration is stable at any potential.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(10, bs.ConnorStevens(g_a=0.0, e_l=-70.0), name="without I_A")
    Population('without I_A', 10 ConnorStevens)

    References
    ----------
    Connor, Walter & McKown (1977), doi:10.1016/S0006-3495(77)85598-7.
    """

    equations = """
        alpha_m = 3.8/exprel(-(v + 29.7)/10)
        beta_m = 15.2*exp(-0.0556*(v + 54.7))
        alpha_h = 0.266*exp(-(v + 48)/20)
        beta_h = 3.8*sigmoid((v + 18)/10)
        alpha_n = 0.2/exprel(-(v + 45.7)/10)
        beta_n = 0.25*exp(-(v + 55.7)/80)
        a_inf = (0.0761*exp(0.0314*(v + 94.22))*sigmoid(-0.0346*(v + 1.17)))**(1/3)
        tau_a = 0.3632 + 1.158*sigmoid(-0.0497*(v + 55.96))
        b_inf = sigmoid(-0.0688*(v + 53.3))**4
        tau_b = 1.24 + 2.678*sigmoid(-0.0624*(v + 50))

        dv/dt = (g_na*m**3*h*(e_na - v) + g_k*n**4*(e_k - v) + g_a*a**3*b*(e_a - v) + g_l*(e_l - v) + I)/c_m
        dm/dt = alpha_m*(1 - m) - beta_m*m
        dh/dt = alpha_h*(1 - h) - beta_h*h
        dn/dt = alpha_n*(1 - n) - beta_n*n
        da/dt = (a_inf - a)/tau_a
        db/dt = (b_inf - b)/tau_b
    """
    dimensions = False  # the rates are fits in 1/ms to v in mV
    threshold = "v >= v_th"
    refractory = "v >= v_th"
    method = "exponential_strang"  # below -80 mV m is too fast for rk4
    substeps = 5

    c_m: Value = parameter(100.0, "pF", "membrane capacitance; 1 uF/cm2 on 10,000 um2", above=0.0)
    g_na: Value = parameter(12000.0, "nS", "sodium conductance; 120 mS/cm2", at_least=0.0)
    g_k: Value = parameter(2000.0, "nS", "conductance of delayed potassium; 20 mS/cm2", at_least=0.0)
    g_a: Value = parameter(4770.0, "nS", "conductance of transient potassium; 47.7 mS/cm2", at_least=0.0)
    g_l: Value = parameter(30.0, "nS", "leak conductance; 0.3 mS/cm2", at_least=0.0)
    e_na: Value = parameter(55.0, "mV", "sodium reversal potential")
    e_k: Value = parameter(-72.0, "mV", "reversal potential of delayed potassium")
    e_a: Value = parameter(-75.0, "mV", "reversal potential of transient potassium")
    e_l: Value = parameter(-17.0, "mV", "leak reversal potential")
    v_th: Value = parameter(0.0, "mV", "potential whose upward crossing is a spike")

    v: float = initial(-68.0, "mV", "membrane potential")
    m: float = initial("alpha_m/(alpha_m + beta_m)", "", "activation of sodium")
    h: float = initial("alpha_h/(alpha_h + beta_h)", "", "inactivation of sodium")
    n: float = initial("alpha_n/(alpha_n + beta_n)", "", "activation of delayed potassium")
    a: float = initial("a_inf", "", "activation of transient potassium")
    b: float = initial("b_inf", "", "inactivation of transient potassium")
