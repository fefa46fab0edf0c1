"""The first chunk that an exported first stage draws of a prompt, as PNG files: what to look at before a whole video is asked for."""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from streamingt2v.byte_pairs import BytePairs


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the 16 frames of an exported first stage.")
    parser.add_argument("--package", type=Path, required=True, metavar="FOLDER", help="written by export_first_stage.py")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--negative-prompt", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, metavar="N", help="default: the package's own, 50 of the published")
    parser.add_argument("--frames", type=Path, required=True, metavar="FOLDER", help="the frames' PNG files go here")
    parser.add_argument("--provider", default="CPUExecutionProvider", help="of ONNX Runtime (default: CPUExecutionProvider)")
    args = parser.parse_args()
    frames = draw(args.package, args.prompt, args.negative_prompt, args.seed, args.steps, args.provider)
    args.frames.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        path = args.frames / f"{number:02}.png"
        if not cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)):
            raise OSError(f"{path} could not be written")


def draw(package: Path, prompt: str, negative_prompt: str = "", seed: int = 0, steps: int | None = None, provider: str = "CPUExecutionProvider") -> np.ndarray:
    """Bytes [16, H, W, 3]."""
    settings = json.loads((package / "first_stage.json").read_text())
    run = lambda name, **inputs: onnxruntime.InferenceSession(str(package / f"{name}.onnx"), providers=[provider]).run(None, inputs)[0]
    tokenizer = BytePairs.read(package / "vocab.json", package / "merges.txt", settings["max_tokens"], settings["pad_token"])
    ids = np.array([tokenizer.encode(prompt), tokenizer.encode(negative_prompt)], np.int64)
    text = run("text_encoder", input_ids=ids)
    denoiser = onnxruntime.InferenceSession(str(package / "first_stage.onnx"), providers=[provider])

    def noise_of(latents: np.ndarray, timestep: int) -> np.ndarray:
        inputs = {"latents": np.repeat(latents, 2, 0), "timestep": np.array([timestep] * 2, np.int64), "text": text}
        told, untold = denoiser.run(None, inputs)[0]
        return (untold + settings["guidance_scale"] * (told - untold))[None]

    noise = np.random.default_rng(seed).standard_normal(settings["latents"], np.float32)
    latents = sample(noise, noise_of, settings["betas"], steps or settings["num_inference_steps"])
    return run("vae_decoder", latents=latents[0].swapaxes(0, 1).copy())[:, 0]


def sample(latents: np.ndarray, noise_of, betas: dict, steps: int) -> np.ndarray:
    """DPM-Solver++ (Lu et al., 2022, arXiv 2211.01095, algorithm 2), of second order in the middle, of first at both ends."""
    before, step_before = None, 0.0
    levels = noise_levels(betas, steps)
    for number, ((timestep, alpha, sigma), (_, next_alpha, next_sigma)) in enumerate(zip(levels, levels[1:])):
        clean = (latents - sigma * noise_of(latents, timestep)) / alpha
        with np.errstate(divide="ignore"):
            step = np.log(next_alpha / next_sigma) - np.log(alpha / sigma) if next_sigma > 0 else np.inf
        towards = clean
        if before is not None and number < steps - 1:
            towards = clean + step / step_before / 2 * (clean - before)
        latents = (next_sigma / sigma * latents + next_alpha * -np.expm1(-step) * towards).astype(np.float32)
        before, step_before = clean, step
    return latents


def noise_levels(betas: dict, steps: int) -> list[tuple[int, float, float]]:
    """Timestep, alpha, sigma of each step, evenly over all timesteps; the last is clean."""
    root = betas["curve"] == "scaled-linear"
    ends = (betas["start"] ** 0.5, betas["end"] ** 0.5) if root else (betas["start"], betas["end"])
    rates = np.linspace(*ends, betas["train_timesteps"]) ** (2 if root else 1)
    squares = np.cumprod(1 - rates)
    timesteps = np.linspace(0, betas["train_timesteps"] - 1, steps + 1).round().astype(int)[:0:-1]
    return [(int(told), float(squares[told] ** 0.5), float((1 - squares[told]) ** 0.5)) for told in timesteps] + [(0, 1.0, 0.0)]


if __name__ == "__main__":
    main()
