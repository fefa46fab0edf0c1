"""The exported graphs at reduced width: ONNX Runtime in float16 against PyTorch in float32 with the same random numbers."""

import hashlib

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export_streamingt2v import FAMILY, describe_package, load_module, package_bytes
from streamingt2v.config import PublishedConfig
from streamingt2v.graphs import GRAPHS, arguments, write_graph
from streamingt2v.memory import measure
from streamingt2v.weights import PREFIXES, Weights

SMALL = PublishedConfig(
    widths=(64, 128),
    layers=1,
    frames=4,
    overlap=2,
    latent_side=4,
    text_tokens=7,
    anchor_tokens=3,
    context_width=64,
    frame_widths=(8, 16, 16, 16),
    embedder_width=32,
    vocabulary=50,
    text_layers=2,
    text_heads=4,
    image_side=28,
    image_width=64,
    image_layers=2,
    image_heads=4,
    decoder_widths=(32, 32, 32, 64),
)
TOLERANCE = 0.01  # of the float32 output's deviation, root mean square; float16 rounds to 0.0005


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_a_graph_in_onnx_runtime_gives_what_the_module_gives_in_pytorch(graph, tmp_path):
    torch.manual_seed(1)
    module = randomise(graph.build(SMALL).half())
    write_graph(graph, module, SMALL, tmp_path)
    path = tmp_path / f"{graph.name}.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    # Another number of videos than the export saw
    inputs = graph.inputs(SMALL, 3)
    assert [value.name for value in session.get_inputs()] == list(inputs)
    assert [value.name for value in session.get_outputs()] == graph.outputs(SMALL)
    found = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    wanted = outputs_of(module.float(), {name: widen(value) for name, value in inputs.items()})
    for name, theirs, ours in zip(graph.outputs(SMALL), wanted, found, strict=True):
        assert ours.shape == theirs.shape and np.isfinite(ours).all()
        error = float(np.sqrt(np.mean((ours.astype(np.float32) - theirs) ** 2)) / theirs.std())
        print(f"{graph.name}.{name}: {error:.1e}")
        assert error < TOLERANCE, f"{name}: {error:.4f} of its deviation"


@pytest.mark.parametrize("name", ["text", "anchor", "skip_0", "middle", "timestep", "latents"])
def test_every_input_of_the_denoiser_counts(name):
    graph = next(graph for graph in GRAPHS if graph.name == "denoiser")
    torch.manual_seed(1)
    module = randomise(graph.build(SMALL))
    inputs = {key: widen(value) for key, value in graph.inputs(SMALL, 1).items()}
    before = outputs_of(module, inputs)[0]
    after = outputs_of(module, inputs | {name: inputs[name] + 1 + inputs[name].flip(-1)})[0]
    assert np.abs(after - before).max() > 1e-3 * before.std()


def test_weights_are_float16_and_no_path_of_the_exporting_machine_is_written(tmp_path):
    graph = next(graph for graph in GRAPHS if graph.name == "frame_encoder")
    write_graph(graph, randomise(graph.build(SMALL).half()), SMALL, tmp_path)
    path = tmp_path / "frame_encoder.onnx"
    model = onnx.load(path, load_external_data=False)
    sizes = {value.data_type for value in model.graph.initializer if len(value.dims) == 4}
    assert sizes == {onnx.TensorProto.FLOAT16}
    assert b".py" not in path.read_bytes()


def test_the_peak_of_a_graph_grows_with_its_batch_and_is_never_below_its_outputs():
    graph = next(graph for graph in GRAPHS if graph.name == "vae_decoder")
    parameters, one = measure(graph, SMALL, 1)
    _, eight = measure(graph, SMALL, 8)
    assert parameters == sum(value.numel() for value in graph.build(SMALL).parameters())
    assert eight > 7 * one and one >= 4 * 3 * (SMALL.latent_side * SMALL.stride) ** 2


def test_a_package_at_full_width_takes_as_much_disk_as_its_parameters_in_float16():
    assert 7.5e9 < package_bytes(PublishedConfig()) < 12e9


def test_each_graph_takes_its_own_numbers_from_the_two_checkpoints_in_float16(tmp_path):
    torch.manual_seed(2)
    streaming, first_stage = {}, {}
    for graph in GRAPHS:
        for part, child in randomise(graph.build(SMALL)).named_children():
            if part == "first_stage":
                first_stage |= child.state_dict()
            else:
                streaming |= {f"{PREFIXES[part]}{name}": value for name, value in child.state_dict().items()}
    torch.save({"state_dict": streaming}, tmp_path / "streaming.ckpt")
    torch.save(first_stage, tmp_path / "first.bin")
    for graph in GRAPHS:
        module = load_module(graph, SMALL, Weights(tmp_path / "streaming.ckpt"), Weights(tmp_path / "first.bin"))
        for part, child in module.named_children():
            source, prefix = (first_stage, "") if part == "first_stage" else (streaming, PREFIXES[part])
            assert len(child.state_dict()) > 5
            for name, value in child.state_dict().items():
                assert value.dtype == torch.float16 and torch.equal(value, source[f"{prefix}{name}"].half())


def test_a_package_names_its_own_family_its_licence_and_each_file_with_its_sum(tmp_path):
    names = [name for graph in GRAPHS for name in (f"{graph.name}.onnx", f"{graph.name}.onnx.data")] + ["vocab.json", "merges.txt"]
    for name in names:
        (tmp_path / name).write_text(name)
    manifest = describe_package(PublishedConfig(), tmp_path, {"prediction_type": "epsilon"}, "!")
    assert manifest["family"] == FAMILY == "streaming-t2v-published"
    assert "Not for commercial use" in manifest["licence"]
    assert manifest["sizes"] == ["256x256"] and manifest["chunk"]["latent_frames"] == 8 and manifest["refiner"] is None
    assert {entry["path"]: entry["sha256"] for entry in manifest["files"].values()} == {name: hashlib.sha256(name.encode()).hexdigest() for name in names}


def outputs_of(module, inputs) -> list[np.ndarray]:
    with torch.no_grad():
        found = module(*arguments(inputs))
    return [value.numpy() for value in (found if isinstance(found, list) else [found])]


def widen(value):
    return value.float() if value.dtype == torch.float16 else value


def randomise(module):
    """Also what starts at zero or one, so that no branch is silent."""
    with torch.no_grad():
        for value in module.parameters():
            fan = value[0].numel() if value.dim() > 1 else 25
            value.copy_(torch.randn(value.shape) * fan**-0.5 + (value.dim() == 1))
            if value.dim() == 0:
                value.fill_(0.7)
    return module.eval().requires_grad_(False)
