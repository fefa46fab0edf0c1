"""The same video in PyTorch, eager or compiled, in milliseconds as JSON: what compare.ts compares with.

The modules are those that the package was exported from. Conditioning is hoisted as the worker hoists
it and both branches of guidance are one batch, so that only the runtime differs. The weights are the package's:
its velocities and the network's are compared first, and the answer says by how much they differ.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent.parent / "models"))

from config import ModelConfig  # noqa: E402
from kept_weights import restore  # noqa: E402
from network import Network, load_network  # noqa: E402
from refine import refine  # noqa: E402
from refiner import Refiner  # noqa: E402
from sample import seeded_noise  # noqa: E402
from schedule import euler_step, guide, make_sigmas  # noqa: E402
from vae import Autoencoder, frames_before  # noqa: E402

KEPT = Path(__file__).parent.parent / "models" / "checkpoints" / "storybook-1.pt"
SEED = 1
TOLERANCE = 0.02  # float16 weights in the package


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--variant", choices=["eager", "compiled"], required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    network, refiner, autoencoder, weights = load(args.package)
    if args.variant == "compiled":
        network.denoiser.forward = torch.compile(network.denoiser.forward)
        network.denoiser.remember = torch.compile(network.denoiser.remember)
        refiner.forward = torch.compile(refiner.forward)
        autoencoder.decode_bytes = torch.compile(autoencoder.decode_bytes)
    schedule = json.loads((args.package / "model.json").read_text())["schedule"]
    for _ in range(2):  # The first warms up, and compiles
        began = time.perf_counter()
        frames = make_video(network, refiner, autoencoder, schedule, args.frames)
        whole_ms = (time.perf_counter() - began) * 1000
    assert frames >= args.frames
    print(json.dumps({"whole_ms": whole_ms, "weights": weights}))


def load(package: Path) -> tuple[Network, Refiner, Autoencoder, object]:
    state = restore(torch.load(KEPT, map_location="cpu", weights_only=True), package)
    network, refiner, autoencoder = load_network(state["average"]), Refiner().eval(), Autoencoder().eval()
    most_difference = difference(network, package)
    if most_difference >= TOLERANCE:
        sys.exit(f"{KEPT} is not what {package} was exported from: velocities differ by {most_difference}")
    for module, name in ((refiner, "refiner_average"), (autoencoder, "autoencoder")):
        module.load_state_dict({key: value.float() for key, value in state[name].items()})
    return network, refiner, autoencoder, {"most_difference": most_difference}


@torch.no_grad()
def difference(network: Network, package: Path) -> float:
    """The most by which a velocity of the package's graph is another, over the velocities' deviation."""
    import onnxruntime

    session = onnxruntime.InferenceSession(package / "denoiser.onnx", providers=["CPUExecutionProvider"])
    feeds = {}
    for value in session.get_inputs():
        dims = [size if isinstance(size, int) else 1 for size in value.shape]
        feeds[value.name] = torch.randn(dims) if len(dims) > 1 else torch.full(dims, 0.7)
    feeds["text_mask"], feeds["memory_present"] = torch.ones_like(feeds["text_mask"]), torch.ones(1)
    wanted = session.run(["velocity"], {name: value.numpy() for name, value in feeds.items()})[0]
    pairs = [(block[0], block[1]) for block in feeds.pop("memory")]
    found = network.denoiser(memory=pairs, **feeds).numpy()
    return float(np.abs(found - wanted).max() / wanted.std())


@torch.no_grad()
def make_video(network: Network, refiner: Refiner, autoencoder: Autoencoder, schedule: dict, frames: int) -> int:
    """How many frames were made."""
    config = network.config
    chunks = -(-frames // (config.chunk_frames * config.frames_per_latent))
    frame = (config.latent_channels, config.latent_side, config.latent_side)
    sigmas = make_sigmas(schedule["num_inference_steps"], schedule["shift"]).tolist()
    text, mask = torch.randn(1, config.max_tokens, config.text_width), torch.ones(1, config.max_tokens)
    noise = seeded_noise(SEED)
    made, context = [], None
    for chunk_index in range(chunks):
        scale = schedule["first_chunk_guidance_scale" if chunk_index == 0 else "guidance_scale"]
        branches = 1 if scale == 1 else 2
        if chunk_index < 2:
            anchor = torch.zeros(branches, *frame) if chunk_index == 0 else made[0][:, :, config.anchor_frame].repeat(branches, 1, 1, 1)
            told = text.repeat(branches, 1, 1), mask.repeat(branches, 1)
            mixed, appearance, pooled = network.conditioning(*told, anchor, torch.full((branches,), float(chunk_index > 0)))
            context = mixed, appearance, told[1], pooled
        memory = present = None
        if chunk_index > 0:
            overlap = made[-1][:, :, -config.overlap_frames :].repeat(branches, 1, 1, 1, 1)
            memory, present = network.denoiser.remember(overlap, *context), torch.ones(branches)
        latents = noise((1, frame[0], config.chunk_frames, *frame[1:]), chunk_index)
        for sigma, sigma_next in zip(sigmas[:-1], sigmas[1:]):
            velocity = network.denoiser(latents.repeat(branches, 1, 1, 1, 1), torch.full((branches,), sigma), memory, present, *context)
            if branches == 2:
                velocity = guide(velocity[1:], velocity[:1], scale)
            latents = euler_step(latents, velocity, sigma, sigma_next)
        made.append(latents)
    return decode(autoencoder, refine(refiner, torch.cat(made, 2), SEED, config), config)


def decode(autoencoder: Autoencoder, refined: Tensor, config: ModelConfig) -> int:
    frames = 0
    shown = refined[0].transpose(0, 1)
    for chunk, before in zip(shown.split(config.chunk_frames), frames_before(shown).split(config.chunk_frames)):
        frames += len(autoencoder.decode_bytes(chunk, before)) * config.frames_per_latent
    return frames


if __name__ == "__main__":
    main()
