"""The command line: what each command prints and writes, and that every mistake is one line and exit code 2."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import brainsim as bs
from brainsim.commands import cli, running, warmup
from brainsim.commands.examples import example_names, find_example
from brainsim.engine.loop import progress
from brainsim.jit.cache import tell
from brainsim.models.catalogue import catalogue
from brainsim.models.inputs import Input
from brainsim.models.rules import Rule

MARKS = {"png": b"\x89PNG", "svg": b"<?xml"}


pytestmark = pytest.mark.usefixtures("folder")


def python(*arguments):
    """Run Python in a process of its own, which finds the brainsim of this one whether it is installed or not."""
    environment = os.environ | {"PYTHONPATH": str(Path(bs.__file__).parents[1])}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300, env=environment)


class TestRun:
    def test_says_what_happened_and_draws(self, folder, capsys):
        assert cli.main(["run", "single"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("single: One LIF cell")
        assert "building 1 cell ..." in out
        assert "Result: 800 ms" in out
        assert "real-time factor" in out
        assert "picture     single.png (0 to 800 ms)" in out
        assert (folder / "single.png").read_bytes().startswith(MARKS["png"])

    @pytest.mark.usefixtures("more_partitions")
    def test_saves_a_result_that_plot_draws(self, folder, capsys):
        run = ["run", "cuba", "--duration", "50", "--seed", "7", "--threads", "2", "--no-plot", "--save", "a.npz"]
        assert cli.main(run) == 0
        result = bs.Result.load("a.npz")
        assert (result.duration, result.seed, result.stats["network_seed"], result.stats["threads"]) == (50.0, 7, 7, 2)
        assert [path.name for path in folder.iterdir()] == ["a.npz"]
        assert cli.main(["plot", "a.npz", "--window", "10", "30"]) == 0
        assert "picture     a.png (10 to 30 ms)" in capsys.readouterr().out
        assert cli.main(["plot", "a.npz", "--out", "b.svg"]) == 0
        assert (folder / "b.svg").read_bytes().startswith(MARKS["svg"])

    @pytest.mark.thorough
    def test_an_ending_of_films_makes_a_film(self, folder, capsys, monkeypatch):
        from PIL import Image

        from brainsim.examples import sheet

        build = sheet.build
        monkeypatch.setattr(sheet, "build", lambda **options: build(side=20, **options))
        assert cli.main(["run", "sheet", "--duration", "30", "--out", "a.gif", "--save", "a.npz"]) == 0
        assert "film        a.gif (0 to 30 ms)" in capsys.readouterr().out
        assert Image.open("a.gif").n_frames == 10  # a frame every 3 ms
        asked = []
        monkeypatch.setattr("brainsim.plot.animate", lambda result, path, window: asked.append((path, window)))
        assert cli.main(["plot", "a.npz", "--out", "b.gif", "--window", "10", "12"]) == 0
        assert asked == [(Path("b.gif"), (10.0, 12.0))]

    def test_says_if_fewer_threads_run_than_were_requested(self, more_partitions, monkeypatch, capsys):
        from brainsim.engine.simulation import settings

        run = ["run", "single", "--threads", "3", "--no-plot"]
        cli.main(run)
        assert "threads     3\n" in capsys.readouterr().out
        with monkeypatch.context() as patch:  # which is over before that of `more_partitions`
            patch.setattr(settings, "most_partitions", lambda: 1)
            cli.main(run)
        assert "threads     1 (3 requested, but there are no more processors)" in capsys.readouterr().out

    def test_gives_the_spikes_of_the_script(self):
        from brainsim.examples import single

        cli.main(["run", "single", "--no-plot", "--save", "a.npz"])
        network, traces = single.build()
        assert bs.Result.load("a.npz").spikes["cell"] == bs.simulate(network, single.DURATION, seed=2).spikes["cell"]

    def test_takes_the_options_of_the_example(self, monkeypatch, capsys):
        from brainsim.examples import balanced

        build, asked = balanced.build, []
        monkeypatch.setattr(balanced, "build", lambda **chosen: asked.append(chosen) or build(n=500, **chosen))
        assert cli.main(["run", "balanced", "--duration", "20", "--state", "SR", "--no-plot"]) == 0
        assert cli.main(["run", "--dt", "0.5", "balanced", "--duration", "20", "--no-plot", "--seed", "3"]) == 0
        assert asked == [{"state": "SR"}, {"seed": 3}]
        assert "500 cells and 625,000 synapses" in capsys.readouterr().out

    def test_takes_texts_as_options_and_a_duration_that_follows_from_them(self, monkeypatch, capsys):
        from brainsim.examples import single, speech

        monkeypatch.setattr(speech, "build", lambda **chosen: print("asked", chosen) or single.build())
        monkeypatch.setattr(speech, "lasts", lambda data="words", **_: 7.0 if data == "vowels" else 5.0)
        run = ["run", "speech", "--no-plot"]
        assert cli.main([*run, "--data", "vowels"]) == 0
        assert cli.main(run) == 0
        assert cli.main([*run, "--duration", "3"]) == 0
        text = capsys.readouterr().out
        assert "asked {'data': 'vowels'}" in text
        assert [f"Result: {n} ms" in text for n in (7, 5, 3)] == [True] * 3

    @pytest.mark.parametrize("name", [name for name in example_names() if hasattr(find_example(name), "OPTIONS")])
    def test_explains_the_options_of_the_example(self, name, capsys):
        with pytest.raises(SystemExit):
            cli.main(["run", name, "--help"])
        _, _, text = capsys.readouterr().out.partition(f"options of {name}:\n")
        for option in find_example(name).OPTIONS:
            explained = re.search(rf"--{option.replace('_', '-')} .*?(?=\n  --|$)", text, re.DOTALL)[0]
            assert len(explained.split()) > 5, explained
        if name == "fly":
            assert "--data TEXT folder with the files of a mapped brain; by default the brain is" in " ".join(text.split())

    def test_takes_numbers_and_flags_as_options(self, monkeypatch, folder):
        from brainsim.examples import microcircuit

        build, asked = microcircuit.build, []
        monkeypatch.setattr(microcircuit, "build", lambda **chosen: asked.append(chosen) or build(**chosen))
        run = ["run", "microcircuit", "--scale", "0.01", "--k-scale", "1e-2", "--duration", "5", "--threads", "1"]
        assert cli.main([*run, "--thalamus"]) == 0
        assert cli.main([*run, "--background", "dc", "--no-plot"]) == 0
        small = {"scale": 0.01, "k_scale": 0.01}
        assert asked == [small | {"thalamus": True}, small | {"background": "dc"}]

    def test_draws_what_the_example_draws(self, folder, monkeypatch):
        from brainsim.examples import single

        def draw(result, window):
            seen.append(window)
            return bs.plot.overview(result)

        seen = []
        monkeypatch.setattr(single, "draw", draw, raising=False)
        assert cli.main(["run", "single"]) == 0
        assert seen == [(0.0, 800.0)]
        assert (folder / "single.png").exists()

    def test_says_before_it_compiles(self, monkeypatch, capsys):
        """Once, also if there are functions of other networks in the cache."""

        def simulated(*arguments, **settings):
            for _ in range(2):
                tell()
            return as_ever(*arguments, **settings)

        as_ever = running.simulate_example
        monkeypatch.setattr(running, "simulate_example", simulated)
        cli.main(["run", "single", "--no-plot"])
        assert capsys.readouterr().out.count("compiling the functions of 1 model, once for this version ...\n") == 1
        tell()
        assert capsys.readouterr().out == ""

    def test_ctrl_c_keeps_and_draws_what_there_is(self, folder, monkeypatch, capsys):
        show = lambda self, done: signal.raise_signal(signal.SIGINT) if self._unit == "ms" else None  # noqa: E731
        monkeypatch.setattr(progress.Watch, "show", show)
        assert cli.main(["run", "single", "--save", "a.npz"]) == 130
        shown = capsys.readouterr()
        assert "brainsim: warning: stopped by Ctrl-C" in shown.err
        assert 0.0 < bs.Result.load("a.npz").duration < 800.0
        assert (folder / "single.png").exists()

    def test_ctrl_c_before_there_is_anything(self, monkeypatch, capsys):
        def pressed(network):
            raise KeyboardInterrupt

        monkeypatch.setattr(running, "_announce", pressed)
        assert cli.main(["run", "single"]) == 130
        assert capsys.readouterr().err == "brainsim: stopped\n"


@pytest.mark.parametrize(
    ("duration", "wanted", "as_planned", "drawn"),
    [
        (1000.0, (800.0, 1000.0), True, (800.0, 1000.0)),
        (3000.0, (800.0, 1000.0), False, (2800.0, 3000.0)),
        (100.0, (800.0, 1000.0), False, (0.0, 100.0)),
        (1500.0, None, True, (0.0, 1500.0)),
        (60_000.0, None, True, (59_000.0, 60_000.0)),
    ],
)
def test_a_long_run_is_drawn_in_part(duration, wanted, as_planned, drawn):
    result = bs.Result(spikes={}, duration=duration, dt=0.1, seed=1)
    assert running._window(result, wanted, as_planned) == drawn


MISTAKES = {
    "run balancd": "there is no example 'balancd'; did you mean 'balanced'?",
    "run balancd --state AI": "did you mean 'balanced'?",
    "run": "NAME; see brainsim run --help",
    "run single --stat AI": "unrecognized arguments: --stat AI; single has no options of its own, and those of all",
    "run cuba --state SR": "--state SR; cuba has no options of its own; --state is one of balanced",
    "run single --shuffled": "--shuffled; single has no options of its own; --shuffled is one of fly, larva, worm",
    "run balanced --thalamo": "balanced has the options --state, and those of all examples: brainsim run --help",
    "run balanced --thalamus": "balanced has the options --state; --thalamus is one of microcircuit",
    "run single --durration 5": "unrecognized arguments: --durration 5; did you mean '--duration'?",
    "runn balanced": "there is no command 'runn'; did you mean 'run'?",
    "run balanced --state IA": "invalid choice: 'IA'",
    "run microcircuit --scale large": "--scale: must be a number (got large)",
    "run microcircuit --scale 0": "microcircuit.scale: must be > 0 and finite (got 0.0)",
    "run microcircuit --scale 0.01 --k-scale nan": "microcircuit.k_scale: must be > 0 and finite (got nan)",
    "run microcircuit --background noise": "invalid choice: 'noise'",
    "run image --data digts": "image --data: must be digits, mnist5k, or mnist.npz or a folder of yours (got 'digts')",
    "run speech --data wrds": "speech --data: must be words, vowels, digits, or a folder or file of yours (got 'wrds')",
    "run single --thalamus": "unrecognized arguments: --thalamus",
    "run single --duration -1": "--duration: must be > 0 ms (got -1)",
    "run single --duration nan": "--duration: must be > 0 ms (got nan)",
    "run single --duration soon": "must be a number of ms (got soon)",
    "run single --dt 0": "--dt: must be > 0 ms (got 0)",
    "run single --dt 0.3 --no-plot": "must be a multiple of dt = 0.3 ms",
    "run single --duration 0.05": "--duration: must be a multiple of dt = 0.1 ms (got 0.05 ms)",
    "run single --threads 0": "--threads: must be >= 1 (got 0)",
    "run single --threads 300": "--threads: must be <= 256 (got 300)",
    "run single --threads 1.5": "--threads: must be a whole number (got 1.5)",
    "run single --seed -1": "--seed: must be >= 0 (got -1)",
    "sweep single --over rate=1,2 --seeds 0": "--seeds: must be >= 1 (got 0)",
    "sweep single --over rate=1,2 --workers 0": "--workers: must be >= 1 (got 0)",
    "verify --seed -1": "--seed: must be >= 0 (got -1)",
    "verify --minutes 0": "--minutes: must be > 0 minutes (got 0)",
    "page single --seed -1": "--seed: must be >= 0 (got -1)",
    "run single --seed x": "--seed: must be a whole number (got x)",
    "run single --out missing/a.png": "there is no folder 'missing' for 'a.png'",
    "run single --save missing/a.npz": "there is no folder 'missing' for 'a.npz'",
    "run single --save run.npz": "--save: 'run.npz' exists; --overwrite replaces it",
    "run single --out .": "is a folder",
    "run single --save /dev/null": "is a device or a pipe",
    "run single --save a.csv": "--save: must end in .h5, .npz, .nwb or .parquet (got 'a.csv')",
    "run single --rates a.csv": "--rates: single has no table of rates; examples of mapped brains have one: fly and larva",
    "run worm --rates a.csv": "--rates: worm has no table of rates",
    "run larva --rates a.txt": "--rates: must end in .csv (got 'a.txt')",
    "run larva --rates missing/a.csv": "--rates: there is no folder",
    "run larva --rates run.csv": "--rates: 'run.csv' exists; --overwrite replaces it",
    "run single --out a.docx": "must end in one of",
    "run single --out missing/a.gif": "there is no folder 'missing' for 'a.gif'",
    "run single --out a.png --no-plot": "not allowed with argument",
    "run tour --duration 5": "--duration: tour writes a page, with the options --seed and --out only",
    "run tour --dt 0.1": "--dt: tour writes a page",
    "run tour --threads 2": "--threads: tour writes a page",
    "run tour --no-plot": "--no-plot: tour writes a page",
    "run tour --save a.npz": "--save: tour writes a page",
    "run tour --rates a.csv": "--rates: tour writes a page",
    "run tour --out a.png": "--out: must end in .html, since tour writes a page (got 'a.png')",
    "run tour --out missing/a.html": "there is no folder 'missing' for 'a.html'",
    "run single --page a.png": "--page: must end in .html (got 'a.png')",
    "run tour --page a.html": "--page: tour writes a page",
    "page missing.py": "there is neither a script nor an example 'missing.py'",
    "page single --out missing/a.html": "there is no folder 'missing' for 'a.html'",
    "page tour": "tour: is a page of pictures, and has no network",
    "plot missing.npz": "there is no file 'missing.npz'",
    "run fly --trials 2.5": "--trials: must be a whole number (got 2.5); see brainsim run --help",
    "run fly --cells 1000 --silence 12345": "'Synthetic brain (made up): 1,000 cells, 109,000 edges' has no cell '12345'",
    "run larva --cells 1000 --active class3=ORN": "there is no annotation 'class3'",
    "run larva --data text.npz": "'text.npz' is a file; give the folder in which the files are",
    "run worm --silence AVAX": "has no cell 'AVAX'",
    "plot text.npz": "'text.npz' is not a readable brainsim result",
    "plot": "FILE.npz",
    "plot run.npz --window 9 8": "window",
    "models LIFF": "there is no model 'LIFF'; did you mean 'LIF'?",
    "models normalisation": "'normalisation' is not a model with equations of its own; in Python, help(bs.Normalisation)",
    "models qwerty": "there is no model 'qwerty'; `brainsim models` lists them",
    "models LIF Delta": "unrecognized arguments: Delta",
    "models FixedIndegree --out a.png": "--out: draws neurons, synapses and plasticity; FixedIndegree has no picture",
    "view cuba.png": "'cuba.png' is a picture, not a result; a result is written by brainsim run --save",
    "dance": "there is no command 'dance'; available: run, list",
    "": "COMMAND",
}


OPTIONS = {
    "copy": "--out",
    "sweep": "--over --seeds --duration --workers --to --out --overwrite --no-plot",
    "models": "--out",
    "plot": "--out --window",
    "view": "--out --open",
    "page": "--out --title --dt --seed --seconds",
    "convert": "--overwrite",
    "verify": "--seed --minutes --report --overwrite",
}


@pytest.mark.parametrize("command", OPTIONS)
def test_each_option_is_there(command, capsys):
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    assert set(re.findall(r"^  (--[\w-]+)", capsys.readouterr().out, re.MULTILINE)) == set(OPTIONS[command].split())


def test_what_a_command_does_by_default():
    parser, _ = cli._parser(["verify"])
    verify = parser.parse_args(["verify"])
    assert (verify.seed, verify.minutes, verify.report, verify.overwrite) == (1, 1.0, None, False)
    sweep = parser.parse_args(["sweep", "single", "--over", "current=1,2", "--seeds", "1", "--workers", "1"])
    assert (sweep.seeds, sweep.workers, sweep.to, sweep.out) == (1, 1, None, None)
    assert parser.parse_args(["verify", "--seed", "0"]).seed == 0


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(line, folder, capsys):
    for name in ("text.npz", "run.csv"):
        (folder / name).write_text("no archive")
    if "run.npz" in line:
        spikes = {"a": bs.Spikes([1.0], [0], 1, 10.0, name="a")}
        bs.Result(spikes=spikes, duration=10.0, dt=0.1, seed=1).save("run.npz")
    try:
        code = cli.main(line.split())
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    assert code == 2
    assert MISTAKES[line] in shown.err
    assert "Traceback" not in shown.err
    assert len(shown.err.splitlines()) == 1
    assert "building" not in shown.out
    assert not list(folder.glob("*.png"))


SCRIPT = """
import brainsim as bs
cells = bs.Population(2, bs.LIF(), name="cells")
net = bs.Network(seed=1)
drive = bs.CurrentInput(400.0)
net.stimulate(cells, drive)
controls = [bs.Control(drive, "amplitude", 0.0, 800.0, steps=5)]
if __name__ == "__main__":
    raise SystemExit("it does not run")
