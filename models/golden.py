"""Expected numbers for the TypeScript worker's tests, from the reference loop in Python.

`python golden.py --package packages/NAME` runs the package's own graphs, with onnxruntime for Python.
With `--checkpoint` the networks are PyTorch's instead: the numbers before the weights were stored
smaller. The tolerances allow for that. Inputs follow from formulas, so the tests need no large files:
`wave(shape)` is sin(0.37 * i) over the flat index i, in float32; the picture's bytes are (4 * wave + 1) * 60, rounded and clamped.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from checkpoint import Checkpoint
from export import PictureEncoder, load_autoencoder, load_refiner
from network import load_network
from package import PackagedNetwork
from refine import refine
from sample import prepare, sample, seeded_noise
from schedule import make_sigmas
from vae import frames_before

PROMPTS = ["a golden puppy runs on the beach", "a boat sails on a blue sea"]
NEAR_PROMPT = "A Corgi chases a crimson ball"
WAVE = 0.37
SEED = 7
SIGMA = 0.7
SAMPLES = 24


def wave(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.sin(WAVE * np.arange(np.prod(shape))).astype(np.float32)).reshape(shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--weights", choices=["average", "network", "student"], default="average")
    args = parser.parse_args()
    torch.set_num_threads(1)
    package = PackagedNetwork(args.package)
    network, refiner, decode_bytes, encode_picture = package, package.refiner, package.decode_bytes, package.encode_picture
    if args.checkpoint:
        checkpoint = Checkpoint(args.checkpoint)
        network = load_network(checkpoint.get(args.weights), package.config)
        refiner, autoencoder = load_refiner(checkpoint), load_autoencoder(checkpoint)
        decode_bytes, encode_picture = autoencoder.decode_bytes, PictureEncoder(autoencoder)
    folder = args.package / "golden"
    folder.mkdir(exist_ok=True)
    for name, content in compute(package.encode_prompt, network, refiner, decode_bytes, encode_picture).items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


@torch.no_grad()
def compute(encode_prompt, network, refiner, decode_bytes, encode_picture) -> dict[str, dict]:
    """One entry for each network, the schedule, and a short video with a change of prompt."""
    config = network.config
    channels, side, large = config.latent_channels, config.latent_side, config.refined_side
    text, other, no_text = map(encode_prompt, (*PROMPTS, ""))
    overlap, anchor = wave(1, channels, config.overlap_frames, side, side), wave(1, channels, side, side)
    latents, sigma = wave(1, channels, config.chunk_frames, side, side), torch.full((1,), SIGMA)
    first = prepare(network, text, torch.zeros_like(anchor), torch.zeros(1), None)
    later = prepare(network, text, anchor, torch.ones(1), overlap)
    memory = torch.stack([torch.stack(pair) for pair in later[0]])
    half = config.refiner_chunk_frames // 2
    told = [torch.cat([getattr(each, part).expand(half, *[-1] * (getattr(each, part).ndim - 1)) for each in (text, other)]) for part in ("states", "mask")]
    chunk = wave(1, channels, config.refiner_chunk_frames, large, large), sigma, wave(1, channels, config.refiner_chunk_frames, side, side), *told
    video = refine(refiner, wave(1, channels, 2 * config.chunk_frames, side, side), [text, other], SEED, config)
    shown = wave(3, channels, large, large)
    frames = decode_bytes(shown[1:], frames_before(shown[1:], shown[:1]))
    picture = torch.round((wave(1, *frames.shape[2:4], 3) * 4 + 1) * 60).clamp(0, 255).to(torch.uint8)
    story = list(sample(network, [text, text, other], no_text, seeded_noise(SEED), {2}, config.num_inference_steps, config.shift, config.first_chunk_guidance_scale, config.guidance_scale))
    return {
        "schedule": {"shift": config.shift, "sigmas": {str(n): make_sigmas(n, config.shift).tolist() for n in (8, 4)}, "shifted": {"shift": 2.0, "sigmas": make_sigmas(4, 2.0).tolist()}},
        "text_encoder": {"prompt": PROMPTS[0], "tolerance": 0.01, "text": summary(text.states), "text_mask_sum": text.mask.sum().item()},
        "near_words": {"prompt": NEAR_PROMPT, "tolerance": 0.01, "text": summary(encode_prompt(NEAR_PROMPT).states)},
        "anchor_encoder": {"prompt": PROMPTS[0], "tolerance": 0.02, "present": contexts(later), "absent": contexts(first)},
        "cam_encoder": {"prompt": PROMPTS[0], "tolerance": 0.02, "memory": summary(memory)},
        "denoiser": {
            "prompt": PROMPTS[0],
            "sigma": SIGMA,
            "tolerance": 0.03,
            "first_chunk": {"velocity": summary(network.denoiser(latents, sigma, *first))},
            "continuation": {"velocity": summary(network.denoiser(latents, sigma, *later))},
        },
        "refiner": {"prompts": PROMPTS, "sigma": SIGMA, "tolerance": 0.02, "velocity": summary(refiner(*chunk)), "seed": SEED, "base_frames": 2 * config.chunk_frames, "tolerance_video": 0.05, "video": summary(video)},
        "vae_decoder": {"tolerance_mean": 0.2, "tolerance_pixel": 3, "frames": summary(frames.float())},
        "vae_encoder": {"tolerance": 0.02, "latents": summary(encode_picture(picture))},
        "video": {"prompts": PROMPTS, "renewing": 2, "seed": SEED, "tolerance": 0.1, "overlaps": [summary(latents[:, :, -config.overlap_frames :]) for latents in story]},
    }


def contexts(prepared: tuple) -> dict:
    _, _, context, appearance, _, pooled = prepared
    return {"context": summary(context), "appearance": summary(appearance), "pooled": summary(pooled)}


def summary(values: torch.Tensor) -> dict:
    """Shape, values spread evenly over the flat order, mean and mean square: what a test compares."""
    flat = values.flatten()
    places = [index * len(flat) // SAMPLES for index in range(SAMPLES)]
    return {"shape": list(values.shape), "samples": [round(flat[place].item(), 6) for place in places], "mean": round(flat.mean().item(), 6), "mean_square": round(flat.square().mean().item(), 6)}


if __name__ == "__main__":
    main()
