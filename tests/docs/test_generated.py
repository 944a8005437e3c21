"""The pages that the site writes itself: one for each public name, with equations that are drawn."""

import importlib
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import brainsim as bs
from brainsim.models.catalogue import catalogue
from brainsim.models.inputs import Input
from brainsim.models.rules import Rule

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_ext"
pytestmark = pytest.mark.skipif(not EXTENSIONS.exists(), reason="an installed package has no site")


@pytest.fixture(scope="module")
def extension():
    """Return a function that imports a module of docs/_ext; none of these needs Sphinx."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(EXTENSIONS), *sys.path])
        yield importlib.import_module


@pytest.fixture(scope="module")
def written(extension, tmp_path_factory):
    """Return all pages, name -> text, and the names that have one."""
    folder = tmp_path_factory.mktemp("docs")
    described = extension("model_pages").write(folder, pictures=False)
    names = extension("reference_pages").write(folder, described)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.rst")}, (
        described,
        names,
    )


def test_every_public_name_has_one_page(written):
    pages, (described, names) = written
    assert set(bs._PUBLIC) <= {*described, *names}
    assert not set(described) & set(names)
    for name in described:
        assert f".. autoclass:: brainsim.{name}\n" in pages[f"models/{name}.rst"]
    titles = [text.splitlines()[0] for path, text in pages.items() if path.startswith("reference/")]
    assert all(titles.count(f"bs.{name}") == 1 for name in names)
    assert len({path.casefold() for path in pages}) == len(pages), "some systems take these for one file"
    named = ("analysis", "ann", "connectomes", "encode", "explore", "learn", "nestml", "nir", "plot", "signals", "sonata")
    for module in (*named, "testing"):
        assert all(f"{module}.{name}" in " ".join(pages) for name in getattr(bs, module).__all__)


@pytest.mark.parametrize(("name", "line"), [("LIF", "bs.explore.portrait(bs.LIF())"), ("Poisson", "rate=20.0")])
def test_a_portrait_has_the_line_that_draws_it(name, line, extension):
    with_portrait = extension("model_pages").page(name, getattr(bs, name), {name})
    assert line in with_portrait.split(f"portraits/{name}.png")[1]
    assert "Drawn by" not in extension("model_pages").page(name, getattr(bs, name), set())


def test_every_model_input_and_rule_is_listed(written):
    pages, (described, _) = written
    public = {name: getattr(bs, name) for name in bs._PUBLIC}
    wanted = {name for name, thing in public.items() if isinstance(thing, type) and issubclass(thing, Input | Rule)}
    assert wanted | set(catalogue()) <= set(described)
    kinds = ("neurons", "synapses", "plasticity", "couplings", "inputs", "rules")
    lists = "".join(pages[f"models/{kind}.rst"] for kind in kinds)
    assert all(f":doc:`{name}`" in lists for name in wanted | set(catalogue()))


def test_pages_of_models_have_equations_and_tables(written):
    pages, _ = written
    for name, model in catalogue().items():
        page = pages[f"models/{name}.rst"]
        for line in page.splitlines():
            if line.startswith(("   <div", "   <table")):
                ET.fromstring(line.strip())  # well-formed
        for parameter, spec in model.parameters.items():
            assert f"``{parameter}``" in page
            assert spec.meaning.split()[0] in page
        assert "<math" in page or not getattr(model, "equations", "").strip()


def test_the_equation_of_a_cell_is_drawn_once_and_written_once_folded(written):
    pages, _ = written
    for name, equation in (("LIF", "dv/dt = (v_rest - v)/tau_m"), ("IF", "dv/dt = I/c_m")):
        page = pages[f"models/{name}.rst"]
        assert page.count(equation) == 1
        assert page.index("<details>") < page.index(equation) < page.index("</details>")
        assert page.count('<div class="equations">') == 1
    assert "Integrated exactly with currents" in pages["models/LIF.rst"]  # the rest of what the docstring says
    assert "``dv/dt = (g_l*(v_rest - v) + g_l*delta_t*exp(" in pages["models/AdEx.rst"]  # is easier to read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dv/dt = (v_rest - v)/tau_m", ["<mi>d</mi><mi>t</mi>", "<msub>", "<mfrac>", "<mi>τ</mi>"]),
        ("w += b", ["<mi>w</mi>", "<mo>←</mo>", "<mi>b</mi>"]),
        ("v >= v_th and not quiet", ["<mo>≥</mo>", "and", "not"]),
        ("x = 2*exp(-y)*3", ["<msup><mi>e</mi>", "<mo>·</mo>"]),
        ("x = a if v > 1e-9 else sqrt(abs(b))", ["if", "otherwise", "<msqrt>", "<mn>10</mn>"]),
        ("x = a*(b + c)", ["<mo>(</mo>"]),
        ("x = (a*b) + c", ["<mi>a</mi>"]),
    ],
)
def test_statements_are_drawn(extension, text, words):
    drawn = extension("mathml").inline(text)
    ET.fromstring(drawn)
    assert all(word in drawn for word in words)
    assert ("<mo>(</mo>" in drawn) == ("*(" in text)


def test_letters_of_docstrings_are_protected(extension):
    as_rst = extension("docstrings").as_rst
    assert as_rst("a*b and ``a*b``, see doi:10.1000/182.") == (
        r"a\*b and ``a*b``, see `doi:10.1000/182 <https://doi.org/10.1000/182>`__."
    )
    assert as_rst(">>> 2 * 3\n6") == ">>> 2 * 3\n6"
    noted = extension("docstrings").with_notes("What.\n\nParameters\n----------\na : float\n    First.\n\nMore of it.")
    assert noted.rstrip().endswith("Notes\n-----\nMore of it.")


@pytest.mark.parametrize(
    ("formula", "there", "not_there"),
    [
        (r"\tau \ln p", "</mi><mspace", "<mi>ln</mi><mi>"),
        (r"\tanh(x)", "<mi>tanh</mi><mo>&#x2061;</mo><mo", "<mspace"),
        (
            r"\text{erfc} \sqrt n",
            '<mtext>erfc</mtext><mo>&#x2061;</mo><mspace width="0.17em"/><msqrt>',
            "<mtext>erfc</mtext><msqrt>",
        ),
        (r"\log_2 p", '<mn>2</mn></msub><mo>&#x2061;</mo><mspace width="0.17em"/>', "</msub><mi>"),
    ],
)
def test_names_of_functions_do_not_touch_their_arguments(extension, formula, there, not_there):
    pytest.importorskip("latex2mathml")
    drawn = extension("formulas").drawn(formula)
    ET.fromstring(drawn)
    assert there in drawn
    assert not_there not in drawn


def test_parts_of_a_formula_may_stand_below_each_other(extension):
    pytest.importorskip("latex2mathml")
    block_of = extension("formulas").block_of
    assert block_of(r"a = b, \qquad c = d").count("<math") == 2
    assert block_of(r"\begin{aligned} a &= b, \qquad c = d \end{aligned}").count("<math") == 1
