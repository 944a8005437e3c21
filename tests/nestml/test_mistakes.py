"""What cannot be read is an error that names the file and the line."""

import sys

import pytest

import brainsim as bs
from tests.nestml import models

pytestmark = pytest.mark.thorough


@pytest.fixture
def mistake(tmp_path):
    pytest.importorskip("pynestml", reason="models in NESTML need pynestml: pip install nestml")

    def of_text(text, **options):
        path = tmp_path / "model.nestml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(bs.EquationError) as raised:
            bs.nestml.read(path, **options)
        return str(raised.value)

    return of_text


@pytest.mark.parametrize(("model", "old", "new", "line", "message"), [
    ("CURRENT", "V_m' = -(", "V_m' = -*(", 9, "parsing"),
    ("CURRENT", "tau_m ms = 10 ms", "tau_m hours = 10 ms", 13, "hours"),
    ("CURRENT", "V_m = V_reset", "V_m = V_rest", 35, "V_rest"),
    ("CURRENT", "I_exc += unit * exc_spikes * 1 s", "while V_m > E_L:\n            V_m -= 1 mV", 32, "a loop cannot"),
    ("COUNTER", "seen += 1", "seen = random_poisson(2.)", 26, "random_poisson"),
    ("CURRENT", "I_stim pA <- continuous", "I_stim pA <- continuous\n        V_2 mV <- continuous", 24, "one current"),
    ("CURRENT", "E_L + 5 mV", "E_L / (C_m / C_m - 1)", 17, "default of V_reset"),
    ("CURRENT", "E_L + 5 mV\n        V_th mV = -55 mV", "V_th\n        V_th mV = V_reset", 17, "needs itself"),
    ("PAIR", "post_trace += 1", "post_trace += t / 1 ms", 20, "cannot read the time t"),
    ("PAIR", "onReceive(post_spikes)", "onReceive(other)", 20, "read(..., post='other')"),
], ids=["syntax", "unit", "name", "loop", "function", "inputs", "default", "circle", "time", "port"])  # fmt: skip
def test_file_and_line_are_named(mistake, model, old, new, line, message):
    text = getattr(models, model).replace(old, new)
    if new == "onReceive(other)":
        text = text.replace("post_spikes <- spike", "other <- spike")
    found = mistake(text)
    assert f"model.nestml, line {line}" in found
    assert message in found


TWICE = [f"f{k + 1}(a) + f{k + 1}(a)" for k in range(30)]
TWICE_IN_NAMES = [[f"x pA = f{k + 1}(a)", f"y pA = f{k + 1}(a)", "return 1 pA"] for k in range(30)]
SUMS = ["x0 pA = a", *(f"x{k + 1} pA = x{k} + x{k}" for k in range(30)), "return x30"]
INLINE = "        inline b0 pA = I_exc\n" + "".join(f"        inline b{k + 1} pA = b{k} + b{k}\n" for k in range(20))


def of_functions(*functions, current="f0(1 pA)"):
    """Return `CURRENT` with functions of one current, each given by what it returns or by its lines."""
    made = ""
    for k, body in enumerate(functions):
        lines = body if isinstance(body, list) else [f"return {body}"]
        made += f"    function f{k}(a pA) pA:\n" + "".join(f"        {line}\n" for line in lines)
    text = models.CURRENT.replace("    update:\n", made + "    update:\n")
    return text.replace("(I_exc + I_stim)", f"({current} + I_exc + I_stim)")


@pytest.mark.parametrize(("text", "message"), [
    (of_functions("f0(a)"), "the function f0 calls itself (f0 -> f0)"),
    (of_functions("2 * f1(a)", "f2(a)", "f1(a) + a"), "the function f1 calls itself (f1 -> f2 -> f1)"),
    (of_functions(*TWICE, "a"), "calls of functions"),
    (of_functions(*TWICE_IN_NAMES, "a"), "calls of functions"),
    (of_functions(*(f"f{k + 1}(a)" for k in range(60)), "a"), "50 that call each other"),
    (of_functions("a * (a / 1 pA) + a", current="f0(" * 30 + "I_exc" + ")" * 30), "10,000 characters when the functions"),
    (of_functions(SUMS, current="f0(I_exc)"), "10,000 characters when the functions"),
    (models.CURRENT.replace("    equations:\n", f"    equations:\n{INLINE}").replace("V_m >= V_th", "b20 >= 3 pA"),
     "10,000 characters when the names"),
], ids=["itself", "in a circle", "twice", "twice in names", "deep", "arguments", "sums", "inline"])  # fmt: skip
def test_what_would_be_written_in_without_an_end(mistake, text, message):
    found = mistake(text)
    assert "model.nestml, line " in found
    assert message in found


def test_kernels_that_no_equations_have(mistake):
    found = mistake(models.kernels("k = 1 / (1 + t / tau)", current="convolve(k, exc)"))
    assert "model.nestml, line 8" in found
    assert "powers of t times exponentials" in found


def test_files(mistake, tmp_path):
    both = models.CURRENT + models.COUNTER
    assert "has the models 'leaky_neuron', 'counting_neuron'" in mistake(both)
    assert "got 'leaky'" in mistake(both, model="leaky")
    (tmp_path / "picture.nestml").write_bytes(bytes(range(256)))
    with pytest.raises(bs.EquationError, match=r"picture.nestml: is not a text file"):
        bs.nestml.read(tmp_path / "picture.nestml")
    for missing in ("none.nestml", tmp_path):
        with pytest.raises(FileNotFoundError, match=rf"nestml.read.path: there is no file '{missing}'$"):
            bs.nestml.read(missing)
    with pytest.raises(ValueError, match=r"nestml.read.path: must be the path of a file \(got ''\)"):
        bs.nestml.read("")


def test_without_pynestml(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynestml", None)
    monkeypatch.setitem(sys.modules, "pynestml.cocos.co_cos_manager", None)
    (tmp_path / "model.nestml").write_text(models.CURRENT)
    with pytest.raises(ImportError, match=r"needs pynestml; pip install nestml"):
        bs.nestml.read(tmp_path / "model.nestml")
