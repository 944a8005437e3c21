"""Mistakes in the texts of a class, found when it is defined."""

import brainsim as bs
from tests.helpers.mistakes import mistakes
from tests.helpers.small_networks import neuron, synapse

NO_V = {"equations": "du/dt = I", "u": bs.initial(0.0, "pA*ms", "charge"), "q": bs.parameter(1.0, "pA*ms", "x")}
GAP = {"current": "g*(e - v)", "g": bs.parameter(1.0, "nS", "x"), "e": bs.parameter(0.0, "mV", "x")}

test_equations = mistakes(
    (
        lambda: neuron(equations="dv/dt = -v/tua + I/c_m"),
        ValueError,
        "Mine.equations",
        "unknown name 'tua'",
        "did you mean 'tau'",
        "dv/dt = -v/tua + I/c_m\n               ^",
    ),
    (lambda: neuron(equations="dv/dt = -(v/tau + I/c_m"), ValueError, "never closed", "-(v/tau", "\n             ^"),
    (lambda: neuron(equations="dv/dt = -(v/tau + I/c_m\ndu/dt = v"), ValueError, "never closed"),
    (lambda: neuron(equations="dv/dt = -v/tau) + I/c_m"), ValueError, "never opened", "^"),
    (lambda: neuron(equations="dv/dt = -epx(v)"), ValueError, "function 'epx'", "did you mean 'exp'", "^"),
    (lambda: neuron(equations="dv/dt = sum(v)"), ValueError, "function 'sum'", "is about one cell", "arrival = 'g = g + w'"),
    (lambda: neuron(equations="dv/dt = sum(v)"), ValueError, "a sum over other cells' variables is a bs.Coupling"),
    (lambda: neuron(equations="dv/dt = atan(v)"), ValueError, "function 'atan'; write arctan(x)"),
    (lambda: neuron(equations="dv/dt = mod(v, 2)"), ValueError, "write x % y", "^"),
    (lambda: neuron(threshold="rand() % 2 > v"), ValueError, "a random number cannot be divided by '%'", "^"),
    (lambda: neuron(equations=f"dv/dt = {'(' * 14}v{' % 2)' * 14}"), ValueError, "too many '%' in each other", "^"),
    (
        lambda: neuron(equations="dv/dt = drive(t)/tau"),
        ValueError,
        "unknown function 'drive'",
        "drive: bs.TimedArray = bs.parameter(bs.TimedArray(...), 'mV', 'what it is')",
    ),
    (
        lambda: neuron(equations="dv/dt = drive(t)/tau", drive=bs.TimedArray([1.0], 1.0)),
        TypeError,
        "Mine.drive: equations see only what is declared",
        "drive: bs.TimedArray = bs.parameter(TimedArray(...), 'mV', 'what it is')",
    ),
    (
        lambda: neuron(
            equations="dv/dt = (drive(t - 2) - v)/tau", drive=bs.parameter(bs.TimedArray([1.0], 1.0), "mV", "drive")
        ),
        bs.EquationError,
        "drive is a TimedArray; write drive(t), at no other time than t: for a delay, give drive=values.delayed(5.0)",
    ),
    (lambda: neuron(v_0=bs.Uniform(0.0, 1.0)), TypeError, "Mine.v_0: equations see only what is declared", "bs.parameter("),
    (lambda: neuron(equations="dv/dt = exp(v, 1)"), ValueError, "exp takes 1 argument", "got 2"),
    (lambda: neuron(spikes_per_step="3"), ValueError, "Mine.spikes_per_step: must be binomial(n, p)"),
    (lambda: neuron(spikes_per_step="binomial(5, v/tau)"), ValueError, "Mine.spikes", "unknown name 'v'"),
    (
        lambda: neuron(spikes_per_step="binomial(5, rand())"),
        ValueError,
        "Mine.spikes",
        "rand() is allowed only in a threshold",
    ),
    (
        lambda: neuron(spikes_per_step="binomial(5, tau)"),
        ValueError,
        "Mine.spikes",
        "must be a plain number, but 'tau' is in ms",
    ),
    (
        lambda: neuron(spikes_per_step="binomial(5, 0.1)", substeps=2),
        ValueError,
        "Mine.spikes",
        "is not possible with substeps",
    ),
    (lambda: neuron(equations="dv/dt = v.real"), ValueError, "'v.real'", "not arithmetic", "^"),
    (lambda: neuron(equations="dv/dt = __import__('os').system('ls')"), ValueError, "unknown function", "^"),
    (lambda: neuron(equations="dv/dt = __builtins__"), ValueError, "must not start with '_'", "'__builtins__'"),
    (lambda: neuron(equations="dv/dt"), ValueError, "Mine.equations", "one '='"),
    (lambda: neuron(equations="dv/dt = -v\ndv/dt = v"), ValueError, "'v' has two equations"),
    (lambda: neuron(equations="dv/dt = -v\ndz/dt = -z"), ValueError, "Mine.z", "z: float = bs.initial("),
    (lambda: neuron(equations="dtau/dt = -v"), ValueError, "Mine.tau", "is not a parameter"),
    (lambda: neuron(equations="dv/dt = rand()"), ValueError, "only in a threshold, a reset or an event"),
    (lambda: neuron(equations="dv/dt = -v*(v > 3)"), ValueError, "where(comparison, 1, 0)"),
    (lambda: neuron(equations="dv/dt = -v/tau + i/c_m"), ValueError, "'i'; did you mean 'I'"),
    (lambda: neuron(equations=["dv/dt = -v/tau"]), ValueError, "Mine.equations", "must be a string"),
    (
        lambda: neuron(equations="dv/dt = -v/tau\n + I/c_m"),
        ValueError,
        "needs one '='",
        "put an expression of several lines in brackets",
    ),
    (lambda: neuron(equations="dv/dt = a/tau\na = a + v"), ValueError, "'a' needs itself"),
)

