"""Models in NESTML, the language of NEST, as classes of cells and rules: ``bs.nestml.read("model.nestml")``.

Files are parsed by pynestml: ``pip install nestml``.
"""

from __future__ import annotations

from os import PathLike
from typing import Any

import brainsim as bs
from brainsim.core.doors import optional

__all__ = ["read"]


def read(
    path: str | PathLike[str], model: str = "", *, method: str = "", substeps: int = 1, post: str = "", modulator: str = ""
) -> Any:
    """Return a model of a file as a class: of `Neuron`, or of `Plasticity` if its ``emit_spike(w)`` has a weight.

    A class of cells is used like any other. The potential is called ``v``, continuous input is ``I``, and each port that
    receives spikes is an attribute, which ``connect`` takes as `synapse`. Weights are numbers without a unit, and are above
    0 at an inhibitory port too. Values are in ms, mV, pA, nS, pF and Hz; those of other units are converted.

    Parameters
    ----------
    path : str or path
        The file.
    model : str, optional
        Which model of the file; not needed if there is one.
    method : str, optional
        The method of integration, see `Neuron`; by default ``"accurate"``: that of linear equations is exact, that of cells
        with channels ``"exponential_strang"``, and that of all others ``"rk4"``.
    substeps : int, default 1
        Parts into which the method divides a step; in each of them a cell may fire.
    post, modulator : str, optional
        Of a synapse: which port receives spikes of the target, and which of modulating cells. By default, those whose names
        begin with ``post`` and ``mod``.

    Raises
    ------
    EquationError
        At what is wrong, or cannot be translated, with the name of the file and the line.
    ImportError
        Without pynestml: ``pip install nestml``.

    Examples
    --------
    >>> import brainsim as bs
    >>> Cell = bs.nestml.read("iaf_psc_exp_neuron.nestml")  # doctest: +SKIP
    >>> cells = bs.Population(100, Cell(C_m=200.0), name="cells")  # doctest: +SKIP
    >>> net = bs.Network(seed=1)  # doctest: +SKIP
    >>> net.connect(cells, cells, bs.FixedIndegree(10), weight=50.0, delay=1.5, synapse=Cell.exc_spikes)  # doctest: +SKIP

    References
    ----------
    Plotnikov et al. (2016), NESTML: a modeling language for spiking neurons, https://nestml.readthedocs.io.
    """
    optional("pynestml", "bs.nestml.read")
    from pynestml.utils.ast_utils import ASTUtils

    from brainsim.nestml.neurons import make_neuron
    from brainsim.nestml.parsing import File
    from brainsim.nestml.plasticity_rules import make_rule

    file = File(path)
    if model not in file.models and (model or len(file.models) > 1):
        message = f"has the models {', '.join(map(repr, file.models))}; write one of them as model= (got {model!r})"
        raise bs.EquationError(file.name, message)
    tree = file.models[model or next(iter(file.models))]
    try:
        if any(call.get_args() for call in ASTUtils.get_function_call(tree, "emit_spike")):
            return make_rule(file, tree, {"post": post, "mod": modulator})
        return make_neuron(file, tree, method, substeps)
    except bs.EquationError as error:
        if str(error).startswith(file.name):
            raise
        raise bs.EquationError(file.name, f"is not what a class can say: {error}") from None
