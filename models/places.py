"""Draws one static background per clip, 128x128 RGB, twice oversampled; a generator jitters it."""

from typing import Callable

import numpy as np
from PIL import Image, ImageDraw

SIDE = 128
OVERSAMPLING = 2
GRID = SIDE * OVERSAMPLING


def draw_place(name: str, rng: np.random.Generator) -> np.ndarray:
    """float32 [128, 128, 3] in 0..1."""
    picture = PLACES[name](rng).resize((SIDE, SIDE), Image.Resampling.BOX)
    tint = rng.uniform(0.94, 1.06, 3)
    return np.clip(np.asarray(picture, dtype=np.float32) / 255 * tint, 0, 1).astype(np.float32)


def gradient(top, bottom) -> Image.Image:
    mix = np.linspace(0, 1, GRID, dtype=np.float32)[:, None]
    column = np.asarray(top) * (1 - mix) + np.asarray(bottom) * mix
    return Image.fromarray(np.repeat(column[:, None, :], GRID, 1).astype(np.uint8))


def px(*values: float) -> list[float]:
    return [value * OVERSAMPLING for value in values]


def disc(draw: ImageDraw.ImageDraw, x, y, radius, colour) -> None:
    draw.ellipse(px(x - radius, y - radius, x + radius, y + radius), fill=colour)


def below(draw: ImageDraw.ImageDraw, heights: np.ndarray, colour) -> None:
    """Fills everything under a curve given as 33 heights across the picture."""
    xs = np.linspace(0, SIDE, len(heights))
    dots = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in zip(xs, heights)]
    draw.polygon([(0, GRID), *dots, (GRID, GRID)], fill=colour)


def wave(rng, base: float, amplitude: float, turns: float) -> np.ndarray:
    return base + amplitude * np.sin(np.linspace(0, turns * 2 * np.pi, 33) + rng.uniform(0, 6.3))


def cloud(draw, x, y, scale) -> None:
    for dx, dy, radius in ((-9, 2, 6), (0, -1, 8), (9, 2, 6)):
        disc(draw, x + dx * scale, y + dy * scale, radius * scale, (250, 252, 255))


def sea(rng) -> Image.Image:
    picture = gradient((120, 196, 245), (214, 238, 250))
    draw = ImageDraw.Draw(picture)
    horizon = rng.uniform(44, 60)
    disc(draw, rng.uniform(16, 112), rng.uniform(14, horizon - 16), 10, (255, 236, 130))
    for layer, colour in enumerate([(28, 118, 176), (22, 100, 160), (17, 84, 144), (12, 68, 126)]):
        base = horizon + layer * (SIDE - horizon) / 4
        below(draw, wave(rng, base, min(0.3 + 1.5 * layer, 3), 3.0), colour)
    return picture


def forest(rng) -> Image.Image:
    picture = gradient((150, 205, 205), (196, 226, 190))
    draw = ImageDraw.Draw(picture)
    ground = rng.uniform(84, 96)
    for far, count in ((True, 6), (False, 4)):
        colour = (54, 112, 74) if far else (24, 76, 46)
        base = ground + (0 if far else 10)
        below(draw, wave(rng, base, 1.5, 1.0), (84, 128, 66) if far else (66, 106, 52))
        for slot in range(count):
            x = (slot + rng.uniform(0.2, 0.8)) * SIDE / count
            height, width = rng.uniform(46, 58) + (0 if far else 8), 11 + (0 if far else 4)
            draw.rectangle(px(x - 2.5, base - 8, x + 2.5, base + 4), fill=(92, 62, 38))
            for tier in range(3):
                top, low = base - height + tier * height * 0.24, base - 6 - (2 - tier) * height * 0.26
                half = width * (0.55 + 0.225 * tier)
                draw.polygon(px(x, top, x + half, low, x - half, low), fill=colour)
    return picture


def desert(rng) -> Image.Image:
    picture = gradient((246, 196, 120), (254, 232, 186))
    draw = ImageDraw.Draw(picture)
    horizon = rng.uniform(66, 80)
    disc(draw, rng.uniform(16, 112), rng.uniform(16, 38), 12, (255, 250, 210))
    below(draw, wave(rng, horizon, 6, 1.0), (232, 178, 104))
    below(draw, wave(rng, horizon + 18, 6, 1.0), (218, 158, 84))
    below(draw, wave(rng, horizon + 36, 4, 0.7), (200, 138, 70))
    for _ in range(rng.integers(1, 3)):
        x, base = rng.uniform(14, 114), horizon + rng.uniform(14, 30)
        green = (70, 120, 70)
        draw.rounded_rectangle(px(x - 3.5, base - 32, x + 3.5, base), 7, fill=green)
        draw.rounded_rectangle(px(x - 12, base - 24, x - 7, base - 12), 5, fill=green)
        draw.rectangle(px(x - 11, base - 16, x, base - 12), fill=green)
        draw.rounded_rectangle(px(x + 7, base - 28, x + 12, base - 14), 5, fill=green)
        draw.rectangle(px(x, base - 18, x + 11, base - 14), fill=green)
    return picture


