"""Trains the checker on pictures drawn for it: places with a few things at any angle and size, then softened.

What the autoencoder makes of a picture is shown too, at both sizes, so that softness does not mislead it.
`python train_checker.py --autoencoder CHECKPOINT --cpu-minutes 10`
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from checker import CELL, CELLS, SIDE, USUAL_DIAMETER, WEIGHTS, Checker, as_input
from checkpoint import Checkpoint
from drawings import draw_thing
from optimizer import Optimizer
from places import PLACES, draw_place
from things import COLOURS, THINGS
from vae import Autoencoder, stack_frames
from world import paste, shrink

PICTURES_A_PLACE = 24
BATCH = 24
RECONSTRUCTED = 8  # of a batch, half of them at the base's size
SMALLEST, LARGEST = 22, 112  # pixels
NEAR = 0.22  # cells up to this share of its diameter from a thing's centre answer for it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--autoencoder", type=Path, required=True)
    parser.add_argument("--cpu-minutes", type=float, default=10)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng([args.seed, 11])
    checker = Checker().to(memory_format=torch.channels_last)
    if args.start:
        checker.load_state_dict({name: value.float() for name, value in torch.load(args.start, weights_only=True).items()})
    autoencoder = Autoencoder().eval().to(memory_format=torch.channels_last)
    autoencoder.load_state_dict({name: value.float() for name, value in Checkpoint(args.autoencoder).get("autoencoder").items()})
    pool = [[draw_place(place, rng) for _ in range(PICTURES_A_PLACE)] for place in PLACES]
    optimizer = Optimizer(checker, 0, 1)
    average = {name: value.clone() for name, value in checker.state_dict().items()}
    share, step, started = 0.0, 0, time.process_time()
    while share < 1:
        frames, targets = draw_batch(pool, autoencoder, rng)
        with torch.autocast("cpu", torch.bfloat16):
            out = checker(as_input(frames))
        losses = score(out, targets)
        checker.zero_grad()
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(checker.parameters(), 2.0)
        optimizer.step(min(1, (step + 1) / 30, max(0.01, 1.2 * (1 - share))))
        step += 1
        for name, value in checker.state_dict().items():
            average[name].lerp_(value, max(0.02, 1 / step))
        share = (time.process_time() - started) / (60 * args.cpu_minutes)
        if step % 50 == 0 or share >= 1:
            print(f"step {step} share {share:.2f} " + " ".join(f"{name} {value.item():.3f}" for name, value in losses.items()), flush=True)
            torch.save({name: value.half() for name, value in average.items()}, WEIGHTS)


def draw_batch(pool: list, autoencoder: Autoencoder, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, Tensor]]:
    drawn = [draw_example(pool, rng, pair=number < RECONSTRUCTED) for number in range(BATCH)]
    targets = {name: torch.from_numpy(np.stack([example[1][name] for example in drawn])) for name in drawn[0][1]}
    half = RECONSTRUCTED // 2
    fine = reconstruct(autoencoder, np.stack([example[0] for example in drawn[:half]]))
    small = np.stack([[shrink(frame) for frame in example[0]] for example in drawn[half:RECONSTRUCTED]])
    coarse = [cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for frame in reconstruct(autoencoder, small)]
    return np.stack([*fine, *coarse, *(soften(example[0][0], rng) for example in drawn[RECONSTRUCTED:])]), targets


@torch.no_grad()
def reconstruct(autoencoder: Autoencoder, pairs: np.ndarray) -> np.ndarray:
    """uint8 [N, 2, S, S, 3]: the first of each pair, as decoded from slightly noisy latents of both."""
    with torch.autocast("cpu", torch.bfloat16):
        latents = autoencoder.encode(stack_frames(torch.from_numpy(pairs.reshape(-1, *pairs.shape[2:]))))
        noise = torch.rand(len(latents), 1, 1, 1) * 0.3
        disturbed = (latents + noise * torch.randn_like(latents)).float()
        return autoencoder.decode_bytes(disturbed, disturbed)[:, 0].numpy()


def draw_example(pool: list, rng: np.random.Generator, pair: bool) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """One picture, or two with the things a little further on in the second; and what the checker should say of the first."""
    place = rng.integers(len(PLACES))
    night = bool(rng.random() < 0.25) and PLACES[place] != "space"
    picture = np.roll(pool[place][rng.integers(PICTURES_A_PLACE)][int(night)], rng.integers(SIDE), 1)
    pictures = [picture.copy() for _ in range(1 + pair)]
    things = draw_things(rng)
    for thing, colour, x, y, diameter, angle, mirrored in things:
        step, turned = rng.uniform(-8, 8, 2) * (rng.random() < 0.7), rng.uniform(-0.5, 0.5) * (angle != 0)
        for number, each in enumerate(pictures):
            at = (x + step[0] * number) % SIDE, (y + step[1] * number) % SIDE
            paste(each, draw_thing(thing, colour), *at, diameter, angle + turned * number, mirrored, 0.7 if night else 1.0)
    weather = rng.integers(3) if rng.random() < 0.3 and PLACES[place] not in ("space", "room") else 0
    if weather:
        fall(pictures, weather, rng)
    return pictures, {**cell_targets(things), "places": np.int64(place), "night": np.float32(night), "weathers": np.int64(weather)}


def draw_things(rng: np.random.Generator) -> list[tuple]:
    """One to four things that hardly cover each other: (thing, colour, x, y, diameter, angle, mirrored)."""
    things: list[tuple] = []
    for _ in range(rng.integers(2, 9)):
        diameter = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
        x, y = rng.uniform(0, SIDE, 2)
        clear = all(np.hypot(*wrapped(np.array([x - other[2], y - other[3]]))) > 0.45 * (diameter + other[4]) for other in things)
        if not clear or len(things) == 4:
            continue
        thing = int(rng.integers(len(THINGS)))
        colour = list(COLOURS)[rng.integers(len(COLOURS))] if THINGS[thing].colourable else None
        angle = float(rng.uniform(-np.pi, np.pi)) if rng.random() < 0.3 else 0.0
        things.append((thing, colour, float(x), float(y), diameter, angle, bool(rng.random() < 0.5)))
    return things


def fall(pictures: list[np.ndarray], weather: int, rng: np.random.Generator) -> None:
    drops = rng.uniform(0, SIDE, (rng.integers(30, 71), 2))
    for number, picture in enumerate(pictures):
        for x, y in drops:
            if weather == 1:
                x, y = (x + 4 * number) % SIDE, (y + 14 * number) % SIDE
                cv2.line(picture, (int(x), int(y)), (int(x) + 2, int(y) + 7), (196, 220, 250), 1)
            else:
                x, y = (x + number) % SIDE, (y + 3 * number) % SIDE
                picture[int(y) : int(y) + 2, int(x) : int(x) + 2] = 252


def soften(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, contrast, noise and JPEG's blocks, each at times."""
    out = picture
    if rng.random() < 0.5:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.6))
    if rng.random() < 0.5:
        gain, shift = rng.uniform(0.85, 1.15), rng.uniform(-12, 12, 3)
        out = np.clip((out - 128.0) * gain + 128 + shift + rng.normal(0, rng.uniform(0, 6), out.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, stored = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        out = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    return out


def cell_targets(things: list[tuple]) -> dict[str, np.ndarray]:
    """Per cell: heat around centres, class and colour of the thing that it answers for (-1 none), way to its centre, log size, angle."""
    centres = (np.arange(CELLS) + 0.5) * CELL
    heat = np.zeros((CELLS, CELLS), np.float32)
    thing_of, colour_of = np.full((2, CELLS, CELLS), -1, np.int64)
    offset, size, angle_of = np.zeros((2, CELLS, CELLS), np.float32), np.zeros((CELLS, CELLS), np.float32), np.zeros((2, CELLS, CELLS), np.float32)
    for thing, colour, x, y, diameter, angle, _ in things:
        across, down = np.broadcast_arrays(wrapped(x - centres)[None, :], wrapped(y - centres)[:, None])
        distance = np.hypot(across, down)
        heat = np.maximum(heat, np.exp(-(distance**2) / (2 * 6.0**2)).astype(np.float32))
        mine = distance < max(7, NEAR * diameter)
        thing_of[mine] = thing
        colour_of[mine] = -1 if colour is None else list(COLOURS).index(colour)
        offset[:, mine] = np.stack([across[mine], down[mine]]) / CELL
        size[mine] = np.log(diameter / USUAL_DIAMETER)
        angle_of[:, mine] = np.array([[np.cos(angle)], [np.sin(angle)]])
    return {"heat": heat, "things": thing_of, "colours": colour_of, "offset": offset, "size": size, "angle": angle_of}


def wrapped(distance: np.ndarray) -> np.ndarray:
    return (distance + SIDE / 2) % SIDE - SIDE / 2


def score(out: dict[str, Tensor], targets: dict[str, Tensor]) -> dict[str, Tensor]:
    mine = targets["things"] >= 0
    return {
        "heat": 20 * F.binary_cross_entropy_with_logits(out["heat"], targets["heat"]),
        "things": F.cross_entropy(out["things"], targets["things"], ignore_index=-1),
        "colours": 0.5 * F.cross_entropy(out["colours"], targets["colours"], ignore_index=-1),
        "offset": (out["offset"] - targets["offset"]).abs().sum(1)[mine].mean(),
        "size": 2 * (out["size"] - targets["size"]).abs()[mine].mean(),
        "angle": (out["angle"] - targets["angle"]).square().sum(1)[mine].mean(),
        "places": 0.3 * F.cross_entropy(out["places"], targets["places"]),
        "night": 0.2 * F.binary_cross_entropy_with_logits(out["night"], targets["night"]),
        "weathers": 0.2 * F.cross_entropy(out["weathers"], targets["weathers"]),
    }


if __name__ == "__main__":
    main()
