"""Refines a video's frames to 1280x720 with a package's refiner, as the published StreamingT2V does: the whole video at once.

Frames are PNG files in the order of their names. Those that whole chunks don't take are left out at the end.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from streamingt2v.byte_pairs import BytePairs
from streamingt2v.refinement import Refinement, refine, usable_frames


def main() -> None:
    parser = argparse.ArgumentParser(description="Refine a video's frames to 1280x720 with a package's refiner.")
    parser.add_argument("--package", type=Path, required=True, metavar="FOLDER", help="written by export_streamingt2v.py with --refiner")
    parser.add_argument("--frames", type=Path, required=True, metavar="FOLDER", help="PNG files, all of one size; 24 or more")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--negative-prompt", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--refined", type=Path, required=True, metavar="FOLDER", help="the refined frames' PNG files go here")
    parser.add_argument("--provider", default="CPUExecutionProvider", help="of ONNX Runtime (default: CPUExecutionProvider)")
    args = parser.parse_args()
    frames = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in sorted(args.frames.glob("*.png"))]
    try:
        refined = refine_frames(args.package, frames, args.prompt, args.negative_prompt, args.seed, args.provider)
    except ValueError as error:
        sys.exit(str(error))
    args.refined.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(refined):
        path = args.refined / f"{number:05}.png"
        if not cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)):
            raise OSError(f"{path} could not be written")


def refine_frames(package: Path, frames: list[np.ndarray], prompt: str, negative_prompt: str = "", seed: int = 0, provider: str = "CPUExecutionProvider") -> list[np.ndarray]:
    """@param frames bytes [H, W, 3] each. @raise ValueError where the package has no refiner, or the frames are too few"""
    manifest = json.loads((package / "model.json").read_text())
    settings = manifest["published"].get("refiner")
    if settings is None:
        raise ValueError(f"{package}: the package has no refiner; export it with --refiner")
    refinement = Refinement(**{name: settings[name] for name in Refinement.__dataclass_fields__})
    frames = frames[: usable_frames(len(frames), refinement)]
    open_graph = lambda name: onnxruntime.InferenceSession(str(package / f"{name}.onnx"), providers=[provider])
    rng = np.random.default_rng(seed)

    tokenizer = BytePairs.read(package / "vocab.json", package / "merges.txt", manifest["text"]["max_tokens"], manifest["modelscope"]["pad_token"])
    ids = np.array([tokenizer.encode(prompt), tokenizer.encode(negative_prompt)], np.int64)
    text = open_graph("text_encoder").run(None, {"input_ids": ids})[0]
    width, height = map(int, settings["size"].split("x"))
    clean = encode(open_graph("refiner_encoder"), [fit(frame, width, height) for frame in frames], rng)
    network = open_graph("refiner")

    def predict(noisy: np.ndarray, timestep: int) -> tuple[np.ndarray, np.ndarray]:
        # One branch after the other: a chunk of this size takes gigabytes
        inputs = {"latents": noisy.astype(np.float32), "timestep": np.array([timestep], np.int64)}
        told, untold = (network.run(None, inputs | {"text": branch[None]})[0] for branch in text)
        return told, untold

    latents = refine(clean, predict, refinement, rng)
    decoder = open_graph("refiner_decoder")
    return [decoder.run(None, {"latents": latents[:, :, number]})[0][0, 0] for number in range(len(frames))]


def fit(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """As large as it can be without a cut, in the middle of black."""
    scale = min(width / frame.shape[1], height / frame.shape[0])
    inner_width, inner_height = round(frame.shape[1] * scale), round(frame.shape[0] * scale)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[top : top + inner_height, left : left + inner_width] = cv2.resize(frame, (inner_width, inner_height), interpolation=cv2.INTER_LINEAR)
    return fitted


def encode(encoder: onnxruntime.InferenceSession, frames: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Latents [1, C, F, h, w], drawn as the autoencoder's training draws them."""
    latents = []
    for frame in frames:
        mean, deviation = encoder.run(None, {"image": frame[None]})
        latents.append(mean + deviation * rng.standard_normal(mean.shape))
    return np.stack(latents, 2)


if __name__ == "__main__":
    main()
