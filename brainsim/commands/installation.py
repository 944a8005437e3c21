"""``brainsim info`` and ``brainsim warmup``: what is installed, and compiling in advance."""

import contextlib
import importlib.metadata
import platform
import time
from pathlib import Path

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "matplotlib", "tqdm")


def show_info(arguments):
    """Print versions, processors, memory and the cache of kernels."""
    from brainsim.core.machine import free_memory, processors
    from brainsim.features.estimates.table import in_words
    from brainsim.jit import shipped
    from brainsim.jit.cache import cache_folder, user_cache

    free, cores = free_memory(), processors()
    print(f"{'brainsim':<11} {version('brainsim')} in {Path(__file__).parents[1]}")
    print(f"{'python':<11} {platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        print(f"{package:<11} {version(package)}")
    print(f"{'processors':<11} {cores}")
    print(f"{'threads':<11} by default {cores} if a network is large enough, else 1; --threads N uses at most N")
    print(f"{'':<11} these are threads of brainsim, which sleep during long waits (no OpenMP or TBB is needed)")
    print(f"{'memory':<11} {'unknown' if free is None else in_words(free)} free")
    if brought := sum(1 for _ in shipped.FOLDER.glob("*/*")):
        used = f"the code for {shipped.level()} is used" if shipped.level() else "none of them for this processor"
        print(f"{'built in':<11} {brought} compiled functions of the built-in models; {used}")
    folder, everything = cache_folder(), user_cache()
    if folder is None:
        print(f"{'cache':<11} none: there is no home folder; set BRAINSIM_CACHE_DIR to a folder to which only you can write")
        return
    print(f"{'cache':<11} {folder}")
    print(f"{'':<11} {len(list_compiled())} compiled functions, {in_words(_size(folder))}")
    print(f"{'':<11} all versions in {everything}: {in_words(_size(everything))}; may be deleted at any time")


def version(package):
    """Return the version of an installed package as text."""
    if package == "brainsim":
        import brainsim

        return brainsim.__version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _size(folder):
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # another process may have deleted it meanwhile
            size += path.stat().st_size if path.is_file() else 0
    return size


def list_compiled():
    """Return the names of the compiled functions in the cache."""
    from brainsim.jit.cache import SUFFIX, cache_folder

    return set() if cache_folder() is None else {path.name for path in cache_folder().glob(f"*{SUFFIX}")}


def warm_up(arguments):
    """Compile the built-in kernels: tiny networks of all examples, of each neuron with each synapse, and of all rules."""
    from brainsim.commands.warmup import tiny_networks

    networks = tiny_networks()
    print(f"{len(networks)} tiny networks, 1 to 3 s each; after Ctrl-C everything compiled so far is kept", flush=True)
    began, before = time.perf_counter(), list_compiled()
    for count, (name, make) in enumerate(networks.items(), 1):
        print(f"{count:>{len(str(len(networks)))}}/{len(networks)} {name:<44} ", end="", flush=True)
        start, known = time.perf_counter(), len(list_compiled())
        run_tiny(*make())
        new = len(list_compiled()) - known
        print(f"{time.perf_counter() - start:5.1f} s  {f'{new} compiled' if new else 'already compiled'}", flush=True)
    new = len(list_compiled() - before)
    took = f"{time.perf_counter() - began:.1f} s"
    print(f"{new} functions compiled in {took}" if new else f"all {len(before)} functions were already compiled ({took})")


def run_tiny(network, options):
    """Run a network for 1 ms."""
    import brainsim as bs

    bs.simulate(network, 1.0, seed=1, threads=1, progress=False, **options)