test_spikes_and_methods = mistakes(
    (lambda: neuron(threshold="0 < v < v_th"), ValueError, "two at a time", "and", "^"),
    (lambda: neuron(threshold="v = v_th"), ValueError, "this is not an expression; '=' assigns, to compare write '>='"),
    (lambda: neuron(equations="dv/dt = -v/tau : volt"), ValueError, "Mine.v: is declared in the equations, too"),
    (lambda: neuron(threshold="v"), ValueError, "Mine.threshold", "comparison", "v >= v_th"),
    (lambda: neuron(threshold="v > vth"), ValueError, "Mine.threshold", "mean 'v_th'", "^"),
    (lambda: neuron(reset="u = 0"), ValueError, "Mine.reset", "'u' is not a variable"),
    (lambda: neuron(reset="v == 0"), ValueError, "Mine.reset", "one '='"),
    (lambda: neuron(refractory="taus"), ValueError, "Mine.refractory", "did you mean 'tau'"),
    (lambda: neuron(frozen=("V",)), ValueError, "Mine.frozen", "did you mean 'v'"),
    (lambda: neuron(conditions=("v_th > vt",)), ValueError, "Mine.conditions", "'vt'"),
    (lambda: neuron(conditions="v_th > 0"), TypeError, "Mine.conditions", "tuple of strings", "got 'v_th > 0'"),
    (lambda: neuron(method="eulre"), ValueError, "Mine.method", "did you mean 'euler'"),
)

test_what_has_no_effect = mistakes(
    (lambda: neuron(current="v*tau"), TypeError, "Mine.current", "bs.Synapse", "no effect here"),
    (lambda: synapse(threshold="g > 1"), TypeError, "Mine.threshold", "bs.Neuron", "no effect"),
    (
        lambda: neuron(threshold=""),
        ValueError,
        "Mine.reset",
        "no effect without a threshold",
        "threshold = 'v >= v_th'",
        "leave out reset = 'v = 0'",
    ),
    (
        lambda: neuron(threshold="", reset="", t_ref=bs.parameter(2.0, "ms", "x")),
        ValueError,
        "Mine.t_ref",
        "has no effect without a threshold",
        "or leave it out",
    ),
    (
        lambda: neuron(threshold="", reset="", refractory="v > v_th"),
        ValueError,
        "Mine.refractory",
        "has no effect without a threshold",
    ),
    (lambda: neuron(interpolate=True), TypeError, "Mine.interpolate", "precise=True"),
    (
        lambda: neuron(frozen=("v",)),
        ValueError,
        "Mine.frozen",
        "no effect without a refractory time",
        "leave out frozen = ('v',)",
    ),
    (lambda: neuron(arrivals="lost"), ValueError, "Mine.arrivals: must be 'discarded' or 'kept' (got 'lost')"),
    (lambda: neuron(arrivals="kept"), ValueError, "Mine.arrivals", "no effect without a refractory time"),
    (
        lambda: neuron(arrivals="kept", refractory="dt", frozen=()),
        ValueError,
        "Mine.arrivals",
        "no effect if no variable is frozen",
    ),
    (
        lambda: type("Mine", (bs.Neuron,), NO_V | {"threshold": "u > q", "refractory": "dt", "frozen": ("v",)}),
        ValueError,
        "Mine.frozen",
        "'v' is not a variable; available: u",
    ),
)

