"""A text-to-video model as the diffusers library lays it out: its shape, its settings, the weights in it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from streamingt2v.config import PublishedConfig
from streamingt2v.graphs import FIRST_STAGE_GRAPHS
from streamingt2v.weights import CheckpointError, Weights

COPIED = {"vocabulary": "tokenizer/vocab.json", "merges": "tokenizer/merges.txt"}
# What shapes alone do not tell: file of the folder, key, the value that our modules are built for
SETTINGS = (
    ("unet/config.json", "norm_eps", 1e-5),
    ("unet/config.json", "act_fn", "silu"),
    ("text_encoder/config.json", "hidden_act", "gelu"),
    ("scheduler/scheduler_config.json", "prediction_type", "epsilon"),
    ("scheduler/scheduler_config.json", "timestep_spacing", "leading"),
    ("scheduler/scheduler_config.json", "steps_offset", 1),
    ("scheduler/scheduler_config.json", "clip_sample", False),
    ("scheduler/scheduler_config.json", "trained_betas", None),
)
CURVES = {"linear": "linear", "scaled_linear": "scaled-linear"}
# As the library called them before it gave its autoencoder the attention of its other models
OLD_NAMES = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}
# What these networks never read: half of the autoencoder in a folder that decodes only, a buffer of old releases
UNUSED = ("encoder.", "quant_conv.", "text_model.embeddings.position_ids")
PARTS = {
    "first_stage": ("unet", "diffusion_pytorch_model"),
    "frame_decoder": ("vae", "diffusion_pytorch_model"),
    "text_encoder": ("text_encoder", "model"),
}


class DiffusersFolder:
    """@raise CheckpointError where a setting is another than our modules are written for"""

    def __init__(self, base: Path):
        self.base = base
        for path in COPIED.values():
            if not (base / path).is_file():
                raise self.lacks(path)
        for name, key, wanted in SETTINGS:
            # A key left out has the library's default, which is the wanted one but for these two
            found = self.json(name).get(key, {"clip_sample": True, "steps_offset": 0}.get(key, wanted))
            if found != wanted:
                raise CheckpointError(f"{base / name}: {key} is {found}, but this exporter is written for {wanted}")
        self.scheduler = self.json("scheduler/scheduler_config.json")
        if self.scheduler.get("beta_schedule") not in CURVES:
            raise CheckpointError(f"{base / 'scheduler/scheduler_config.json'}: beta_schedule is {self.scheduler.get('beta_schedule')}, wanted one of {', '.join(CURVES)}")

    def config(self) -> PublishedConfig:
        """The published shape with this folder's numbers in it."""
        unet, text = self.json("unet/config.json"), self.json("text_encoder/config.json")
        vae = self.json("vae/config.json") if (self.base / "vae/config.json").is_file() else {}
        default = PublishedConfig()
        side = unet.get("sample_size", default.latent_side)
        if not isinstance(side, int):
            raise CheckpointError(f"{self.base / 'unet/config.json'}: sample_size is {side}; only square frames are exported, so one number is wanted")
        return replace(
            default,
            widths=tuple(unet.get("block_out_channels", default.widths)),
            head_width=unet.get("attention_head_dim", default.head_width),
            groups=unet.get("norm_num_groups", default.groups),
            layers=unet.get("layers_per_block", default.layers),
            context_width=unet.get("cross_attention_dim", default.context_width),
            latent_channels=unet.get("in_channels", default.latent_channels),
            latent_side=side,
            vocabulary=text.get("vocab_size", default.vocabulary),
            text_tokens=text.get("max_position_embeddings", default.text_tokens),
            text_layers=text.get("num_hidden_layers", default.text_layers),
            text_heads=text.get("num_attention_heads", default.text_heads),
            decoder_widths=tuple(vae.get("block_out_channels", default.decoder_widths)),
            scaling_factor=vae.get("scaling_factor", default.scaling_factor),
        )

    def weights(self, part: str) -> Weights:
        """@param part a key of PARTS"""
        folder, stem = PARTS[part]
        if part == "text_encoder" and not any((self.base / folder).glob("model*.safetensors")):
            stem = "pytorch_model"
        names = [f"{folder}/{stem}{kind}" for kind in (".safetensors", ".fp16.safetensors", ".bin", ".fp16.bin")]
        for name in names:
            if (self.base / name).is_file():
                weights = Weights(self.base / name)
                weights.tensors = {rename(key): value for key, value in weights.tensors.items()}
                return weights
        raise CheckpointError(f"{self.base}: no weights of {folder}; wanted one of {', '.join(names)}")

    def check(self, config: PublishedConfig) -> dict[str, Weights]:
        """Every part's weights, once each has been found to hold what our module of that shape has, and no other."""
        found = {}
        for part, module in meta_parts(config).items():
            found[part] = self.weights(part)
            found[part].check({name: tuple(value.shape) for name, value in module.state_dict().items()}, UNUSED)
        return found

    def betas(self) -> dict:
        """As model.json has them; DDIM's last step ends where the scheduler's does."""
        scheduler = self.scheduler
        return {
            "curve": CURVES[scheduler["beta_schedule"]],
            "start": scheduler["beta_start"],
            "end": scheduler["beta_end"],
            "train_timesteps": scheduler.get("num_train_timesteps", 1000),
            "prediction": "epsilon",
            "spacing": "leading",
            "last": "clean" if scheduler.get("set_alpha_to_one", True) else "first_timestep",
        }

    def pad_token(self) -> str:
        """The token that fills a prompt up to 77; Stable Diffusion 2's is `!`, CLIP's own the end of text."""
        for name in ("special_tokens_map.json", "tokenizer_config.json"):
            path = self.base / "tokenizer" / name
            pad = self.json(f"tokenizer/{name}").get("pad_token") if path.is_file() else None
            if pad is not None:
                return pad["content"] if isinstance(pad, dict) else pad
        raise CheckpointError(f"{self.base / 'tokenizer'}: neither special_tokens_map.json nor tokenizer_config.json names a pad_token")

    def json(self, name: str) -> dict:
        try:
            return json.loads((self.base / name).read_text())
        except FileNotFoundError:
            raise self.lacks(name) from None
        except ValueError as error:
            raise CheckpointError(f"{self.base / name}: not JSON: {error}") from error

    def lacks(self, name: str) -> CheckpointError:
        return CheckpointError(f"{self.base / name}: no such file; --base wants a model as diffusers lays it out, for example text-to-video-ms-1.7b")


def meta_parts(config: PublishedConfig) -> dict[str, nn.Module]:
    with torch.device("meta"):
        return {part: child for graph in FIRST_STAGE_GRAPHS for part, child in graph.build(config).named_children()}


def rename(key: str) -> str:
    for old, new in OLD_NAMES.items():
        if re.search(r"mid_block\.attentions\.0" + re.escape(old), key):
            return key.replace(old, new)
    return key

