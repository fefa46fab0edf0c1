"""Our modules at full width against the published layout, key for key, and what bad checkpoints are answered; no numbers are needed."""

import json
import shutil

import pytest
import torch

from export_streamingt2v import export
from streamingt2v.config import PublishedConfig
from streamingt2v.diffusers_folder import DiffusersFolder
from streamingt2v.graphs import GRAPHS, REFINER_GRAPHS
from streamingt2v.layout import fold, read_layout, unfold
from streamingt2v.package import check_disk
from streamingt2v.weights import PREFIXES, UNUSED, CheckpointError, Weights, check_refiner, check_streaming

LAYOUTS = {"streaming_t2v": 3407, "first_stage": 1480, "refiner": 1480}
SCHEDULER = {
    "prediction_type": "epsilon",
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}


def modules_at_full_width() -> dict[str, dict[str, tuple[int, ...]]]:
    """Names and shapes of our modules as the checkpoints have them; CAM is in two graphs, the autoencoder in six."""
    found = {part: {} for part in LAYOUTS}
    with torch.device("meta"):
        for graph in (*GRAPHS, *REFINER_GRAPHS):
            for part, child in graph.build(PublishedConfig()).named_children():
                file, prefix = (part, "") if part in LAYOUTS else ("streaming_t2v", PREFIXES[part])
                found[file] |= {f"{prefix}{name}": tuple(value.shape) for name, value in child.state_dict().items()}
    return found


def test_every_published_key_that_inference_reads_is_in_our_modules_with_its_shape_and_no_other():
    ours = modules_at_full_width()
    for part in LAYOUTS:
        published = {name: shape for name, shape in read_layout(part).items() if not name.startswith(UNUSED)}
        assert ours[part] == published


def test_the_layout_lists_as_many_tensors_as_the_published_classes_have():
    for part, count in LAYOUTS.items():
        assert len(read_layout(part)) == count


def test_folding_a_layout_and_unfolding_it_gives_it_back():
    for part in LAYOUTS:
        lines = [line.split(" ") for line in fold(read_layout(part))]
        names = {f"{name}.{tensor.split('=')[0]}" for module, *tensors in lines for tensor in tensors for name in unfold(module)}
        assert names == set(read_layout(part))


def test_a_checkpoint_of_the_published_layout_passes_with_and_without_what_inference_never_reads(tmp_path):
    layout = read_layout("streaming_t2v")
    check_streaming(stored(tmp_path / "whole.ckpt", layout))
    check_streaming(stored(tmp_path / "lean.ckpt", {name: shape for name, shape in layout.items() if not name.startswith(UNUSED)}))
    check_refiner(stored(tmp_path / "refiner.pth", read_layout("refiner")))


def test_missing_unexpected_and_misshapen_keys_are_named_on_one_line(tmp_path):
    layout = read_layout("refiner")
    layout["out.2.weight"] = (8, 320, 3, 3)
    layout["extra.weight"] = (2,)
    del layout["out.2.bias"]
    with pytest.raises(CheckpointError) as error:
        check_refiner(stored(tmp_path / "odd.bin", layout))
    message = str(error.value)
    assert "\n" not in message
    assert "1 missing: out.2.bias 4" in message
    assert "1 unexpected: extra.weight 2" in message
    assert "1 of a wrong shape: out.2.weight is 8x320x3x3, wanted 4x320x3x3" in message


