"""Reads models of PyTorch and Keras into a list of (W, b) without importing either.

Only chains are read, `Sequential` within `Sequential`. What other modules do with their layers, such as skip some, use one
twice or call functions between them, is in their code and cannot be inferred from weights and names of layers.
"""

import numpy as np

from brainsim.ann.networks.layers import (
    UNSUPPORTED,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    MaxPool2D,
    joined,
    reject_activation,
    reject_layer,
    relus_first,
)

NEUTRAL = {"flatten", "dropout", "identity", "inputlayer"}  # do not change a flat sample at test time
SOFT_ENDS = {"softmax", "logsoftmax", "log_softmax"}  # do not change which output is the largest
TORCH_PARTS = (
    NEUTRAL | SOFT_ENDS | {"linear", "relu", "sigmoid", "conv2d", "avgpool2d", "maxpool2d", "batchnorm1d", "batchnorm2d"}
)
# options of layers of PyTorch that must have these values, which are their defaults
PLAIN_OPTIONS = {
    "Conv2d": {"dilation": 1, "groups": 1, "padding_mode": "zeros"},
    "AvgPool2d": {"padding": 0, "ceil_mode": False, "divisor_override": None},
    "MaxPool2d": {"padding": 0, "ceil_mode": False, "dilation": 1, "return_indices": False},
}
RELU_OPTIONS = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}  # of a ReLU of Keras
INSTEAD = (
    "give a torch.nn.Sequential of Linear, Conv2d, AvgPool2d, MaxPool2d, BatchNorm, ReLU, Flatten and Dropout, or a list of "
    "(W, b), W of shape (inputs, outputs), with a ReLU after each but the last"
)


EXPORT = (
    "let PyTorch write what it computes for a sample x, a tensor with one row, torch.onnx.export(model, (x,), 'net.onnx'), "
    "and give 'net.onnx' (pip install onnx onnxscript)"
)


def is_torch(source):
    """Return whether it is a module of PyTorch."""
    return hasattr(source, "state_dict") and hasattr(source, "modules")


def is_keras(source):
    """Return whether it is a model of Keras."""
    return hasattr(source, "get_weights") and hasattr(source, "layers")


def torch_pairs(module, shape=None):
    """Return the (W, b) of a ``torch.nn.Sequential``, W of shape (inputs, outputs).

    It may have Linear, Conv2d, AvgPool2d, MaxPool2d, BatchNorm and ReLU, and Flatten, Dropout and Identity, which are
    skipped, and end with a softmax, or with a sigmoid if it has one output. `shape` is that of an image, (channels, height,
    width), or None. Raise TypeError or ValueError if it is not such a chain.
    """
    return chain(merged([_torch_step(part) for part in _torch_parts(module)], shape))


def _torch_step(part):
    """Return a part of a Sequential as a layer, or its name if it has no weights."""
    name = type(part).__name__
    for option, wanted in PLAIN_OPTIONS.get(name, {}).items():
        value = getattr(part, option, wanted)
        if value not in (wanted, (wanted, wanted)):
            raise ValueError(f"convert.source: {name} must have {option}={wanted!r} (got {value!r})")
    if (
        name in ("Dropout", "BatchNorm1d", "BatchNorm2d")
        and getattr(part, "training", False)
        and getattr(part, "p", 1.0) > 0
    ):
        does = "silences random units" if name == "Dropout" else "divides by statistics of the batch"
        raise ValueError(f"convert.source: the module is in training mode, in which {name} {does}; call source.eval() first")
    bias = None if getattr(part, "bias", None) is None else array(part.bias)
    if name == "Linear":
        return Dense(array(part.weight).T, bias)
    if name == "Conv2d":
        return Conv2D(array(part.weight), bias, _one(part, "stride"), _padding(part))
    if name in ("AvgPool2d", "MaxPool2d"):
        return (AvgPool2D if name == "AvgPool2d" else MaxPool2D)(_one(part, "kernel_size"), _one(part, "stride"))
    if name.startswith("BatchNorm"):
        if part.running_mean is None:
            raise ValueError(f"convert.source: {name} must have running statistics; make it with track_running_stats=True")
        mean, variance = array(part.running_mean), array(part.running_var)
        gamma = np.ones_like(mean) if part.weight is None else array(part.weight)
        return BatchNorm(gamma, np.zeros_like(mean) if bias is None else bias, mean, variance, float(part.eps))
    return name


def _one(part, option):
    """Return an option of a layer for images that is one whole number, for both of their axes."""
    value = getattr(part, option)
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if both[0] != both[1]:
        raise ValueError(
            f"convert.source: {type(part).__name__} must have the same {option} for height and width (got {value})"
        )
    return both[0]


def _padding(part):
    if part.padding == "valid":
        return 0
    if part.padding == "same":
        side = part.weight.shape[-1]
        if side % 2 == 0 or part.weight.shape[-2] != side:
            raise ValueError(
                f"convert.source: padding='same' needs an odd, square kernel (got {tuple(part.weight.shape[2:])})"
            )
        return side // 2
    return _one(part, "padding")


