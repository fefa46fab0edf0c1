"""Published checkpoints: read without running code of theirs, held against the layout, handed over as float16.

Both files are read lazily, so that a part of 25 GB needs memory for that part only.
"""

import json
import pickle
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from streamingt2v.layout import Shape, read_layout, write_shape

SHOWN = 8  # keys of each kind that a message names
# Where the checkpoint's modules lie (model/video_ldm.py of the published code assigns them)
PREFIXES = {
    "denoiser": "base_model.",
    "feature_extractor": "unet.",
    "anchor_embedder": "resampler.",
    "image_tower": "image_encoder.model.visual.",
    "text_encoder": "text_encoder.",
    "frame_decoder": "vae.",
    "frame_encoder": "vae.",
}
# What inference never reads: the text half of the image tower's CLIP, a buffer of old transformers releases
UNUSED = (
    "image_encoder.model.positional_embedding",
    "image_encoder.model.text_projection",
    "image_encoder.model.logit_scale",
    "image_encoder.model.token_embedding.",
    "image_encoder.model.ln_final.",
    "text_encoder.text_model.embeddings.position_ids",
)
SAFETENSORS = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "I64": torch.int64}


class CheckpointError(ValueError):
    """A file that is not what it should be; the message names the file and the keys."""


class Weights:
    """The tensors of one file by their published names."""

    def __init__(self, path: Path):
        self.path = path
        self.tensors = read_tensors(path)

    def check(self, wanted: dict[str, Shape], unused: tuple[str, ...] = ()) -> None:
        found = {name: tuple(value.shape) for name, value in self.tensors.items() if not name.startswith(unused)}
        missing = [f"{name} {write_shape(shape)}" for name, shape in wanted.items() if name not in found]
        unexpected = [f"{name} {write_shape(shape)}" for name, shape in found.items() if name not in wanted]
        wrong = [
            f"{name} is {write_shape(found[name])}, wanted {write_shape(shape)}"
            for name, shape in wanted.items()
            if name in found and found[name] != shape
        ]
        problems = [("missing", missing), ("unexpected", unexpected), ("of a wrong shape", wrong)]
        if missing or unexpected or wrong:
            kinds = "; ".join(name_keys(*kind) for kind in problems if kind[1])
            raise CheckpointError(f"{self.path}: not the published layout: {kinds}")

    def fill(self, module: nn.Module, prefix: str) -> nn.Module:
        """Gives a module built on the meta device its numbers, as float16."""
        state = {name: self.half(f"{prefix}{name}") for name in module.state_dict()}
        module.load_state_dict(state, assign=True)
        return module.eval().requires_grad_(False)

    def half(self, name: str) -> Tensor:
        value = self.tensors[name].to(torch.float16)
        if not torch.isfinite(value).all():
            raise CheckpointError(f"{self.path}: {name} has numbers that are not finite as float16 (beyond 65504, or broken)")
        return value


def check_streaming(weights: Weights) -> None:
    """Of the unused parts only the names are let through, not asked for: training may have dropped them."""
    wanted = read_layout("streaming_t2v")
    weights.check({name: shape for name, shape in wanted.items() if not name.startswith(UNUSED)}, UNUSED)


def check_refiner(weights: Weights) -> None:
    weights.check(read_layout("refiner"))


def name_keys(kind: str, keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return f"{len(keys)} {kind}: {', '.join(keys[:SHOWN])}{more}"


def read_tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file")
    try:
        found = read_safetensors(path) if path.suffix == ".safetensors" else read_pickle(path)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, OSError, KeyError, TypeError, AttributeError) as error:
        # The loader's own words run over many lines; they stay in the cause
        raise CheckpointError(f"{path}: cannot be read as tensors alone; it may be cut short, or hold code, which is never run") from error
    strange = [str(name) for name, value in found.items() if not isinstance(value, Tensor)]
    if strange:
        raise CheckpointError(f"{path}: {strange[0]} is {type(found[strange[0]]).__name__}, not a tensor; wanted a state dict")
    return found


def read_pickle(path: Path) -> dict:
    content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    if not isinstance(content, dict):
        raise ValueError(f"holds {type(content).__name__}, wanted a state dict")
    return content.get("state_dict", content)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Eight bytes of length, that many of JSON, then the numbers."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size - 8:
            raise ValueError(f"its header would be {length} bytes long, more than the file")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    numbers = torch.from_file(str(path), size=path.stat().st_size, dtype=torch.uint8)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in SAFETENSORS:
            raise ValueError(f"{name} is {entry['dtype']}, wanted one of {', '.join(SAFETENSORS)}")
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        # A copy of its own where the file does not align it
        content = numbers[start:end] if start % 8 == 0 else numbers[start:end].clone()
        tensors[name] = content.view(SAFETENSORS[entry["dtype"]]).reshape(entry["shape"])
    return tensors
