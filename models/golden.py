"""Expected numbers from PyTorch for the TypeScript worker's tests, written beside the package.

Inputs follow from formulas, so the tests need no large files: `wave(shape)` is sin(0.37 * i) over the
flat index i, in float32. Expectations are those of the float32 network before its weights were
stored as float16, hence the tolerances.
"""

import json
from pathlib import Path

import numpy as np
import torch

from captions import MAX_TOKENS, NULL_TOKENS, tokenize
from network import Network
from schedule import make_sigmas
from vae import Autoencoder

PROMPTS = [
    "a red balloon rises over the sea",
    "A BLUE fish swims to the left, in space!",
    "the yellow star bounces in the forest",
    "a purple dragon hops in a city at night",
    "",
    "a video of one small green car driving quickly to the right through the snowy mountains on and on and on and on and on and on",
]
WAVE = 0.37


def wave(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.sin(WAVE * np.arange(np.prod(shape))).astype(np.float32)).reshape(shape)


@torch.no_grad()
def write_golden(folder: Path, network: Network, autoencoder: Autoencoder) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = network.config
    side, channels, frames = config.latent_side, config.latent_channels, config.chunk_frames
    ids = torch.tensor([tokenize(PROMPTS[0])])
    tokens, mask, pooled = network.text_encoder(ids)
    anchor = network.anchor_encoder(wave(1, channels, side, side))
    sigmas = torch.full((1, frames), 0.5)
    sigmas[:, : config.overlap_frames] = 0
    chunk = wave(1, channels, frames, side, side)
    continued = network.denoiser(chunk, sigmas, tokens, mask, pooled, anchor, torch.ones(1))
    first = network.denoiser(chunk, torch.ones(1, frames), tokens, mask, pooled, anchor, torch.zeros(1))
    picture = autoencoder.decode_bytes(wave(1, channels, side, side))[0]
    write(folder / "tokenizer.json", {"max_tokens": MAX_TOKENS, "null_tokens": NULL_TOKENS, "prompts": [{"prompt": p, "token_ids": tokenize(p)} for p in PROMPTS]})
    write(folder / "schedule.json", {"shift": config.shift, "sigmas": {str(n): make_sigmas(n, config.shift).tolist() for n in (8, 4)}, "shifted": {"shift": 2.0, "sigmas": make_sigmas(4, 2.0).tolist()}})
    write(folder / "text_encoder.json", {"prompt": PROMPTS[0], "tolerance": 0.02, "text_tokens": summary(tokens), "text_mask_sum": float(mask.sum()), "text_pooled": summary(pooled)})
    write(folder / "anchor_encoder.json", {"input": f"sin({WAVE} * i), [1, 8, 16, 16]", "tolerance": 0.02, "anchor_tokens": summary(anchor)})
    write(
        folder / "denoiser.json",
        {
            "input": f"latents sin({WAVE} * i), [1, 8, 12, 16, 16]; text of the prompt; anchor tokens of anchor_encoder.json",
            "prompt": PROMPTS[0],
            "tolerance": 0.03,
            "first_chunk": {"sigmas": [1.0] * frames, "anchor_present": 0, "velocity": summary(first)},
            "continuation": {"sigmas": sigmas[0].tolist(), "anchor_present": 1, "velocity": summary(continued[:, :, config.overlap_frames :]), "velocity_note": "of the frames behind the overlap, [1, 8, 8, 16, 16]; the overlap's velocity is exactly 0"},
        },
    )
    pixels = [{"x": x, "y": y, "rgb": picture[y, x].tolist()} for x, y in ((0, 0), (64, 64), (127, 5), (30, 90))]
    write(folder / "vae_decoder.json", {"input": f"sin({WAVE} * i), [1, 8, 16, 16]", "tolerance_mean": 0.2, "tolerance_pixel": 3, "mean": float(picture.float().mean()), "pixels": pixels})


def summary(values: torch.Tensor) -> dict:
    """Shape, first eight values in flat order, mean and mean square: what a test compares."""
    flat = values.flatten()
    return {"shape": list(values.shape), "first": [round(v, 6) for v in flat[:8].tolist()], "mean": round(flat.mean().item(), 6), "mean_square": round(flat.square().mean().item(), 6)}


def write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
