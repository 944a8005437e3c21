"""LIF, AdEx and GIF fitted to the first half of a recording, and what each predicts of the second.

A cell with ion channels, one of which opens slowly and makes it adapt, gets a current that varies at random, and its
potential is recorded with noise; or ``--file`` names your own recording (`bs.read_recording` says which files). LIF and AdEx
are searched by the distance of van Rossum, which needs ``pip install cmaes``; a GIF, which also needs the potential, is
fitted by its likelihood. The second half of the recording, which no fit has seen, says which model does what the cell did.
The cell that is made up has no noise within, so a GIF, which fires at random, coincides with it less than it could.
Gamma, the share of spikes that coincide beyond chance: Jolivet et al. (2008), doi:10.1016/j.jneumeth.2007.11.006; GIF:
Pozzorini et al. (2015), doi:10.1371/journal.pcbi.1004275.
"""

import functools

import numpy as np

import brainsim as bs

DURATION = 10_000.0  # ms
OPTIONS = {"file": ""}
SMALL = {"seconds": 2.0, "generations": 2}
REPEATS = 20  # of the GIF, which fires at random

HOLDS, MEAN, DEVIATION = 5.0, 350.0, 350.0  # of the current: ms for each value; pA
NOISE, ABOVE = 0.3, -20.0  # mV: of the recorded potential; where it is a spike

# bounds of what is searched
BOTH = {"c_m": (20.0, 1000.0, "log"), "v_rest": (-80.0, -55.0), "v_th": (-60.0, -35.0), "drop": (2.0, 40.0)}
FREE = {
    "LIF": BOTH | {"tau_m": (3.0, 50.0, "log")},
    "AdEx": BOTH | {"g_l": (2.0, 100.0, "log"), "a": (0.0, 20.0), "b": (0.0, 200.0), "tau_w": (20.0, 300.0, "log")},
}
TIED = {"v_reset": "v_th - drop"}
MODELS = {"LIF": bs.LIF(t_ref=2.0), "AdEx": bs.AdEx(t_ref=2.0)}


class Adapting(bs.TraubMiles):
    """With a potassium current that opens slowly, so that it fires less and less often."""

    equations = (
        bs.TraubMiles.equations.replace("+ I)", "+ g_m*p*(e_k - v) + I)") + "    dp/dt = (sigmoid((v + 35)/10) - p)/tau_p\n"
    )
    g_m: float = bs.parameter(60.0, "nS", "conductance of the slow current", at_least=0.0)
    tau_p: float = bs.parameter(100.0, "ms", "how slowly it opens and closes", above=0.0)
    p: float = bs.initial(0.0, "", "its open part")


@functools.lru_cache(maxsize=2)
def recording(file="", seconds=10.0, seed=1, dt=0.1):
    """Return what is fitted, as `bs.read_recording` does: of a file, or of a cell that is made up."""
    if file:
        return bs.read_recording(file, dt=dt)
    rng = np.random.default_rng(seed)
    values = MEAN + DEVIATION * rng.standard_normal(round(1000.0 * seconds / HOLDS))
    current = np.repeat(values, round(HOLDS / dt))
    cell = bs.Population(1, Adapting(v_t=-55.0, e_l=-70.0), name="cell")
    net = bs.Network(seed=seed)
    net.stimulate(cell, bs.CurrentInput(bs.TimedArray(current, dt)))
    result = bs.simulate(net, 1000.0 * seconds, dt=dt, record=[bs.Trace(cell, "v")], progress=False)
    v = result.traces["cell", "v"].values[:-1, 0] + rng.normal(0.0, NOISE, current.size)
    return {"current": current, "dt": dt, "v": v, "spikes": result.spikes["cell"].times}


def lasts(file="", seconds=10.0, **_):
    """Return how long the recording is [ms]."""
    given = recording(file, seconds)
    return 0.1 * int(given["current"].size * given["dt"] / 0.1 + 1e-6)


def fitted(given, generations):
    """Fit the models to the first half of a recording, print what was found, and return them by name."""
    spikes = {name: given[name] for name in ("current", "dt", "spikes")}
    search = {"loss": "van rossum", "candidates": 32, "starts": 2, "generations": generations, "progress": False}
    fits = {name: bs.fit(model, **spikes, free=FREE[name], tied=TIED, **search) for name, model in MODELS.items()}
    fits |= {"GIF": bs.fit_gif(**given)} if "v" in given else {}
    print(*fits.values(), sep="\n")
    return {name: fit.model for name, fit in fits.items()}


def build(file="", seconds=10.0, generations=40, seed=1, dt=0.1):
    """Return the network of the fitted models under the recorded current, and their potentials.

    Parameters
    ----------
    file : str
        recording of your own, in csv, npz, NWB or what Neo reads; by default a cell is made up
    seconds : float
        How long the cell that is made up is recorded.
    generations : int
        Of the searches.
    seed : int
        Of the current and the noise of the cell that is made up.
    dt : float
        Time step [ms]; that of a file is changed to it.
    """
    given = recording(file, seconds, seed, dt)
    if "spikes" not in given:
        raise ValueError(
            f"fit: there is no spike in {file!r}: its potential stays below -20 mV; models are fitted to spikes"
        )
    net, traces = bs.Network(seed=seed), []
    net.add(bs.Population(1, bs.SpikeTrains([given["spikes"]]), name="recorded"))
    for name, model in fitted(given, generations).items():
        cells = bs.Population(REPEATS if name == "GIF" else 1, model, name=name)
        net.stimulate(cells, bs.CurrentInput(bs.TimedArray(given["current"], given["dt"])))
        traces.append(bs.Trace(cells[:1], "v"))
    return net, traces


def draw(result, window, file="", seconds=10.0, seed=1):
    """Return the figure of the models over the recording, with their scores in the second half."""
    from brainsim.examples._figures.fitted import fitted_figure

    return fitted_figure(result, recording(file, seconds, seed), window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (9000.0, DURATION)).savefig("fit.png")
