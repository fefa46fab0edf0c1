"""A thing's drawing as premultiplied RGBA, in its own colours or in another; with smaller copies for smooth shrinking.

The drawings come from the npm package @iconify-json/fluent-emoji-flat (MIT). They are training
material: nothing of them is shipped.
"""

import json
import os
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import resvg_py

from things import COLOURS, THINGS

MASTER = 128
PACKAGE = "@iconify-json/fluent-emoji-flat"


@cache
def draw_thing(number: int, colour: str | None) -> list[np.ndarray]:
    """Float32 [S, S, 4], premultiplied RGB in 0..255 and coverage in 0..1, for S = 128, 96, 64, 48, 32."""
    straight = rasterise(THINGS[number].icon)
    if colour is not None:
        straight = recolour(straight, COLOURS[colour][0], THINGS[number].hue)
    coverage = straight[..., 3:] / 255
    master = np.concatenate([straight[..., :3] * coverage, coverage], -1).astype(np.float32)
    return [cv2.resize(master, (side, side), interpolation=cv2.INTER_AREA) for side in (128, 96, 64, 48, 32)]


@cache
def icons() -> dict:
    path = Path(os.environ.get("EVERFRAME_DRAWINGS", f"node_modules/{PACKAGE}/icons.json"))
    if not path.exists():
        raise FileNotFoundError(f"no drawings at {path}: npm install {PACKAGE}, and set EVERFRAME_DRAWINGS to its icons.json")
    return json.loads(path.read_text())


def rasterise(icon: str) -> np.ndarray:
    """float32 [128, 128, 4], straight alpha, 0..255."""
    entry = icons()["icons"][icon]
    side = entry.get("width", icons().get("width", 32))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{MASTER}" height="{MASTER}">{entry["body"]}</svg>'
    png = np.frombuffer(bytes(resvg_py.svg_to_bytes(svg_string=svg)), np.uint8)
    return cv2.cvtColor(cv2.imdecode(png, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA).astype(np.float32)


def recolour(straight: np.ndarray, target: tuple[int, int, int], main: int | None) -> np.ndarray:
    """Moves the hue `main`, else the drawing's most common one, to the target's, keeping its shading; other hues, black and white stay."""
    hsv = cv2.cvtColor(straight[..., :3] / 255, cv2.COLOR_RGB2HSV)
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    weight = (straight[..., 3] > 128) * (saturation > 0.2) * (value > 0.2)
    histogram = np.bincount((hue[weight] / 10).astype(int) % 36, saturation[weight], 36)
    spread = histogram + np.roll(histogram, 1) + np.roll(histogram, -1)
    if main is None:
        main = spread.argmax() * 10 + 5
    near = weight & (np.abs((hue - main + 180) % 360 - 180) < 32)
    wanted = cv2.cvtColor(np.float32([[target]]) / 255, cv2.COLOR_RGB2HSV)[0, 0]
    reference_value = np.median(value[near])
    reference_saturation = np.median(saturation[near])
    changed = hsv.copy()
    changed[..., 0] = wanted[0]
    changed[..., 1] = np.clip(saturation / reference_saturation, 0.7, 1.25) * wanted[1]
    changed[..., 2] = np.clip(value / reference_value, 0.55, 1.3) * wanted[2]
    result = straight.copy()
    result[..., :3][near] = cv2.cvtColor(np.clip(changed, [0, 0, 0], [360, 1, 1]).astype(np.float32), cv2.COLOR_HSV2RGB)[near] * 255
    return result
