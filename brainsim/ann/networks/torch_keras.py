"""Reads PyTorch's and Keras's models into a list of (W, b), without importing either.

Only a chain is read, `Sequential` within `Sequential`: what any other module does with its layers - skip a few, use one
twice, call functions between them - is written in its code, which weights and names of layers do not tell.
"""

import numpy as np

from brainsim.ann.networks.layers import REFUSED, refuse_activation, refuse_layer

PASSED_OVER = {"flatten", "dropout", "identity", "inputlayer"}  # change no number of a flat sample at test time
SOFT_ENDS = {"softmax", "logsoftmax", "log_softmax"}  # leave the largest output the largest
TORCH_PARTS = PASSED_OVER | SOFT_ENDS | {"linear", "relu", "sigmoid"}
RELU_OPTIONS = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}  # of a ReLU of Keras
INSTEAD = (
    "give a torch.nn.Sequential of Linear, ReLU, Flatten and Dropout, or a list of (W, b), W of shape (inputs, "
    "outputs), with a ReLU after each but the last"
)


def is_torch(source):
    """Return whether it is a module of PyTorch."""
    return hasattr(source, "state_dict") and hasattr(source, "modules")


def is_keras(source):
    """Return whether it is a model of Keras."""
    return hasattr(source, "get_weights") and hasattr(source, "layers")


def torch_pairs(module):
    """Return the (W, b) of a ``torch.nn.Sequential``, W of shape (inputs, outputs).

    Parameters
    ----------
    module : torch.nn.Sequential
        Of Linear and ReLU, and of Flatten, Dropout and Identity, which are passed over; a softmax, or a sigmoid of one
        output, may stand at the end.

    Raises
    ------
    TypeError, ValueError
        If it is another module, or its parts are not a chain of fully connected layers and ReLUs.
    """
    steps = []
    for part in _torch_parts(module):
        name = type(part).__name__
        if name == "Linear":
            W = array(part.weight).T
            steps.append((W, np.zeros(W.shape[1]) if part.bias is None else array(part.bias)))
        elif name == "Dropout" and getattr(part, "training", False) and getattr(part, "p", 1.0) > 0:
            raise ValueError(
                "convert.source: is in training mode, in which Dropout silences units at random; call source.eval() first"
            )
        else:
            steps.append(name)
    return _chain(steps)


def _torch_parts(module):
    """Go through the parts of a Sequential in their order; a part that is there twice comes twice."""
    name = type(module).__name__
    if not type(module).__module__.startswith("torch."):
        raise TypeError(
            f"convert.source: cannot tell what the module {name} computes, since its forward may do anything "
            f"with its layers; {_way_out(module)}; else {INSTEAD}"
        )
    if getattr(module, "_forward_hooks", None) or getattr(module, "_forward_pre_hooks", None) or "forward" in vars(module):
        raise TypeError(
            f"convert.source: {name} has a hook, or a forward of its own, that may change what it computes; {INSTEAD}"
        )
    if name == "Sequential":
        for part in module:
            yield from _torch_parts(part)
        return
    if name.lower() not in TORCH_PARTS:
        refuse_layer(name, "convert.source")
    yield module


def _way_out(module):
    """Return what to type instead of a module with a forward of its own, if that is a plain chain of layers."""
    inner = [name for name, part in getattr(module, "_modules", {}).items() if type(part).__name__ == "Sequential"]
    if len(inner) == 1 and len(module._modules) == 1:
        return f"if it only calls its Sequential, give that: convert(model.{inner[0]}, ...)"
    return (
        "if it is a chain of Linear layers in the order in which __init__ makes them, with a ReLU after each but the "
        "last, give its weights: convert(model.state_dict(), ...)"
    )


def keras_pairs(model):
    """Return the (W, b) of a ``keras.Sequential``.

    Parameters
    ----------
    model : keras.Sequential
        Of Dense layers with relu, as their activation or as a layer behind them, and of Flatten, Dropout and InputLayer,
        which are passed over; the last is linear or has a softmax, or a sigmoid where it has one unit.

    Raises
    ------
    TypeError, ValueError
        If it is another model, or its layers are not a chain of fully connected layers and ReLUs.
    """
    return _chain(list(_keras_steps(model)))


def _keras_steps(model):
    if type(model).__name__ != "Sequential":
        raise TypeError(
            f"convert.source: cannot tell how the layers of a {type(model).__name__} model are joined; give a "
            "keras.Sequential of Dense layers, or its get_weights() if it is such a chain"
        )
    for layer in model.layers:
        name = type(layer).__name__
        if hasattr(layer, "layers"):
            yield from _keras_steps(layer)
        elif name == "Dense":
            W, *b = layer.get_weights()
            W = array(W)
            yield W, array(b[0]) if b else np.zeros(W.shape[1])
            yield _activation(layer)
        elif name == "Activation":
            yield _activation(layer)
        else:
            given = {option: getattr(layer, option, plain) for option, plain in RELU_OPTIONS.items() if name == "ReLU"}
            strange = [option for option, value in given.items() if value not in (RELU_OPTIONS[option], None)]
            if strange:
                raise ValueError(
                    f"convert.source: a ReLU must be max(z, 0) (got {strange[0]} = {given[strange[0]]}); train "
                    "with a plain one"
                )
            yield name


def _activation(layer):
    """Return the name of the activation of a layer, which Keras holds as a function, an object, a name or None."""
    given = getattr(layer, "activation", None)
    if given is None or isinstance(given, str):
        return given or "linear"
    return getattr(given, "__name__", None) or type(given).__name__


def _chain(steps):
    """Return the (W, b) among the steps of a network, after a check that a ReLU stands after each of them but the last.

    Parameters
    ----------
    steps : list of (W, b) and str
        Layers, and the names of what stands between them.
    """
    pairs, before, end = [], "", ""
    for one in steps:
        name = one.lower() if isinstance(one, str) else ""
        if name in PASSED_OVER | {"linear"}:
            continue
        if end:
            _refuse(end)
        if not name:
            if before == "layer":
                refuse_activation("identity")
            pairs.append(one)
            before = "layer"
        elif name == "relu":
            if not pairs:
                raise ValueError(
                    "convert.source: must begin with a fully connected layer (got a ReLU); leave it out, and "
                    "give samples >= 0"
                )
            before = "relu"
        else:
            end = one
    if before == "relu":
        raise ValueError(
            "convert.source: must end with a fully connected layer, whose outputs are read without a ReLU (got "
            "a ReLU at the end); leave it out"
        )
    if end and end.lower() not in SOFT_ENDS:
        units = np.shape(pairs[-1][0])[1] if pairs else 0
        if end.lower() not in REFUSED:
            _refuse(end)
        if end.lower() != "sigmoid" or units != 1:
            raise ValueError(
                "convert.source: outputs must be linear, or go through a softmax, or one output through a "
                f"sigmoid (got {end} of {units})"
            )
    return pairs


def _refuse(name):
    """Refuse a layer, or an activation, between two layers."""
    if name.lower() in REFUSED:
        refuse_activation(name.lower())
    refuse_layer(name, "convert.source")


def array(value):
    """Return a tensor of PyTorch, wherever it lies, or anything else as a float64 array."""
    for step in ("detach", "cpu"):
        value = getattr(value, step)() if hasattr(value, step) else value
    return np.asarray(value, dtype=np.float64)