test_declarations = mistakes(
    (
        lambda: neuron(v=bs.initial("2*u", "mV", "x"), u=bs.initial("v/2", "mV", "x")),
        ValueError,
        "Mine: 'v', 'u' need each other; initial values",
    ),
    (
        lambda: neuron(equations="dv/dt = -v/tau\na = 2*v", v=bs.initial("a", "mV", "x")),
        ValueError,
        "Mine: 'v' needs itself",
    ),
    (lambda: neuron(v=bs.initial("vth", "mV", "x")), ValueError, "Mine.v", "mean 'v_th'"),
    (
        lambda: neuron(tau=10.0),
        TypeError,
        "Mine.tau",
        "do not see a plain number",
        "tau: float = bs.parameter(10.0, 'mV', 'what it is')",
    ),
    (lambda: neuron(tau=bs.parameter(-1.0, "ms", "x", above=0.0)), ValueError, "Mine.tau", "> 0 ms"),
    (lambda: neuron(tau=bs.parameter("x", "ms", "x")), TypeError, "Mine.tau", "number in ms"),
    (lambda: neuron(exp=bs.parameter(1.0, "", "x")), ValueError, "Mine.exp", "choose another"),
    (lambda: neuron(r0_g=bs.parameter(1.0, "", "x")), ValueError, "Mine.r0_g", "choose another"),
    (lambda: neuron(**{"lambda": bs.parameter(1.0, "", "x")}), ValueError, "Mine.lambda", "choose another"),
    (lambda: neuron(threshold=bs.parameter(1.0, "mV", "x")), ValueError, "Mine.threshold"),
)

test_synapses = mistakes(
    (lambda: synapse(arrival="g = g + w**2"), ValueError, "Mine.arrival", "g = g + w"),
    (lambda: synapse(arrival="g = w"), ValueError, "Mine.arrival", "g = g + w"),
    (lambda: synapse(arrival="g = g + w*(1 - g)"), ValueError, "Mine.arrival", "g = g + w"),
    (lambda: synapse(arrival="")(), TypeError, "Mine", "no arrival", "g = g + w"),
    (lambda: synapse(equations="dg/dt = -g*v"), ValueError, "depends on v", "only the current"),
    (lambda: synapse(current="g*(erev - v)"), ValueError, "Mine.current", "mean 'e_rev'", "^"),
    (
        lambda: synapse(equations="dg/dt = -g/tau\ndApre/dt = -Apre/tau", arrival="g = g + w; Apre = Apre + g"),
        ValueError,
        "Mine.arrival",
        "'Apre = Apre + w'",
        "plasticity=bs.STDP()",
        "help(bs.Plasticity)",
    ),
    (
        lambda: synapse(arrival="g = g + w; w = w + g"),
        ValueError,
        "Mine.arrival",
        "'w' is not a variable",
        "the same in the whole run",
        "plasticity=bs.STDP()",
    ),
    (
        lambda: type("Gap", (bs.Synapse,), GAP)(),
        TypeError,
        "Gap: has no arrival",
        "derive the class from bs.Coupling",
        "source = 'v'",
        "bs.GapJunction",
    ),
)


def rule(**fields):
    """Define a rule of plasticity, everything right unless given otherwise."""
    given = {
        "equations": "dx/dt = -x/tau",
        "on_pre": "x = x + 1",
        "on_post": "w = w + a*x",
        "tau": bs.parameter(20.0, "ms", "time constant", above=0.0),
        "a": bs.parameter(0.1, "weight", "change"),
        "x": bs.initial(0.0, "", "trace"),
    }
    return type("Mine", (bs.Plasticity,), given | fields)


