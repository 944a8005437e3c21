"""Random expressions, and expressions that are compiled as a kernel has them."""

import numpy as np

from brainsim.equations.expressions.lower import HOMES, lower
from brainsim.equations.numba_text import text_of
from brainsim.jit.decorators import load_source

NAMES = ("x", "y", "k", "tau")


def random_number(rng, depth):
    """Return the text of a random expression over NAMES, well away from overflow."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice([*NAMES, f"{rng.uniform(0.1, 5):.3g}", str(rng.randint(1, 9))])

    def sub():
        return random_number(rng, depth - 1)

    make = rng.choice(
        [
            lambda: f"({sub()} + {sub()})",
            lambda: f"{sub()} - {sub()}",
            lambda: f"({sub()})*({sub()})",
            lambda: f"-({sub()})",
            lambda: f"({sub()})/(1 + abs({sub()}))",
            lambda: f"tanh({sub()})**{rng.randint(0, 5)}",
            lambda: f"(1 + abs({sub()}))**clip({sub()}, -2, 1.5)",
            lambda: f"exp(clip({sub()}, -20, 3))",
            lambda: f"expm1(tanh({sub()}))",
            lambda: f"log1p(abs({sub()}))",
            lambda: f"sigmoid({sub()})",
            lambda: f"exprel(clip({sub()}, -20, 3))",
            lambda: f"1/exprel(clip({sub()}, -3, 20))",
            lambda: f"sqrt(abs({sub()}))",
            lambda: f"log(1 + abs({sub()}))",
            lambda: f"sin({sub()})*cos({sub()})",
            lambda: f"min({sub()}, {sub()})",
            lambda: f"max({sub()}, {sub()})",
            lambda: f"clip({sub()}, -1, {rng.randint(0, 3)})",
            lambda: f"sign({sub()})",
            lambda: f"floor({sub()})",
            lambda: f"where({random_test(rng, depth - 1)}, {sub()}, {sub()})",
            lambda: f"({sub()} if {random_test(rng, depth - 1)} else {sub()})",
        ]
    )
    return make()


def random_test(rng, depth):
    """Return the text of a random comparison."""
    a, b = random_number(rng, max(0, depth - 1)), random_number(rng, max(0, depth - 1))
    plain = f"{a} {rng.choice(['<', '<=', '>', '>=', '==', '!='])} {b}"
    if depth <= 0 or rng.random() < 0.5:
        return plain
    other = random_test(rng, depth - 1)
    return rng.choice([f"({plain}) and ({other})", f"({plain}) or ({other})", f"not ({plain})"])


KERNEL_NAMES = "import numpy as np\nfrom brainsim.jit.decorators import kernel\n" + "\n".join(
    f"from {home} import {', '.join(names)}" for home, names in HOMES.items()
)


def written(tree):
    """Return an expression as the body of a kernel has it."""
    return text_of(lower(tree))


def compiled(tree, names):
    """Compile an expression as the body of a kernel has it."""
    return load_source(
        f"{KERNEL_NAMES}\n\n@kernel\ndef value({', '.join(names)}):\n    return np.float64({written(tree)})\n"
    ).value


def close(a, b):
    return (np.isnan(a) and np.isnan(b)) or abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))
