"""The exported graphs at reduced width: ONNX Runtime in float16 against PyTorch in float32 with the same random numbers."""

import hashlib
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export_first_stage import export as export_first_stage
from export_streamingt2v import FAMILY, describe_package
from first_chunk import draw, noise_levels, sample
from streamingt2v.config import PublishedConfig
from streamingt2v.diffusers_folder import DiffusersFolder
from streamingt2v.graphs import FIRST_STAGE_GRAPHS, GRAPHS, REFINER_GRAPHS
from streamingt2v.layers import attend
from streamingt2v.memory import measure
from streamingt2v.package import describe_files, load_module, package_bytes
from streamingt2v.weights import PREFIXES, CheckpointError, Weights
from streamingt2v.write_graph import write_graph

ALL = (*GRAPHS, *REFINER_GRAPHS)
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
    refiner_frames=3,
    refiner_height=6,
    refiner_width=4,
)
TOLERANCE = 0.01  # of the float32 output's deviation, root mean square; float16 rounds to 0.0005


@pytest.mark.parametrize("graph", ALL, ids=lambda graph: graph.name)
def test_a_graph_in_onnx_runtime_gives_what_the_module_gives_in_pytorch(graph, tmp_path):
    torch.manual_seed(1)
    module = randomise(graph.build(SMALL).half())
    write_graph(graph, module, SMALL, tmp_path)
    path = tmp_path / f"{graph.name}.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    # Another number of videos than the export saw
    inputs = graph.inputs(SMALL, 3)
    assert [value.name for value in session.get_inputs()] == list(inputs)
    assert [value.name for value in session.get_outputs()] == list(graph.outputs)
    found = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    wanted = outputs_of(module.float(), inputs)
    for name, theirs, ours in zip(graph.outputs, wanted, found, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype and np.isfinite(ours).all()
        error = float(np.sqrt(np.mean((ours.astype(np.float32) - theirs) ** 2)) / theirs.std())
        print(f"{graph.name}.{name}: {error:.1e}")
        assert error < TOLERANCE, f"{name}: {error:.4f} of its deviation"
    # Weights in float16, and no path of this machine
    model = onnx.load(path, load_external_data=False)
    assert {value.data_type for value in model.graph.initializer if len(value.dims) == 4} <= {onnx.TensorProto.FLOAT16}
    assert b".py" not in path.read_bytes()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [path.name, f"{path.name}.data"]


@pytest.mark.parametrize("name", ["latents", "timestep", "text", "anchor", "frame_features"])
def test_every_input_of_the_denoiser_counts(name):
    before, after = with_another("denoiser", name)
    assert np.abs(after - before).max() > 1e-3 * before.std()


@pytest.mark.parametrize("name", ["latents", "timestep", "text"])
def test_every_input_of_the_refiner_counts(name):
    before, after = with_another("refiner", name)
    assert np.abs(after - before).max() > 1e-3 * before.std()


def with_another(graph_name, name):
    """The graph's output before and after one input has changed."""
    graph = next(graph for graph in ALL if graph.name == graph_name)
    torch.manual_seed(1)
    module = randomise(graph.build(SMALL))
    inputs = graph.inputs(SMALL, 1)
    return [outputs_of(module, given)[0] for given in (inputs, inputs | {name: inputs[name] + 1 + inputs[name].flip(-1)})]


def test_an_anchor_that_is_not_present_is_a_grey_frame_whatever_its_latents_are():
    torch.manual_seed(1)
    module = randomise(next(graph for graph in GRAPHS if graph.name == "anchor_encoder").build(SMALL))
    one, other = torch.randn(2, 1, SMALL.latent_channels, SMALL.latent_side, SMALL.latent_side)
    tokens = lambda anchor, present: outputs_of(module, {"anchor": anchor, "present": torch.tensor([present])})[0]
    assert np.array_equal(tokens(one, 0.0), tokens(other, 0.0))
    assert not np.array_equal(tokens(one, 1.0), tokens(other, 1.0))


def test_attention_in_parts_is_attention_at_once(monkeypatch):
    query, key, value = torch.randn(3, 2, 50, 16, dtype=torch.float64)
    whole = attend(query, key, value, 2)
    monkeypatch.setattr("streamingt2v.layers.SCORES_MAX", 2 * 50 * 7)
    torch.testing.assert_close(attend(query, key, value, 2), whole)


def test_the_peak_of_a_graph_grows_with_its_batch_and_is_never_below_its_outputs():
    graph = next(graph for graph in GRAPHS if graph.name == "vae_decoder")
    parameters, one = measure(graph, SMALL, 1)
    _, eight = measure(graph, SMALL, 8)
    assert parameters == sum(value.numel() for value in graph.build(SMALL).parameters())
    assert eight > 7 * one and one >= 4 * 3 * (SMALL.latent_side * SMALL.stride) ** 2


def test_a_package_at_full_width_takes_as_much_disk_as_its_parameters_in_float16():
    assert 9e9 < package_bytes(PublishedConfig(), GRAPHS) < 14e9
    assert package_bytes(PublishedConfig(), ALL) - package_bytes(PublishedConfig(), GRAPHS) > 2.8e9


def test_each_graph_takes_its_own_numbers_from_the_checkpoints_in_float16(tmp_path):
    torch.manual_seed(2)
    streaming, alone = {}, {"first_stage": {}, "refiner": {}}
    for graph in ALL:
        for part, child in randomise(graph.build(SMALL)).named_children():
            if part in alone:
                alone[part] |= child.state_dict()
            else:
                streaming |= {f"{PREFIXES[part]}{name}": value for name, value in child.state_dict().items()}
    torch.save({"state_dict": streaming}, tmp_path / "streaming.ckpt")
    sources = {"streaming_t2v": Weights(tmp_path / "streaming.ckpt")}
    for part, state in alone.items():
        torch.save(state, tmp_path / f"{part}.bin")
        sources[part] = Weights(tmp_path / f"{part}.bin")
    for graph in ALL:
        module = load_module(graph, SMALL, sources)
        for part, child in module.named_children():
            source, prefix = (alone[part], "") if part in alone else (streaming, PREFIXES[part])
            assert len(child.state_dict()) >= 4
            for name, value in child.state_dict().items():
                assert value.dtype == torch.float16 and torch.equal(value, source[f"{prefix}{name}"].half())


def test_a_package_names_its_family_its_licence_and_each_file_with_its_sum(tmp_path):
    names = [name for graph in ALL for name in (f"{graph.name}.onnx", f"{graph.name}.onnx.data")] + ["vocab.json", "merges.txt"]
    for name in names:
        (tmp_path / name).write_text(name)
    betas = {"curve": "scaled-linear", "start": 0.00085, "end": 0.012, "train_timesteps": 1000, "prediction": "epsilon", "spacing": "leading", "last": "first_timestep"}
    manifest = describe_package(PublishedConfig(), describe_files(tmp_path, ALL), betas, "!")
    assert manifest["family"] == FAMILY == "streaming-modelscope"
    assert "Not for commercial use" in manifest["licence"]
    assert manifest["sizes"] == ["256x256"] and manifest["chunk"]["latent_frames"] == 8 and manifest["refiner"] is None
    refiner = manifest["published"]["refiner"]
    assert refiner["size"] == "1280x720" and len(refiner["files"]) == 6
    files = manifest["files"] | refiner["files"]
    assert {entry["path"]: entry["sha256"] for entry in files.values()} == {name: hashlib.sha256(name.encode()).hexdigest() for name in names}


def test_a_diffusers_folder_becomes_a_first_stage_that_draws_its_chunk(tmp_path):
    base, config = write_small_base(tmp_path / "base")
    assert DiffusersFolder(base).config() == config
    export_first_stage(base, tmp_path / "package")
    frames = draw(tmp_path / "package", "a low town", steps=2)
    assert frames.shape == (16, 32, 32, 3) and frames.dtype == np.uint8 and frames.std() > 1
    assert np.array_equal(frames, draw(tmp_path / "package", "a low town", steps=2))
    assert not np.array_equal(frames, draw(tmp_path / "package", "low", steps=2))
    assert not np.array_equal(frames, draw(tmp_path / "package", "a low town", steps=2, seed=1))
    assert "CC-BY-NC-4.0" in (tmp_path / "package/LICENSE").read_text()


def test_a_diffusers_folder_whose_weights_are_not_of_its_own_shape_is_refused(tmp_path):
    base, _ = write_small_base(tmp_path / "base")
    settings = json.loads((base / "unet/config.json").read_text())
    (base / "unet/config.json").write_text(json.dumps(settings | {"block_out_channels": [64, 64]}))
    with pytest.raises(CheckpointError, match="not the published layout|of a wrong shape"):
        export_first_stage(base, tmp_path / "package")
    assert not (tmp_path / "package").exists()


def test_the_first_stage_sampler_goes_from_noise_to_what_a_perfect_network_knows():
    rng = np.random.default_rng(0)
    clean, noise = rng.standard_normal((2, 1, 4, 2, 2, 2))
    betas = {"curve": "scaled-linear", "start": 0.00085, "end": 0.012, "train_timesteps": 1000}
    levels = {told: (alpha, sigma) for told, alpha, sigma in noise_levels(betas, 10)}
    knows = lambda latents, told: (latents - levels[told][0] * clean) / levels[told][1]
    np.testing.assert_allclose(sample(noise, knows, betas, 10), clean, atol=1e-4)


def write_small_base(base):
    """A text-to-video folder of random numbers, in the small shape but for the published chunk's 16 frames."""
    config = PublishedConfig(
        widths=(32, 64),
        head_width=32,
        layers=1,
        latent_side=4,
        text_tokens=9,
        context_width=64,
        vocabulary=40,
        text_layers=1,
        text_heads=4,
        decoder_widths=(32, 32, 32, 32),
    )
    pieces = ["!", "a", "l", "o", "w", "t", "n", "!</w>", "a</w>", "l</w>", "o</w>", "w</w>", "t</w>", "n</w>", "lo", "ow</w>", "<|startoftext|>", "<|endoftext|>"]
    for name, content in {
        "unet/config.json": {"block_out_channels": [32, 64], "attention_head_dim": 32, "layers_per_block": 1, "sample_size": 4, "cross_attention_dim": 64},
        "text_encoder/config.json": {"hidden_act": "gelu", "vocab_size": 40, "max_position_embeddings": 9, "num_hidden_layers": 1, "num_attention_heads": 4},
        "vae/config.json": {"block_out_channels": [32, 32, 32, 32]},
        "scheduler/scheduler_config.json": {
            "prediction_type": "epsilon",
            "beta_schedule": "scaled_linear",
            "beta_start": 0.00085,
            "beta_end": 0.012,
            "steps_offset": 1,
            "clip_sample": False,
            "set_alpha_to_one": False,
        },
        "tokenizer/vocab.json": {piece: number for number, piece in enumerate(pieces)},
        "tokenizer/special_tokens_map.json": {"pad_token": "!"},
    }.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(json.dumps(content))
    (base / "tokenizer/merges.txt").write_text("#version: 0.2\nl o\no w</w>\n")
    torch.manual_seed(3)
    modules = {part: child for graph in FIRST_STAGE_GRAPHS for part, child in randomise(graph.build(config)).named_children()}
    torch.save(modules["first_stage"].state_dict(), base / "unet/diffusion_pytorch_model.bin")
    torch.save(modules["text_encoder"].state_dict(), base / "text_encoder/pytorch_model.bin")
    # As old releases named the attention, and with the half that nothing here reads
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state = {"encoder.conv_in.bias": torch.zeros(1)}
    for name, value in modules["frame_decoder"].state_dict().items():
        for new, before in old.items():
            name = name.replace(f"attentions.0.{new}.", f"attentions.0.{before}.")
        state[name] = value
    torch.save(state, base / "vae/diffusion_pytorch_model.bin")
    return base, config


def outputs_of(module, inputs) -> list[np.ndarray]:
    with torch.no_grad():
        found = module(*inputs.values())
    return [value.numpy() for value in (found if isinstance(found, tuple) else [found])]


def randomise(module):
    """Also what starts at zero or one, so that no branch is silent."""
    with torch.no_grad():
        for value in module.parameters():
            fan = value[0].numel() if value.dim() > 1 else 25
            value.copy_(torch.randn(value.shape) * fan**-0.5 + (value.dim() == 1))
            if value.dim() == 0:
                value.fill_(0.7)
    return module.eval().requires_grad_(False)
