"""Draws one object once per clip as a small RGBA picture, four times oversampled, facing right.

Coordinates are in object units: 1 is the object's radius, x to the right, y downwards.
"""

from typing import Callable

import numpy as np
from PIL import Image, ImageDraw

from world import PALETTE

OVERSAMPLING = 4
EXTENT = 1.6  # half side of the sprite in object units


def draw_sprite(name: str, colour: str, radius: float, facing_left: bool) -> np.ndarray:
    """float32 [S, S, 4], colour in 0..1 and coverage in the last channel; S is even."""
    side = 2 * int(np.ceil(EXTENT * radius))
    scale = radius * OVERSAMPLING
    pen = Pen(side * OVERSAMPLING, scale, PALETTE[colour])
    DRAWINGS[name](pen)
    outline = 2 * int(0.75 * OVERSAMPLING) + 3
    picture = pen.finish(outline)
    if facing_left:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pixels = np.asarray(picture.resize((side, side), Image.Resampling.BOX), dtype=np.float32) / 255
    coverage = pixels[..., 3:]
    colour_only = pixels[..., :3] / np.maximum(coverage, 1e-3)
    return np.concatenate([np.minimum(colour_only, 1), coverage], axis=-1)


class Pen:
    """Filled shapes in object units; `finish` puts a dark outline behind all of them."""

    def __init__(self, pixels: int, scale: float, colour: tuple[int, int, int]):
        self.picture = Image.new("RGB", (pixels, pixels))
        self.mask = Image.new("L", (pixels, pixels))
        self.draw, self.draw_mask = ImageDraw.Draw(self.picture), ImageDraw.Draw(self.mask)
        self.scale, self.centre = scale, pixels / 2
        self.fill = colour
        self.light = tuple(int(c + (255 - c) * 0.55) for c in colour)
        self.dark = tuple(int(c * 0.62) for c in colour)
        self.outline = tuple(int(c * 0.28) for c in colour)

    def polygon(self, points, colour=None):
        dots = [(self.centre + x * self.scale, self.centre + y * self.scale) for x, y in points]
        self.draw.polygon(dots, fill=colour or self.fill)
        self.draw_mask.polygon(dots, fill=255)

    def ellipse(self, x, y, width, height=None, colour=None):
        height = height or width
        box = [(x - width, y - height), (x + width, y + height)]
        dots = [(self.centre + u * self.scale, self.centre + v * self.scale) for u, v in box]
        self.draw.ellipse(dots, fill=colour or self.fill)
        self.draw_mask.ellipse(dots, fill=255)

    def line(self, points, width, colour):
        dots = [(self.centre + x * self.scale, self.centre + y * self.scale) for x, y in points]
        pixels = max(1, int(width * self.scale))
        self.draw.line(dots, fill=colour, width=pixels, joint="curve")
        self.draw_mask.line(dots, fill=255, width=pixels, joint="curve")

    def finish(self, outline_pixels: int) -> Image.Image:
        """Premultiplied RGBA: the drawing over its own silhouette grown by the outline."""
        grown = grow(np.asarray(self.mask) > 127, outline_pixels)
        back = np.zeros((*grown.shape, 4), np.uint8)
        back[grown] = (*self.outline, 255)
        inside = np.asarray(self.mask) > 127
        back[inside, :3] = np.asarray(self.picture)[inside]
        return Image.fromarray(back, "RGBA")


def grow(mask: np.ndarray, steps: int) -> np.ndarray:
    for step in range(steps):
        wider = mask.copy()
        wider[1:] |= mask[:-1]
        wider[:-1] |= mask[1:]
        if step % 2 == 0:  # alternate plus and square neighbourhoods for a round outline
            row = wider.copy()
            wider[:, 1:] |= row[:, :-1]
            wider[:, :-1] |= row[:, 1:]
        else:
            wider[:, 1:] |= mask[:, :-1]
            wider[:, :-1] |= mask[:, 1:]
        mask = wider
    return mask


def draw_ball(pen: Pen) -> None:
    pen.ellipse(0, 0, 0.95)
    pen.ellipse(-0.32, -0.36, 0.27, colour=pen.light)