def city(rng) -> Image.Image:
    picture = gradient((14, 16, 46), (56, 48, 92))
    draw = ImageDraw.Draw(picture)
    disc(draw, rng.uniform(14, 114), rng.uniform(12, 22), 8, (244, 240, 214))
    x = -rng.uniform(0, 12)
    while x < SIDE:
        width, top = 10 * rng.integers(2, 4) + 4, rng.uniform(30, 74)
        shade = rng.integers(-6, 7)
        draw.rectangle(px(x, top, x + width - 1, 112), fill=(38 + shade, 40 + shade, 58 + shade))
        for row in np.arange(top + 5, 104, 12):
            for column in np.arange(x + 4, x + width - 8, 10):
                lit = rng.random() < 0.75
                colour = (255, 218, 116) if lit else (58, 60, 82)
                draw.rectangle(px(column, row, column + 5, row + 6), fill=colour)
        x += width + 1
    draw.rectangle(px(0, 110, SIDE, SIDE), fill=(44, 44, 50))
    for dash in np.arange(rng.uniform(-16, 0), SIDE, 22):
        draw.rectangle(px(dash, 118, dash + 11, 120), fill=(220, 220, 210))
    return picture


def space(rng) -> Image.Image:
    picture = gradient((6, 4, 20), (20, 10, 44))
    draw = ImageDraw.Draw(picture)
    for slot in range(30):
        x, y = (slot % 6 + rng.random()) * SIDE / 6, (slot // 6 + rng.random()) * SIDE / 5
        disc(draw, x, y, rng.uniform(0.8, 1.5), (250, 250, 255))
    x, y = rng.choice([22, 106]) + rng.uniform(-6, 6), rng.choice([26, 102]) + rng.uniform(-6, 6)
    disc(draw, x, y, 17, (186, 122, 84))
    disc(draw, x - 4, y - 4, 11, (208, 150, 104))
    draw.line(px(x - 29, y + 7, x + 29, y - 7), fill=(236, 214, 170), width=7)
    return picture


def meadow(rng) -> Image.Image:
    picture = gradient((96, 178, 246), (196, 230, 252))
    draw = ImageDraw.Draw(picture)
    horizon = rng.uniform(70, 84)
    for slot in range(2):
        cloud(draw, (slot + rng.uniform(0.25, 0.75)) * SIDE / 2, rng.uniform(14, 34), rng.uniform(0.8, 1.2))
    below(draw, wave(rng, horizon, 7, 0.8), (140, 208, 92))
    below(draw, wave(rng, horizon + 14, 5, 0.8), (112, 186, 70))
    for slot in range(10):
        x, y = (slot % 5 + rng.uniform(0.2, 0.8)) * SIDE / 5, 104 + 12 * (slot // 5) + rng.uniform(-3, 3)
        disc(draw, x, y, 2.6, [(255, 250, 250), (255, 226, 90), (240, 120, 150)][rng.integers(3)])
        disc(draw, x, y, 1.1, (250, 180, 50))
    return picture


def mountains(rng) -> Image.Image:
    picture = gradient((134, 176, 220), (214, 228, 242))
    draw = ImageDraw.Draw(picture)
    base = rng.uniform(92, 100)
    for slot in (0, 2, 1):
        x, top = (slot + rng.uniform(0.3, 0.7)) * SIDE / 3, rng.uniform(26, 48)
        half = rng.uniform(42, 54)
        shade = int(rng.integers(-8, 9))
        draw.polygon(px(x, top, x + half, base, x - half, base), fill=(96 + shade, 106 + shade, 128 + shade))
        cut = 0.36
        edge = top + (base - top) * cut
        zigzag = [(x + half * cut, edge), (x + half * cut * 0.4, edge - 5), (x, edge + 3)]
        zigzag += [(x - half * cut * 0.4, edge - 5), (x - half * cut, edge)]
        draw.polygon(px(x, top) + [c * OVERSAMPLING for dot in zigzag for c in dot], fill=(246, 249, 253))
    below(draw, wave(rng, base, 3, 0.8), (232, 239, 247))
    below(draw, wave(rng, base + 14, 3, 0.8), (214, 225, 238))
    return picture


def studio(rng) -> Image.Image:
    shade = rng.uniform(0.85, 1.05)
    wall = np.array([206, 200, 190]) * shade
    picture = gradient(wall, wall * 0.94)
    draw = ImageDraw.Draw(picture)
    floor = rng.uniform(92, 104)
    draw.rectangle(px(0, floor, SIDE, SIDE), fill=tuple((wall * 0.74).astype(int)))
    return picture


PLACES: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "sea": sea,
    "forest": forest,
    "desert": desert,
    "city": city,
    "space": space,
    "meadow": meadow,
    "mountains": mountains,
    "studio": studio,
}
