"""Expected numbers for the worker's twin of metrics.py, on films that both languages draw from a formula.

`python golden_metrics.py` writes ../gpu-worker/src/quality/streaming-metrics.golden.json.
"""

import json
from pathlib import Path

import cv2
import numpy as np

from metrics import drift, find_cuts, held, lab, measure_steps, seam_auc

TARGET = Path(__file__).parent.parent / "gpu-worker/src/quality/streaming-metrics.golden.json"
WIDTH, HEIGHT, FRAMES, FPS = 48, 32, 48, 8
SEAMS = list(range(8, FRAMES, 8))


def draw(film: str) -> np.ndarray:
    """uint8 [48, 32, 48, 3]: a box goes right over a pattern; it is cut, brightened or held still, or all is a pattern of many colours."""
    t, y, x, channel = np.indices((FRAMES, HEIGHT, WIDTH, 3))
    if film == "colours":
        along = np.choose(channel, (37 * x + 11 * t, 59 * y + 7 * t, 23 * (x + y) + 13 * t))
        return (along % 256).astype(np.uint8)
    moment = np.minimum(t, 24) if film == "held" else t
    inside = ((x - 2 * moment) % WIDTH < 12) & (y >= 10) & (y < 20)
    value = np.where(inside, np.choose(channel, (220, 60, 30)), 40 + (x * x + 3 * y + 29 * channel) % 120)
    if film == "cut":
        value = np.where(t // 16 % 2 == 1, 255 - value, value)
    if film == "ramp":
        value = np.minimum(255, value + t)
    return value.astype(np.uint8)


def measure(frames: np.ndarray) -> dict[str, float]:
    steps = measure_steps(frames)
    aucs = {f"seam_auc_{sign}": seam_auc(getattr(steps, sign), SEAMS) for sign in ("difference", "jerk", "colour")}
    return {"scuts": len(find_cuts(frames)), **aucs, **held(steps.difference), **{f"drift_{name}": value for name, value in drift(frames).items()}}


def main() -> None:
    films = {film: {name: round(value, 6) for name, value in measure(draw(film)).items()} for film in ("moving", "cut", "ramp", "held", "colours")}
    every = draw("colours")[:4]
    sums = {
        "luma": sum(int(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).sum()) for frame in every),
        "hsv": [sum(int(cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)[..., channel].sum()) for frame in every) for channel in range(3)],
        "lab": [round(float(value), 4) for value in lab(every).astype(np.float64).mean((0, 1, 2))],
    }
    TARGET.write_text(json.dumps({"seams": SEAMS, "films": films, "colours": sums}, indent=2) + "\n")


if __name__ == "__main__":
    main()