def draw_box(pen: Pen) -> None:
    pen.polygon([(-1.0, -0.5), (0.5, -0.5), (0.5, 1.0), (-1.0, 1.0)])
    pen.polygon([(-1.0, -0.5), (-0.5, -1.0), (1.0, -1.0), (0.5, -0.5)], pen.light)
    pen.polygon([(0.5, -0.5), (1.0, -1.0), (1.0, 0.5), (0.5, 1.0)], pen.dark)


def draw_star(pen: Pen) -> None:
    angles = -np.pi / 2 + np.arange(10) * np.pi / 5
    radii = np.where(np.arange(10) % 2 == 0, 1.25, 0.52)
    pen.polygon(list(zip(radii * np.cos(angles), radii * np.sin(angles))))


def draw_car(pen: Pen) -> None:
    pen.polygon([(-0.75, -0.1), (-0.45, -0.7), (0.4, -0.7), (0.75, -0.1)])
    pen.polygon([(-1.35, -0.1), (1.0, -0.12), (1.35, 0.12), (1.35, 0.5), (-1.35, 0.5)])
    pen.polygon([(-0.58, -0.1), (-0.36, -0.55), (-0.04, -0.55), (-0.04, -0.1)], (205, 235, 250))
    pen.polygon([(0.08, -0.1), (0.08, -0.55), (0.33, -0.55), (0.57, -0.1)], (205, 235, 250))
    for x in (-0.75, 0.75):
        pen.ellipse(x, 0.52, 0.36, colour=(25, 25, 28))
        pen.ellipse(x, 0.52, 0.15, colour=(190, 190, 195))


def draw_boat(pen: Pen) -> None:
    pen.line([(0.0, 0.5), (0.0, -1.25)], 0.12, (92, 60, 36))
    pen.polygon([(0.08, -1.2), (0.95, 0.3), (0.08, 0.3)], pen.light)
    pen.polygon([(-0.08, -0.95), (-0.75, 0.3), (-0.08, 0.3)], pen.light)
    pen.polygon([(-1.3, 0.42), (1.35, 0.42), (0.9, 1.05), (-0.95, 1.05)])


def draw_balloon(pen: Pen) -> None:
    pen.line([(0.0, 0.5), (0.1, 0.8), (-0.08, 1.1), (0.05, 1.5)], 0.09, (40, 36, 36))
    pen.polygon([(0.0, 0.42), (0.2, 0.72), (-0.2, 0.72)], pen.dark)
    pen.ellipse(0, -0.4, 0.84, 0.98)
    pen.ellipse(-0.3, -0.75, 0.2, 0.28, colour=pen.light)


def draw_fish(pen: Pen) -> None:
    pen.polygon([(-0.55, 0.0), (-1.4, -0.65), (-1.2, 0.0), (-1.4, 0.65)], pen.dark)
    pen.polygon([(-0.35, -0.45), (0.1, -0.95), (0.4, -0.4)], pen.dark)
    pen.ellipse(0.2, 0, 1.05, 0.62)
    pen.polygon([(-0.05, 0.1), (-0.45, 0.45), (0.2, 0.38)], pen.light)
    pen.ellipse(0.75, -0.14, 0.19, colour=(255, 255, 255))
    pen.ellipse(0.8, -0.14, 0.1, colour=(10, 10, 10))


def draw_bird(pen: Pen) -> None:
    pen.polygon([(-0.5, 0.05), (-1.45, -0.1), (-1.3, 0.4)], pen.dark)
    pen.ellipse(-0.1, 0.2, 0.85, 0.48)
    pen.ellipse(0.68, -0.2, 0.42)
    pen.polygon([(1.0, -0.32), (1.5, -0.12), (1.0, 0.05)], (250, 170, 30))
    pen.polygon([(0.25, 0.15), (-0.35, -1.3), (-0.85, -1.1), (-0.6, 0.15)], pen.light)
    pen.ellipse(0.78, -0.28, 0.11, colour=(10, 10, 10))


DRAWINGS: dict[str, Callable[[Pen], None]] = {
    "ball": draw_ball,
    "box": draw_box,
    "star": draw_star,
    "car": draw_car,
    "boat": draw_boat,
    "balloon": draw_balloon,
    "fish": draw_fish,
    "bird": draw_bird,
}