def merged(steps, shape):
    """Return the steps of a network with each group of layers of an image, up to the next ReLU, as one (W, b).

    `shape` is that of a sample, None if only its size is known, which is enough for fully connected layers.
    """
    found, group, flat, rectified = [], None, True, False
    steps = [step for step in steps if not (isinstance(step, str) and step.lower() in NEUTRAL)]
    for step in relus_first(steps, lambda one: isinstance(one, str) and one == "ReLU"):
        if isinstance(step, str):
            found += [step] if group is None else [group[:2], step]
            group, rectified = None, True
            continue
        dense = isinstance(step, Dense)
        if shape is None:
            if not isinstance(step, Dense | BatchNorm):
                raise ValueError(
                    "convert.source: the size of the images must be known for Conv2d and pooling; give samples of the shape "
                    "(samples, channels, height, width), as the module takes them"
                )
            shape = np.shape(step.weight if dense else step.mean)[:1]
        if group is not None and dense and flat:  # two fully connected layers, which `chain` rejects
            found.append(group[:2])
            group = None
        pairs, group, shape = joined(group, step, shape, rectified, "convert.source")
        found += [part for pair in pairs for part in (pair, "ReLU")]
        flat = dense
    return found if group is None else [*found, group[:2]]


def _torch_parts(module):
    """Yield the parts of a Sequential in their order; a part that it contains twice comes twice."""
    name = type(module).__name__
    if not type(module).__module__.startswith("torch."):
        raise TypeError(
            f"convert.source: cannot infer what the module {name} computes, since its forward may do anything "
            f"with its layers; {_alternative(module)}; otherwise {EXPORT}, or {INSTEAD}"
        )
    if getattr(module, "_forward_hooks", None) or getattr(module, "_forward_pre_hooks", None) or "forward" in vars(module):
        raise TypeError(
            f"convert.source: {name} has a hook or its own forward, which may change what it computes; {INSTEAD}"
        )
    if name == "Sequential":
        for part in module:
            yield from _torch_parts(part)
        return
    if name.lower() not in TORCH_PARTS:
        reject_layer(name, "convert.source")
    yield module


def _alternative(module):
    """Return what to type instead of a module with its own forward, if that is a plain chain of layers."""
    inner = [name for name, part in getattr(module, "_modules", {}).items() if type(part).__name__ == "Sequential"]
    if len(inner) == 1 and len(module._modules) == 1:
        return f"if it only calls its Sequential, give that: convert(model.{inner[0]}, ...)"
    return (
        "if it is a chain of Linear layers in the order in which __init__ makes them, with a ReLU after each but the "
        "last, give its weights: convert(model.state_dict(), ...)"
    )


def keras_pairs(model):
    """Return the (W, b) of a ``keras.Sequential``.

    It may have Dense layers with relu, as their activation or as a separate layer, and Flatten, Dropout and InputLayer,
    which are skipped; the last is linear or has a softmax, or a sigmoid if it has one unit. Raise TypeError or ValueError if
    it is not such a chain.
    """
    return chain(list(_keras_steps(model)))


def _keras_steps(model):
    if type(model).__name__ != "Sequential":
        raise TypeError(
            f"convert.source: cannot infer how the layers of a {type(model).__name__} model are connected; give a "
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
            options = {option: getattr(layer, option, plain) for option, plain in RELU_OPTIONS.items() if name == "ReLU"}
            changed = [option for option, value in options.items() if value not in (RELU_OPTIONS[option], None)]
            if changed:
                raise ValueError(
                    f"convert.source: a ReLU must be max(z, 0) (got {changed[0]} = {options[changed[0]]}); train "
                    "with a plain ReLU"
                )
            yield name


def _activation(layer):
    """Return the name of the activation of a layer, which Keras stores as a function, an object, a name or None."""
    activation = getattr(layer, "activation", None)
    if activation is None or isinstance(activation, str):
        return activation or "linear"
    return getattr(activation, "__name__", None) or type(activation).__name__


def chain(steps):
    """Return the (W, b) among the steps of a network, after checking that a ReLU follows each of them but the last.

    `steps` has (W, b) for a fully connected layer, and the name of any other step.
    """
    pairs, before, end = [], "", ""
    for step in steps:
        name = step.lower() if isinstance(step, str) else ""
        if name in NEUTRAL | {"linear"}:
            continue
        if end:
            _reject(end)
        if not name:
            if before == "layer":
                reject_activation("identity")
            pairs.append(step)
            before = "layer"
        elif name == "relu":
            if not pairs:
                raise ValueError(
                    "convert.source: must begin with a fully connected layer (got a ReLU); leave it out and use samples >= 0"
                )
            before = "relu"
        else:
            end = step
    if before == "relu":
        raise ValueError(
            "convert.source: must end with a fully connected layer, whose outputs are read without a ReLU (got "
            "a ReLU at the end); leave it out"
        )
    if end and end.lower() not in SOFT_ENDS:
        units = np.shape(pairs[-1][0])[1] if pairs else 0
        if end.lower() not in UNSUPPORTED:
            _reject(end)
        if end.lower() != "sigmoid" or units != 1:
            raise ValueError(
                "convert.source: outputs must be linear or have a softmax, or a single output a sigmoid "
                f"(got {end} of {units})"
            )
    return pairs


def _reject(name):
    """Reject a layer or an activation between two layers."""
    if name.lower() in UNSUPPORTED:
        reject_activation(name.lower())
    reject_layer(name, "convert.source")


def array(value):
    """Return a tensor of PyTorch on any device, or anything else, as a float64 array."""
    for method in ("detach", "cpu"):
        value = getattr(value, method)() if hasattr(value, method) else value
    return np.asarray(value, dtype=np.float64)
