"""The cells of Traub and Miles as in COBAHH (Brette et al. 2007), in the simulators in which two benchmarks have them."""

from harness.workload import refractory_in_brian2

C_M, G_L, G_NA, G_K = 200.0, 10.0, 20_000.0, 6000.0  # pF, nS
E_L, E_NA, E_K, V_T, V_TH, T_REF = -60.0, 50.0, -90.0, -63.0, -20.0, 3.0  # mV, ms
IN_NEST = {
    "C_m": C_M,
    "g_L": G_L,
    "g_Na": G_NA,
    "g_K": G_K,
    "E_L": E_L,
    "E_Na": E_NA,
    "E_K": E_K,
    "V_T": V_T,
    "t_ref": T_REF,
}


def in_brainsim():
    """Return the model, with the method of Brian2."""
    import brainsim as bs

    class OneStep(bs.TraubMiles):
        """One step of exponential Euler; the default is more accurate and takes five times as long."""

        method = "exponential_euler"
        substeps = 1

    return OneStep(c_m=C_M, g_l=G_L, g_na=G_NA, g_k=G_K, e_l=E_L, e_na=E_NA, e_k=E_K, v_t=V_T, v_th=V_TH)


def in_brian2(n, currents, further, parameters):
    """Return a NeuronGroup; set v, and then the gates by `start_gates`.

    `currents` is what is added to the currents through the channels, `further` the other equations, and `parameters` what
    both of them name.
    """
    import brian2 as b2

    mV, nS = b2.mV, b2.nS
    channels = {"C": C_M * b2.pF, "gl": G_L * nS, "gna": G_NA * nS, "gk": G_K * nS}
    channels |= {"El": E_L * mV, "ENa": E_NA * mV, "EK": E_K * mV, "VT": V_T * mV, "Vs": V_TH * mV}
    return b2.NeuronGroup(
        n,
        f"""dv/dt = (gl*(El - v) + {currents} - gna*(m*m*m)*h*(v - ENa) - gk*(n*n*n*n)*(v - EK))/C : volt
            dm/dt = am*(1 - m) - bm*m : 1
            dn/dt = an*(1 - n) - bn*n : 1
            dh/dt = ah*(1 - h) - bh*h : 1
            u = (v - VT)/mV : 1
            am = 1.28/exprel((13 - u)/4)/ms : Hz
            bm = 1.4/exprel((u - 40)/5)/ms : Hz
            ah = 0.128*exp((17 - u)/18)/ms : Hz
            bh = 4/(1 + exp((40 - u)/5))/ms : Hz
            an = 0.16/exprel((15 - u)/5)/ms : Hz
            bn = 0.5*exp((10 - u)/40)/ms : Hz
            {further}""",
        threshold="v > Vs",
        refractory=refractory_in_brian2(T_REF) * b2.ms,
        method="exponential_euler",
        namespace=channels | parameters,
    )


def start_gates(cells):
    """Set the gates of a NeuronGroup to where they are at rest at its v."""
    for gate in "mhn":
        setattr(cells, gate, f"a{gate}/(a{gate} + b{gate})")