test_rules_of_plasticity = mistakes(
    (
        lambda: rule(on_post="W = W + a*x"),
        ValueError,
        "Mine.on_post: 'W' is not a variable; did you mean 'w'?",
        "W = W + a*x",
    ),
    (lambda: rule(on_post="w = w + a*xx"), ValueError, "Mine.on_post: unknown name 'xx'; did you mean 'x'?", "^"),
    (lambda: rule(on_pre="xx = x + 1"), ValueError, "Mine.on_pre: 'xx' is not a variable; did you mean 'x'?"),
    (lambda: rule(equations="dx/dt = -x*x/tau"), ValueError, "Mine.equations: dx/dt is not linear in x", "dx/dt = -x*x/tau"),
    (lambda: rule(equations="dx/dt = -x/tau; dw/dt = -w/tau"), ValueError, "Mine.equations: dw/dt must be a variable"),
    (lambda: rule(on_post="w = w + a*v_pre"), ValueError, "variables of the source", "help(bs.Plasticity)", "^"),
    (lambda: rule(bounds=("0", "w")), ValueError, "Mine.bounds: this depends on 'w': a bound may contain parameters"),
    (lambda: rule(bounds="a"), TypeError, "Mine.bounds: must be a pair of strings"),
    (lambda: rule(a=bs.parameter(0.1, "nS", "change")), ValueError, "'w' is in units of weight, but 'a * x' is in nS"),
    (lambda: rule(a=bs.parameter(0.1, "wieght", "change")), ValueError, "Mine.a: unknown unit 'wieght'"),
    (lambda: rule(v_post=bs.initial(0.0, "mV", "x")), ValueError, "Mine.v_post: names that end in _post are kept"),
    (lambda: rule(w=bs.initial(0.0, "weight", "weight")), ValueError, "Mine.w: this name is reserved in equations"),
    (lambda: rule(on_pre=bs.parameter(1.0, "", "x")), ValueError, "Mine.on_pre: every model has an attribute of this name"),
    (
        lambda: rule(a=bs.parameter(bs.TimedArray([1.0], 1.0), "weight", "x")),
        TypeError,
        "Mine.a: a rule reads neither the time nor a Curve, so its parameters are numbers",
    ),
    (lambda: rule(x=bs.initial(bs.Uniform(0, 1), "", "x")), TypeError, "Mine.x: must be a number or an expression of param"),
    (lambda: rule(threshold="w > a"), TypeError, "Mine.threshold: is an attribute of bs.Neuron and has no effect here"),
    (lambda: rule(arrival="w = w + a"), TypeError, "Mine.arrival: is an attribute of bs.Synapse and has no effect here"),
    (lambda: neuron(on_spike="v = 0"), TypeError, "Mine.on_spike: no such attribute of a Neuron; did you mean 'reset'?"),
    (lambda: neuron(solver="rk4"), TypeError, "Mine.solver: no such attribute of a Neuron; did you mean 'method'?"),
    (lambda: neuron(namespace={"a": 1}), TypeError, "Mine.namespace: ", "or in the text tau = 20 ms"),
    (lambda: synapse(on_spike="g = g + w"), TypeError, "no such attribute of a Synapse; did you mean 'arrival'?"),
    (lambda: synapse(delay="1"), TypeError, "Mine.delay: ", "belong to the connection: net.connect(..., weight=0.5, delay="),
    (lambda: rule(pre="x = x + 1"), TypeError, "Mine.pre: no such attribute of a Plasticity; did you mean 'on_pre'?"),
    (lambda: rule(onpre="x = x + 1"), TypeError, "Mine.onpre: no such attribute of a model; did you mean 'on_pre'?"),
    (lambda: rule(w_max=1.0), TypeError, "Mine.w_max: equations do not see a plain number"),
    (lambda: rule(plasticity_equations=None), TypeError, "Mine.plasticity_equations: is computed from the class"),
    (lambda: neuron(on_pre="v = v + 1"), TypeError, "Mine.on_pre: is an attribute of bs.Plasticity and has no effect here"),
    (lambda: neuron(tau=bs.parameter(1.0, "weight", "x")), ValueError, "Mine.tau: the unit 'weight' is for rules of plast"),
    (lambda: synapse(weight_unit="weight"), ValueError, "Mine.weight_unit: must say which unit the weights have"),
)