"""


class TestOthers:
    def test_list_is_a_line_for_each_example(self, capsys):
        assert cli.main(["list"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert sorted(line.split()[0] for line in lines if line.startswith(" ")) == cli.example_names()
        assert {"balanced", "coba", "cuba", "single", "synfire"} <= set(cli.example_names())
        assert max(map(len, lines)) <= 125

    def test_models_is_a_line_for_each_model(self, capsys):
        assert cli.main(["models"]) == 0
        lines = capsys.readouterr().out.splitlines()
        named = [line.split()[0] for line in lines if line.startswith("  ")]
        assert not [line for line in lines if "..." in line]  # nothing is cut in mid-thought
        bases = (bs.Neuron, bs.Synapse, bs.Coupling, bs.Plasticity, bs.RatePlasticity, Input, Rule)
        models = {n: kind for n in bs.__all__ if isinstance(kind := getattr(bs, n), type) and kind not in bases}
        assert sorted(named) == sorted(n for n, kind in models.items() if issubclass(kind, bases))
        assert {"LIF", "Delta"} <= set(named)
        assert max(map(len, lines)) <= 125

    def test_models_have_their_units_in_the_list(self, capsys):
        cli.main(["models"])
        rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
        units = {
            "AdEx": "v [mV], w [pA]",
            "HodgkinHuxley": "v [mV], m h n [1]",
            "neurons": "variables [unit]",
            "AlphaCharge": "w [pA*ms]",
            "GABAB": "w [1]",
            "synapses": "weight [unit]",
            "STDP": "x y",
            "plasticity": "variables",
        }
        for name, ends in units.items():
            assert rows[name].endswith(f"  {ends}")
        assert "Neuron of FitzHugh (1961) and Nagumo et al. (1962)  " in rows["FitzHughNagumo"]
        assert "neuron with an adaptive threshold  " in rows["MihalasNiebur"]

    def test_a_model_is_found_in_any_case(self, capsys):
        names = list(catalogue())
        assert len({name.casefold() for name in names}) == len(names)
        for written in ("adex", "ADEX"):
            assert cli.main(["models", written]) == 0
            assert capsys.readouterr().out.startswith("AdEx\n")

    @pytest.mark.parametrize("name", catalogue())
    def test_the_page_of_a_model(self, name, capsys):
        assert cli.main(["models", name]) == 0
        page, model = capsys.readouterr().out, getattr(bs, name)
        assert page.startswith(f"{name}\n")
        for line in filter(None, map(str.strip, model.equations.splitlines())):
            assert line in page
        for key, spec in (model.parameters | model.initials).items():
            row = next(line for line in page.splitlines() if line.startswith(f"{key} ") and line.endswith(spec.meaning))
            assert (spec.unit or " 1 ") in row
            assert not isinstance(spec.default, float) or f" {spec.default:g} " in row
        assert max(map(len, page.splitlines())) <= 150

    def test_the_page_says_which_method_and_whence(self, capsys):
        cli.main(["models", "LIF"])
        page = capsys.readouterr().out
        assert "method      exact with currents, exponential_euler (order 2) with conductances" in page
        assert "    dv/dt = (v_rest - v)/tau_m + I/c_m" in page
        assert "threshold   v >= v_th" in page
        assert "doi:10.1007/s004220050570" in page
        cli.main(["models", "AlphaConductance"])
        assert "weight      w [nS]" in capsys.readouterr().out
        cli.main(["models", "STDP"])
        page = capsys.readouterr().out
        assert "on_pre      w = w - a_minus*w_max*y; x = x + 1" in page
        assert "bounds      0 <= w <= w_max" in page
        cli.main(["models", "GABAB"])
        assert "weight      w [1]" in capsys.readouterr().out

    def test_models_draws_one(self, capsys, tmp_path):
        assert cli.main(["models", "LIF", "--out", str(tmp_path / "lif.png")]) == 0
        assert capsys.readouterr().out.endswith("lif.png\n")
        assert (tmp_path / "lif.png").read_bytes().startswith(b"\x89PNG")
        assert cli.main(["models", "--out", str(tmp_path / "all.png")]) == cli.FAILED
        assert "--out: draws one model; give its name" in capsys.readouterr().err
        assert cli.main(["models", "LIF", "--out", str(tmp_path / "lif.xyz")]) == cli.FAILED
        assert "--out: must end in one of" in capsys.readouterr().err

    def test_info(self, capsys):
        assert cli.main(["info"]) == 0
        out = capsys.readouterr().out
        for word in ("brainsim", "python", "numba", "llvmlite", "processors", "threads of brainsim", "cache", "free"):
            assert word in out

    @pytest.mark.slow
    def test_warmup_says_when_all_was_there_already(self, capsys):
        assert cli.main(["warmup"]) == 0
        capsys.readouterr()
        assert cli.main(["warmup"]) == 0
        out = capsys.readouterr().out
        assert "were already compiled" in out
        assert "LIF with AlphaConductance" in out

    def test_warmup_knows_every_built_in_word(self):
        names = list(warmup.tiny_networks())
        networks = {name for name in cli.example_names() if hasattr(cli.find_example(name), "build")}
        assert len(networks) > 5
        assert networks <= set(names)
        assert {"STDP()", "STDP(pairing='reduced')", "ClopathSTDP(homeostatic=True)", "QuantalRelease()"} <= set(names)
        assert {"LIF with Delta", "LIF with Exponential", "LIF with ExponentialConductance", "AllToAll()"} <= set(names)
        assert {"LIF with Pulse", "AdEx with Delta", "Theta with Exponential"} <= set(names)
        assert {"AdEx with Pulse", "Theta with Delta"}.isdisjoint(names)  # which they cannot have

    @pytest.mark.thorough
    def test_warmup_computes_exact_times_where_an_example_does(self):
        assert warmup.tiny_networks()["timing"]()[1]["precise"]

    def test_every_network_of_warmup_can_be_built(self):
        for name, make in warmup.tiny_networks().items():
            if name not in cli.example_names():
                make()

    @pytest.mark.parametrize("arguments", ["['list']", "['--help']"])
    def test_loads_nothing_heavy_before_it_is_needed(self, arguments):
        code = f"""if True:
            import sys
            from brainsim.commands.cli import main
            try:
                main({arguments})
            except SystemExit:
                pass
            assert not {{'numpy', 'numba', 'scipy', 'matplotlib'}} & set(sys.modules)
        """
        done = python("-c", code)
        assert done.returncode == 0, done.stderr

    def test_page_of_a_script(self, folder, capsys):
        Path("two_cells.py").write_text(SCRIPT, encoding="utf-8")
        assert cli.main(["page", "two_cells.py"]) == 0
        assert "two_cells.html" in capsys.readouterr().out
        text = Path("two_cells.html").read_text(encoding="utf-8")
        assert "<title>two cells</title>" in text
        assert '"label":"CurrentInput->cells: amplitude"' in text
        Path("two_cells.py").write_text(f"{SCRIPT}\nother = bs.Network(seed=2)", encoding="utf-8")
        assert cli.main(["page", "two_cells.py"]) == 2
        assert "has several networks (net, other)" in capsys.readouterr().err

    @pytest.mark.thorough
    def test_page_of_an_example_says_what_was_chosen(self, folder, monkeypatch):
        given, file = [], SimpleNamespace(file="a.html", nbytes=1)
        monkeypatch.setattr(bs, "page", lambda *_, title, text, **__: given.append((title, text)) or file)
        assert cli.main(["page", "stdp_window"]) == 0
        assert cli.main(["page", "cuba", "--title", "Mine"]) == 0
        assert cli.main(["run", "cuba", "--small", "--no-plot", "--duration", "1", "--page", "a.html"]) == 0
        (words, _), (mine, whole), (_, small) = given
        assert words == "stdp window"
        assert mine == "Mine"
        assert small == f"{whole} Here with n = 200."

    def test_runs_as_a_module(self):
        done = python("-m", "brainsim", "--version")
        assert done.stdout == f"brainsim {bs.__version__}\n"

    def test_a_reader_that_leaves_is_not_an_error(self):
        close = "import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1)"
        code = f"{close}; from brainsim.commands.cli import main; main(['list'])"
        assert python("-c", code).stderr == ""


class TestCheckpoints:
    def test_resumed_run_is_the_whole_run(self, folder, capsys):
        run = ["run", "cuba", "--no-plot", "--seed", "3", "--checkpoint", "a.ckpt", "--resume"]
        assert cli.main([*run, "--duration", "10"]) == 0
        assert cli.main([*run, "--duration", "20", "--checkpoint-every", "30s", "--save", "a.npz"]) == 0
        assert cli.main(["run", "cuba", "--no-plot", "--seed", "3", "--duration", "20", "--save", "b.npz"]) == 0
        assert bs.Result.load("a.npz").spikes == bs.Result.load("b.npz").spikes

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--resume"], "--resume: needs --checkpoint FILE"),
            (["--checkpoint-every", "1min"], "--checkpoint-every: needs --checkpoint FILE"),
            (
                ["--checkpoint", "a.ckpt", "--checkpoint-every", "soon"],
                "simulate.checkpoint_every: must be a number of seconds",
            ),
            (["--checkpoint", "there.ckpt"], "--checkpoint: there is a file 'there.ckpt'; --resume continues from it"),
            (["--checkpoint", "no/a.ckpt"], "simulate.checkpoint: there is no folder"),
        ],
    )
    def test_mistakes(self, folder, capsys, options, message):
        (folder / "there.ckpt").touch()
        assert cli.main(["run", "single", "--no-plot", *options]) == 2
        assert message in capsys.readouterr().err

    def test_example_that_is_steered(self, capsys):
        assert cli.main(["run", "reward", "--no-plot", "--checkpoint", "a.ckpt"]) == 2
        assert "--checkpoint: reward is steered while it runs" in capsys.readouterr().err

    @pytest.mark.skipif(not hasattr(signal, "SIGTERM") or sys.platform == "win32", reason="needs signals of POSIX")
    def test_sigterm_ends_with_status_75(self, folder, monkeypatch):
        monkeypatch.setattr(progress.Pace, "steps", lambda self, left: signal.raise_signal(signal.SIGTERM) or min(left, 50))
        with pytest.raises(SystemExit) as end:
            cli.main(["run", "single", "--no-plot", "--checkpoint", "a.ckpt"])
        assert end.value.code == 75
        assert (folder / "a.ckpt").exists()


def test_a_small_version_is_smaller(folder, capsys):
    """For a first look at an example that takes minutes."""
    assert cli.main(["run", "cuba", "--small", "--no-plot", "--duration", "5"]) == 0
    assert "200 cells" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["run", "fly", "--help"])
    assert "cells = 1000" in capsys.readouterr().out
