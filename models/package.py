"""A shipped package behind the same three calls as `Network`, so that sample.py can run it."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from config import ModelConfig


class PackagedNetwork:
    def __init__(self, folder: Path, threads: int = 1):
        manifest = json.loads((folder / "model.json").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.config = ModelConfig()
        self.schedule = manifest["schedule"]
        self.sessions = {
            name: onnxruntime.InferenceSession(folder / manifest["files"][name]["path"], options, providers=["CPUExecutionProvider"])
            for name in ("text_encoder", "anchor_encoder", "denoiser", "vae_decoder")
        }

    def text_encoder(self, token_ids: Tensor) -> list[Tensor]:
        return self.run("text_encoder", [token_ids])

    def anchor_encoder(self, anchor_latents: Tensor) -> Tensor:
        return self.run("anchor_encoder", [anchor_latents])[0]

    def denoiser(self, *inputs: Tensor) -> Tensor:
        return self.run("denoiser", list(inputs))[0]

    def decode(self, latents: Tensor) -> np.ndarray:
        """[C, F, H, W] of one video to uint8 [F, 128, 128, 3]."""
        return self.run("vae_decoder", [latents.transpose(0, 1)])[0].numpy()

    def run(self, name: str, inputs: list[Tensor]) -> list[Tensor]:
        session = self.sessions[name]
        feeds = {wanted.name: value.contiguous().numpy() for wanted, value in zip(session.get_inputs(), inputs, strict=True)}
        return [torch.from_numpy(value) for value in session.run(None, feeds)]
