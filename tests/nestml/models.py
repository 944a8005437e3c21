"""Small models in NESTML, written for the tests."""

CURRENT = """
model leaky_neuron:
    state:
        V_m mV = E_L  # membrane potential
        refr_t ms = 0 ms
        I_exc pA = 0 pA
    equations:
        I_exc' = -I_exc / tau_exc
        V_m' = -(V_m - E_L) / tau_m + (I_exc + I_stim) / C_m
        refr_t' = -1
    parameters:
        C_m nF = 0.25 nF [[C_m > 0 nF]]
        tau_m ms = 10 ms  # membrane time constant
        tau_exc ms = 2 ms
        refr_T ms = 2 ms
        E_L mV = -70 mV
        V_reset mV = E_L + 5 mV
        V_th mV = -55 mV
    internals:
        unit pA = 1 pA
    input:
        exc_spikes <- excitatory spike
        I_stim pA <- continuous
    output:
        spike
    update:
        if refr_t > 0 ms:
            integrate_odes(I_exc, refr_t)
        else:
            integrate_odes(I_exc, V_m)
    onReceive(exc_spikes):
        I_exc += unit * exc_spikes * 1 s
    onCondition(refr_t <= 0 ms and V_m >= V_th):
        refr_t = refr_T
        V_m = V_reset
        emit_spike()
"""

# what a spike does decides a condition on a counter, which therefore stays a variable
COUNTER = """
model counting_neuron:
    state:
        V_m mV = E_L
        left integer = 0
        seen integer = 0
    equations:
        V_m' = -(V_m - E_L) / tau_m + I_stim / C_m
    parameters:
        C_m pF = 250 pF
        tau_m ms = 10 ms
        E_L mV = -70 mV
        V_th mV = -55 mV
        T ms = 2 ms
    internals:
        counts integer = steps(T)
    input:
        spikes <- spike
        I_stim pA <- continuous
    output:
        spike
    onReceive(spikes):
        if left == 0:
            V_m += 1 mV * spikes * 1 s
        else:
            seen += 1
    update:
        if left > 0:
            left -= 1
        else:
            integrate_odes()
    onCondition(V_m >= V_th):
        V_m = E_L
        left = counts
        emit_spike()
"""

# channels, functions, a peak instead of a threshold
CHANNEL = """
model channel_neuron:
    state:
        V_m mV = -65 mV
        V_old mV = -65 mV
        n real = rate(V_m) / (rate(V_m) + 0.1)
    equations:
        inline I_K pA = g_K * n**4 * (V_m - E_K)
        n' = rate(V_m) / 1 ms * (1 - n) - 0.1 / 1 ms * n
        V_m' = (-I_K - g_L * (V_m - E_L) + I_stim) / C_m
    parameters:
        C_m pF = 100 pF
        g_K nS = 100 nS
        g_L nS = 10 nS
        E_K mV = -90 mV
        E_L mV = -65 mV
    input:
        I_stim pA <- continuous
    output:
        spike
    update:
        V_old = V_m
        integrate_odes()
    onCondition(V_old > V_m and V_m > -65 mV):
        emit_spike()
    function rate(V mV) real:
        x real = V / 1 mV + 55
        return 0.01 * x / (1 - exp(-x / 10))
"""


# two reasons for a spike: the threshold, and two events
TWICE = """
model twice_neuron:
    state:
        V_m mV = 0 mV
        seen integer = 0
    equations:
        V_m' = 1 mV / ms
    parameters:
        V_th mV = 0.95 mV
    input:
        spikes <- spike
    output:
        spike
    onReceive(spikes):
        seen += 1
    update:
        integrate_odes()
    onCondition(V_m >= V_th):
        V_m = 0 mV
        emit_spike()
    onCondition(seen >= 2):
        seen = 0
        emit_spike()
"""

# the condition of the spike changes before what is done otherwise
OTHERWISE = """
model otherwise_neuron:
    state:
        left integer = 0
        waited integer = 0
    output:
        spike
    update:
        if left == 0:
            left = 3
            emit_spike()
        else:
            left -= 1
            waited += 1
"""


def kernels(*declared, current):
    """Return a model of a cell whose current is made of kernels."""
    return f"""
model kernel_neuron:
    state:
        V_m mV = 0 mV
        g real = 0
        g$ real = 2 * scale
    equations:
        {(chr(10) + " " * 8).join(f"kernel {line}" for line in declared)}
        recordable inline I_syn real = {current}
        V_m' = -V_m / tau + I_syn * 1 mV/ms
    parameters:
        tau ms = 10 ms
        rise ms = 1 ms
        scale real = 1.5
    input:
        exc <- excitatory spike
        inh <- inhibitory spike
    update:
        integrate_odes()
"""


PAIR = """
model pair_synapse:
    state:
        w real = 1
        pre_trace real = 0
        post_trace real = 0
        t_last ms = 0 ms
        paired boolean = true
    parameters:
        lambda real = 0.1
        tau_post ms = 20 ms
        W_max real = 10 [[W_max > 0]]
    equations:
        post_trace' = -post_trace / tau_post
    input:
        pre_spikes <- spike
        post_spikes <- spike
    output:
        spike
    onReceive(post_spikes):
        post_trace += 1
        if not paired and t - t_last < 30 ms:
            w_ real = w + lambda * pre_trace
            w = min(W_max, w_)
            paired = true
    onReceive(pre_spikes):
        w = max(0, w - lambda * post_trace)
        pre_trace += 1
        t_last = t
        paired = false
        emit_spike(w)
    update:
        pre_trace = pre_trace * exp(-timestep() / (20 ms))
        integrate_odes()
"""
