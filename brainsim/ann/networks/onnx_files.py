"""Reads a file of ONNX, in which a network is a chain of layers, by the package of this name."""

import numpy as np

from brainsim.ann.networks.layers import AvgPool2D, BatchNorm, Conv2D, Dense, MaxPool2D, reject_layer
from brainsim.ann.networks.torch_keras import chain, merged
from brainsim.core.doors import optional

LABEL = "convert.source"
# operators without weights -> the layer of PyTorch that does the same
NAMES = {name: name for name in ("Softmax", "LogSoftmax", "Sigmoid", "Flatten", "Dropout", "Identity")} | {"Relu": "ReLU"}
IMAGES = {"Conv": Conv2D, "AveragePool": AvgPool2D, "MaxPool": MaxPool2D}
# what attributes of operators for images must be, where they are there
PLAIN = {"auto_pad": b"NOTSET", "ceil_mode": 0, "dilations": 1, "group": 1, "storage_order": 0}


def onnx_pairs(path, shape=None):
    """Return the (W, b) of a network in a file, and the shape of a sample which is an image, else None.

    It may have Gemm, MatMul, Add, Conv, AveragePool, MaxPool, BatchNormalization and Relu, each of the output of the one
    before it, and end with a softmax. Raise TypeError or ValueError if it is not such a chain.
    """
    onnx = optional("onnx", LABEL)
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # what protobuf raises depends on its version
        raise ValueError(f"{LABEL}: {str(path)!r} cannot be read as a file of ONNX: {error}") from error
    known = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    data, steps = [each for each in graph.input if each.name not in known], []
    if len(data) != 1:
        raise ValueError(f"{LABEL}: the network in {str(path)!r} must have one input (got {len(data)})")
    now, sizes = data[0].name, [dim.dim_value for dim in data[0].type.tensor_type.shape.dim]
    for node in graph.node:
        options = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        if node.op_type == "Constant":
            known[node.output[0]] = onnx.numpy_helper.to_array(options["value"])
            continue
        if [name for name in node.input if name and name not in known] != [now]:
            raise ValueError(
                f"{LABEL}: {node.op_type} {node.name!r} must have the output of the layer before it as its only input "
                "besides constants; only chains of layers can be converted"
            )
        steps = _with(steps, node.op_type, [known[name] for name in node.input if name in known], options)
        now = node.output[0]
    if len(sizes) == 4 and all(sizes[1:]):
        shape = tuple(sizes[1:])
    return chain(merged(steps, shape)), shape


def _with(steps, kind, arrays, options):
    """Return the layers of a network with another one, or with the bias of the last one."""
    if kind in NAMES:
        return [*steps, NAMES[kind]]
    if kind == "Reshape" and np.size(arrays[0]) == 2:
        return [*steps, "Flatten"]
    if kind == "Gemm" and not options.get("transA"):
        W = options.get("alpha", 1.0) * np.asarray(arrays[0], np.float64)
        bias = options.get("beta", 1.0) * np.ravel(arrays[1]).astype(np.float64) if len(arrays) > 1 else None
        return [*steps, Dense(W.T if options.get("transB") else W, bias)]
    if kind == "MatMul":
        return [*steps, Dense(np.asarray(arrays[0], np.float64))]
    if kind == "Add" and steps and isinstance(steps[-1], Dense) and steps[-1].bias is None:
        return [*steps[:-1], Dense(steps[-1].weight, np.ravel(arrays[0]).astype(np.float64))]
    if kind == "BatchNormalization":
        return [*steps, BatchNorm(*(np.asarray(each, np.float64) for each in arrays), options.get("epsilon", 1e-5))]
    if kind not in IMAGES:
        reject_layer(kind, LABEL)
    for name, wanted in PLAIN.items():
        if not np.all(np.array(options.get(name, wanted)) == wanted):
            raise ValueError(f"{LABEL}: {kind} must have {name}={wanted!r} (got {options[name]!r})")
    stride, padding = _one(kind, options, "strides", 1), _one(kind, options, "pads", 0)
    if kind == "Conv":
        kernels, *bias = (np.asarray(each, np.float64) for each in arrays)
        return [*steps, Conv2D(kernels, *(bias or [None]), stride, padding)]
    if padding:
        raise ValueError(f"{LABEL}: {kind} must have pads=0 (got {options['pads']})")
    return [*steps, IMAGES[kind](_one(kind, options, "kernel_shape", 1), stride)]


def _one(kind, options, name, usual):
    """Return an attribute that must be the same for both axes of images."""
    values = {*options.get(name, [usual])}
    if len(values) != 1:
        raise ValueError(f"{LABEL}: {kind} must have the same {name} on all sides (got {options[name]})")
    return int(values.pop())
