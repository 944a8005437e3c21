"""Expressions in which parameters and variables are mixed: what never changes is computed once, outside the kernel, and the
whole has the value that plain Python gives it."""

import math
import random

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.thorough

CELLS = 3
PARAMETERS = {"k": 1.5, "tau": np.array([0.4, 2.0, 3.1]), "mode": np.array([0.0, 1.0, 2.0]), "on": 1.0}
VARIABLES = {"x": np.array([-1.3, 0.7, 2.2]), "y": np.array([0.3, -2.4, 1.1])}
PLAIN = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "floor": np.floor,
    "abs": abs,
    "min": min,
    "max": max,
    "sign": np.sign,
    "pi": math.pi,
    "clip": lambda x, low, high: min(max(x, low), high),
    "where": lambda test, yes, no: yes if test else no,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exprel": lambda x: np.expm1(x) / x if x else 1.0,
}


def random_number(rng, depth):
    """Return the text of a random expression, well away from overflow."""
    if depth <= 0 or rng.random() < 0.1:
        return rng.choice([*PARAMETERS, *VARIABLES, *VARIABLES, f"{rng.uniform(0.1, 5):.3g}", str(rng.randint(1, 9))])

    def sub():
        return random_number(rng, depth - 1)

    def test():
        return random_test(rng, depth - 1)

    return rng.choice(
        [
            lambda: f"({sub()} {rng.choice('+-*')} {sub()})",
            lambda: f"({sub()})/(1 + abs({sub()}))",
            lambda: f"-({sub()})",
            lambda: f"{rng.choice(['tanh', 'sigmoid', 'sin', 'cos', 'sign', 'floor'])}({sub()})",
            lambda: f"{rng.choice(['sqrt', 'log1p'])}(abs({sub()}))",
            lambda: f"exp(-abs({sub()}))",
            lambda: f"exprel(clip({sub()}, -5, 2))",
            lambda: f"{rng.choice(['min', 'max'])}({sub()}, {sub()})",
            lambda: f"tanh({sub()})**{rng.randint(0, 4)}",
            lambda: f"(1 + abs({sub()}))**clip({sub()}, -2, 1.5)",
            lambda: f"where({test()}, {sub()}, {sub()})",
            lambda: f"({sub()} if {test()} else {sub()})",
        ]
    )()


def random_test(rng, depth):
    """Return the text of a random condition, of which every part may be constant."""
    if depth <= 0 or rng.random() < 0.3:
        whole = f"{rng.choice(['mode', 'on'])} {rng.choice(['>', '==', '!=', '<='])} {rng.randint(0, 2)}"
        mixed = f"{random_number(rng, depth - 1)} {rng.choice(['<', '<=', '>', '>='])} {random_number(rng, depth - 1)}"
        return rng.choice([whole, mixed])
    one, other = random_test(rng, depth - 1), random_test(rng, depth - 1)
    return rng.choice([f"(({one}) and ({other}))", f"(({one}) or ({other}))", f"not ({one})", f"({one}) and not ({other})"])


def by_python(text):
    """Return the value of a text for each cell, read by Python itself."""
    values = []
    with np.errstate(all="ignore"):
        for cell in range(CELLS):
            names = {n: np.float64(np.broadcast_to(v, CELLS)[cell]) for n, v in (PARAMETERS | VARIABLES).items()}
            values.append(float(eval(text, PLAIN | names)))
    return values


def after_one_step(method, numbers, tests, **given):
    """Return what the derivatives were, and which events took place, in a step of a cell with these texts."""
    lines = [f"dz{i}/dt = {text}" for i, text in enumerate(numbers)]
    body = {name: bs.parameter(0.0, "", "x") for name in PARAMETERS}
    body |= {name: bs.initial(0.0, "", "x") for name in [*VARIABLES, *(f"z{i}" for i in range(len(numbers)))]}
    body |= {f"n{i}": bs.initial(0.0, "", "x") for i in range(len(tests))}
    body |= {"events": {f"e{i}": (text, f"n{i} = n{i} + 1") for i, text in enumerate(tests)}}
    mine = type("Mine", (bs.Neuron,), {"equations": "\n".join(lines), "dimensions": False, "method": method, **body})
    cells, net = bs.Population(CELLS, mine(**PARAMETERS), name="cells", initial=VARIABLES), bs.Network(seed=1)
    net.add(cells)
    state = bs.simulate(net, 0.5, dt=0.5, seed=1, threads=1, **given).state.variables["cells"]
    return [state[f"z{i}"] / 0.5 for i in range(len(numbers))], [state[f"n{i}"] for i in range(len(tests))]


MIXED = (
    "mode > 0 and x > 0",
    "x > 0 and mode > 0",
    "mode > 0 or x > 0",
    "not mode > 0 and x > 0",
    "not (mode > 0 and x > 0)",
    "mode > 0 and on > 0",
    "mode > 0",
    "not mode > 0",
    "mode == 1 and k > 1 and y < x",
    "x > y or not (on > 0 or y > 0)",
    "mode > 0 and (x > 0 or tau > 1) and not k < 1",
)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "precision"), [("euler", "double"), ("exponential_euler", "double"), ("rk4", "single")])
def test_constant_and_varying_conditions_are_joined(method, precision):
    texts = [form for test in MIXED for form in (f"where({test}, x, -y)", f"(k if {test} else 2)*x + where({test}, 1, 0)")]
    numbers, events = after_one_step(method, texts, MIXED, precision=precision)
    for text, found in zip(texts, numbers, strict=True):
        np.testing.assert_allclose(found, by_python(text), rtol=1e-14 if precision == "double" else 1e-5, err_msg=text)
    for text, found in zip(MIXED, events, strict=True):
        np.testing.assert_array_equal(found, by_python(text), err_msg=text)


@pytest.mark.slow_but("[1-")
@pytest.mark.parametrize(("seed", "method"), [(1, "euler"), (2, "exponential_euler")])
def test_random_expressions_have_the_value_that_python_gives_them(seed, method):
    rng = random.Random(seed)
    numbers = [random_number(rng, 4) for _ in range(20)]
    tests = [random_test(rng, 3) for _ in range(15)]
    found = after_one_step(method, numbers, tests)
    for text, values in zip([*numbers, *tests], [*found[0], *found[1]], strict=True):
        np.testing.assert_allclose(values, by_python(text), rtol=1e-10, atol=1e-12, err_msg=text)
