"""``brainsim info`` and ``brainsim warmup``: what is installed, and compiling ahead."""

import importlib.metadata
import platform
import time
from pathlib import Path

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "matplotlib", "tqdm")


def show_info(arguments):
    """Print versions, processors, memory and the cache of kernels."""
    from brainsim.network.limits import free_memory, processors
    from brainsim.network.memory import in_words
    from brainsim.numbers.jit import cache_folder, user_cache

    free, cores = free_memory(), processors()
    print(f"{'brainsim':<11} {version('brainsim')} in {Path(__file__).parents[1]}")
    print(f"{'python':<11} {platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        print(f"{package:<11} {version(package)}")
    print(f"{'processors':<11} {cores}")
    print(f"{'threads':<11} by default {cores} where a network is large enough, else 1; --threads N takes at most N")
    print(f"{'':<11} own threads, which sleep where they wait for long (no OpenMP/TBB layer needed)")
    print(f"{'memory':<11} {'unknown' if free is None else in_words(free)} free")
    print(f"{'cache':<11} {cache_folder()}")
    print(f"{'':<11} {len(compiled())} compiled functions, {in_words(_size(cache_folder()))}")
    print(f"{'':<11} all versions in {user_cache()}: {in_words(_size(user_cache()))}; it may be deleted at any time")


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
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def compiled():
    """Return the files of machine code that are there for this state of the sources."""
    from brainsim.numbers.jit import cache_folder

    return set(cache_folder().rglob("*.nbc"))


def warm_up(arguments):
    """Compile the built-in kernels: tiny versions of all examples, of all models and synapses, and of all rules."""
    from brainsim.warmup import tiny_networks

    began, before = time.perf_counter(), compiled()
    for name, network, traces in tiny_networks():
        print(f"{name:<34} ", end="", flush=True)
        start, known = time.perf_counter(), len(compiled())
        _run_tiny(network, traces)
        new = len(compiled()) - known
        what = f"{new} compiled" if new else "there already"
        print(f"{time.perf_counter() - start:5.1f} s  {what}", flush=True)
    new = len(compiled() - before)
    took = f"{time.perf_counter() - began:.1f} s"
    print(f"{new} functions compiled in {took}" if new else f"all was there already, {len(before)} functions ({took})")


def _run_tiny(network, traces):
    import brainsim as bs

    bs.simulate(network, 1.0, seed=1, record=traces, threads=1, progress=False)