def test_of_many_missing_keys_a_few_are_named_and_the_rest_counted(tmp_path):
    with pytest.raises(CheckpointError, match="1480 missing: .* and 1472 more") as error:
        check_refiner(stored(tmp_path / "empty.bin", {"other": (1,)}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.ckpt", None, "no such file"),
        ("text.ckpt", b"not a checkpoint", "cannot be read"),
        ("short.safetensors", (10**9).to_bytes(8, "little") + b"{}", "cannot be read"),
        ("text.safetensors", (2).to_bytes(8, "little") + b"no", "cannot be read"),
        ("empty.ckpt", b"", "cannot be read"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused_in_one_line_that_names_it(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=said) as error:
        Weights(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_checkpoint_cut_short_is_refused(tmp_path):
    whole = tmp_path / "whole.ckpt"
    torch.save({"state_dict": {"a": torch.zeros(1000)}}, whole)
    whole.write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        Weights(whole)


def test_code_inside_a_checkpoint_is_refused_and_not_run(tmp_path):
    class Shell:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"state_dict": {"a": Shell()}}, tmp_path / "code.ckpt")
    with pytest.raises(CheckpointError, match="never run"):
        Weights(tmp_path / "code.ckpt")
    assert not (tmp_path / "ran").exists()


def test_numbers_that_float16_cannot_hold_are_refused_by_name(tmp_path):
    torch.save({"a": torch.tensor([1e6])}, tmp_path / "large.bin")
    with pytest.raises(CheckpointError, match="a has numbers that are not finite as float16"):
        Weights(tmp_path / "large.bin").half("a")


def test_safetensors_give_the_numbers_that_their_bytes_say(tmp_path):
    numbers = torch.tensor([[1.5, -2.0], [0.25, 8.0]])
    header = json.dumps({"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + numbers.numpy().tobytes())
    assert torch.equal(Weights(tmp_path / "a.safetensors").tensors["a"], numbers)


def test_a_disk_too_full_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(CheckpointError, match="needs .* GB free"):
        check_disk(tmp_path / "new" / "package", shutil.disk_usage(tmp_path).free + 10**12)
    check_disk(tmp_path / "new" / "package", 1)
    assert not (tmp_path / "new").exists()


def test_a_base_folder_without_weights_or_settings_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        DiffusersFolder(tmp_path)
    with pytest.raises(CheckpointError, match="no weights of unet; wanted one of"):
        DiffusersFolder(write_base(tmp_path / "base")).weights("first_stage")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("scheduler/scheduler_config.json", "prediction_type", "v_prediction"),
        ("scheduler/scheduler_config.json", "timestep_spacing", "trailing"),
        ("scheduler/scheduler_config.json", "beta_schedule", "squaredcos_cap_v2"),
        ("unet/config.json", "act_fn", "mish"),
        ("text_encoder/config.json", "hidden_act", "quick_gelu"),
    ],
)
def test_settings_that_our_modules_are_not_written_for_are_refused(tmp_path, name, key, value):
    base = write_base(tmp_path / "base")
    folder = DiffusersFolder(base)
    assert folder.pad_token() == "!" and folder.betas()["last"] == "first_timestep"
    content = json.loads((base / name).read_text())
    (base / name).write_text(json.dumps(content | {key: value}))
    with pytest.raises(CheckpointError, match=f"{key} is {value}"):
        DiffusersFolder(base)
    (base / name).write_text("{")
    with pytest.raises(CheckpointError, match="not JSON"):
        DiffusersFolder(base)


def test_frames_that_are_not_square_are_refused(tmp_path):
    base = write_base(tmp_path / "base")
    (base / "unet/config.json").write_text('{"sample_size": [40, 72]}')
    with pytest.raises(CheckpointError, match="only square frames"):
        DiffusersFolder(base).config()


def test_a_refused_checkpoint_leaves_no_folder_behind(tmp_path):
    base = write_base(tmp_path / "base")
    torch.save({"a": torch.zeros(1)}, base / "unet/diffusion_pytorch_model.bin")
    torch.save({"state_dict": {"a": torch.zeros(1)}}, tmp_path / "a.ckpt")
    with pytest.raises(CheckpointError, match="not the published layout"):
        export(tmp_path / "a.ckpt", base, tmp_path / "package", None, PublishedConfig())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ckpt", "base"]


def stored(path, layout) -> Weights:
    """A real file whose tensors each repeat one number, so that 25 GB of shapes take a few bytes."""
    torch.save({"state_dict": {name: torch.zeros(()).expand(shape) for name, shape in layout.items()}}, path)
    return Weights(path)


def write_base(base):
    for name, text in {
        "unet/config.json": '{"attention_head_dim": 64}',
        "text_encoder/config.json": '{"hidden_act": "gelu", "num_attention_heads": 16}',
        "scheduler/scheduler_config.json": json.dumps(SCHEDULER),
        "tokenizer/vocab.json": "{}",
        "tokenizer/merges.txt": "",
        "tokenizer/special_tokens_map.json": '{"pad_token": "!"}',
    }.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(text)
    return base
