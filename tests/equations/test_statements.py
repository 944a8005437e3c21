"""Statements and what writes them: a cell is run by them alone, and nobody reads what another has written."""

import re
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.constants import kernel_constants
from brainsim.equations.body import Body, new_name
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import fill, line_of, module, text_of
from brainsim.equations.statements import Assign, Load, Store, formula, select_needed
from brainsim.equations.steps.accuracy import NUMPY
from brainsim.equations.steps.methods import method_named
from brainsim.equations.system import compose
from tests.helpers.equations.single_cells import run

FUNCTIONS = NUMPY | {"int32": lambda n: n}


def interpreted(model, steps, dt, current):
    """Return v and the steps of the spikes of a cell from its statements, which are all that another writer has."""
    system = compose(model.cell_equations, [], external_current=True, label="cell")
    step = method_named(model.method, "cell")(system, "cell")
    known = kernel_constants(system, step, {n: getattr(model, n) for n in model.parameters}, dt, "cell")
    starts = {name: spec.default for name, spec in model.initials.items()}
    known |= {name: known.get(value, value) for name, value in starts.items()} | {"I_ext": current, "_refractory": 0}
    body, v, spikes = Body(system, step), [known["v"]], []
    for k in range(1, steps + 1):
        now = dict(known)
        for line in body.statements:
            now[line.name] = lang.evaluate(line.whole, now, FUNCTIONS)
        wait = now["refractory_steps"] if body.waits_apart and now["_spike"] else now["_wait"]
        known |= {name: now[new_name(name)] for name in system.variables} | {"_refractory": wait}
        v.append(float(known["v"]))
        spikes += [k] * bool(now["_spike"])
    return v, spikes


@pytest.mark.parametrize("model", [bs.LIF(), bs.AdEx()], ids=repr)
def test_a_cell_is_its_statements(model):
    values, result = run(model, 60.0, 0.1, current=1000.0)
    v, spikes = interpreted(model, 600, 0.1, 1000.0)
    assert np.rint(result.spikes["cells"].times / 0.1).astype(int).tolist() == spikes
    assert len(spikes) > 1
    np.testing.assert_allclose(values["v"][:, 0], v, rtol=1e-9)


def test_how_statements_are_written():
    assert line_of(Assign("x", formula("a + b*c"))) == "x = (a + (b * c))"
    assert line_of(Assign("x", formula("y"), when="_spike")) == "x = y if _spike else x"
    assert line_of(Load("x", "_x_", 64)) == "x = _x_[64 + _k]"
    assert line_of(Store("_x_", formula("int32(2)*y"))) == "_x_[_k] = (np.int32(2) * y)"
    tree = lang.parse_expression("not (a > 1 and b > 2) or min(2, c)**3 > where(a > b, exprel(c), 1/exprel(c))", "here")
    test = "(((a > 1.0) & (b > 2.0)) ^ True)"
    choice = "((1.0 / exprel_inverse(c)) if (a > b) else (1.0 * exprel_inverse(c)))"
    assert text_of(lower(tree)) == f"({test} | (cube(lesser(c, 2.0)) > {choice}))"


def test_what_is_needed_of_statements():
    lines = [Assign(name, formula(text)) for name, text in (("a", "x"), ("b", "a*2.0"), ("c", "x"), ("d", "b + d"))]
    assert [line.name for line in select_needed(lines, {"d"})] == ["a", "b", "d"]
    assert select_needed(lines, {"x"}) == []


def test_gaps_are_filled_and_helpers_imported():
    body = fill("def f(x):\n    <lines>\n    return <word>\n", {"lines": [Assign("y", formula("sqrt(exp(x))"))]}, word="y")
    assert body == "def f(x):\n    y = sqrt(exp(x))\n    return y\n"
    assert fill("a\n    <lines>\nb", {"lines": []}) == "a\nb"
    text = module("A title.", body)
    assert text.startswith('"""A title."""\n\nfrom math import sqrt\n\nimport numpy as np\n')
    assert "from brainsim.jit.vmath import exp\n" in text


def test_nobody_reads_what_another_has_written():
    """Where kernels are made, only the texts of users are parsed, and the formulas in the source itself."""
    package = Path(bs.__file__).parent
    reading = {
        path.relative_to(package).as_posix()
        for folder in ("build", "engine", "equations", "learn")
        for path in (package / folder).rglob("*.py")
        if re.search(r"^(?!\s*>>>).*\bast\.parse\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert reading == {"equations/expressions/language.py", "equations/statements.py"}
