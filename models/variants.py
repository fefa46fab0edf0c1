"""The rows of the evaluation: real clips, the package, and the same weights with a part taken away."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from captions import describe
from checkpoint import Checkpoint
from config import ModelConfig
from package import PackagedNetwork
from refine import refine
from sample import sample, seeded_noise
from story import Scene
from vae import Autoencoder, frames_before, stack_frames
from world import SIDE, render

CHUNK = ModelConfig.chunk_frames * ModelConfig.frames_per_latent


@dataclass(frozen=True)
class Variant:
    """`decoded`: real clips through the autoencoder. The others as sample.py has them."""

    real: bool = False
    decoded: bool = False
    remembered: int = ModelConfig.overlap_frames
    shows_anchor: bool = True
    refined: bool = True


VARIANTS = {
    "ground truth": Variant(real=True),
    "ground truth, autoencoder": Variant(real=True, decoded=True),
    "package": Variant(),
    "naive chaining": Variant(remembered=1, shows_anchor=False),
    "no CAM": Variant(remembered=0),
    "no APM": Variant(shows_anchor=False),
    "no refiner": Variant(refined=False),
}
NEED_AUTOENCODER = ("ground truth, autoencoder", "no refiner")


class Maker:
    """Makes any variant's frames of any scene. `checkpoint` gives the autoencoder, of which a package has only half."""

    def __init__(self, package: Path, checkpoint: Path | None, overrides: dict):
        self.network = PackagedNetwork(package)
        self.overrides = overrides
        self.no_text = self.network.encode_prompt("")
        if checkpoint:
            self.autoencoder = Autoencoder().eval()
            self.autoencoder.load_state_dict({name: value.float() for name, value in Checkpoint(checkpoint).get("autoencoder").items()})

    def make(self, variant: Variant, scene: Scene, prompt: str, frames: int, seed: int) -> np.ndarray:
        """uint8 [frames, 128, 128, 3]; the prompt changes at the chunk in which the scene does."""
        if variant.real:
            clip = render(scene, 0, frames).frames
            return self.decode(self.encode(clip)) if variant.decoded else clip
        return self.generate(variant, self.prompts(scene, prompt, frames // CHUNK), seed)

    def prompts(self, scene: Scene, prompt: str, chunks: int) -> list[str]:
        after = describe(scene, 10**6, np.random.default_rng([scene.seed, 4]), full=True) if scene.after else ""
        return [after if scene.after and chunk * CHUNK >= scene.change_frame else prompt for chunk in range(chunks)]

    @torch.no_grad()
    def generate(self, variant: Variant, prompts: list[str], seed: int) -> np.ndarray:
        config = self.network.config
        settings = {
            "steps": config.num_inference_steps,
            "shift": config.shift,
            "first_scale": config.first_chunk_guidance_scale,
            "scale": config.guidance_scale,
            **self.overrides,
        }
        encoded = {prompt: self.network.encode_prompt(prompt) for prompt in dict.fromkeys(prompts)}
        texts = [encoded[prompt] for prompt in prompts]
        # As the API does where nothing else is asked: a new prompt's first chunk renews the anchor
        renewing = {chunk for chunk in range(1, len(prompts)) if prompts[chunk] != prompts[chunk - 1]}
        chunks = sample(
            self.network,
            texts,
            self.no_text,
            seeded_noise(seed),
            renewing,
            remembered=variant.remembered,
            shows_anchor=variant.shows_anchor,
            **settings,
        )
        base = torch.cat(list(chunks), 2)
        if not variant.refined:
            return np.stack([cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for frame in self.decode(base[0].transpose(0, 1))])
        refined = refine(self.network.refiner, base, texts, seed, config)[0].transpose(0, 1)
        return decode_all(self.network.decode_bytes, refined)

    @torch.no_grad()
    def encode(self, frames: np.ndarray) -> torch.Tensor:
        return torch.cat([self.autoencoder.encode(stack_frames(torch.from_numpy(frames[start : start + 32]))) for start in range(0, len(frames), 32)])

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> np.ndarray:
        return decode_all(self.autoencoder.decode_bytes, latents)


def decode_all(decode_bytes, latents: torch.Tensor) -> np.ndarray:
    """uint8 [2 * N, H, W, 3] of consecutive latent frames [N, C, h, w], a few at a time."""
    parts = zip(latents.split(8), frames_before(latents).split(8))
    return np.concatenate([decode_bytes(part, before).flatten(0, 1).numpy() for part, before in parts])
