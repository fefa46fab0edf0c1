"""Graphs whose convolutions were replaced by products compute what they computed before."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from fast_convolution import quicken_convolutions

DRAW = np.random.default_rng(1)


def graph_of(width: int, out: int, kernel: int, side: int, **attributes) -> onnx.ModelProto:
    weight = DRAW.standard_normal((out, width, kernel, kernel)) / (kernel * width**0.5)
    bias = DRAW.standard_normal(out)
    pads = {"pads": [kernel // 2] * 4} | attributes
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "weight", "bias"], ["y"], name="convolution", kernel_shape=[kernel, kernel], **pads)],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["count", width, side, side])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["count", out, "height", "width"])],
        [numpy_helper.from_array(values.astype(np.float32), name) for name, values in (("weight", weight), ("bias", bias))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


@pytest.mark.parametrize(("width", "out", "kernel", "side"), [(192, 192, 3, 8), (128, 16, 3, 16), (32, 128, 3, 4), (160, 128, 1, 8)])
@pytest.mark.parametrize("count", [1, 3])
def test_products_are_the_convolution(width, out, kernel, side, count):
    model, x = graph_of(width, out, kernel, side), DRAW.standard_normal((count, width, side, side)).astype(np.float32)
    wanted = run(model, x)
    assert quicken_convolutions(model) == 1
    onnx.checker.check_model(model, full_check=True)
    assert not [node for node in model.graph.node if node.op_type == "Conv"]
    assert np.abs(run(model, x) - wanted).max() < 1e-4 * wanted.std()


@pytest.mark.parametrize(
    ("width", "out", "kernel", "side", "attributes"),
    [
        (64, 64, 3, 8, {}),  # narrow
        (128, 128, 3, 6, {}),  # no whole tiles
        (128, 128, 5, 8, {}),
        (128, 128, 3, 8, {"strides": [2, 2]}),
        (128, 128, 3, 8, {"pads": [0, 0, 0, 0]}),
        (128, 128, 3, 8, {"pads": [2, 2, 2, 2], "dilations": [2, 2]}),
    ],
)
def test_other_convolutions_stay(width, out, kernel, side, attributes):
    model = graph_of(width, out, kernel, side, **attributes)
    before = model.SerializeToString()
    assert quicken_convolutions(model) == 0
    assert model.SerializeToString() == before


def test_the_file_keeps_the_weights_as_they_were():
    model = graph_of(128, 128, 3, 8)
    stored = [weight.SerializeToString() for weight in model.graph.initializer]
    quicken_convolutions(model)
    assert [weight.SerializeToString() for weight in model.graph.initializer] == stored
