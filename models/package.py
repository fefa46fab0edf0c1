"""A shipped package behind the same calls as the networks it was exported from, so that sample.py and refine.py can run it."""

import json
from dataclasses import replace
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor

from config import ModelConfig
from near_words import read_near_words
from sample import Text, encode_texts
from text_encoder import TextEncoder


class PackagedNetwork:
    def __init__(self, folder: Path, threads: int = 1):
        manifest = json.loads((folder / "model.json").read_text())
        files, schedule, refiner = manifest["files"], manifest["schedule"], manifest["refiner"]
        self.config = replace(ModelConfig(), **schedule, refiner_steps=refiner["num_inference_steps"], refiner_shift=refiner["shift"])
        self.text_encoder = TextEncoder(folder / files["text_encoder"]["path"], threads)
        self.near_words = json.loads((folder / files["near_words"]["path"]).read_text()) if "near_words" in files else {}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.sessions = {
            name: onnxruntime.InferenceSession(folder / files[name]["path"], options, providers=["CPUExecutionProvider"])
            for name in ("anchor_encoder", "cam_encoder", "denoiser", "refiner", "vae_decoder", "vae_encoder")
        }
        self.denoiser = PackagedDenoiser(self)
        self.refiner_reads_text = refiner.get("reads_text", False)
        self.decoder_sees_before = manifest["decoder"].get("context_latent_frames", 0) > 0

    def encode_prompt(self, prompt: str) -> Text:
        return encode_texts(self.text_encoder, [read_near_words(prompt, self.near_words)])

    def conditioning(self, text: Tensor, text_mask: Tensor, anchor: Tensor, anchor_present: Tensor) -> list[Tensor]:
        return self.run("anchor_encoder", text, text_mask, anchor, anchor_present)

    def refiner(self, latents: Tensor, sigma: Tensor, base: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        inputs = (latents, sigma, base, text, text_mask) if self.refiner_reads_text else (latents, sigma, base)
        return self.run("refiner", *inputs)[0]

    def decode_bytes(self, latents: Tensor, before: Tensor) -> Tensor:
        inputs = (latents, before) if self.decoder_sees_before else (latents,)
        return self.run("vae_decoder", *inputs)[0]

    def encode_picture(self, image: Tensor) -> Tensor:
        """uint8 [1, H, W, 3] to latents [1, C, h, w]."""
        return self.run("vae_encoder", image)[0]

    def run(self, name: str, *inputs: Tensor) -> list[Tensor]:
        session = self.sessions[name]
        feeds = {wanted.name: value.contiguous().numpy() for wanted, value in zip(session.get_inputs(), inputs, strict=True)}
        return [torch.from_numpy(value) for value in session.run(None, feeds)]


class PackagedDenoiser:
    """Keys and values as one tensor [blocks, 2, B, tokens, D] in the graphs, as pairs outside."""

    def __init__(self, package: PackagedNetwork):
        self.package = package

    def remember(self, overlap: Tensor, *context: Tensor) -> list[tuple[Tensor, Tensor]]:
        memory = self.package.run("cam_encoder", overlap, *context)[0]
        return [(block[0], block[1]) for block in memory]

    def __call__(self, latents: Tensor, sigma: Tensor, memory, memory_present: Tensor | None, *context: Tensor) -> Tensor:
        config, batch = self.package.config, len(latents)
        if memory is None:
            tokens = config.overlap_frames * config.latent_side**2
            stacked, memory_present = torch.zeros(config.blocks, 2, batch, tokens, config.width), torch.zeros(batch)
        else:
            stacked = torch.stack([torch.stack(pair) for pair in memory])
        return self.package.run("denoiser", latents, sigma, stacked, memory_present, *context)[0]
