"""Judges a shipped package on prompts training never drew; prints a table, the last line is JSON.

Every figure stands beside that of real clips of the same scenes under the same checker, which tells
how far the checker itself can be trusted.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from PIL.ImageDraw import Draw

from captions import describe
from checker import Reading, nearest_colour, nearest_place, clean, read_clip
from dataset import render_clip
from package import PackagedNetwork
from sample import sample, seeded_noise
from world import Scene, draw_scene

FIRST_SCENE = 910_000_000
HELD_OUT_EVERY = 4  # every fourth prompt has an object-colour pair kept out of training
JUDGED_CHUNKS, LONG_CHUNKS = 4, 16  # 36 and 132 frames
SHEET_PROMPTS = [
    "a red balloon rises over the sea",
    "a blue fish swims to the left in space",
    "the yellow star bounces in the forest",
    "a green car drives to the right in the city at night",
    "a white boat sails left on the ocean",
    "an orange ball bounces in the desert",
    "a pink bird flies to the right over the meadow",
    "a purple box falls in the mountains",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--long-prompts", type=int, default=12)
    parser.add_argument("--steps", type=int, help="default: model.json's")
    parser.add_argument("--first-scale", type=float, help="guidance of the first chunk; default: model.json's")
    parser.add_argument("--scale", type=float, help="guidance of later chunks; default: model.json's")
    parser.add_argument("--sheet", type=Path, help="also draw the README's contact sheet here")
    args = parser.parse_args()
    torch.set_num_threads(1)
    network = PackagedNetwork(args.package)
    settings = {
        "steps": args.steps or network.schedule["num_inference_steps"],
        "shift": network.schedule["shift"],
        "first_scale": args.first_scale or network.schedule["first_chunk_guidance_scale"],
        "scale": args.scale or network.schedule["guidance_scale"],
    }
    if args.sheet:
        draw_sheet(network, settings, args.sheet)
    results = {"settings": settings}
    if args.prompts:
        results["prompts"] = judge_prompts(network, settings, args.prompts)
    if args.long_prompts:
        results["long"] = judge_long(network, settings, args.long_prompts)
    print(json.dumps(results))


def judge_prompts(network: PackagedNetwork, settings: dict, count: int) -> dict:
    model, real = Score(), Score()
    for number in range(count):
        scene, prompt = judged_scene(number)
        model.add(scene, read_clip(generate(network, settings, prompt, JUDGED_CHUNKS, number)[0]), number)
        real.add(scene, read_clip(render_clip(scene, 36)), number)
    for row in model.shares:
        print(f"{row:28s} model {model.told(row):>16s}   real {real.told(row):>16s}")
    return {"model": model.summary(), "real": real.summary()}


def judged_scene(number: int) -> tuple[Scene, str]:
    scene = draw_scene(FIRST_SCENE + number, held_out=number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1)
    return scene, describe(scene, np.random.default_rng([scene.seed, 3]), full=True)


class Score:
    """Right answers and questions asked, per attribute. A still object cannot be seen (checker.py)."""

    def __init__(self):
        names = ["place", "colour", "object", "motion", "direction", "all four"]
        names += ["colour, unseen pair", "object, unseen pair"]
        self.shares = {name: [0, 0] for name in names}
        self.with_object = []

    def add(self, scene: Scene, reading: Reading, number: int) -> None:
        right = {name: getattr(reading, name) == getattr(scene, name) for name in ("place", "colour", "object", "motion")}
        self.count("place", right["place"])
        self.count("motion", right["motion"])
        if scene.motion in ("left", "right", "rises", "falls"):
            self.count("direction", right["motion"])
        if scene.motion == "still":
            return
        self.count("colour", right["colour"])
        self.count("object", right["object"])
        self.count("all four", all(right.values()))
        if number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1:
            self.count("colour, unseen pair", right["colour"])
            self.count("object, unseen pair", right["object"])
        self.with_object.append(reading.frames_with_object)

    def count(self, name: str, right: bool) -> None:
        self.shares[name][0] += int(right)
        self.shares[name][1] += 1

    def told(self, name: str) -> str:
        right, asked = self.shares[name]
        return f"{100 * right / max(asked, 1):.0f} % ({right}/{asked})"

    def summary(self) -> dict:
        shares = {name.replace(", ", "_").replace(" ", "_"): {"right": r, "of": n} for name, (r, n) in self.shares.items()}
        return {**shares, "frames_with_object": round(float(np.mean(self.with_object)), 3)}


def judge_long(network: PackagedNetwork, settings: dict, count: int) -> dict:
    """132 frames each: seams, flicker, contrast over time, and whether the scene is still itself at the end."""
    rows = []
    for number in range(count):
        scene = moving_scene(number)
        prompt = describe(scene, np.random.default_rng([scene.seed, 3]), full=True)
        frames, latents = generate(network, settings, prompt, LONG_CHUNKS, 1000 + number)
        real = render_clip(scene, len(frames))
        background = np.median(frames[-36:], axis=0)
        late_masks = [clean(np.abs(frame - background).max(-1) > 48) for frame in frames[-16:]]
        seen = [(frame[mask], mask.sum() >= 110) for frame, mask in zip(frames[-16:], late_masks)]
        late = [pixels for pixels, enough in seen if enough]
        inside, border = differences(frames)
        real_inside, _ = differences(real)
        rows.append(
            {
                "difference_inside": inside,
                "difference_border": border,
                "difference_real": real_inside,
                "latent_std_first": float(latents[:, :12].std()),
                "latent_std_last": float(latents[:, -8:].std()),
                "colour_right_late": float(bool(late) and nearest_colour(late) == scene.colour),
                "place_right_late": float(nearest_place(background) == scene.place),
                "object_seen_late": float(np.mean([enough for _, enough in seen])),
                "background_drift": float(np.abs(np.median(frames[:36], axis=0) - background).mean() / 255),
            }
        )
    means = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}
    for name, value in means.items():
        print(f"{name:28s} {value}")
    return {"prompts": count, "frames": len(frames), **means}


def moving_scene(number: int) -> Scene:
    seed = FIRST_SCENE + 500_000 + 1000 * number
    while draw_scene(seed).motion == "still":
        seed += 1
    return draw_scene(seed)


def differences(frames: np.ndarray) -> tuple[float, float]:
    """Mean absolute difference of neighbouring frames (of 1), inside chunks and at their borders."""
    steps = np.abs(np.diff(frames.astype(np.float32), axis=0)).mean((1, 2, 3)) / 255
    border = np.arange(1, len(frames)) % 8 == 4
    border[:8] = False
    return float(steps[~border].mean()), float(steps[border].mean())


def generate(network, settings: dict, prompt: str, chunks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 frames [F, 128, 128, 3] and their latents [C, F, H, W]."""
    latents = torch.cat(list(sample(network, [prompt], chunks, seeded_noise(seed), **settings)), dim=2)[0]
    return network.decode(latents), latents.numpy()


def draw_sheet(network: PackagedNetwork, settings: dict, path: Path) -> None:
    """One row a prompt: every fourth of the first 36 frames at 96 pixels, the prompt underneath."""
    rows = []
    for number, prompt in enumerate(SHEET_PROMPTS):
        frames = generate(network, settings, prompt, JUDGED_CHUNKS, number)[0][:36:4]
        small = [np.asarray(Image.fromarray(frame).resize((96, 96), Image.Resampling.LANCZOS)) for frame in frames]
        label = Image.new("RGB", (96 * len(small), 16), "white")
        Draw(label).text((4, 2), prompt, fill="black")
        rows += [np.concatenate(small, 1), np.asarray(label)]
    sheet = Image.fromarray(np.concatenate(rows))
    sheet.quantize(256, Image.Quantize.FASTOCTREE).save(path, optimize=True)


if __name__ == "__main__":
    main()
