"""``brainsim page``: the network of a script or an example as one page that runs it in a browser."""

import runpy
from pathlib import Path

import brainsim as bs
from brainsim.commands.examples import example_names, find_example, summary_of
from brainsim.commands.running import DT, RUN_SEED, check_writable
from brainsim.core.files import HTML


def page_script(arguments):
    """Write the page of a script, or of an example."""
    script = arguments.script
    out = arguments.out or Path(f"{Path(script).stem}.html")
    check_page(out, "--out")
    options = {"seed": RUN_SEED if arguments.seed is None else arguments.seed}
    if script in example_names():
        example = find_example(script)
        if not hasattr(example, "build"):
            raise ValueError(f"{script}: is a page of pictures, and has no network that could run in a browser")
        write_example(script, example, {}, out, arguments.title, dt=arguments.dt, seconds=arguments.seconds, **options)
        return
    given = _run(script)
    network = _network_in(given, script)
    dt = DT if arguments.dt is None else arguments.dt
    title = arguments.title or Path(script).stem.replace("_", " ")
    controls, buttons = given.get("controls", ()), given.get("buttons", ())
    page = bs.page(network, out, controls, buttons, title=title, seconds=arguments.seconds, dt=dt, **options)
    print(f"{'page':<11} {page.file} ({page.nbytes / 1e3:,.0f} kB)")


def check_page(path, option):
    """Raise an error if a page cannot be written there."""
    if path.suffix.lower() not in HTML:
        raise ValueError(f"{option}: must end in .html (got {str(path)!r})")
    check_writable(None, path)


def write_example(name, example, chosen, path, title=None, dt=None, seed=RUN_SEED, seconds=None, precision="double"):
    """Write the page of an example; `chosen` are the options of its `build`."""
    network, _ = example.build(**chosen)
    dt = getattr(example, "DT", DT) if dt is None else dt
    precise = getattr(example, "PRECISE", False)
    said = ", ".join(f"{key} = {value}" for key, value in chosen.items())
    text = summary_of(name) + (f" Here with {said}." if said else "")
    shown = {"title": title or name.replace("_", " "), "text": text, "seconds": seconds}
    page = bs.page(network, path, **shown, dt=dt, seed=seed, precision=precision, precise=precise)
    print(f"{'page':<11} {page.file} ({page.nbytes / 1e3:,.0f} kB)")


def _run(script):
    """Return the names that a script defines."""
    if not Path(script).is_file():
        raise FileNotFoundError(f"there is neither a script nor an example {script!r}")
    return runpy.run_path(script, run_name="__page__")


def _network_in(given, script):
    """Return the network of a script: the one of its variables, or what its function `build` returns first."""
    found = {id(value): (name, value) for name, value in given.items() if isinstance(value, bs.Network)}
    if len(found) > 1:
        names = ", ".join(name for name, _ in found.values())
        raise ValueError(f"{script}: has several networks ({names}); delete all but one at its end")
    if found:
        return next(iter(found.values()))[1]
    if callable(given.get("build")):
        built = given["build"]()
        network = built[0] if isinstance(built, tuple) else built
        if isinstance(network, bs.Network):
            return network
    raise ValueError(f"{script}: has no variable that is a bs.Network, and no function build that returns one")
