"""One graph as an ONNX file, its weights beside it."""

import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from streamingt2v.config import PublishedConfig
from streamingt2v.graphs import Graph

OPSET = 18


@torch.no_grad()
def write_graph(graph: Graph, module: nn.Module, config: PublishedConfig, folder: Path) -> None:
    """`<name>.onnx` and beside it `<name>.onnx.data` with the weights, as one file may hold 2 GB only."""
    inputs = graph.inputs(config, 2)
    with tempfile.TemporaryDirectory(dir=folder) as aside, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = Path(aside) / "traced.onnx"
        # By tracing: the exporter that takes the program apart first needs twenty times as long for graphs of this size
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(traced),
            input_names=list(inputs),
            output_names=list(graph.outputs),
            opset_version=OPSET,
            dynamo=False,
            dynamic_axes={name: {0: "batch"} for name in (*inputs, *graph.outputs)},
        )
        model = onnx.load(traced)
        forget_origins(model)
        path = folder / f"{graph.name}.onnx"
        onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data", size_threshold=1024)
    onnx.checker.check_model(str(path), full_check=True)


def forget_origins(model: onnx.ModelProto) -> None:
    """Drops where in the source each node came from."""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del model.metadata_props[:]
